"""The past of a record, folded from the ledger's entries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from onefirm.core.clock import iso
from onefirm.core.errors import NotFound
from onefirm.core.ids import is_temporary, parse_ref
from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Event
from onefirm.state import mirror
from onefirm.state.mirror import Record

STATE = ("record.created", "record.updated", "record.archived", "record.restored", "record.pulled")
"""The kinds of entries that tell how a record's state changed."""


def names(conn: Connection, ref: str) -> list[str]:
    """Every ref that a record is or was known by, the present one first."""
    wanted = parse_ref(ref)
    present = mirror.aliases(conn, [wanted]).get(wanted, wanted) if is_temporary(wanted) else wanted
    return [present, *mirror.aliases_of(conn, present)]


def timeline(
    conn: Connection,
    ledger: Ledger,
    ref: str,
    *,
    kinds: Sequence[str] | None = None,
    until_at: str | None = None,
    limit: int | None = None,
    newest_first: bool = False,
) -> list[Event]:
    """All entries about a record, in time order; what was told of it under a temporary ref is among them."""
    found: dict[str, Event] = {}
    for name in names(conn, ref):
        told = ledger.events(conn, ref=name, kinds=kinds, until_at=until_at, limit=limit, newest_first=newest_first)
        found |= {event.id: event for event in told}
    events = sorted(found.values(), key=lambda event: (event.at, event.chain_id, event.seq), reverse=newest_first)
    return events[:limit]


def as_of(conn: Connection, ledger: Ledger, ref: str, at: datetime) -> Record:
    """A record as it was at an instant. `gaps` counts changes whose content was erased. Raises NotFound."""
    present = names(conn, ref)[0]
    events = timeline(conn, ledger, ref, kinds=STATE, until_at=iso(at))
    own = [event for event in events if event.subjects[0] == present]
    if record := fold(own):
        return replace(record, synced_at=iso(at))
    first = next(iter(timeline(conn, ledger, ref, kinds=STATE, limit=1)), None)
    hint = (
        f"The ledger first tells of it at {first.at}." if first else "record_find (onefirm record find) lists records."
    )
    raise NotFound(f"{present} did not exist at {iso(at)}, as far as the ledger tells.", hint=hint)


def fold(events: Iterable[Event]) -> Record | None:
    """The record that these entries about it, in order, add up to; None for none."""
    record: Record | None = None
    for event in events:
        record = _after(record, event)
    return record


def _after(record: Record | None, event: Event) -> Record:
    ref = event.subjects[0]
    base = record or Record(ref, "", "", "", {}, "", False, event.at, event.at, event.at)
    if event.payload is None:  # erased: that something changed is known, and no longer what
        return replace(base, updated_at=event.at, gaps=base.gaps + 1)
    told = event.payload
    props = _props(base, event, told.get("after") or {})
    return replace(
        base, kind=str(told.get("kind", base.kind)), title=str(props.get("title", told.get("title", ""))),
        status=str(props.get("status", "")), props=props, etag=str(told.get("etag") or base.etag),
        archived=_archived(base, event, told), updated_at=event.at,
    )  # fmt: skip


def _props(base: Record, event: Event, after: Mapping[str, Any]) -> dict[str, Any]:
    props = dict(after) if event.kind == "record.created" else {**base.props, **after}
    return {name: value for name, value in props.items() if value is not None}


def _archived(base: Record, event: Event, told: Mapping[str, Any]) -> bool:
    turn = told.get("change") if event.kind == "record.pulled" else event.kind.partition(".")[2]
    return {"archived": True, "restored": False, "created": False}.get(str(turn), base.archived)
