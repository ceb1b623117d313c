"""Holding the tables of decisions, lessons and sources, by which they are listed, against the entries about them."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any

from sqlalchemy import Connection, Text, cast, or_, select

from onefirm.ledger.events import Fields
from onefirm.ledger.findings import Finding, finding
from onefirm.store.tables import decision, event, lesson, source

_ROWS_AT_ONCE = 1_000
_MOST_FINDINGS = 20
_REGISTERS = {
    "decision.recorded": (decision, "decisions"),
    "lesson.recorded": (lesson, "lessons"),
    "source.archived": (source, "sources"),
}


def findings(conn: Connection) -> Iterator[Finding]:
    """Rows that say something else than their entry, that are missing, or that no entry records; about 20 at most."""
    # Lazily: a ledger of which every row differs must not be held in memory for the first few.
    return islice(chain(_differing(conn), _strays(conn)), _MOST_FINDINGS + 1)


def _differing(conn: Connection) -> Iterator[Finding]:
    columns = (event.c.chain_id, event.c.seq, event.c.id, event.c.kind, event.c.at, event.c.actor, event.c.subjects)
    tables = [table for table, _ in _REGISTERS.values()]
    held = [column for table in tables for column in _named(table)]
    query = select(*columns, decision.c.supersedes.label("supersedes"), *held).select_from(event)
    for table in tables:
        query = query.outerjoin(table, table.c.event_id == event.c.id)
    query = query.where(event.c.kind.in_(_REGISTERS)).order_by(event.c.chain_id, event.c.seq)
    with conn.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE}) as rows:
        for row in rows.mappings():
            table, name = _REGISTERS[row["kind"]]
            prefix = table.name
            if row[f"{prefix}_ref"] is None:
                yield _found(row, f"what it records is missing from the list of {name}")
            elif (row[f"{prefix}_at"], row[f"{prefix}_actor"], _subjects_of(row, prefix)) != _recorded(row):
                yield _found(row, f"the list of {name} says something else than the entry")


def _named(table: Any) -> Iterator[Any]:
    # As text: damaged JSON has to become a finding and no exception.
    every = {"ref": table.c.ref, "at": table.c.at, "actor": table.c.actor, "subjects": cast(table.c.subjects, Text)}
    return (column.label(f"{table.name}_{name}") for name, column in every.items())


def _recorded(row: Fields) -> tuple[Any, Any, Any]:
    return row["at"], row["actor"], _list(row["subjects"])


def _subjects_of(row: Fields, prefix: str) -> list[Any] | None:
    about = _list(row[f"{prefix}_subjects"])
    supersedes = [row["supersedes"]] if prefix == "decision" and row["supersedes"] else []
    named = [row[f"{prefix}_ref"], *(about or ()), *supersedes]
    # Not a set: what was damaged into a list or an object can't be hashed.
    return None if about is None else [one for at, one in enumerate(named) if one not in named[:at]]


def _list(text: Any) -> list[Any] | None:
    try:
        found: Any = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return None
    return typing.cast("list[Any]", found) if isinstance(found, list) else None


def _strays(conn: Connection) -> Iterator[Finding]:
    for kind, (table, name) in _REGISTERS.items():
        query = select(table.c.ref).outerjoin(event, event.c.id == table.c.event_id)
        lost: Sequence[Any] = conn.execute(query.where(or_(event.c.id.is_(None), event.c.kind != kind))).scalars().all()
        for ref in lost[:_MOST_FINDINGS]:
            words = f"{ref} stands in the list of {name}, and no entry records it."
            yield finding("", None, None, "register_differs", words)


def _found(row: Fields, words: str) -> Finding:
    sentence = f"entry {row['seq']} of chain {row['chain_id']}: {words}."
    return finding(row["chain_id"], row["seq"], row["id"], "register_differs", sentence)
