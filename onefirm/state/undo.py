"""Taking a change back: a new write that restores what was before, refused where somebody has moved it since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from sqlalchemy import Connection

from onefirm.core.attribution import By
from onefirm.core.errors import FirmError, InvalidInput, NotFound, Refused
from onefirm.core.ids import REF, parse_ref
from onefirm.ledger.events import Event
from onefirm.state import drafts, history, mirror, values
from onefirm.state.changes import Written
from onefirm.state.drafts import Wanted
from onefirm.state.history import STATE
from onefirm.state.mirror import Record
from onefirm.state.plane import Plane
from onefirm.state.schema import Kind
from onefirm.state.truth.base import Op
from onefirm.state.writes import Writer

_OPPOSITE: Mapping[str, Op] = {"created": "archive", "updated": "update", "archived": "restore", "restored": "archive"}
_BESIDE = {
    "DEC-": (
        "decision",
        "superseded",
        "decision_record supersedes={ref} (onefirm decision record WHAT --why WHY --supersedes {ref}).",
    ),
    "SRC-": ("source", "erased", "`onefirm ledger erase {ref}`, a person's command."),
    "F-": ("fact", "retracted", "a person's command: onefirm memory retract {ref} --why WHY."),
    "L-": ("lesson", "retired", "lesson_decide verdict=retire (onefirm lesson decide {ref} retire)."),
}


class Undoer:
    """Undoes one entry of the ledger."""

    def __init__(self, plane: Plane, writer: Writer) -> None:
        self._plane = plane
        self._writer = writer

    def undo(self, event_or_ref: str, by: By) -> list[Written]:
        """Take back one change of a record.

        1. Find the entry: the one with this id, or the newest change of the record. By its ref nothing is brought back:
           where that change was taken back last, the answer says how to go either way.
        2. Refuse when its content was erased, when it was taken back already, or when what it set has moved since.
        3. Write the values from before it; the entry is the cause, and no rule of moves is asked: going back is none.

        Undoing a creation archives. Undoing an undo brings the change back. Raises NotFound, InvalidInput, Refused.
        """
        with self._plane.store.read() as conn:
            told = self._told(conn, event_or_ref)
            events = history.timeline(conn, self._plane.ledger, told.subjects[0], kinds=STATE)
            present = mirror.one(conn, told.subjects[0])
        if present is None:
            raise drafts.missing(told.subjects[0])
        self._check_there(told, events)
        op = _OPPOSITE[_turn(told)]
        later = [event for event in events if _place(event) > _place(told)]
        before = self._before(told, present, later) if op == "update" else {}
        self._check_archived(told, op, present, later)
        kind = self._plane.schema.kinds[present.kind]
        wanted = Wanted(0, op, kind, present.ref, before, present.etag, undo_of=told.id)
        key = f"undo:{told.id}:{events[-1].id}"  # twice at once is once; after a redo it is another
        return self._writer.run([wanted], replace(by, cause=told.id), key, request=f"undo {told.id}")

    def _told(self, conn: Connection, event_or_ref: str) -> Event:
        if REF.fullmatch(_as_ref(event_or_ref)):
            return self._newest(conn, event_or_ref)
        event = self._plane.ledger.get(conn, event_or_ref.strip()[:64])
        if event is None:
            raise NotFound(
                f"There is no entry “{event_or_ref[:40]}” in the ledger.", hint="Send an entry's id, or a record's ref."
            )
        if event.kind == "record.queued":
            raise Refused(
                f"That write of {event.subjects[0]} still waits or was done later under another entry.",
                hint=f"ledger_trace {event.subjects[0]} (onefirm ledger trace) shows it; undo that entry.",
            )
        if event.kind not in STATE:
            raise InvalidInput(
                f"The entry is no change of state ({event.kind}), so there is nothing to take back.",
                hint="Send the id of a record.created, updated, archived, restored or pulled entry.",
            )
        return event

    def _newest(self, conn: Connection, ref: str) -> Event:
        events = history.timeline(conn, self._plane.ledger, ref, kinds=STATE)
        if not events:
            raise self._told_once(conn, parse_ref(ref)) or drafts.missing(parse_ref(ref))
        undone = undone_ids(events)
        stand = [event for event in events if event.id not in undone]
        if not stand:
            raise Refused(
                f"Every change of {parse_ref(ref)} was taken back already.", hint="Name an entry to bring back."
            )
        if _takes_back(stand[-1], events):
            raise _undone(stand[-1], "last", next((one for one in reversed(stand) if not _is_undo(one)), None))
        return stand[-1]

    def _told_once(self, conn: Connection, ref: str) -> FirmError | None:
        """The error for what stands beside the records and has a way of its own to be taken back."""
        for prefix, (what, told, way) in _BESIDE.items():
            if ref.startswith(prefix):
                if not self._plane.ledger.events(conn, ref=ref, kinds=[f"{what}."], limit=1):
                    listing = "memory" if what in ("source", "fact") else what
                    return NotFound(f"There is no {what} {ref}.", hint=f"onefirm {listing} list shows what there is.")
                return Refused(f"{ref} is a {what}: it is {told}, never undone.", hint=way.format(ref=ref))
        return None

    def _check_there(self, told: Event, events: Sequence[Event]) -> None:
        if told.payload is None:
            raise Refused(
                f"The content of that entry about {told.subjects[0]} was erased, so it can't be taken back.",
                hint="Write the values that should hold.",
            )
        for event in events:
            if (event.payload or {}).get("undo_of") == told.id and event.id not in undone_ids(events):
                raise _undone(event, "named")

    def _before(self, told: Event, present: Record, later: Sequence[Event]) -> dict[str, Any]:
        """The values to restore. Raises Refused where one has moved since."""
        after: Mapping[str, Any] = (told.payload or {}).get("after") or {}
        known = self._plane.schema.kinds[present.kind]
        for name, value in after.items():
            now = present.props.get(name)
            if now != value:
                raise _moved(present, name, value, now, later)
        before: Mapping[str, Any] = (told.payload or {}).get("before") or {}
        wanted = {name: before.get(name) for name in after}
        self._check_known(present, known, wanted)
        return wanted

    def _check_known(self, present: Record, kind: Kind, wanted: Mapping[str, Any]) -> None:
        """Raise Refused for a value that the schema of now has no place for."""
        for name, value in wanted.items():
            try:
                prop = kind.property_named(name)
                read = None if value is None else values.read(self._plane.reading, kind, prop, values.show(value))
                fits = prop.name == name and read == value
            except InvalidInput:
                fits = False
            if not fits:
                raise Refused(
                    f"{name} of {present.ref} “{present.title}” was {_word(value)}, which the schema no longer knows.",
                    hint="Write the value that should hold.",
                )

    def _check_archived(self, told: Event, op: Op, present: Record, later: Sequence[Event]) -> None:
        """Raise Refused when the record is already as the undo would leave it, or can't be changed."""
        since = next((event for event in reversed(later) if _turn(event) in ("archived", "restored")), None)
        who = f" by {since.actor} at {since.at}" if since else ""
        if op == "archive" and present.archived:
            raise Refused(f"{present.ref} “{present.title}” was archived since{who}.", hint="There is nothing to do.")
        if op == "restore" and not present.archived:
            raise Refused(f"{present.ref} “{present.title}” was restored since{who}.", hint="There is nothing to do.")
        if op == "update" and present.archived:
            raise Refused(
                f"{present.ref} “{present.title}” was archived since{who}.",
                hint=f"Restore it first: record_write op=restore (onefirm record restore {present.ref}).",
            )
        if _turn(told) == "created":
            _check_unused(present, later)


