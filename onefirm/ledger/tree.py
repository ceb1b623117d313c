"""A tree of plain lines, and its drawing."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

_NARROWEST = 24


@dataclass(frozen=True, slots=True)
class Node:
    """One line of a tree. `left_out` counts the children that were cut; `asked` marks what the question was about."""

    text: str
    event_id: str | None = None
    ref: str | None = None
    asked: bool = False
    children: tuple[Node, ...] = ()
    left_out: int = 0


def render(node: Node, width: int | None = None) -> str:
    """The tree with box-drawing lines; with a `width` (columns) long lines wrap inside their branch."""
    return "\n".join(_lines(node, "", "", width))


def _lines(node: Node, first: str, rest: str, width: int | None) -> Iterator[str]:
    below = [*node.children, *([Node(f"… {node.left_out} more")] if node.left_out else [])]
    hanging = rest + ("│  " if below else "   ")
    for number, part in enumerate(_wrapped(node, max(_NARROWEST, (width or 0) - len(first)) if width else None)):
        yield f"{hanging}{part}" if number else f"{first}{part}"
    for number, child in enumerate(below, 1):
        last = number == len(below)
        yield from _lines(child, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  "), width)


def _wrapped(node: Node, width: int | None) -> list[str]:
    text = f"{node.text}  ◀ asked" if node.asked else node.text
    return textwrap.wrap(text, width - 3, break_on_hyphens=False) or [""] if width else [text]
