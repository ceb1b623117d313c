"""What waits for the operator: one table for every kind of question, each key asked once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from onefirm.core.clock import iso
from onefirm.store.counters import next_number
from onefirm.store.tables import inbox


@dataclass(frozen=True, slots=True)
class InboxItem:
    """One question. `state` is `open` or `decided`; `payload` holds what is needed to decide."""

    id: str
    key: str
    kind: str
    title: str
    subjects: Sequence[str]
    payload: Mapping[str, Any]
    state: str
    created_at: str
    decided_at: str | None
    decision: Any
    decided_by: str | None


def ask(
    conn: Connection,
    kind: str,
    key: str,
    title: str,
    subjects: Sequence[str],
    payload: Mapping[str, Any],
    now: datetime,
) -> str:
    """Put a question, once per key, and return its id (`I-3`)."""
    existing = conn.execute(select(inbox.c.id).where(inbox.c.key == key)).scalar()
    if existing is not None:
        return str(existing)
    item = f"I-{next_number(conn, 'inbox')}"
    conn.execute(
        inbox.insert().values(
            id=item,
            key=key,
            kind=kind,
            title=title,
            subjects=list(subjects),
            payload=dict(payload),
            state="open",
            created_at=iso(now),
        )
    )
    return item


def decide(conn: Connection, item: str, decision: Any, by: str, now: datetime) -> bool:
    """Record the answer; False when the item is unknown or somebody has decided it already."""
    statement = inbox.update().where(inbox.c.id == item, inbox.c.state == "open")
    values = {"state": "decided", "decision": decision, "decided_by": by, "decided_at": iso(now)}
    return bool(conn.execute(statement.values(**values)).rowcount)


def get(conn: Connection, item: str) -> InboxItem | None:
    """The item with this id."""
    row = conn.execute(select(inbox).where(inbox.c.id == item)).mappings().first()
    return _item(row) if row else None


def open_items(conn: Connection, kind: str | None = None) -> list[InboxItem]:
    """Everything undecided, oldest first."""
    query = select(inbox).where(inbox.c.state == "open").order_by(inbox.c.created_at, inbox.c.id)
    rows = conn.execute(query.where(inbox.c.kind == kind) if kind else query)
    return [_item(row) for row in rows.mappings()]


def every(conn: Connection, kind: str) -> list[InboxItem]:
    """All questions of a kind, decided ones among them, oldest first."""
    query = select(inbox).where(inbox.c.kind == kind).order_by(inbox.c.created_at, inbox.c.id)
    return [_item(row) for row in conn.execute(query).mappings()]


def reword(conn: Connection, item: str, title: str, subjects: Sequence[str], payload: Mapping[str, Any]) -> None:
    """Ask an open question as things stand now."""
    values = {"title": title, "subjects": list(subjects), "payload": dict(payload)}
    conn.execute(inbox.update().where(inbox.c.id == item, inbox.c.state == "open").values(**values))


def _item(row: Any) -> InboxItem:
    return InboxItem(**{name: row[name] for name in InboxItem.__slots__})
