"""The moment in which the records change their truth: one transaction of the store, or nothing.

What was moved there is made by the truths themselves; here mirror, ledger and all that belongs to the old truth follow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from onefirm.core.attribution import By
from onefirm.core.clock import iso
from onefirm.core.errors import Refused
from onefirm.ledger.events import Event
from onefirm.state import claims, conflicts, home, mirror, outcome
from onefirm.state import schema as schemas
from onefirm.state.home import CALLED, Home
from onefirm.state.mirror import Record
from onefirm.state.plane import Plane
from onefirm.state.schema import Schema
from onefirm.state.sync.pull import SYNCED_AT, WATERMARK
from onefirm.state.truth.base import TruthRow
from onefirm.store import inbox, notes
from onefirm.store.counters import next_number, reach
from onefirm.store.tables import record, setting, truth_effect, truth_page, truth_row

_LOOK_AGAIN_S = 0.1
_PATIENCE_S = 10.0
_MOVE = "truth.move"
_AWAY = "truth.away"
"""When Notion was last this firm's truth."""


@dataclass(frozen=True, slots=True)
class Held:
    """All rows of the embedded truth, and the number of its last change."""

    rows: tuple[TruthRow, ...]
    version: int


def wait_for_quiet(plane: Plane) -> None:
    """Let what others are writing end. Raises Refused while anything waits: a write, a question, another process."""
    waited = 0.0
    while True:
        with plane.store.read() as conn:
            live = any(claim.is_live(plane.now(), plane.ledger.chain_id) for claim in claims.every(conn))
            if not live or waited >= _PATIENCE_S:
                check_quiet(plane, conn)
                return
        plane.pause(_LOOK_AGAIN_S)
        waited += _LOOK_AGAIN_S


def check_quiet(plane: Plane, conn: Connection) -> None:
    """Raise Refused unless truth and mirror say all that there is to say."""
    open_ = [item for item in inbox.open_items(conn) if item.kind == conflicts.KIND]
    if open_:
        many = "conflicts are" if len(open_) > 1 else "conflict is"
        raise Refused(
            f"{len(open_)} {many} open in the inbox, the first: {open_[0].title}",
            hint="Decide them first: `onefirm record conflicts`, then `onefirm record resolve`.",
        )
    for claim in claims.every(conn):
        if claim.is_live(plane.now(), plane.ledger.chain_id):
            raise Refused("Another process is writing records.", hint="Let it end, then try again.")
        raise Refused(
            f"A change of {', '.join(sorted(claim.refs))} still waits to be handed in.",
            hint="`onefirm brief` hands in what waits and says what keeps it.",
        )


def begin(conn: Connection, to: Home, checkpoint: str) -> None:
    """Note that a move has begun, and the way back that was kept before it."""
    notes.put(conn, _MOVE, {"to": to, "checkpoint": checkpoint})


def checkpoint_of(conn: Connection, to: Home) -> str:
    """The way back of a move that was cut off; empty where none was."""
    begun: Any = notes.get(conn, _MOVE) or {}
    return str(begun["checkpoint"]) if begun.get("to") == to else ""


def embedded(conn: Connection) -> Held:
    """What the embedded truth holds."""
    rows = tuple(
        TruthRow(row.ref, row.kind, row.props, str(row.version), row.archived, row.created_at, row.edited_at)
        for row in conn.execute(select(truth_row).order_by(truth_row.c.ref))
    )
    return Held(rows, _version(conn))


def away_since(conn: Connection) -> str:
    """When Notion was last this firm's truth; empty for never."""
    return str(notes.get(conn, _AWAY) or "")


def stays(conn: Connection, schema: Schema) -> list[str]:
    """What of Notion's a move to the embedded store leaves there, in sentences."""
    also, aside = Counter[tuple[str, str]](), 0
    for page in conn.execute(select(truth_page.c.kind, truth_page.c.also, truth_page.c.aside)):
        also.update((page.kind, name) for name in page.also or ())
        aside += bool(page.aside)
    told = [
        f"{schema.kinds[kind].plural if kind in schema.kinds else kind}: “{name}” of {number} rows, which nothing maps"
        for (kind, name), number in sorted(also.items())
    ]
    told += [f"relations of {aside} records to pages that are no record's"] if aside else []
    return [*told, "the bodies of the pages, comments and files"]


def to_notion(
    plane: Plane, held: Held, there: Mapping[str, TruthRow], watermark: str, by: By, checkpoint: str
) -> Event | None:
    """The records are in Notion from now on; None where somebody has written since they were read.

    What the embedded store held of them goes: it would outlive every later erasure.
    """
    with plane.store.write() as conn:
        _hold(plane, conn)
        if _version(conn) != held.version:
            return None
        known = mirror.load(conn, there, lock=True)
        for ref, row in there.items():
            if (dict(known[ref].props), known[ref].archived) != (dict(row.props), row.archived):
                outcome.take_over(plane, conn, row, known[ref])  # without what Notion can't hold
        mirror.rebase(conn, {ref: row.etag for ref, row in there.items()}, plane.now())
        conn.execute(truth_row.delete())
        conn.execute(truth_effect.delete())
        return _settle(plane, conn, "notion", watermark, len(there), by, checkpoint)


def to_embedded(plane: Plane, by: By, checkpoint: str) -> Event:
    """The records are in the embedded store from now on, as the mirror has them; Notion's rows stay as they are."""
    with plane.store.write() as conn:
        _hold(plane, conn)
        records = [mirror.record_of(row) for row in conn.execute(mirror.rows().order_by(record.c.ref))]
        first = next_number(conn, "truth", len(records) + 1)
        conn.execute(truth_row.delete())
        if records:
            conn.execute(truth_row.insert(), [_row(one, first + at) for at, one in enumerate(records)])
        mirror.rebase(conn, {one.ref: str(first + at) for at, one in enumerate(records)}, plane.now())
        for one in records:
            prefix, _, number = one.ref.partition("-")
            reach(conn, f"ref:{prefix}", int(number))
        notes.put(conn, _AWAY, iso(plane.now()))
        return _settle(plane, conn, "embedded", str(first + len(records)), len(records), by, checkpoint)


def _hold(plane: Plane, conn: Connection) -> None:
    schemas.hold(conn, alone=True)
    home.check(conn, plane)
    check_quiet(plane, conn)


def _settle(plane: Plane, conn: Connection, to: Home, watermark: str, number: int, by: By, checkpoint: str) -> Event:
    notes.put(conn, WATERMARK, watermark)
    notes.put(conn, SYNCED_AT, iso(plane.now()))
    home.settle(conn, to)
    conn.execute(setting.delete().where(setting.c.name == _MOVE))
    told: dict[str, Any] = {
        "from": CALLED["embedded" if to == "notion" else "notion"], "to": CALLED[to], "records": number,
        "checkpoint": checkpoint,
    }  # fmt: skip
    return plane.ledger.append(conn, "truth.moved", told, subjects=(), by=by)


def _version(conn: Connection) -> int:
    return conn.execute(select(func.max(truth_row.c.version))).scalar() or 0


def _row(one: Record, version: int) -> dict[str, Any]:
    return {
        "ref": one.ref, "kind": one.kind, "props": dict(one.props), "version": version, "archived": one.archived,
        "created_at": one.created_at, "edited_at": one.updated_at,
    }  # fmt: skip
