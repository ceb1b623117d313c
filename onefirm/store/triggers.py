"""Whether the triggers that keep tables append-only still stand: without them the past can be changed unseen.

A trigger that is there and does nothing is worse than none, so what it does is held against what the migrations made.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, text

from onefirm.store.tables import APPEND_ONLY

_ERASED = {
    "payload": (
        "OLD.body IS NOT NULL AND NEW.body IS NULL AND NEW.event_id = OLD.event_id AND EXISTS "
        "(SELECT 1 FROM event WHERE id = NEW.tombstone AND kind = 'payload.erased')"
    ),
    "source_text": (
        "OLD.body IS NOT NULL AND NEW.body IS NULL AND NEW.sha256 IS NULL AND NEW.ref = OLD.ref AND EXISTS "
        "(SELECT 1 FROM event WHERE id = NEW.tombstone AND kind IN ('payload.erased', 'source.expired'))"
    ),
}
_SQLITE = text("SELECT sql FROM sqlite_master WHERE type = 'trigger'")
_POSTGRES = text(
    "SELECT c.relname, p.prosrc, bit_or(t.tgtype::int) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
    "JOIN pg_proc p ON p.oid = t.tgfoid WHERE t.tgenabled IN ('O', 'A') AND t.tgqual IS NULL AND t.tgattr::text = '' "
    "AND c.relnamespace = current_schema()::regnamespace GROUP BY c.relname, p.prosrc"
)
_EVERY_CHANGE = 8 | 16 | 32  # DELETE, UPDATE and TRUNCATE among the bits of pg_trigger.tgtype
_REFUSE = "BEGIN RAISE EXCEPTION 'append-only table: %', TG_TABLE_NAME; END"


def missing(conn: Connection) -> list[str]:
    """The append-only tables that may be changed, since a trigger of theirs is gone, switched off or made to pass."""
    guarded = set(_on_sqlite(conn) if conn.dialect.name == "sqlite" else _on_postgres(conn))
    return [table.name for table in APPEND_ONLY if table.name not in guarded]


def _on_sqlite(conn: Connection) -> Iterable[str]:
    standing = {_even(sql) for sql in conn.execute(_SQLITE).scalars()}
    return (table.name for table in APPEND_ONLY if standing.issuperset(_statements(table.name)))


def _statements(table: str) -> Iterable[str]:
    if table in _ERASED:
        yield _statement(table, f"{table}_no_delete", "DELETE")
        yield _statement(table, f"{table}_only_erased", "UPDATE", f"WHEN NOT ({_ERASED[table]}) ")
    else:
        yield from (_statement(table, f"{table}_no_{verb.lower()}", verb) for verb in ("UPDATE", "DELETE"))


def _statement(table: str, name: str, verb: str, when: str = "") -> str:
    refusal = f"BEGIN SELECT RAISE(ABORT, 'append-only table: {table}'); END"
    return f"CREATE TRIGGER {name} BEFORE {verb} ON {table} {when}{refusal}"


def _on_postgres(conn: Connection) -> Iterable[str]:
    guards: dict[str, int] = {}
    for table, source, bits in conn.execute(_POSTGRES):
        if _even(source) in (_REFUSE, _only_erased(table)):
            guards[table] = guards.get(table, 0) | bits
    return (table for table, bits in guards.items() if bits & _EVERY_CHANGE == _EVERY_CHANGE)


def _only_erased(table: str) -> str:
    passing = f"IF {_ERASED[table]} THEN RETURN NEW; END IF; " if table in _ERASED else ""
    return f"BEGIN {passing}RAISE EXCEPTION 'append-only table: {table}'; END"


def _even(sql: str | None) -> str:
    return " ".join((sql or "").split())
