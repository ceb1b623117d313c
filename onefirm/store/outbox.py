"""What must still be done outside this database: one table, at-least-once delivery, each key once.

A row is put in the transaction that decides it, claimed under a lease by whoever delivers, and deleted in the
transaction that records the outcome. A lease that runs out (its holder died) makes the row due again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from onefirm.core.clock import iso
from onefirm.core.ids import uuid7
from onefirm.store.tables import outbox

_LONGEST_PAUSE = timedelta(minutes=30)
# Built once: building a statement takes longer than running it. Not rowcount, which psycopg gives as -1 here.
_PUT = {
    name: dialect.insert(outbox).on_conflict_do_nothing().returning(outbox.c.key)
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """One row: `key` names the effect, `attempts` counts the tries so far, `lease` proves who may finish it."""

    key: str
    topic: str
    payload: Mapping[str, Any]
    state: str
    attempts: int
    created_at: str
    not_before: str
    lease: str | None
    last_error: str | None


def put(
    conn: Connection, topic: str, key: str, payload: Mapping[str, Any], now: datetime, *, lease_s: float | None = None
) -> str | None:
    """Add a row unless its key is there; return the lease when `lease_s` asks to hold it at once.

    Returns None both for a row that waits for any deliverer and for a key that was there already.
    """
    lease = uuid7() if lease_s else None
    row = {
        "key": key,
        "topic": topic,
        "payload": dict(payload),
        "state": "leased" if lease else "waiting",
        "attempts": 1 if lease else 0,
        "created_at": iso(now),
        "not_before": iso(now),
        "leased_until": iso(now + timedelta(seconds=lease_s)) if lease_s else None,
        "lease": lease,
    }
    return lease if conn.execute(_PUT[conn.dialect.name], row).first() else None


def claim(conn: Connection, topic: str, now: datetime, lease_s: float, key: str | None = None) -> Waiting | None:
    """Take the oldest due row of a topic (or the row `key`, due or not held by a live lease) under a new lease."""
    free = or_(outbox.c.state == "waiting", and_(outbox.c.state == "leased", outbox.c.leased_until < iso(now)))
    due = outbox.c.key == key if key else outbox.c.not_before <= iso(now)
    query = select(outbox.c.key).where(outbox.c.topic == topic, free, due).order_by(outbox.c.created_at, outbox.c.key)
    found = conn.execute(query.limit(1).with_for_update(skip_locked=True)).scalar()
    if found is None:
        return None
    conn.execute(
        outbox.update()
        .where(outbox.c.key == found)
        .values(
            state="leased",
            lease=uuid7(),
            attempts=outbox.c.attempts + 1,
            leased_until=iso(now + timedelta(seconds=lease_s)),
        )
    )
    return get(conn, found)


def done(conn: Connection, key: str, lease: str) -> bool:
    """Delete a delivered row; False when the lease is no longer ours, and then nothing may be recorded."""
    return bool(conn.execute(outbox.delete().where(outbox.c.key == key, outbox.c.lease == lease)).rowcount)


def postpone(conn: Connection, item: Waiting, now: datetime, error: str) -> None:
    """Put a row back after a failed try, with a pause that doubles from 2 s to 30 min."""
    pause = min(timedelta(seconds=2 ** min(item.attempts, 12)), _LONGEST_PAUSE)
    _release(conn, item, state="waiting", not_before=iso(now + pause), last_error=error[:500])


def hold(conn: Connection, item: Waiting, error: str) -> None:
    """Keep a row until the operator has decided; no deliverer takes it."""
    _release(conn, item, state="held", last_error=error[:500])


def _release(conn: Connection, item: Waiting, **values: Any) -> None:
    mine = and_(outbox.c.key == item.key, outbox.c.lease == item.lease)
    conn.execute(outbox.update().where(mine).values(lease=None, leased_until=None, **values))


def drop(conn: Connection, key: str) -> None:
    """Delete a row whatever its state: the operator decided against it."""
    conn.execute(outbox.delete().where(outbox.c.key == key))


def get(conn: Connection, key: str) -> Waiting | None:
    """The row of a key."""
    row = conn.execute(select(outbox).where(outbox.c.key == key)).mappings().first()
    return _waiting(row) if row else None


def waiting(conn: Connection, topic: str) -> list[Waiting]:
    """All rows of a topic, oldest first."""
    rows = conn.execute(select(outbox).where(outbox.c.topic == topic).order_by(outbox.c.created_at, outbox.c.key))
    return [_waiting(row) for row in rows.mappings()]


def _waiting(row: Any) -> Waiting:
    return Waiting(**{name: row[name] for name in Waiting.__slots__})
