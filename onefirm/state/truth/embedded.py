"""The truth in the firm's own database: tables of its own, transactions of its own.

One counter numbers every change, so that etags never repeat, and what changed since a number is one range. The
counter's row lock makes the order of numbers the order of commits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, select

from onefirm.core.clock import Clock, iso
from onefirm.state.schema import Schema
from onefirm.state.schema_plan import Step
from onefirm.state.truth.base import Batch, Following, Gone, Mismatch, Part, Stale, TruthRow, TruthWrite
from onefirm.store.counters import next_number
from onefirm.store.engine import Store
from onefirm.store.tables import truth_effect, truth_row

EFFECTS_KEPT = timedelta(days=30)
"""How long the answer to an idempotency key is known; what asks for it is settled within minutes of the next start."""
_PRUNE_EVERY = 256  # writes
_REFS_AT_ONCE = 500  # databases bound the number of parameters of a statement
# Built once: SQLAlchemy takes longer to build a statement than SQLite to run it.
_ADD = truth_row.insert()
_CHANGE = truth_row.update().where(truth_row.c.ref == bindparam("changed"))
_NOTE = truth_effect.insert()
_PRUNE = truth_effect.delete().where(truth_effect.c.at < bindparam("before"))
_EFFECT = select(truth_effect.c.rows).where(truth_effect.c.key == bindparam("key"))
_ROWS = select(truth_row).where(truth_row.c.ref.in_(bindparam("refs", expanding=True))).order_by(truth_row.c.ref)
_ROWS_LOCKED = _ROWS.with_for_update()


class EmbeddedTruth:
    """Keeps the protocol of `truth.base.Truth`. It is reachable whenever the database is."""

    name = "the embedded store"

    def __init__(self, store: Store, schema: Schema, clock: Clock) -> None:
        self.store = store
        self._prefixes = {kind.name: kind.prefix for kind in schema.kinds.values()}
        self._clock = clock

    def apply(self, writes: Sequence[TruthWrite], key: str) -> list[TruthRow]:
        """All writes in one transaction, their effect among them."""
        # what makes this last is the record of it, which follows in the same log before anyone is told
        with self.store.write(durable=False) as conn:
            return self.apply_within(conn, writes, key)

    def apply_within(self, conn: Connection, writes: Sequence[TruthWrite], key: str) -> list[TruthRow]:
        """As `apply`, within the caller's transaction: for a change of the schema, which takes its records along."""
        # the counter's row is locked first, so that the same effect twice at once is seen by the second
        version = next_number(conn, "truth", len(writes))
        if (applied := _effect(conn, key)) is not None:
            return applied
        before = _rows(conn, [write.ref for write in writes if write.ref], lock=True)
        _check(writes, before)
        if version % _PRUNE_EVERY < len(writes):
            conn.execute(_PRUNE, {"before": iso(self._clock.now() - EFFECTS_KEPT)})
        now = iso(self._clock.now())
        rows = [self._apply(conn, write, before, version + i, now) for i, write in enumerate(writes)]
        conn.execute(_NOTE, {"key": key, "rows": [asdict(row) for row in rows], "at": now})
        return rows

    def _apply(
        self, conn: Connection, write: TruthWrite, before: Mapping[str, TruthRow], version: int, now: str
    ) -> TruthRow:
        row = before.get(write.ref or "")
        if row is None:
            return self._create(conn, write, version, now)
        props = {name: value for name, value in {**row.props, **(write.props or {})}.items() if value is not None}
        archived = {"archive": True, "restore": False}.get(write.op, row.archived)
        values = {"props": props, "version": version, "archived": archived, "edited_at": now}
        conn.execute(_CHANGE, {"changed": row.ref, **values})
        return TruthRow(row.ref, row.kind, props, str(version), archived, row.created_at, now)

    def _create(self, conn: Connection, write: TruthWrite, version: int, now: str) -> TruthRow:
        prefix = self._prefixes[write.kind]
        ref = f"{prefix}-{next_number(conn, f'ref:{prefix}')}"
        props = {name: value for name, value in (write.props or {}).items() if value is not None}
        values = {"props": props, "version": version, "archived": False, "created_at": now, "edited_at": now}
        conn.execute(_ADD, {"ref": ref, "kind": write.kind, **values})
        return TruthRow(ref, write.kind, props, str(version), False, now, now)

    def effect(self, key: str) -> list[TruthRow] | None:
        """The rows that an effect left."""
        with self.store.read() as conn:
            return _effect(conn, key)

    def read(self, refs: Sequence[str]) -> dict[str, TruthRow]:
        """The rows as they are now."""
        with self.store.read() as conn:
            return _rows(conn, refs)

    def answer(self, key: str, number: int, ref: str | None) -> None:
        """Never asked for: this truth is never unsure."""
        raise AssertionError("an effect of the embedded store is known")

    def changed_since(self, watermark: str | None) -> Iterator[Batch]:
        """Rows with a higher change number."""
        after = int(watermark or 0)
        query = select(truth_row).where(truth_row.c.version > after).order_by(truth_row.c.version)
        with self.store.read() as conn:
            rows = [_row(row) for row in conn.execute(query)]
        yield Batch(rows, rows[-1].etag if rows else str(after))

    def ids(self) -> dict[str, frozenset[str]]:
        """The refs of all rows that aren't archived."""
        there: dict[str, set[str]] = {kind: set() for kind in self._prefixes}
        with self.store.read() as conn:
            for row in conn.execute(select(truth_row.c.kind, truth_row.c.ref).where(truth_row.c.archived.is_(False))):
                there.setdefault(row.kind, set()).add(row.ref)
        return {kind: frozenset(refs) for kind, refs in there.items()}

    def noticed(self) -> frozenset[str]:
        """Nothing: the schema is the only form that there is."""
        return frozenset()

    def mismatches(self, kinds: Collection[str]) -> list[Mismatch]:
        """None."""
        return []

    def following(self, schema: Schema, steps: Sequence[Step]) -> Following:
        """Nothing: rows are rewritten with the schema."""
        return Following()

    def also(self, ref: str) -> Mapping[str, str]:
        """Nothing: every row holds what the schema says."""
        return {}

    def page(self, ref: str, part: Part) -> None:
        """None: rows have no pages."""

    def close(self) -> None:
        """Nothing: the store was given."""


def _check(writes: Iterable[TruthWrite], rows: Mapping[str, TruthRow]) -> None:
    named = [write for write in writes if write.ref is not None]
    if gone := [write.ref for write in named if write.ref and write.ref not in rows]:
        raise Gone(gone)
    if stale := [rows[write.ref] for write in named if write.ref and rows[write.ref].etag != write.base]:
        raise Stale(stale)


def _rows(conn: Connection, refs: Sequence[str], *, lock: bool = False) -> dict[str, TruthRow]:
    found: dict[str, TruthRow] = {}
    wanted = sorted(refs)
    for start in range(0, len(wanted), _REFS_AT_ONCE):
        some = {"refs": wanted[start : start + _REFS_AT_ONCE]}
        found |= {row.ref: _row(row) for row in conn.execute(_ROWS_LOCKED if lock else _ROWS, some)}
    return found


def _row(row: Any) -> TruthRow:
    return TruthRow(row.ref, row.kind, row.props, str(row.version), row.archived, row.created_at, row.edited_at)


def _effect(conn: Connection, key: str) -> list[TruthRow] | None:
    rows: list[dict[str, Any]] | None = conn.execute(_EFFECT, {"key": key}).scalar()
    return None if rows is None else [TruthRow(**row) for row in rows]
