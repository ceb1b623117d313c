"""Counters that number things in one firm: refs of records, decisions, lessons, inbox items."""

from __future__ import annotations

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from onefirm.store.tables import counter


def next_number(conn: Connection, name: str, count: int = 1) -> int:
    """Reserve `count` numbers and return the first; the row's lock makes two writers wait for each other."""
    insert = (sqlite if conn.dialect.name == "sqlite" else postgresql).insert(counter)
    statement = insert.values(name=name, last=count).on_conflict_do_update(
        index_elements=[counter.c.name], set_={"last": counter.c.last + count}
    )
    last = conn.execute(statement.returning(counter.c.last)).scalar_one()
    return int(last) - count + 1
