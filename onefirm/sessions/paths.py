"""How a file's name is told to those who read it, the model above all: a name is data, and never a line of its own."""

from __future__ import annotations

CLIPPED = 120


def told(path: str) -> str:
    """The path on one line, without control or direction characters, at most 120 characters: its end tells most.

    One of letters, digits and `/._-+@` is given as it is; any other stands in quotation marks, so that nobody takes it
    for a sentence of ours.
    """
    clean = "".join(char if char.isprintable() else " " for char in path).replace('"', "'")
    clean = " ".join(clean.split())
    if len(clean) > CLIPPED:
        clean = "…" + clean[1 - CLIPPED :]
    return clean if all(char.isalnum() or char in "/._-+@…" for char in clean) and clean else f'"{clean}"'
