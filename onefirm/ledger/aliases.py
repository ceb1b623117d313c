"""The names that one record has had: a ref given while the truth was unreachable lives on beside the true one."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, or_, select

from onefirm.store.tables import event_subject, record_alias

_NAMES = select(record_alias.c.alias, record_alias.c.ref).where(
    or_(record_alias.c.alias == bindparam("name"), record_alias.c.ref == bindparam("name"))
)


def names(conn: Connection, ref: str) -> list[str]:
    """The ref itself first, then every other name of the same record."""
    pairs = conn.execute(_NAMES, {"name": ref})
    return list(dict.fromkeys([ref, *(name for pair in pairs for name in pair)]))


def known(conn: Connection, ref: str) -> bool:
    """Whether any entry of the ledger names it, under any of its names."""
    query = select(event_subject.c.event_id).where(event_subject.c.ref.in_(names(conn, ref))).limit(1)
    return conn.execute(query).first() is not None
