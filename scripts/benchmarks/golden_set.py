"""The golden set: an invented firm, what it remembers, questions about that, and what answers each of them.

The data are in tests/golden_recall/; what a search gives back is judged here, the same for every search.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import yaml

from benchmarks.bench import PROJECT
from onefirm.core.tokens import estimate as tokens

FOLDER = PROJECT / "tests" / "golden_recall"
PRESENT = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Passage:
    """Words that must be found where they stand: in a narrative file (by its path) or in a source (by its id)."""

    place: str
    quote: str


@dataclass(frozen=True, slots=True)
class Question:
    """`needs` must all be met, each by any one of its answers: an item's id, or a passage. `over` has to stand below.

    `client` is the one that the session is declared for, `about` the records that are asked about; by their ids.
    """

    id: str
    kind: str
    ask: str
    needs: tuple[tuple[str | Passage, ...], ...]
    over: tuple[str, ...] = ()
    client: str = ""
    about: tuple[str, ...] = ()
    held_out: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is remembered: a decision, a lesson, a fact, a source or a file, by its id (a file's path)."""

    id: str
    kind: str
    at: datetime
    about: tuple[str, ...]
    said: Mapping[str, Any]
    source: str = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """Its bare words, cut where a reader would: sources at empty lines, files at headings."""
        said = self.said
        if self.kind == "decision":
            return (" ".join([said["what"], said["why"], *said["alternatives"], *said["evidence"]]),)
        if self.kind == "lesson":
            return (f"{said['rule']} {said['why']}",)
        if self.kind == "fact":
            return (said["says"],)
        parts = re.split(r"\n(?=#)" if self.kind == "file" else r"\n\s*\n", said["text"].strip())
        return (f"{said['title']}\n{parts[0]}", *parts[1:]) if self.kind == "source" else tuple(parts)


@dataclass(frozen=True, slots=True)
class Hit:
    """What a search gave: the item's id, if it is known by one, and the words that were shown."""

    id: str
    text: str


Ask = Callable[[Question, int], list[Hit]]
"""A search: the best hits for a question, at most so many."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one question: the place (from 1) at which each need was met, None where it wasn't, and what was shown."""

    question: Question
    places: tuple[int | None, ...]
    in_order: bool
    tokens: int

    def recall(self, most: int = 5) -> float:
        """The share of the needs that the first `most` hits met."""
        return sum(place is not None and place <= most for place in self.places) / len(self.places)

    @property
    def reciprocal(self) -> float:
        """One by the place of the first hit that answers anything."""
        return max((1 / place for place in self.places if place), default=0.0)


# -- reading -----------------------------------------------------------------------------------------------------------


@cache
def records() -> Mapping[str, Sequence[Mapping[str, str]]]:
    """The firm's records by kind, in the order in which they are created."""
    return _read("firm")


@cache
def people() -> Mapping[str, str]:
    """The names of the contacts by their ids."""
    return {one["id"]: one["title"] for one in records()["contact"]}


@cache
def items() -> Mapping[str, Item]:
    """Everything that is remembered, by id, in the order of time; facts follow the source that they were taken from."""
    every = [*_stated("decision"), *_stated("lesson"), *_sourced("mails"), *_sourced("notes"), *_files()]
    return {one.id: one for one in sorted(every, key=lambda one: one.at)}


@cache
def questions() -> tuple[Question, ...]:
    """All questions by their numbers, those that are held out among them."""
    found = [_question(one, held_out=name == "held_out") for name in ("questions", "held_out") for one in _read(name)]
    return tuple(sorted(found, key=lambda one: one.id))


def _read(name: str) -> Any:
    return yaml.load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"), _LOADER)


def _stated(kind: str) -> Iterator[Item]:
    for one in _read(f"{kind}s"):
        yield Item(one["id"], kind, _moment(one["at"]), tuple(one.get("about", ())), one)


def _sourced(name: str) -> Iterator[Item]:
    for one in _read(name):
        at, about = _moment(one["at"]), tuple(one.get("about", ()))
        yield Item(one["id"], "source", at, about, one)
        for fact in one["facts"]:
            yield Item(fact["id"], "fact", at, about, fact, one["id"])


def _files() -> Iterator[Item]:
    for one in _read("narrative"):
        head = re.search(r"^Record: \{(\w+)\}", one["text"], re.MULTILINE)
        yield Item(one["path"], "file", PRESENT, (head[1],) if head else (), one)


def _question(one: Mapping[str, Any], *, held_out: bool) -> Question:
    needs = tuple(
        tuple(_answer(answer) for answer in (need if isinstance(need, list) else [need])) for need in one["needs"]
    )
    return Question(
        one["id"], one["kind"], one["ask"], needs, tuple(one.get("over", ())), one.get("client", ""),
        tuple(one.get("about", ())), held_out,
    )  # fmt: skip


def _answer(given: str | Mapping[str, str]) -> str | Passage:
    return given if isinstance(given, str) else Passage(given.get("file") or given["source"], given["quote"])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# -- whose something is ------------------------------------------------------------------------------------------------


def owners(item: Item) -> set[str]:
    """The clients that an item is about; none for what concerns the whole firm."""
    return {owner for one in item.about for owner in _above(one)}


@cache
def _above(record: str) -> tuple[str, ...]:
    every = {one["id"]: (kind, one) for kind, entries in records().items() for one in entries}
    kind, one = every[record]
    return (record,) if kind == "client" else (one["client"],)


def in_scope(item: Item, question: Question) -> bool:
    """Whether a search may give this: nothing of another client's, and only what concerns the records asked about."""
    if question.client and not owners(item) <= {question.client}:
        return False
    return not question.about or bool({*question.about} & {*item.about})


# -- judging -----------------------------------------------------------------------------------------------------------


def judged(question: Question, hits: Sequence[Hit]) -> Verdict:
    """Where each need was met, and whether what holds no more stands below all of that."""
    found = ([place for one in need if (place := _place(one, hits))] for need in question.needs)
    places = tuple(min(each, default=None) for each in found)
    met = [place for place in places if place]
    stale = [place for one in question.over if (place := _place(one, hits))]
    shown = sum(tokens(hit.text) for hit in hits)
    return Verdict(question, places, not stale or (bool(met) and max(met) < min(stale)), shown)


def _place(answer: str | Passage, hits: Sequence[Hit]) -> int | None:
    return next((place for place, hit in enumerate(hits, 1) if _answers(hit, answer)), None)


def _answers(hit: Hit, answer: str | Passage) -> bool:
    if isinstance(answer, Passage):
        return folded(answer.quote) in folded(hit.text)
    known = items()[answer]
    return hit.id == answer or (known.kind == "fact" and folded(known.said["quote"]) in folded(hit.text))


def folded(text: str) -> str:
    """A text with every run of white space as one space: a quote may cross a line's end."""
    return " ".join(text.split())


def mean(verdicts: Iterable[Verdict], figure: Callable[[Verdict], float] = Verdict.recall) -> float:
    """The mean of a figure over verdicts."""
    return statistics.mean(figure(one) for one in verdicts)
