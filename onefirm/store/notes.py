"""Single values that a room remembers by name: how far it came, what it was told."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from onefirm.store.tables import setting


def get(conn: Connection, name: str) -> Any:
    """What was remembered; None for nothing."""
    return conn.execute(select(setting.c.value).where(setting.c.name == name)).scalar()


def put(conn: Connection, name: str, value: Any) -> None:
    """Remember this instead."""
    changed = conn.execute(setting.update().where(setting.c.name == name).values(value=value))
    if not changed.rowcount:
        conn.execute(setting.insert().values(name=name, value=value))


def drop(conn: Connection, name: str) -> None:
    """Remember nothing by this name."""
    conn.execute(setting.delete().where(setting.c.name == name))


def under(conn: Connection, prefix: str) -> list[str]:
    """The names that begin so, without that beginning."""
    names = select(setting.c.name).where(setting.c.name.startswith(prefix, autoescape=True)).order_by(setting.c.name)
    return [name.removeprefix(prefix) for name in conn.execute(names).scalars()]