def _check_unused(present: Record, later: Sequence[Event]) -> None:
    undone = undone_ids(later)
    kept = [e for e in later if _turn(e) == "updated" and e.id not in undone and not _is_undo(e)]
    if kept:
        who = f"by {kept[-1].actor} at {kept[-1].at}"
        raise Refused(
            f"{present.ref} “{present.title}” was changed since it was created, {who}.",
            hint=f"Undo the later changes first, or archive it: op archive, ref {present.ref}.",
        )


def undone_ids(events: Iterable[Event]) -> frozenset[str]:
    """The ids of entries that were taken back, by an entry that was not taken back itself."""
    undone: set[str] = set()
    for event in reversed(list(events)):
        target = (event.payload or {}).get("undo_of")
        if target and event.id not in undone:
            undone.add(str(target))
    return frozenset(undone)


def _is_undo(event: Event) -> bool:
    return bool((event.payload or {}).get("undo_of"))


def _turn(event: Event) -> str:
    if event.kind == "record.pulled":
        return str((event.payload or {}).get("change", "updated"))
    return event.kind.partition(".")[2]


def _place(event: Event) -> tuple[str, str, int]:
    return event.at, event.chain_id, event.seq


def _as_ref(text: str) -> str:
    try:
        return parse_ref(text)
    except InvalidInput:
        return ""


def _takes_back(event: Event, events: Sequence[Event]) -> bool:
    """Whether what an entry does is to take a change back: an undo does, and an undo of an undo brings one back."""
    known = {one.id: one for one in events}
    takes_back, target = False, (event.payload or {}).get("undo_of")
    while target:
        takes_back = not takes_back
        before = known.get(str(target))
        target = ((before.payload if before else None) or {}).get("undo_of")
    return takes_back


def _undone(event: Event, which: Literal["last", "named"], before: Event | None = None) -> Refused:
    """The error for a change that `event` took back; `before` is what can be taken back instead."""
    change = "The last change" if which == "last" else "That change"
    further = (
        f" Or take back the one before: record_undo {before.id} (onefirm record undo {before.id})." if before else ""
    )
    return Refused(
        f"{change} of {event.subjects[0]} was taken back already, by {event.actor} at {event.at}.",
        hint=f"To bring it back: record_undo {event.id} (onefirm record undo {event.id}).{further}",
    )


def _moved(present: Record, name: str, ours: Any, now: Any, later: Sequence[Event]) -> Refused:
    movers = [event for event in later if name in ((event.payload or {}).get("after") or {})]
    who = f", changed by {movers[-1].actor} at {movers[-1].at}" if movers else ""
    return Refused(
        f"{name} of {present.ref} “{present.title}” is {_word(now)} now, not {_word(ours)}{who}.",
        hint="Nothing was written. Undo that later change first, or write the value that should hold.",
    )


def _word(value: Any) -> str:
    return "empty" if value is None else f"“{values.show(value)}”"
