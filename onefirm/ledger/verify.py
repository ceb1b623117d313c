"""Checking the whole ledger: one pass over the entries, one over the index of subjects, in constant memory."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import Connection, func, select

from onefirm.ledger import registers
from onefirm.ledger.events import HASHED, Fields, Head
from onefirm.ledger.findings import Finding, Verdict, finding
from onefirm.ledger.walk import ChainWalk, erased_by
from onefirm.store import triggers
from onefirm.store.tables import chain, event, event_subject, payload

MOST_FINDINGS = 20
_ROWS_AT_ONCE = 1_000
_IDS_AT_ONCE = 500
_PROGRESS_EVERY = 10_000

Progress = Callable[[int, int], None]


def verify(conn: Connection, anchors: Sequence[Head] = (), progress: Progress | None = None) -> Verdict:
    """Check every chain; `anchors` are heads that were kept outside. `progress(done, all)` is called now and then.

    1. Walk each chain: numbers, hashes, links, payloads, tombstones, anchors.
    2. Hold the index of subjects against the entries: by a sum over both, row by row only where the sums differ.
    3. Look for payloads and subjects that belong to no entry (what a removed tail leaves behind), and for payloads
       that came back after their erasure.
    4. Hold the tables of decisions and lessons against the entries that record them.
    5. Ask SQLite whether its tables and indexes still agree, and either database whether it still refuses changes.

    The connection should be a snapshot (`store.read()`), else a writer at work looks like damage.
    """
    with _readable_bytes(conn):
        walked = _Walk(conn, anchors, progress)
        found = list(walked.findings())
        known = {(one.chain_id, one.seq) for one in found}
        if not walked.subjects_agree():
            found += [f for f in _subject_findings(conn) if (f.chain_id, f.seq) not in known]
        found += [f for f in registers.findings(conn) if f.seq is None or (f.chain_id, f.seq) not in known]
        found += [*_orphans(conn), *_payloads_back(conn), *_storage(conn), *_unguarded(conn)]
    found.sort(key=_place)
    kept = tuple(found[:MOST_FINDINGS])
    return Verdict(not found, walked.entries, walked.chains, kept, more=len(found) > len(kept) or walked.cut)


def _place(one: Finding) -> tuple[bool, str, bool, int]:
    return one.chain_id == "", one.chain_id, one.seq is None, one.seq or 0


class _Walk:
    """The pass over all entries, chain by chain."""

    def __init__(self, conn: Connection, anchors: Sequence[Head], progress: Progress | None) -> None:
        self._conn = conn
        self._anchors: dict[str, dict[int, set[str]]] = {}
        for head in anchors:
            self._anchors.setdefault(head.chain_id, {}).setdefault(head.seq, set()).add(head.hash)
        self._progress = progress
        self._tombstones = _Tombstones(conn)
        self._subjects = _Sum()
        self._told: Counter[str] = Counter()
        self.entries = self.chains = 0
        self.cut = False

    def findings(self) -> Iterator[Finding]:
        every = self._conn.execute(select(func.count()).select_from(event)).scalar_one()
        named = set(self._conn.execute(select(chain.c.chain_id)).scalars())
        walks: dict[str, ChainWalk] = {}
        strays = 0
        for row in _rows(self._conn):
            self.entries += 1
            self._subjects.add(_subjects_of(row))
            if row["chain_id"] not in named:
                strays += 1
                if strays <= MOST_FINDINGS:
                    yield _stray(row)
            else:
                yield from self._step(walks, row)
            if self._progress and self.entries % _PROGRESS_EVERY == 0:
                self._progress(self.entries, every)
        for name in self._anchors.keys() - walks.keys():
            walks[name] = self._begin(name)
        for walk in walks.values():
            yield from walk.end()
        self.chains = len(walks)

    def subjects_agree(self) -> bool:
        """Whether `event_subject` holds exactly what the entries say."""
        actual = _Sum()
        query = select(event_subject.c.ref, event_subject.c.event_id, event_subject.c.at)
        for row in self._conn.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE}):
            actual.add([cast("Sequence[Any]", row)])
        return actual.value == self._subjects.value

    def _step(self, walks: dict[str, ChainWalk], row: Fields) -> Iterator[Finding]:
        name = row["chain_id"]
        walk = walks.get(name) or walks.setdefault(name, self._begin(name))
        for found in walk.step(row):
            self._told[name] += 1
            if self._told[name] <= MOST_FINDINGS:
                yield found
            else:
                self.cut = True

    def _begin(self, name: str) -> ChainWalk:
        def where(entry_hash: str) -> int | None:
            if not entry_hash.isascii():  # damaged bytes can't be asked for
                return None
            query = select(event.c.seq).where(event.c.chain_id == name, event.c.hash == entry_hash).limit(1)
            return self._conn.execute(query).scalar()

        return ChainWalk(name, self._anchors.get(name, {}), self._tombstones.prove, where)


class _Tombstones:
    """Which entries a `payload.erased` entry names; the last one asked for is kept."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._id: str | None = None
        self._named: frozenset[str] = frozenset()

    def prove(self, tombstone: str | None, event_id: str) -> bool:
        if tombstone is None or not tombstone.isascii():
            return False
        if tombstone != self._id:
            self._id, self._named = tombstone, self._read(tombstone)
        return event_id in self._named

    def _read(self, tombstone: str) -> frozenset[str]:
        query = select(payload.c.body).join(event, event.c.id == payload.c.event_id)
        found = self._conn.execute(query.where(event.c.id == tombstone, event.c.kind == "payload.erased")).scalar()
        return frozenset(erased_by(found))


