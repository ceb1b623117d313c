"""The ledger: durable appends beside bare inserts of the same bytes, verifying beside a bare pass over the rows."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import processes
from benchmarks.bench import Bench
from benchmarks.entries import SESSION, append_many, edits
from benchmarks.rows import Goal, Report, Row
from benchmarks.samples import Sample, in_turn
from onefirm.core.attribution import By
from onefirm.core.clock import SystemClock
from onefirm.ledger.append import Ledger
from onefirm.ledger.verify import verify
from onefirm.store.engine import Store
from onefirm.store.migrate import migrate

CHAIN = "ibench0000000"
_SINCE = datetime(2026, 1, 1, tzinfo=UTC)
_BY = By("claude", SESSION, reason="the operator said so")
_TABLES = ("event", "payload", "event_subject")


def measure(bench: Bench) -> Report:
    """Append, then verify at growing sizes."""
    appended, bare = _appends(bench)
    rows = [
        Row("append, one durable transaction", "ms", appended, bare),
        Row("appends a second", "/s", _rate(appended), _rate(bare), Goal("ours", "at least", 500)),
        *_verified(bench),
    ]
    notes = (
        "append: peer is sqlite3 inserting the same bytes into the same tables, one durable transaction each.",
        "verify: peer is one pass with sqlite3 and hashlib that hashes every row and payload and checks every link.",
        "growth: ours is the time at that size, peer what the size before takes times the growth in entries; "
        "peak memory: peer is that of the size before.",
    )
    return Report(
        "ledger", "appends of one transaction each, verifying every entry", "sqlite3 alone", tuple(rows), notes
    )


def _rate(each_ms: Sample) -> Sample:
    return Sample(tuple(1000 / value for value in each_ms.values))


# -- appending ---------------------------------------------------------------------------------------------------------


def _appends(bench: Bench) -> tuple[Sample, Sample]:
    """Milliseconds of one append, ours and the peer's, each figure the mean of a batch."""
    batch, rounds = (20, 4) if bench.quick else (50, 20)
    with opened(bench.folder / "append.db") as (store, ledger), closing(_plain(bench.folder / "plain.db")) as plain:
        copied = _Copy(store, plain)
        entries = edits(1, 10**6, _SINCE)

        def ours() -> float:
            upcoming = [next(entries) for _ in range(batch)]
            began = time.perf_counter()
            for entry in upcoming:
                with store.write() as conn:
                    ledger.append(conn, entry.kind, entry.data, subjects=entry.subjects, by=_BY)
            return (time.perf_counter() - began) * 1000 / batch

        def peer() -> float:
            return copied.next_batch(batch)

        # The peer takes over what ours wrote before, so ours has a batch ahead from the start.
        ours()
        return tuple(in_turn(rounds, [ours, peer]))  # type: ignore[return-value]


class _Copy:
    """Inserts what a store's ledger holds into a bare database, entry by entry."""

    def __init__(self, store: Store, plain: sqlite3.Connection) -> None:
        self._store = store
        self._plain = plain
        self._seq = 0

    def next_batch(self, count: int) -> float:
        """Milliseconds of one entry, the mean of `count`."""
        entries = self._read(count)
        began = time.perf_counter()
        for entry in entries:
            self._plain.execute("BEGIN IMMEDIATE")
            for table, rows in entry.items():
                for row in rows:
                    self._plain.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", row)
            self._plain.execute("COMMIT")
        return (time.perf_counter() - began) * 1000 / count

    def _read(self, count: int) -> list[dict[str, list[Any]]]:
        found: list[dict[str, list[Any]]] = []
        with self._store.read() as conn:
            query = "SELECT * FROM event WHERE seq > ? ORDER BY seq LIMIT ?"
            for row in conn.exec_driver_sql(query, (self._seq, count)).all():
                entry: dict[str, list[Any]] = {"event": [tuple(row)]}
                for table in _TABLES[1:]:
                    named = conn.exec_driver_sql(f"SELECT * FROM {table} WHERE event_id = ?", (row.id,))
                    entry[table] = [tuple(other) for other in named]
                found.append(entry)
        self._seq += len(found)
        if len(found) != count:
            raise processes.Failed(f"the peer was to insert {count} entries and found {len(found)}")
        return found


