"""What changed since the last close, and by whom: many events folded into one line for each record."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from onefirm.day.planes import Planes
from onefirm.day.wording import clip, show
from onefirm.ledger.append import is_seen
from onefirm.ledger.events import Event
from onefirm.ledger.sentences import sentence

_TOLD = (
    "record.created", "record.updated", "record.archived", "record.restored", "record.pulled", "record.conflicted",
    "decision.", "lesson.", "artifact.", "narrative.unreconciled", "narrative.archived", "guard.lifted",
    "guard.restored", "wall.lifted", "payload.erased", "schema.applied", "workspace.restored",
    "truth.moved",
)  # fmt: skip


@dataclass(slots=True)
class Change:
    """The net change of one subject. `before` and `after` hold only properties that differ in the end."""

    ref: str
    title: str
    verbs: list[str] = field(default_factory=list[str])
    actors: list[str] = field(default_factory=list[str])
    before: dict[str, Any] = field(default_factory=dict[str, Any])
    after: dict[str, Any] = field(default_factory=dict[str, Any])
    said: str = ""

    @property
    def text(self) -> str:
        """One line: `T-4 Send draft: status todo → doing (claude)`."""
        if self.said:
            return self.said
        moves = ", ".join([*self.verbs, *self._moves()])
        return f"{self.ref} {clip(self.title)}: {moves} ({', '.join(self.actors)})"

    def _moves(self) -> list[str]:
        if "created" in self.verbs:
            return [f"status {show(self.after['status'])}"] if "status" in self.after else []
        return [
            f"{name} {show(self.before.get(name))} → {show(value)}"
            if self.before.get(name) is not None
            else f"{name} {show(value)}"
            for name, value in self.after.items()
        ]

    @property
    def nothing(self) -> bool:
        """Whether everything was changed back."""
        return not (self.said or self.verbs or self.after)


def last_close(planes: Planes, conn: Connection) -> Event | None:
    """The newest announced end of a session; one that died doesn't count, since nobody looked at its end."""
    for event in planes.ledger.events(conn, kinds=["session.closed"], newest_first=True, limit=50):
        if (event.payload or {}).get("how") == "ended":
            return event
    return None


def since(planes: Planes, conn: Connection, at: str | None) -> list[Change]:
    """The net changes after an instant (None: from the beginning), in order of their last event."""
    told = planes.ledger.events(conn, kinds=_TOLD, since_at=at)
    schemas = {event.id for event in told if event.kind == "schema.applied"}
    return fold([event for event in told if not _begins(event) and is_seen(event, planes.sight)], schemas)


def _begins(event: Event) -> bool:
    """Whether it is the schema that every firm begins with."""
    return event.kind == "schema.applied" and (event.payload or {}).get("version") == 1


def fold(events: Sequence[Event], schemas: Collection[str] = ()) -> list[Change]:
    """Fold events into one Change for each record; whatever isn't a record's move keeps a line of its own.

    What one of the `schemas` (ids of entries) took along is said by its own line; what was told before has its words.
    """
    folded: dict[str, Change] = {}
    for event in events:
        if event.cause in schemas:
            _take_along(folded, event)
        elif event.kind.startswith("record.") and event.kind != "record.conflicted" and event.payload is not None:
            ref = event.subjects[0]
            change = folded.pop(ref, None) or Change(ref, "")
            _take(change, event, event.payload)
            folded[ref] = change
        else:
            folded[event.id] = Change("", "", said=clip(sentence(event), 200))
    return [change for change in folded.values() if not change.nothing]


def _take(change: Change, event: Event, data: Mapping[str, Any]) -> None:
    change.title = str(data.get("title", change.title))
    who = f"{event.actor}: {clip(str(data['editor']), 40)}" if data.get("editor") else event.actor
    if who not in change.actors:
        change.actors.append(who)
    verb = data.get("change", "updated") if event.kind == "record.pulled" else event.kind.partition(".")[2]
    if verb != "updated":
        _turn(change, str(verb))
    before: Mapping[str, Any] = data.get("before") or {}
    after: Mapping[str, Any] = data.get("after") or {}
    for name, value in after.items():
        change.before.setdefault(name, before.get(name))
        change.after[name] = value
        if change.before[name] == value and "created" not in change.verbs:
            del change.before[name], change.after[name]


def _take_along(folded: Mapping[str, Change], event: Event) -> None:
    after: Mapping[str, Any] = (event.payload or {}).get("after") or {}
    if change := folded.get(event.subjects[0]):
        change.after |= {name: value for name, value in after.items() if name in change.after and value is not None}


def _turn(change: Change, verb: str) -> None:
    undone = {"archived": "restored", "restored": "archived"}.get(verb)
    if undone in change.verbs:
        change.verbs.remove(undone)
    elif verb not in change.verbs:
        change.verbs.append(verb)
