"""A lesson held against the past: in which sessions it would have spoken, and how often for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection

from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Event
from onefirm.memory.stories import Story
from onefirm.sessions import enforced, triggers
from onefirm.sessions.shapes import Moment

ENOUGH = 5
_MOST_ENTRIES = 20_000
_MOST_SHOWN = 5
_LONGEST_TEXT = 2_000


@dataclass(frozen=True, slots=True)
class Past:
    """A session that is over: when it began (ISO), and what it did."""

    session: str
    at: str
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class Fired:
    """A session in which the trigger would have spoken, by what; `right` when the lesson was met in it."""

    session: str
    at: str
    met: str
    right: bool


@dataclass(frozen=True, slots=True)
class Replay:
    """`comparable` sessions are those in which the trigger could have applied at all; `fired` those in which it did."""

    has_trigger: bool
    comparable: int
    fired: tuple[Fired, ...]

    @property
    def false_alarms(self) -> int:
        return sum(not one.right for one in self.fired)

    @property
    def is_enough(self) -> bool:
        """Whether there is a past to judge by."""
        return self.has_trigger and self.comparable >= ENOUGH

    @property
    def cries_wolf(self) -> bool:
        """Whether there is enough of a past, and it would have spoken for nothing more often than not."""
        return self.is_enough and self.false_alarms * 2 > len(self.fired)

    def told(self) -> str:
        """In a sentence."""
        if not self.has_trigger:
            return "it has no trigger, so there is nothing to replay: as a rule it would be read in every session"
        count = f"{self.comparable} comparable past session{'' if self.comparable == 1 else 's'}"
        if not self.is_enough:
            return f"not enough history: {count}, and {ENOUGH} are the least to judge by"
        return f"over {count} it would have fired in {len(self.fired)}, {self.false_alarms} of them false alarms"


def replay(story: Story, past: Callable[[], Iterable[Past]]) -> Replay:
    """The lesson's trigger over past sessions. A session in which the lesson was met is no false alarm."""
    trigger = story.told().trigger
    if not trigger:
        return Replay(False, 0, ())
    return _over(story, past, partial(triggers.is_comparable, trigger), partial(triggers.fits, trigger))


def chances(story: Story, past: Iterable[Past]) -> int:
    """In how many of these sessions the lesson's trigger could have applied at all."""
    could = partial(triggers.is_comparable, story.told().trigger)
    return sum(any(map(could, one.moments)) for one in past)


def trial(story: Story, past: Callable[[], Iterable[Past]], pattern: Mapping[str, Any]) -> Replay:
    """A pattern that would enforce the lesson over past sessions, in the same way."""
    return _over(story, past, partial(enforced.is_comparable, pattern), partial(enforced.of_moment, pattern))


def _over(
    story: Story, past: Callable[[], Iterable[Past]], could: Callable[[Moment], bool], met: Callable[[Moment], str]
) -> Replay:
    met_in = story.met_in
    comparable, fired = 0, list[Fired]()
    for one in past():
        if not any(map(could, one.moments)):
            continue
        comparable += 1
        found = next((what for moment in one.moments if (what := met(moment))), "")
        if found:
            fired.append(Fired(one.session, one.at, found, one.session in met_in))
    return Replay(True, comparable, tuple(fired))


def past(conn: Connection, ledger: Ledger) -> list[Past]:
    """What the ledger itself tells of every session: which records it wrote, which narrative it edited."""
    kinds = ["record.", "narrative.edited", "decision.recorded"]
    found: dict[str, list[tuple[str, Moment]]] = {}
    for event in ledger.events(conn, kinds=kinds, limit=_MOST_ENTRIES, newest_first=True):
        if event.session and (moment := _moment(event)):
            found.setdefault(event.session, []).append((event.at, moment))
    return [
        Past(session, done[-1][0], tuple(moment for _, moment in reversed(done))) for session, done in found.items()
    ]


def joined(pasts: Iterable[Past]) -> list[Past]:
    """Each session once, in the order in which they began, its moments ready to be held against many triggers."""
    found: dict[str, Past] = {}
    for one in pasts:
        known = found.get(one.session)
        done = (known.moments if known else ()) + tuple(map(triggers.heard, one.moments))
        found[one.session] = Past(one.session, min(one.at, known.at) if known else one.at, done)
    return sorted(found.values(), key=lambda one: one.at)


def _moment(event: Event) -> Moment | None:
    said = event.payload or {}
    if event.kind in ("record.seen", "record.pulled"):
        return None  # looking is no doing, and what came from elsewhere is nobody's here
    if event.kind == "narrative.edited":
        return {"path": str(said.get("path", ""))}
    if event.kind == "decision.recorded":
        return {"kind": "decision", "text": f"{said.get('what', '')} {said.get('why', '')}"[:_LONGEST_TEXT]}
    words = " ".join(_words(said.get("after")))
    return {"kind": str(said.get("kind", "")), "text": f"{said.get('title', '')} {words}"[:_LONGEST_TEXT]}


def _words(after: object) -> Iterator[str]:
    if isinstance(after, dict):
        for name, value in after.items():  # pyright: ignore[reportUnknownVariableType]
            yield f"{name} {value}" if isinstance(value, str) else str(name)  # pyright: ignore[reportUnknownArgumentType]
