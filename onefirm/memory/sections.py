"""How a narrative file falls into passages: one for each section, long ones cut at paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from onefirm.memory.passages import Document, Part

LONGEST = 1_200
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*")
_FENCE = re.compile(r"\s*(```|~~~)")
_HEAD = re.compile(r"\A\s*(?:(?:Record|Parent):[^\n]*(?:\n\s*|\Z))+")


def parts_of(document: Document) -> Iterator[Part]:
    """Its parts: one for each section, long ones cut at paragraphs; a heading names its path of headings.

    A file without text gives one empty part, so that the index remembers having seen it.
    """
    given = False
    for heading, body in _sections(document):
        for piece in _pieces(_HEAD.sub("", body)):
            given = True
            yield Part(heading, piece, meta=document.path)
    if not given:
        yield Part(document.path, "")


def _sections(document: Document) -> Iterator[tuple[str, str]]:
    trail: list[tuple[int, str]] = []
    lines: list[str] = []
    fenced = False
    for line in document.text.splitlines():
        fenced ^= bool(_FENCE.match(line))
        found = None if fenced else _HEADING.fullmatch(line)
        if not found:
            lines.append(line)
            continue
        yield _trail(document.path, trail), "\n".join(lines)
        lines = []
        trail = [*((depth, name) for depth, name in trail if depth < len(found[1])), (len(found[1]), found[2])]
    yield _trail(document.path, trail), "\n".join(lines)


def _trail(path: str, trail: Sequence[tuple[int, str]]) -> str:
    return " › ".join(name for _, name in trail) or path


def _pieces(body: str) -> Iterator[str]:
    held = ""
    for paragraph in re.split(r"\n\s*\n", body.strip()):
        for part in _cut(paragraph.strip()):
            if held and len(held) + len(part) + 2 > LONGEST:
                yield held
                held = ""
            held = f"{held}\n\n{part}" if held else part
    if held:
        yield held


def _cut(paragraph: str) -> Iterator[str]:
    """A paragraph in pieces of at most LONGEST characters, cut at spaces where there are any."""
    while len(paragraph) > LONGEST:
        at = paragraph.rfind(" ", LONGEST // 2, LONGEST)
        at = LONGEST if at < 0 else at
        yield paragraph[:at].rstrip()
        paragraph = paragraph[at:].lstrip()
    if paragraph:
        yield paragraph
