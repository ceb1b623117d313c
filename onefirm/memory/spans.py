"""Spans: a source's text in pieces that can be found one by one, each with its place. The same text, the same spans.

In mail, what is quoted of others belongs to them, and a signature is no statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LONGEST, ENOUGH = 1_000, 500
_PARAGRAPH = re.compile(r"[^\n]*\S[^\n]*(?:\n[^\n]*\S[^\n]*)*")
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*")
_FENCE = re.compile(r"\s*(```|~~~)")
_NOBODYS = "-- "
_REPLY = re.compile(r".{0,200}\b(?:wrote|schrieb|a écrit|escribió|ha scritto)\b.{0,120}:\s*")
_FORWARDED = re.compile(r"\s*-{2,}\s*(?:Original Message|Forwarded message|Ursprüngliche Nachricht)\s*-{2,}\s*", re.I)
_FROM = re.compile(r"(?:From|Von|De|Da): (?P<who>.{1,120})")
_SAID = re.compile(r"\b(?:wrote|a écrit|escribió|ha scritto)\b.*|<[^>]*>|:\s*$")
_AROUND_NAME = re.compile(r"[,:]|\d|\b(?:at|um|à|schrieb|AM|PM|Uhr)\b")


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` of a text under a path of headings. `actor` is who said it where that isn't the
    source's author; None: nobody knows.
    """

    number: int
    start: int
    end: int
    heading: str = ""
    actor: str | None = ""


@dataclass(frozen=True, slots=True)
class _Block:
    start: int
    end: int
    actor: str | None = ""


def spans(text: str, *, is_mail: bool = False) -> list[Span]:
    """The pieces of a text, in order: paragraphs together while they are short, cut where one is long."""
    found: list[Span] = []
    for block in _mail_blocks(text) if is_mail else [_Block(0, len(text))]:
        for heading, start, end in _pieces(text, block.start, block.end):
            found.append(Span(len(found), start, end, heading, block.actor))
    return found


def _pieces(text: str, first: int, last: int) -> Iterator[tuple[str, int, int]]:
    """(heading, start, end): what belongs together under one heading."""
    trail: list[tuple[int, str]] = []
    held: tuple[int, int] | None = None
    fenced = False
    for start, end in _paragraphs(text, first, last):
        line = text[start:end].partition("\n")[0]
        titled = None if fenced else _HEADING.fullmatch(line)
        if held and (titled or end - held[0] > LONGEST or held[1] - held[0] >= ENOUGH):
            yield _path(trail), *held
            held = None
        if titled:
            above = [one for one in trail if one[0] < len(titled[1])]
            trail = [*above, (len(titled[1]), titled[2])]
        fenced ^= sum(bool(_FENCE.match(one)) for one in text[start:end].split("\n")) % 2 == 1
        held = (held[0] if held else start, end)
        while held[1] - held[0] > LONGEST:
            cut = _cut(text, held[0])
            yield _path(trail), held[0], cut
            held = (cut + len(text[cut:end]) - len(text[cut:end].lstrip()), end)
    if held and held[0] < held[1]:
        yield _path(trail), *held


def _paragraphs(text: str, first: int, last: int) -> Iterator[tuple[int, int]]:
    for found in _PARAGRAPH.finditer(text, first, last):
        start, end = found.span()
        yield start + len(found[0]) - len(found[0].lstrip()), end - len(found[0]) + len(found[0].rstrip())


def _cut(text: str, start: int) -> int:
    """Where a piece that begins here is cut: behind a sentence, else at a space, else anywhere."""
    for mark in (". ", "\n", " "):
        at = text.rfind(mark, start + LONGEST // 2, start + LONGEST)
        if at >= 0:
            return at + (mark == ". ")
    return start + LONGEST


def _path(trail: Sequence[tuple[int, str]]) -> str:
    return " › ".join(name for _, name in trail)


def _mail_blocks(text: str) -> Iterator[_Block]:
    """The parts of a mail by who said them, one behind the other; its signature is left out."""
    begin, at, actor = 0, 0, ""
    for line, said in _attributed(text.splitlines(keepends=True)):
        if said != actor:
            if begin < at and actor != _NOBODYS:
                yield _Block(begin, at, actor)
            begin, actor = at, said
        at += len(line)
    if begin < at and actor != _NOBODYS:
        yield _Block(begin, at, actor)


def _attributed(lines: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Each line with who said it: "" for the mail's author, None for somebody, _NOBODYS for a signature."""
    who: str | None = None
    said: str | None = ""
    is_rest = False  # what stands below an older mail that isn't marked line by line
    for number, line in enumerate(lines):
        bare = line.rstrip("\n")
        if bare.startswith(">"):
            said = who
        elif not is_rest and (_REPLY.fullmatch(bare) or _FORWARDED.fullmatch(bare)):
            below = [one for one in lines[number + 1 : number + 6] if one.strip()]
            who = _who(bare, below)
            said, is_rest = who, not (below and below[0].startswith(">"))
        elif bare == "-- " or (bare == "--" and said == ""):
            said = _NOBODYS if not is_rest else said
        elif bare.strip() and not is_rest and said != _NOBODYS:
            said = ""
        yield line, said


def _who(line: str, below: Sequence[str]) -> str | None:
    """Whom a line like “On 3 March 2025 at 10:11, Anna Berg <a@b.example> wrote:” names."""
    if _FORWARDED.fullmatch(line):
        named = next((found["who"] for one in below if (found := _FROM.match(one))), "")
    else:
        named = _AROUND_NAME.split(_SAID.sub("", line))[-1]
    return named.partition("<")[0].strip(" \"'\n") or None
