"""Counters that number things in one firm: refs of records, decisions, lessons, inbox items."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from onefirm.store.tables import counter


def _next(insert: Any) -> Any:
    raised = {"last": counter.c.last + insert.excluded.last}
    return insert.on_conflict_do_update(index_elements=[counter.c.name], set_=raised).returning(counter.c.last)


# Built once: building a statement takes longer than running it.
_NEXT = {"sqlite": _next(sqlite.insert(counter)), "postgresql": _next(postgresql.insert(counter))}


def next_number(conn: Connection, name: str, count: int = 1) -> int:
    """Reserve `count` numbers and return the first; the row's lock makes two writers wait for each other."""
    last = conn.execute(_NEXT[conn.dialect.name], {"name": name, "last": count}).scalar_one()
    return int(last) - count + 1


def reach(conn: Connection, name: str, number: int) -> None:
    """Give out no number up to this one any more."""
    last = int(conn.execute(select(counter.c.last).where(counter.c.name == name)).scalar() or 0)
    if last < number:
        next_number(conn, name, number - last)
