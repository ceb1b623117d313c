"""What a narrative file repeats of the artifacts of its own records, which it should only name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from onefirm.narrative.faults import Fault
from onefirm.narrative.files import ContextFile
from onefirm.sessions.paths import told

_LEAST_WORDS = 25  # a sentence may be quoted
_TOGETHER = 8
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Kept:
    """An artifact that is a text."""

    ref: str
    name: str
    text: str


def faults(files: Iterable[ContextFile], kept: Mapping[str, Sequence[Kept]]) -> Iterator[Fault]:
    """Every passage of a file that stands in an artifact of its records; `kept` has them by the record's ref."""
    for file in files:
        for one in dict.fromkeys(one for ref in file.refs for one in kept.get(ref, ())):
            for line, words in _passages(file.text, one.text):
                what = f"{words} words stand in {one.ref} “{told(one.name)}” too, which never changes"
                yield Fault(file.path, line, "pasted", what, f"name {one.ref} here, and keep only the why")


def _passages(text: str, other: str) -> Iterator[tuple[int, int]]:
    """The passages that both have, however they are wrapped or set: line and number of words."""
    known = set(_runs([word.lower() for word in _WORD.findall(other)]))
    places = [(match[0].lower(), match.start()) for match in _WORD.finditer(text)]
    begin, end = 0, 0
    for number, run in enumerate(_runs([word for word, _ in places])):
        if run not in known:
            continue
        if number > end:
            yield from _long(text, places, begin, end)
            begin = number
        end = number + _TOGETHER
    yield from _long(text, places, begin, end)


def _long(text: str, places: Sequence[tuple[str, int]], begin: int, end: int) -> Iterator[tuple[int, int]]:
    if end - begin >= _LEAST_WORDS:
        yield text.count("\n", 0, places[begin][1]) + 1, end - begin


def _runs(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return (tuple(words[start : start + _TOGETHER]) for start in range(len(words) - _TOGETHER + 1))