class _Sum:
    """A sum over rows that doesn't depend on their order; its key is fresh each time, so that none can be aimed at."""

    def __init__(self) -> None:
        self.value = 0

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        for row in rows:
            text = "\\0".join(map(str, row)).encode("utf-8", "surrogatepass")
            digest = hashlib.blake2b(text, digest_size=16, key=_KEY).digest()
            self.value = (self.value + int.from_bytes(digest, "big")) % (1 << 128)


_KEY = os.urandom(16)


def _rows(conn: Connection) -> Iterator[Fields]:
    """Every entry with its payload, by chain and number, streamed."""
    columns = (*(event.c[name] for name in HASHED), event.c.hash, payload.c.body, payload.c.tombstone)
    query = select(*columns).outerjoin(payload, payload.c.event_id == event.c.id)
    query = query.order_by(event.c.chain_id, event.c.seq)
    yield from conn.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE}).mappings()


def _subjects_of(row: Fields) -> list[tuple[Any, Any, Any]]:
    try:
        refs = json.loads(row["subjects"])
        return [(ref, row["id"], row["at"]) for ref in refs]
    except (TypeError, ValueError):
        return []


def _stray(row: Fields) -> Finding:
    words = f"entry {row['seq']}: it names the chain “{row['chain_id']}”, which does not exist."
    return finding(row["chain_id"], row["seq"], row["id"], "damaged", words)


def _subject_findings(conn: Connection) -> Iterator[Finding]:
    """The entries whose rows in `event_subject` differ from what they say: both sides merged in the same order."""
    query = select(event_subject.c.event_id, event_subject.c.ref, event_subject.c.at, event.c.chain_id, event.c.seq)
    query = query.join(event, event.c.id == event_subject.c.event_id).order_by(event.c.chain_id, event.c.seq)
    indexed = iter(conn.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE}))
    upcoming = next(indexed, None)
    told = 0
    for row in _rows(conn):
        held: list[tuple[Any, Any, Any]] = []
        while upcoming is not None and upcoming[0] == row["id"]:
            held.append((upcoming[1], upcoming[0], upcoming[2]))
            upcoming = next(indexed, None)
        if sorted(map(repr, held)) != sorted(map(repr, _subjects_of(row))):
            words = "the index of subjects says something else than the entry"
            sentence = f"entry {row['seq']} of chain {row['chain_id']}: {words}."
            yield finding(row["chain_id"], row["seq"], row["id"], "subjects_differ", sentence)
            if (told := told + 1) > MOST_FINDINGS:
                return


def _orphans(conn: Connection) -> Iterator[Finding]:
    for table, column, what in (
        (payload, payload.c.event_id, "a payload"),
        (event_subject, event_subject.c.event_id, "a row in the index of subjects"),
    ):
        query = select(column).select_from(table.outerjoin(event, event.c.id == column)).where(event.c.id.is_(None))
        lost = conn.execute(query.distinct().limit(MOST_FINDINGS)).scalars().all()
        if lost:
            words = f"{what} belongs to entry {lost[0]}, which is not there: entries were removed, perhaps at the end."
            yield finding("", None, lost[0], "orphan", words)


def _payloads_back(conn: Connection) -> Iterator[Finding]:
    """Entries that a tombstone names as erased and whose payload is there without being marked."""
    query = select(payload.c.body).join(event, event.c.id == payload.c.event_id).where(event.c.kind == "payload.erased")
    for body in conn.execute(query, execution_options={"yield_per": 10}).scalars():
        named = erased_by(body)
        for start in range(0, len(named), _IDS_AT_ONCE):
            batch = named[start : start + _IDS_AT_ONCE]
            back = select(event.c.chain_id, event.c.seq, event.c.id).join(payload, payload.c.event_id == event.c.id)
            back = back.where(event.c.id.in_(batch), payload.c.body.is_not(None), payload.c.tombstone.is_(None))
            for chain_id, seq, event_id in conn.execute(back):
                words = f"entry {seq} of chain {chain_id}: its payload was erased, yet it is there again."
                yield finding(chain_id, seq, event_id, "payload_back", words)


def _storage(conn: Connection) -> Iterator[Finding]:
    """Damage below the rows: an index of SQLite that disagrees with its table would hide one of the two."""
    if conn.dialect.name != "sqlite":
        return
    for table in (event, event_subject, payload):
        complaint = conn.exec_driver_sql(f"PRAGMA integrity_check({table.name})").scalar()
        if complaint != "ok":
            yield finding("", None, None, "storage", f"the database file is damaged: {complaint}.")
            return


def _unguarded(conn: Connection) -> Iterator[Finding]:
    for name in triggers.missing(conn):
        words = f"the table “{name}” can be changed: a trigger that keeps it append-only is gone or switched off."
        yield finding("", None, None, "unguarded", words)


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


@contextmanager
def _readable_bytes(conn: Connection) -> Generator[None]:
    """Let SQLite hand out texts that are no UTF-8, so that damaged bytes become a finding and no exception."""
    driver = conn.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        yield
        return
    before = driver.text_factory
    driver.text_factory = _decoded
    try:
        yield
    finally:
        driver.text_factory = before
