"""All that memory holds as text: JSON lines for programs, and a Markdown file for each client for people.

The same ledger gives the same bytes. What was erased has no words here, and what is written carries memory's own mark,
so that it can't come back as its own source.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection

from onefirm.core import canonical
from onefirm.core.errors import Unavailable
from onefirm.core.sight import Sight
from onefirm.memory import marks, scopes, statements
from onefirm.memory.decisions import Decisions
from onefirm.memory.facts import Fact, Facts
from onefirm.memory.lessons import Lesson, Lessons
from onefirm.memory.sources import Source, Sources
from onefirm.memory.stories import Sighting
from onefirm.memory.told_decisions import Decision
from onefirm.store.engine import Store

VERSION = 1
JSONL = "memory.jsonl"
FIRM, SHARED = "firm", "shared"
MARK = "R-export"
UNKEPT = {"noted", "note"}
"""Told once, to whoever gave the words."""
Item = Decision | Lesson | Fact | Source
_ORDER = (Decision, Lesson, Fact, Source)


@dataclass(frozen=True, slots=True)
class Rooms:
    """The rooms of memory as somebody sees them, and that one's sight."""

    store: Store
    decisions: Decisions
    lessons: Lessons
    facts: Facts
    sources: Sources
    sight: Sight


@dataclass(frozen=True, slots=True)
class Book:
    """What is exported: every item, decisions first, then lessons, facts and sources, each by its number.

    `met` are a lesson's sightings, `chapters` names for each item whose it is: a client's ref, FIRM, or SHARED by
    several; `titles` what those clients are called.
    """

    items: tuple[Item, ...]
    met: Mapping[str, tuple[Sighting, ...]]
    chapters: Mapping[str, str]
    titles: Mapping[str, str]


def read(rooms: Rooms, about: str | None = None) -> Book:
    """What there is, or what concerns one record and what belongs to it. Raises NotFound, Refused."""
    wanted = statements.refs([about] if about else [])
    rooms.sight.check(wanted)
    stories = {story.ref: story for story in rooms.lessons.stories() if rooms.sight.sees([story.ref])}
    lessons = (_seen(story.told(), rooms.sight) for story in stories.values())
    every: list[Item] = [*rooms.decisions.every(), *lessons, *rooms.facts.every(), *rooms.sources.every()]
    with rooms.store.read() as conn:
        statements.existing(conn, wanted)
        kept = sorted((one for one in every if _concerns(conn, one, wanted)), key=_place)

        @cache
        def owners(ref: str) -> dict[str, str]:
            return scopes.owners(conn, [ref])

        owned = {one.ref: _joined(map(owners, _about(one))) for one in kept}
    met = {ref: _met(story.sightings, rooms.sight) for ref, story in stories.items()}
    chapters = {ref: _chapter(of) for ref, of in owned.items()}
    return Book(tuple(kept), met, chapters, _joined(owned.values()))


def jsonl(book: Book, texts: Sources | None = None) -> Iterator[str]:
    """One canonical JSON object an item, without line ends; with `texts` a source has its text."""
    for one in book.items:
        told = {**_plain(one), "item": item_of(one), "export": VERSION, "from": marks.begin(MARK)}
        if isinstance(one, Lesson):
            told["met"] = [dataclasses.asdict(sighting) for sighting in book.met.get(one.ref, ())]
        if isinstance(one, Source) and texts:
            told |= _text(one, texts)
        yield canonical.dumps(told)


def item_of(one: Item) -> str:
    """What it is, in a word: a fact of the kind summary is a summary."""
    return one.kind if isinstance(one, Fact) else type(one).__name__.lower()


def _plain(one: Item) -> dict[str, Any]:
    told = dataclasses.asdict(one)
    return {name: value for name, value in told.items() if name not in UNKEPT}


def _text(one: Source, texts: Sources) -> dict[str, Any]:
    if one.text_is != "here":
        return {"text": None}
    try:
        return {"text": texts.text(one.ref)}
    except Unavailable:  # one damaged text doesn't keep the rest from being written
        return {"text": None, "text_is": "damaged"}


def _seen(one: Lesson, sight: Sight) -> Lesson:
    """A lesson that recurred is the firm's own; where else it was met is nothing for every session."""
    return dataclasses.replace(one, about=tuple(ref for ref in one.about if sight.sees([ref])))


def _met(sightings: Iterable[Sighting], sight: Sight) -> tuple[Sighting, ...]:
    return tuple(one for one in sightings if sight.sees(one.places))


def _about(one: Item) -> Sequence[str]:
    return () if isinstance(one, Lesson) and one.recurred else one.about


def _concerns(conn: Connection, one: Item, wanted: Sequence[str]) -> bool:
    if not wanted:
        return True
    scoped = {word for ref in wanted for word in (scopes.about(ref), scopes.owned(ref), scopes.via(ref))}
    return not scoped.isdisjoint(scopes.of(conn, one.about).words.split())


def _place(one: Item) -> tuple[int, int]:
    return _ORDER.index(type(one)), int(one.ref.rpartition("-")[2])


def _joined(owned: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {ref: title for of in owned for ref, title in of.items()}


def _chapter(owners: Mapping[str, str]) -> str:
    if len(owners) > 1:
        return SHARED
    return next(iter(owners), FIRM)
