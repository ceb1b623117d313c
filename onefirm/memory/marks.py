"""The mark on text that came out of memory: what was recalled is no source, else memory would quote itself.

Whatever shows recalled text puts the mark before it, and the end behind it where there is more than a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_BEGIN = re.compile(r"\[recalled (?P<id>R-[0-9A-Za-z]{1,32})\]")
# What would end the frame around recalled text, or pass for words of the client's own.
_LOOKALIKE = re.compile(
    r"\[(?=(?:recalled|end of) R-)|<(?=/?(?:system|human|user|assistant|function|tool|antml)[\w:-]*[\s/>])",
    re.IGNORECASE,
)
_BLANK = re.compile(r"\n[ \t]*\n")


def begin(recall: str) -> str:
    """The mark before what a recall gave; `recall` is its id (`R-12`)."""
    return f"[recalled {recall}]"


def end(recall: str) -> str:
    """The mark behind it."""
    return f"[end of {recall}]"


def regions(text: str) -> Iterator[tuple[str, int, int]]:
    """The recalls whose text is in here, each with where it begins and ends.

    Without the mark behind it, it is the paragraph in which the mark stands.
    """
    for found in _BEGIN.finditer(text):
        close = end(found["id"])
        at = text.find(close, found.end())
        if at >= 0:
            yield found["id"], found.start(), at + len(close)
        else:
            yield found["id"], *_paragraph(text, found.start(), found.end())


def defused(text: str) -> str:
    """Text that is shown as recalled, so that nothing in it passes for our mark or for a tag of the client's."""
    return _LOOKALIKE.sub(lambda found: "(" if found[0] == "[" else "‹", text)


def overlapping(text: str, start: int, stop: int) -> str:
    """The recall that this part of a text came out of; empty for none."""
    return next((name for name, first, last in regions(text) if first < stop and start < last), "")


def _paragraph(text: str, start: int, stop: int) -> tuple[int, int]:
    behind = _BLANK.search(text, stop)
    before = max((one.end() for one in _BLANK.finditer(text, max(0, start - 100_000), start)), default=None)
    first = before if before is not None else max(0, start - 100_000)
    return first, behind.start() if behind else len(text)
