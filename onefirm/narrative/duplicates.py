"""Facts that two files tell, also in other words: which place keeps each, and why. A fact has one place and is linked
elsewhere.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from onefirm.narrative import facts, heads, links
from onefirm.narrative.facts import Fact
from onefirm.narrative.faults import Fault
from onefirm.narrative.files import ContextFile
from onefirm.narrative.index import Index, is_top
from onefirm.narrative.statements import line_of
from onefirm.sessions.paths import told

_QUOTED = 120
# So many of their rarest words two alike have in common; no word carries more than 1.
_COMMON = 2
# So many sentences alike that each speak of their own file's “they” are looked at, and no more.
_OWN = 50


@dataclass(frozen=True, slots=True)
class _Told:
    """A fact in its place. `is_named` tells that it names the record of its file."""

    file: ContextFile
    fact: Fact
    number: int
    depth: int
    is_named: bool

    @property
    def rank(self) -> tuple[bool, int, float, str, int]:
        """The lowest keeps the fact: the file it is about, the one that stands highest, the fullest wording."""
        return not self.is_named, self.depth, -self.fact.weight, self.file.path, self.number


def faults(index: Index, files: Iterable[ContextFile]) -> Iterator[Fault]:
    """Every sentence that tells what another file of these tells and should keep."""
    for keeper, copy in _pairs(index, sorted(_every(index, files), key=lambda one: one.rank)):
        yield _fault(index, keeper, copy)


def _every(index: Index, files: Iterable[ContextFile]) -> Iterator[_Told]:
    for file in files:
        title = {facts.stem(word) for word in file.title.lower().split()} - {""}
        depth = len(list(_above(index, file.path)))
        for number, fact in enumerate(facts.read(file.sentences)):
            by_title = bool(file.refs and title) and title <= fact.words
            is_named = by_title or not set(file.refs).isdisjoint(heads.named(fact.text))
            yield _Told(file, fact, number, depth, is_named)


def _pairs(index: Index, every: list[_Told]) -> Iterator[tuple[_Told, _Told]]:
    """Each copy with what keeps its fact, which stands before it in this order.

    A fact waits under its rarest words only: of two that are alike each has two of these in common with the other, as
    what is left of either is too little.
    """
    counts = Counter(word for one in every for word in one.fact.words)
    waiting: dict[str, list[int]] = {}
    for number, one in enumerate(every):
        rarest = _rarest(one.fact, counts)
        met = Counter(itertools.chain.from_iterable(waiting.get(word, ()) for word in rarest))
        found = sorted(other for other, times in met.items() if times >= _COMMON)
        keeper = _keeper(index, one, (every[other] for other in found))
        if keeper:
            yield keeper, one
            continue
        for word in rarest:
            waiting.setdefault(word, []).append(number)


def _rarest(fact: Fact, counts: Counter[str]) -> list[str]:
    order = sorted(fact.words, key=lambda word: (counts[word], word))
    left, least = fact.weight, fact.weight * facts.ALIKE - (_COMMON - 1)
    taken: list[str] = []
    for word in order:
        if left < least:
            break
        taken.append(word)
        left -= facts.weight(word)
    return taken


def _keeper(index: Index, one: _Told, others: Iterable[_Told]) -> _Told | None:
    apart = 0
    for other in others:
        if other.file.path == one.file.path or not facts.are_one(other.fact, one.fact):
            continue
        if not _speak_of_their_own(index, other, one):
            return None if _links(index, one, other.file.path) else other
        apart += 1
        if apart == _OWN:
            break
    return None


def _speak_of_their_own(index: Index, one: _Told, other: _Told) -> bool:
    """Whether “they” are others in each: files of different records, neither above the other."""
    return (
        (one.fact.is_own or other.fact.is_own)
        and one.file.refs != other.file.refs
        and one.file.path not in _above(index, other.file.path)
    )


def _links(index: Index, one: _Told, path: str) -> bool:
    return any(index.meant(link) == path for link in links.read(one.file.path, one.fact.text))


def _above(index: Index, path: str) -> Iterator[str]:
    """The files above one, the nearest first."""
    above = index.parent(path)
    while above:
        yield above
        above = index.parent(above)


def _fault(index: Index, keeper: _Told, copy: _Told) -> Fault:
    quoted = f"“{copy.fact.text[:_QUOTED]}{'…' if len(copy.fact.text) > _QUOTED else ''}”"
    place = f"{told(keeper.file.path)}:{line_of(keeper.file.text, keeper.fact.text)}"
    line = line_of(copy.file.text, copy.fact.text)
    return Fault(copy.file.path, line, "duplicate", f"{quoted} stands in {place} too", _fix(index, keeper, copy))


def _fix(index: Index, keeper: _Told, copy: _Told) -> str:
    link = links.to(copy.file.path, keeper.file.path, keeper.file.title)
    if keeper.is_named:
        return f"keep it there, since it is about that record; link it here: {link}"
    if keeper.file.path in _above(index, copy.file.path):
        return "keep it there, since that file loads with this one; remove it here"
    mine = set(_above(index, copy.file.path))
    common = next((path for path in _above(index, keeper.file.path) if path in mine), "")
    if keeper.depth < copy.depth:
        return f"keep it there, where it holds for more; link it here: {link}"
    if common and not is_top(common):
        return f"move it to {told(common)}, since it holds for both; remove it here and there"
    more = "says more" if keeper.fact.weight > copy.fact.weight else "stands first"
    return f"keep it there, where it {more}; link it here: {link}"
