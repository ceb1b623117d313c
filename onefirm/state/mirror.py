"""The mirror: the local copy of the truth's rows that reads use. Only what the truth said is written here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from onefirm.core.clock import iso
from onefirm.state.schema import Kind, Schema
from onefirm.state.truth.base import TruthRow
from onefirm.store.tables import record, record_alias

_COLUMNS = (
    "ref", "kind", "title", "status", "props", "etag", "archived", "created_at", "updated_at", "synced_at",
)  # fmt: skip
_REFS_AT_ONCE = 500  # databases bound the number of parameters of a statement


_SELECT = select(*(record.c[name] for name in _COLUMNS))
_LOAD = _SELECT.where(record.c.ref.in_(bindparam("refs", expanding=True))).order_by(record.c.ref)
_LOAD_LOCKED = _LOAD.with_for_update()
_STAND = _LOAD.with_only_columns(*(record.c[name] for name in ("ref", "title", "status", "props", "updated_at")))
_ALIASES = select(record_alias.c.alias, record_alias.c.ref).where(
    record_alias.c.alias.in_(bindparam("aliases", expanding=True))
)
_DUE = record.update().where(record.c.ref == bindparam("moved")).values(due=bindparam("deadline"))
_CONFIRM = record.update().where(record.c.ref == bindparam("confirmed")).values(synced_at=bindparam("synced_at"))

_REBASE = (
    record.update()
    .where(record.c.ref == bindparam("rebased"))
    .values(etag=bindparam("etag"), synced_at=bindparam("synced_at"))
)


def _upsert(insert: Any) -> Any:
    changed = {column.name: insert.excluded[column.name] for column in record.c if column.name != "ref"}
    return insert.on_conflict_do_update(index_elements=[record.c.ref], set_=changed)


# Built once: SQLAlchemy takes longer to build a statement than SQLite to run it.
_PUT = {"sqlite": _upsert(sqlite.insert(record)), "postgresql": _upsert(postgresql.insert(record))}


@dataclass(frozen=True, slots=True)
class Record:
    """One record. `props` holds every property that has a value, in stored form, title and status among them.

    `etag` is empty for a record whose creation still waits. `pending` has the values that wait for the truth (None: no
    write waits). `synced_at` is when the truth was last known to say this. `gaps` counts the changes before it whose
    content was erased; it is only set for a past state. `unasked` says why the truth could not be asked, where it was
    to be.
    """

    ref: str
    kind: str
    title: str
    status: str
    props: Mapping[str, Any]
    etag: str
    archived: bool
    created_at: str
    updated_at: str
    synced_at: str
    pending: Mapping[str, Any] | None = None
    gaps: int = 0
    unasked: str = ""


def rows() -> Any:
    """A SELECT of the columns that `record_of` reads."""
    return _SELECT


def record_of(row: Sequence[Any]) -> Record:
    """A Record from a row of `rows`."""
    return Record(*row)


def load(conn: Connection, refs: Iterable[str], *, lock: bool = False) -> dict[str, Record]:
    """The records with these refs; `lock` keeps other writers of them waiting (on Postgres; SQLite has one writer)."""
    return {row.ref: record_of(row) for row in _rows_of(conn, _LOAD_LOCKED if lock else _LOAD, refs)}


def stands(conn: Connection, refs: Iterable[str]) -> Iterator[tuple[str, str, str, Any, str]]:
    """Ref, title, status, props and `updated_at` of these records: `load` without most of its work, for who asks for
    thousands.
    """
    yield from _rows_of(conn, _STAND, refs)


def titles(conn: Connection) -> list[tuple[str, str]]:
    """Kind and title of every record, archived ones among them."""
    return [(row.kind, row.title) for row in conn.execute(select(record.c.kind, record.c.title))]


def _rows_of(conn: Connection, query: Any, refs: Iterable[str]) -> Iterator[Any]:
    wanted = sorted(set(refs))
    for start in range(0, len(wanted), _REFS_AT_ONCE):
        yield from conn.execute(query, {"refs": wanted[start : start + _REFS_AT_ONCE]})


def one(conn: Connection, ref: str) -> Record | None:
    """The record with this ref."""
    return load(conn, [ref]).get(ref)


def put(conn: Connection, row: TruthRow, schema: Schema, now: datetime) -> None:
    """Take over what the truth says of one record."""
    conn.execute(_PUT[conn.dialect.name], _values(row, schema, now))


def _values(row: TruthRow, schema: Schema, now: datetime) -> dict[str, Any]:
    kind = schema.kinds.get(row.kind)
    return {
        "ref": row.ref,
        "kind": row.kind,
        "title": str(row.props.get("title", "")),
        "status": str(row.props.get("status", "")),
        "due": _deadline(kind, row.props) if kind else None,
        "owner": row.props.get("owner"),
        "props": dict(row.props),
        "etag": row.etag,
        "archived": row.archived,
        "created_at": row.created_at,
        "updated_at": row.edited_at,
        "synced_at": iso(now),
    }


def _deadline(kind: Kind, props: Mapping[str, Any]) -> Any:
    return props.get(kind.deadline) if kind.deadline else None


def follow(conn: Connection, kind: Kind) -> None:
    """Read again by when the records of a kind are due: another property may have become its deadline."""
    query = select(record.c.ref, record.c.due, record.c.props).where(record.c.kind == kind.name)
    now = [(row, _deadline(kind, row.props)) for row in conn.execute(query)]
    if moved := [{"moved": row.ref, "deadline": due} for row, due in now if due != row.due]:
        conn.execute(_DUE, moved)


def archive(conn: Connection, ref: str, now: datetime) -> None:
    """Archive what the truth has lost."""
    conn.execute(record.update().where(record.c.ref == ref).values(archived=True, synced_at=iso(now)))


def confirm(conn: Connection, ref: str, now: datetime) -> None:
    """Note that the truth was just seen to say what the mirror says."""
    conn.execute(_CONFIRM, {"confirmed": ref, "synced_at": iso(now)})


def rebase(conn: Connection, etags: Mapping[str, str], now: datetime) -> None:
    """Take over the etags of another truth that says the same of these records."""
    moved = [{"rebased": ref, "etag": etag, "synced_at": iso(now)} for ref, etag in etags.items()]
    if moved:
        conn.execute(_REBASE, moved)


def add_alias(conn: Connection, alias: str, ref: str) -> None:
    """Let a temporary ref mean the record that the truth has named since."""
    insert = (sqlite if conn.dialect.name == "sqlite" else postgresql).insert(record_alias)
    conn.execute(insert.values(alias=alias, ref=ref).on_conflict_do_nothing())


def aliases(conn: Connection, temporary: Iterable[str]) -> dict[str, str]:
    """What these temporary refs mean now; those whose record still waits are missing."""
    wanted = sorted(set(temporary))
    return {row.alias: row.ref for row in conn.execute(_ALIASES, {"aliases": wanted})} if wanted else {}


def aliases_of(conn: Connection, ref: str) -> list[str]:
    """The temporary refs that a record was known by."""
    return list(conn.execute(select(record_alias.c.alias).where(record_alias.c.ref == ref)).scalars())
