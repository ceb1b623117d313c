"""What the entries about a lesson tell, in their order: where and when it was met, and how it stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sqlalchemy import Connection

from onefirm.core.clock import parse_iso
from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Event
from onefirm.memory import patterns, triggers
from onefirm.memory.patterns import Enforcement
from onefirm.memory.statements import DAMAGED, ERASED
from onefirm.memory.triggers import Trigger

Status = Literal["candidate", "hardened", "retired"]
Verdict = Literal["harden", "retire", "keep", "patch"]
OUTCOMES: dict[str, Status] = {"harden": "hardened", "retire": "retired", "keep": "candidate", "patch": "retired"}
KINDS = [
    "lesson.recorded",
    "lesson.seen_again",
    "lesson.told_apart",
    "lesson.decided",
    "lesson.merged",
    "lesson.enforced",
    "lesson.relaxed",
]


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where and when a lesson was met; `day` is the firm's.

    `likeness` (0 to 1) when it was taken for one by its words, else None; `rule` is how it was said then. `elsewhere`:
    at another place than before; `counts`: in another situation, which is another place, or another day and session.
    Of one that was taken for it `theme` and `trigger` are those that were given with its words.
    """

    event_id: str
    day: str
    session: str | None
    places: tuple[str, ...]
    rule: str = ""
    why: str = ""
    likeness: float | None = None
    elsewhere: bool = False
    counts: bool = False
    theme: str = ""
    trigger: Trigger = field(default_factory=dict[str, list[str]])


@dataclass(frozen=True, slots=True)
class Lesson:
    """One lesson. `sightings` counts how often it was met, the first time included; `recurred`: elsewhere too.

    `trigger` says when it applies; `patched`: retired since what it warns of was made impossible. A guide speaks for
    the rules in `of`. `enforced` is what holds it besides its words. `noted` tells what was made of the words that were
    just given, for whoever gave them.
    """

    ref: str
    at: str
    actor: str
    rule: str
    why: str
    theme: str
    about: tuple[str, ...]
    status: Status
    sightings: int
    event_id: str
    erased: bool = False
    recurred: bool = False
    trigger: Trigger = field(default_factory=dict[str, list[str]])
    patched: bool = False
    of: tuple[str, ...] = ()
    enforced: Enforcement | None = None
    noted: str = ""


