"""What must still be done outside this database: one table, at-least-once delivery, each key once.

A row is put in the transaction that decides it, held under a lease by whoever delivers (how a topic's rows are taken
is its room's own: `state.claims`), and deleted in the transaction that records the outcome.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from onefirm.core.clock import iso
from onefirm.core.ids import uuid7
from onefirm.store.tables import outbox

# Built once: building a statement takes longer than running it. Not rowcount, which psycopg gives as -1 here.
_PUT = {
    name: dialect.insert(outbox).on_conflict_do_nothing().returning(outbox.c.key)
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}


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


def done(conn: Connection, key: str, lease: str) -> bool:
    """Delete a delivered row; False when the lease is no longer ours, and then nothing may be recorded."""
    return bool(conn.execute(outbox.delete().where(outbox.c.key == key, outbox.c.lease == lease)).rowcount)


def drop(conn: Connection, key: str) -> None:
    """Delete a row whatever its state: the operator decided against it."""
    conn.execute(outbox.delete().where(outbox.c.key == key))
