"""Entries of a ledger in any number, fast: straight into the tables, in the form in which the ledger writes them."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from benchmarks.words import title
from onefirm.core import canonical
from onefirm.core.clock import iso
from onefirm.core.ids import uuid7
from onefirm.ledger.append import Ledger
from onefirm.ledger.events import GENESIS, body_of, entry_hash
from onefirm.store.engine import Store
from onefirm.store.tables import event, event_subject, payload

SESSION = "S-aaaabbbbcccc"
_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Entry:
    """What an entry of the ledger is to say; `at` in the form of `core.clock.iso`, never before the entry ahead."""

    at: str
    kind: str
    data: Mapping[str, Any]
    subjects: tuple[str, ...]
    actor: str = "claude"


def edits(first: int, count: int, since: datetime) -> Iterator[Entry]:
    """Entries as a busy firm writes them: each moves one of 500 tasks, a second after the one ahead."""
    for number in range(first, first + count):
        task = number % 500 + 1
        data = {
            "kind": "task",
            "title": title(task),
            "status": "doing",
            "before": {"status": "todo", "due": "2026-11-27"},
            "after": {"status": "doing", "due": f"2026-12-{number % 28 + 1:02}"},
            "etag_before": str(number),
            "etag": str(number + 1),
        }
        yield Entry(iso(since + timedelta(seconds=number)), "record.updated", data, (f"T-{task}",))


def append_many(store: Store, ledger: Ledger, entries: Iterable[Entry]) -> int:
    """Append entries to the ledger's own chain in a few large transactions; how many."""
    count = 0
    waiting = iter(entries)
    while batch := list(itertools.islice(waiting, _AT_ONCE)):
        with store.write() as conn:
            _append(conn, ledger, batch)
        count += len(batch)
    return count


def _append(conn: Connection, ledger: Ledger, entries: Iterable[Entry]) -> None:
    head = ledger.head(conn)
    prev = head.hash if head else GENESIS
    rows: list[dict[str, Any]] = []
    bodies: list[dict[str, str]] = []
    subjects: list[dict[str, str]] = []
    for seq, entry in enumerate(entries, head.seq + 1 if head else 1):
        row, body = _entry_row(ledger.chain_id, seq, prev, entry)
        prev = row["hash"]
        rows.append(row)
        bodies.append({"event_id": row["id"], "body": body})
        subjects += [{"ref": ref, "event_id": row["id"], "at": entry.at} for ref in entry.subjects]
    conn.execute(event.insert(), rows)
    conn.execute(payload.insert(), bodies)
    if subjects:
        conn.execute(event_subject.insert(), subjects)


def _entry_row(chain_id: str, seq: int, prev: str, entry: Entry) -> tuple[dict[str, Any], str]:
    body = body_of(entry.data, None, os.urandom(16).hex())
    row: dict[str, Any] = {
        "chain_id": chain_id,
        "seq": seq,
        "id": uuid7(),
        "at": entry.at,
        "actor": entry.actor,
        "session": SESSION,
        "kind": entry.kind,
        "version": 1,
        "subjects": canonical.dumps(list(entry.subjects)),
        "cause": None,
        "effect_key": None,
        "payload_sha256": canonical.sha256_hex(body),
        "prev": prev,
    }
    return {**row, "hash": entry_hash(row)}, body