@dataclass(slots=True)
class Story:
    """A lesson as its entries tell it. An erased entry still counts."""

    first: Event
    met: list[Sighting] = field(default_factory=list[Sighting])
    verdicts: list[Event] = field(default_factory=list[Event])
    apart: set[str] = field(default_factory=set[str])
    of: tuple[str, ...] = ()
    enforced: Enforcement | None = None

    @property
    def ref(self) -> str:
        return self.first.subjects[0]

    @property
    def sightings(self) -> list[Sighting]:
        """Those that count as the same lesson, the first among them."""
        return [one for one in self.met if one.event_id not in self.apart]

    @property
    def met_in(self) -> set[str]:
        """The sessions in which it was met, those that taught it among them."""
        return {*(self.first.payload or {}).get("met_in", ()), *(one.session for one in self.sightings if one.session)}

    @property
    def status(self) -> Status:
        return OUTCOMES.get(self.verdict, "candidate")

    @property
    def verdict(self) -> str:
        """The last word about it. What hardened by a sighting that was told apart is a candidate again."""
        standing = [one for one in self.verdicts if one.cause not in self.apart]
        return str((standing[-1].payload or {}).get("verdict")) if standing else "keep"

    def after(self, event: Event) -> Sighting:
        """A sighting of this lesson, held against those before it."""
        said: Any = event.payload or {}
        here, day = tuple(str(place) for place in said.get("places", ())), _day(event, said)
        elsewhere = self.met_elsewhere(here)
        return Sighting(
            event.id, day, event.session, here, str(said.get("rule", "")), str(said.get("why", "")),
            said.get("likeness"), elsewhere, elsewhere or self.met_later(day, event.session),
            str(said.get("theme", "")), triggers.read(said.get("trigger")),
        )  # fmt: skip

    def met_elsewhere(self, here: Sequence[str]) -> bool:
        """Whether to be met at these places is to be met at another one than before."""
        known = {place for one in self.sightings for place in one.places}
        return bool(known) and not known.issuperset(here)

    def met_later(self, day: str, session: str | None) -> bool:
        """Whether to be met then is to be met on another day than ever before, and in another session."""
        before = self.sightings
        return bool(before) and all(_is_later(one, day, session) for one in before)

    @property
    def is_living(self) -> bool:
        """Whether it may be met again: it has words, and wasn't retired for good. A guide is met in its rules."""
        return not self.of and bool(self.first.payload) and (self.status != "retired" or self.verdict == "patch")

    def take(self, event: Event) -> None:
        """One more entry about it."""
        if event.kind == "lesson.decided":
            self.verdicts.append(event)
        elif event.kind == "lesson.told_apart":
            self.apart.add(str((event.payload or {}).get("sighting")))
        elif event.kind == "lesson.merged":
            self.of = event.subjects[1:]
        elif event.kind in ("lesson.enforced", "lesson.relaxed"):
            self.enforced = patterns.read(event.payload)
        else:
            self.met.append(self.after(event))
        if self.status != "hardened":
            self.enforced = None  # what holds a rule goes with it, and comes back by a new yes only

    def told(self) -> Lesson:
        said: Any = self.first.payload or {}
        lost = DAMAGED if self.first.damaged else ERASED
        met = self.sightings
        return Lesson(
            self.ref,
            self.first.at,
            self.first.actor,
            said.get("rule", lost),
            said.get("why", lost),
            said.get("theme", "general"),
            tuple(said.get("about", self.first.subjects[1:])),
            self.status,
            len(met),
            self.first.id,
            erased=not said,
            recurred=any(one.elsewhere for one in met),
            trigger=triggers.read(said.get("trigger")),
            patched=self.verdict == "patch",
            of=self.of,
            enforced=self.enforced if said else None,
        )


def stories(events: Iterable[Event]) -> list[Story]:
    """Every lesson as its entries tell it."""
    every = list(events)
    # Clocks of two machines may differ: a verdict can stand before the lesson that it is about.
    found = {event.subjects[0]: Story(event) for event in every if event.kind == "lesson.recorded"}
    for event in every:
        if story := found.get(event.subjects[0]):
            story.take(event)
    return list(found.values())


def in_effect(lessons: Iterable[Lesson]) -> list[Lesson]:
    """Those that speak for themselves: a guide in the place of its rules, met as often as they were; or they, once the
    guide or one of them is a rule no longer, or has no words any more.
    """
    every = {one.ref: one for one in lessons}
    ruling = {ref for ref, one in every.items() if one.status == "hardened" and not one.erased}
    guides = [one for one in every.values() if one.of and ruling.issuperset((one.ref, *one.of))]
    merged = {ref for one in guides for ref in one.of}
    for one in guides:
        every[one.ref] = replace(one, sightings=sum(every[ref].sightings for ref in one.of))
    idle = {ref for ref, one in every.items() if one.of} - {one.ref for one in guides}
    return [one for ref, one in every.items() if ref not in merged and ref not in idle]


def recurred(conn: Connection, ledger: Ledger) -> set[str]:
    """The lessons that were met at more than one place: they are the firm's own, and nobody's."""
    return {story.ref for story in stories(ledger.events(conn, kinds=KINDS)) if story.told().recurred}


def noted(lesson: Lesson, sentences: Sequence[str]) -> Lesson:
    """The lesson with what was made of the words that were given."""
    return replace(lesson, noted=". ".join(sentence for sentence in sentences if sentence))


def _day(event: Event, said: Any) -> str:
    """The firm's own day, as the entry has it; older entries have only their instant."""
    return str(said.get("day") or parse_iso(event.at).date().isoformat())


def _is_later(one: Sighting, day: str, session: str | None) -> bool:
    return one.day != day and (session is None or one.session != session)