@contextmanager
def opened(path: Path) -> Iterator[tuple[Store, Ledger]]:
    """A database with nothing in it but a chain that has begun; made when there is none."""
    store = Store.open(_made(path))
    try:
        ledger = Ledger(SystemClock(), CHAIN)
        with store.write() as conn:
            ledger.found(conn, "bench")
        yield store, ledger
    finally:
        store.close()


def _made(path: Path) -> str:
    url = f"sqlite:///{path}"
    migrate(url, path.parent / "backup", "bench")
    return url


def _plain(path: Path) -> sqlite3.Connection:
    """A database of the same tables and indexes, as durable as ours, with no trigger and no foreign key to check."""
    _made(path)
    conn = sqlite3.connect(path, isolation_level=None)
    for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        conn.execute(f"DROP TRIGGER {name}")
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        conn.execute(f"PRAGMA {pragma}")
    return conn


# -- verifying ---------------------------------------------------------------------------------------------------------


def _verified(bench: Bench) -> Iterator[Row]:
    sizes = (1_000, 10_000) if bench.quick else (10_000, 100_000, 1_000_000)
    path = bench.folder / "verify.db"
    held = 0
    before: tuple[int, Sample, Sample] | None = None
    with opened(path) as (store, ledger):
        for size in sizes:
            bench.tell(f"seeding {size:,} entries")
            held += append_many(store, ledger, edits(held, size - held, _SINCE))
            bench.tell(f"verifying {size:,} entries")
            taken, peer, memory = _passes(path, size, rounds=1 if size >= 10**6 else 3)
            yield Row(f"verify {size:,} entries, CPU", "s", taken, peer)
            if before:
                linear = before[1].scaled(size / before[0])
                yield Row(f"  growth to {size:,}, against linear", "s", taken, linear, Goal("ratio", "at most", 1.25))
                yield Row(f"  peak memory at {size:,}", "MB", memory, before[2], Goal("ratio", "at most", 1.1))
            before = size, taken, memory


def _passes(path: Path, size: int, rounds: int) -> tuple[Sample, Sample, Sample]:
    """CPU seconds of ours and of the peer, and MB of ours."""
    peaks: list[float] = []

    def ours() -> float:
        found = processes.alone("ledger:verify_alone", str(path))
        if not found["ok"] or found["entries"] != size:
            raise processes.Failed(f"verify found {found}")
        peaks.append(found["peak_mb"])
        return found["cpu_s"]

    def peer() -> float:
        return processes.alone("ledger:pass_alone", str(path))["cpu_s"]

    taken = in_turn(rounds, [ours, peer], warm_up=0)
    return taken[0], taken[1], Sample(tuple(peaks))


def verify_alone(path: str) -> dict[str, Any]:
    """In a process of its own: what `onefirm ledger verify` does with the database at `path`."""
    store = Store.open(f"sqlite:///{path}")
    began = time.process_time()
    with store.read() as conn:
        verdict = verify(conn)
    cpu_s = time.process_time() - began
    store.close()
    return {"ok": verdict.ok, "entries": verdict.entries, "cpu_s": cpu_s, "peak_mb": processes.peak_mb()}


def pass_alone(path: str) -> dict[str, Any]:
    """In a process of its own: the least that any check of a chain has to do."""
    began = time.process_time()
    query = "SELECT event.*, body FROM event JOIN payload ON event_id = id ORDER BY chain_id, seq"
    previous = "0" * 64
    with closing(sqlite3.connect(path)) as conn:
        for row in conn.execute(query):
            if row[-3] != previous or hashlib.sha256(row[-1].encode()).hexdigest() != row[-4]:
                raise processes.Failed(f"entry {row[1]} is broken")
            hashlib.sha256("\0".join(map(str, row[:-2])).encode()).hexdigest()
            previous = row[-2]
    return {"cpu_s": time.process_time() - began}
