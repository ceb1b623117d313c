"""Facts that two files tell, also in other words: which place keeps each, and why. A fact has one place and is linked
elsewhere.
"""

from __future__ import annotations

from collections import Counter, defaultdict
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
# So many sentences alike that each speak of their own file's “they” are looked at, and no more.
_OWN = 50
# A fact by the path of its file, and its number there.
_Key = tuple[str, int]


class _Waiting:
    """Facts under words of theirs."""

    def __init__(self) -> None:
        self._keys = defaultdict[str, set[_Key]](set)

    def add(self, key: _Key, words: Iterable[str]) -> None:
        """Let a fact wait under these words."""
        for word in words:
            self._keys[word].add(key)

    def remove(self, key: _Key, words: Iterable[str]) -> None:
        """Undo `add`."""
        for word in words:
            self._keys[word].remove(key)

    def under_two(self, words: Iterable[str]) -> set[_Key]:
        """The facts that wait under at least two of these words."""
        once, twice = set[_Key](), set[_Key]()
        for word in words:
            if waiting := self._keys.get(word):
                twice |= once & waiting
                once |= waiting
        return twice


class Alike:
    """Which facts of some files are alike one of another file. What is known of a file is kept until it changes.

    A fact waits under its rarest words only: of two that are alike each has two of these in common with the other, as
    what is left of either is too little. Which words count as rare doesn't matter for that, if only it never changes:
    the first files decide, and a word that comes later counts as rarer than all before.
    """

    def __init__(self) -> None:
        self._files: dict[str, ContextFile] = {}
        self._order: dict[str, int] = {}
        self._waiting = _Waiting()
        self._found: set[_Key] = set()

    def found(self, files: Iterable[ContextFile]) -> list[_Key]:
        """The facts of these files that are alike one of another of them; some that only were so may be among them."""
        now = {file.path: file for file in files}
        for path, file in list(self._files.items()):
            if now.get(path) is not file:
                self._remove(self._files.pop(path))
        new = [file for path, file in now.items() if path not in self._files]
        self._learn(new)
        for file in new:
            self._add(file)
        return list(self._found)

    def rarest(self, fact: Fact) -> list[str]:
        """The words that a fact of these files waits under."""
        left, least = fact.weight, fact.weight * facts.ALIKE - 1  # no word carries more than 1
        taken: list[str] = []
        for word in sorted(fact.words, key=self._order.__getitem__):
            if left < least:
                break
            taken.append(word)
            left -= facts.weight(word)
        return taken

    def _learn(self, files: Iterable[ContextFile]) -> None:
        counts = Counter(word for file in files for fact in file.facts for word in fact.words)
        new = [word for word in counts if word not in self._order]
        for word in sorted(new, key=lambda word: (-counts[word], word)):
            self._order[word] = -len(self._order)

    def _add(self, file: ContextFile) -> None:
        self._files[file.path] = file
        keyed = [((file.path, number), self.rarest(fact)) for number, fact in enumerate(file.facts)]
        for key, rarest in keyed:
            others = self._waiting.under_two(rarest)
            new = {other for other in others - self._found if self._is_alike(key, other)}
            # Of many that are alike all are found already, and one is enough.
            if new or any(self._is_alike(key, other) for other in others & self._found):
                self._found |= {key, *new}
        for key, rarest in keyed:  # last, so that a file's own never meet: a log may say one thing ten thousand times
            self._waiting.add(key, rarest)

    def _remove(self, file: ContextFile) -> None:
        for number, fact in enumerate(file.facts):
            self._waiting.remove((file.path, number), self.rarest(fact))
            self._found.discard((file.path, number))

    def _is_alike(self, one: _Key, other: _Key) -> bool:
        return facts.are_one(*(self._files[path].facts[number] for path, number in (one, other)))


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


def faults(index: Index, files: Iterable[ContextFile], alike: Alike) -> Iterator[Fault]:
    """Every sentence that tells what another file of these tells and should keep."""
    every = [_told(index, index.files[path], number) for path, number in alike.found(files)]
    for keeper, copy in _pairs(index, sorted(every, key=lambda one: one.rank), alike):
        yield _fault(index, keeper, copy)


def _told(index: Index, file: ContextFile, number: int) -> _Told:
    fact = file.facts[number]
    title = {facts.stem(word) for word in file.title.lower().split()} - {""}
    by_title = bool(file.refs and title) and title <= fact.words
    is_named = by_title or not set(file.refs).isdisjoint(heads.named(fact.text))
    return _Told(file, fact, number, len(list(_above(index, file.path))), is_named)


def _pairs(index: Index, every: list[_Told], alike: Alike) -> Iterator[tuple[_Told, _Told]]:
    """Each copy with what keeps its fact, which stands before it in this order."""
    keepers, waiting = dict[_Key, _Told](), _Waiting()
    for one in every:
        rarest = alike.rarest(one.fact)
        others = sorted((keepers[key] for key in waiting.under_two(rarest)), key=lambda other: other.rank)
        if keeper := _keeper(index, one, others):
            yield keeper, one
            continue
        key = one.file.path, one.number
        keepers[key] = one
        waiting.add(key, rarest)


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
