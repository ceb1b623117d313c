"""Whether the triggers that keep tables append-only still stand: without them the past can be changed unseen."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, text

from onefirm.store.tables import APPEND_ONLY

_SQLITE = text("SELECT tbl_name, sql FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%append-only%'")
_POSTGRES = text(
    "SELECT c.relname, bit_or(t.tgtype::int) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
    "JOIN pg_proc p ON p.oid = t.tgfoid WHERE t.tgenabled IN ('O', 'A') AND p.proname LIKE 'onefirm_%' "
    "AND c.relnamespace = current_schema()::regnamespace GROUP BY c.relname"
)
_EVERY_CHANGE = 8 | 16 | 32  # DELETE, UPDATE and TRUNCATE among the bits of pg_trigger.tgtype


def missing(conn: Connection) -> list[str]:
    """The append-only tables that may be changed, since a trigger of theirs is gone or switched off."""
    guarded = set(_on_sqlite(conn) if conn.dialect.name == "sqlite" else _on_postgres(conn))
    return [table.name for table in APPEND_ONLY if table.name not in guarded]


def _on_sqlite(conn: Connection) -> Iterable[str]:
    verbs: dict[str, set[str]] = {}
    for name, sql in conn.execute(_SQLITE):
        verbs.setdefault(name, set()).update(verb for verb in ("UPDATE", "DELETE") if f"BEFORE {verb} ON {name}" in sql)
    return (name for name, found in verbs.items() if len(found) == 2)


def _on_postgres(conn: Connection) -> Iterable[str]:
    return (name for name, bits in conn.execute(_POSTGRES) if bits & _EVERY_CHANGE == _EVERY_CHANGE)
