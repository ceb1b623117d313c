"""Mending what needs nobody's decision: a parent's missing line, a missing way back, a link to what has moved.

No sentence is lost: a line is added, a link led elsewhere, a line that stands twice taken once. Nothing is written
here.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from onefirm.narrative import files, lint
from onefirm.narrative.faults import Fault, Mend
from onefirm.narrative.index import Index
from onefirm.narrative.lint import World

# What is mended may show the next fault: a file is first named, then held against its parent.
_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class Mended:
    """One file as it is, and as it would be."""

    path: str
    before: str
    after: str


def plan(index: Index, world: World) -> list[Mended]:
    """Every file that mending changes, by path. Planned again on what it gives, it changes nothing."""
    texts, banned = {path: file.text for path, file in index.files.items()}, set[str]()
    now = index
    for _ in range(_ROUNDS):
        changed = _round(now, world, banned)
        if not changed:
            break
        now = _with(now, changed)
    return [
        Mended(path, text, now.files[path].text) for path, text in sorted(texts.items()) if now.files[path].text != text
    ]


def diff(mended: Iterable[Mended]) -> str:
    """The changes as a unified diff."""
    return "".join(_diff(one) for one in mended)


def applied(text: str, mends: Iterable[Mend]) -> str:
    """A text with these mends, each for the line as it stands now; one whose line says something else is left out."""
    every = text.split("\n")
    end = "\r" if "\r\n" in text else ""
    # From the end, so that lines keep their numbers; of two that come behind one line the first stays first.
    for _, mend in sorted(enumerate(mends), key=lambda one: (one[1].line, one[0]), reverse=True):
        if mend.old is None:
            _insert(every, mend.line, [line + end for line in str(mend.new).split("\n")])
        elif every[mend.line - 1] == mend.old:
            every[mend.line - 1 : mend.line] = [] if mend.new is None else [mend.new]
    return "\n".join(every)


def _insert(every: list[str], line: int, new: list[str]) -> None:
    if line == 0 and every[0].startswith("\ufeff"):
        new, every[0] = ["\ufeff" + new[0], *new[1:]], every[0].removeprefix("\ufeff")
    if line == len(every):
        # The last line had no end: it gets one, and the new one the text's.
        every[-1] = every[-1].removesuffix("\r") + ("\r" if new[0].endswith("\r") else "")
        new = [*new, ""]
    every[line:line] = new


def _round(index: Index, world: World, banned: set[str]) -> dict[str, str]:
    """The files that one round changes. A file in which a mend doesn't help (its place lies in a comment, say) is left
    as it was, in this round and all others.
    """
    by_path: dict[str, list[Mend]] = {}
    tried = [
        (fault, mend.path)
        for fault in _mechanical(index, world)
        if (mend := fault.mend) and mend.path not in banned and _join(by_path.setdefault(mend.path, []), mend)
    ]
    changed = {path: applied(index.files[path].text, mends) for path, mends in by_path.items()}
    left = {_key(fault) for fault in _mechanical(_with(index, changed), world)}
    useless = {path for fault, path in tried if _key(fault) in left}
    banned |= useless
    return {path: text for path, text in changed.items() if path not in useless}


def _join(mends: list[Mend], mend: Mend) -> bool:
    """Add a mend to those of its file; one empty line is enough before several lines in one place. False for a second
    mend of one line, which waits for the next round.
    """
    there = [one for one in mends if one.line == mend.line]
    if mend.old is None:
        if mend.new and any(one.old is None for one in there):
            mend = Mend(mend.path, mend.line, None, mend.new.removeprefix("\n"))
    elif any(one.old is not None for one in there):
        return False
    mends.append(mend)
    return True


def _mechanical(index: Index, world: World) -> Iterator[Fault]:
    by_hand = lint.written(index, world)
    written = {file.path for file in by_hand}
    return (fault for fault in lint.structure(index, world, by_hand) if fault.mend and fault.mend.path in written)


def _key(fault: Fault) -> tuple[str, str, str]:
    """What a fault goes by when lines have moved."""
    return fault.path, fault.rule, fault.what


def _with(index: Index, changed: dict[str, str]) -> Index:
    same = [file for path, file in index.files.items() if path not in changed]
    new = [files.parsed(path, text, index.files[path].edited_at) for path, text in changed.items()]
    return Index(sorted([*same, *new], key=lambda file: file.path))


def _diff(one: Mended) -> str:
    sides = (_lines(one.before), _lines(one.after))
    found = difflib.unified_diff(*sides, f"a/{one.path}", f"b/{one.path}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in found)


def _lines(text: str) -> list[str]:
    every = text.split("\n")
    return [f"{line}\n" for line in every[:-1]] + ([every[-1]] if every[-1] else [])
