"""A truth that is far away, slow and unreliable: what a remote service does to us, in memory and on command.

Like the remote ones it has etags made from content (a row may come back to one), times cut to the minute, and an
effect that can't be looked up while its index lags behind.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Literal

from onefirm.core import canonical
from onefirm.core.clock import iso
from onefirm.state.schema import Schema
from onefirm.state.schema_plan import Step
from onefirm.state.truth.base import (
    AnswerLost,
    Batch,
    Following,
    Gone,
    Mismatch,
    Rejected,
    Stale,
    Truth,
    TruthRow,
    TruthWrite,
    Undecided,
    Unreachable,
    Unsure,
)
from support.clock import FixedClock

Fault = Literal["unreachable", "lost before", "lost after", "rejected", "crash before", "crash after"]
_OVERLAP = timedelta(minutes=3)


class Broken(Exception):
    """Something that no port foresees."""


@dataclass
class SlowTruth:
    """Keeps the protocol of `truth.base.Truth`. `faults` are taken one for each `apply`; `down` refuses everything."""

    schema: Schema
    clock: FixedClock
    latency_s: float = 1.5
    down: bool = False
    lagging: bool = False
    unsure: dict[str, list[str]] = field(default_factory=dict)
    at_once: int = 2
    believed: bool = True
    faults: list[Fault] = field(default_factory=list)
    rows: dict[str, TruthRow] = field(default_factory=dict)
    effects: dict[str, list[TruthRow]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    meanwhile: Callable[[], None] | None = None
    name: str = "the slow truth"
    store: None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    # -- the port ------------------------------------------------------------------------------------------------------

    def apply(self, writes: Sequence[TruthWrite], key: str) -> list[TruthRow]:
        self._call(f"apply {key}")
        fault = self.faults.pop(0) if self.faults else None
        if fault == "unreachable":
            raise Unreachable("no route to the slow truth")
        if fault == "rejected":
            raise Rejected("validation_error")
        if fault == "crash before":
            raise Broken("before")
        if fault == "lost before":
            raise AnswerLost("the connection dropped")
        if self.meanwhile:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        with self.lock:
            rows = self._apply(writes, key)
        if fault == "lost after":
            raise AnswerLost("the connection dropped")
        if fault == "crash after":
            raise Broken("after")
        return rows

    def effect(self, key: str) -> list[TruthRow] | None:
        self._call(f"effect {key}")
        if self.lagging:
            raise Undecided("the index lags behind")
        if key in self.unsure:
            raise Unsure({0: [self.rows[ref] for ref in self.unsure[key]]})
        return self.effects.get(key)

    def read(self, refs: Sequence[str]) -> dict[str, TruthRow]:
        self._call(f"read {' '.join(refs)}")
        return {ref: self.rows[ref] for ref in refs if ref in self.rows}

    def answer(self, key: str, number: int, ref: str | None) -> None:
        self._call(f"answer {key}#{number} {ref}")
        self.unsure.pop(key)
        if ref is None:
            return
        self.effects[key] = [self.rows[ref]]

    def changed_since(self, watermark: str | None) -> Iterator[Batch]:
        """In batches of `at_once` rows; a row may be believed only against what is known from before this call."""
        self._call("changed_since")
        now = self.clock.now()
        reached = iso(now - _OVERLAP)[:17] + self._minute()[17:]
        found = [row for row in self.rows.values() if watermark is None or row.edited_at >= watermark]
        found.sort(key=lambda row: (row.edited_at, row.ref))
        for start in range(0, len(found), self.at_once):
            some = found[start : start + self.at_once]
            yield Batch(some, min(some[-1].edited_at, reached), iso(now) if self.believed else None)
        yield Batch([], reached)

    def ids(self) -> dict[str, frozenset[str]]:
        self._call("ids")
        return {
            kind: frozenset(ref for ref, row in self.rows.items() if row.kind == kind and not row.archived)
            for kind in self.schema.kinds
        }

    def noticed(self) -> frozenset[str]:
        return frozenset()

    def mismatches(self, kinds: Collection[str]) -> list[Mismatch]:
        return []

    def following(self, schema: Schema, steps: Sequence[Step]) -> Following:
        return Following()

    def also(self, ref: str) -> dict[str, str]:
        return {}

    def page(self, ref: str, part: str) -> None:
        return None

    def close(self) -> None:
        self.calls.append("close")

    # -- what others do to it ------------------------------------------------------------------------------------------

    def edit(self, ref: str, editor: str = "anna@firm.example", **props: Any) -> None:
        """Somebody changes a row by hand; None clears."""
        row = self.rows[ref]
        self._put(row, {**row.props, **props}, row.archived, editor)

    def archive(self, ref: str, archived: bool = True) -> None:
        """Somebody archives or restores a row by hand."""
        self._put(self.rows[ref], self.rows[ref].props, archived, "anna@firm.example")

    def add(self, kind: str, **props: Any) -> str:
        """Somebody adds a row by hand; its ref."""
        return self._create(TruthWrite("create", kind, props=props)).ref

    def lose(self, ref: str) -> None:
        """A row is gone for good."""
        del self.rows[ref]

    # -- inside --------------------------------------------------------------------------------------------------------

    def _call(self, what: str) -> None:
        self.calls.append(what)
        self.clock.advance(seconds=self.latency_s)
        if self.down:
            raise Unreachable("no route to the slow truth")

    def _apply(self, writes: Sequence[TruthWrite], key: str) -> list[TruthRow]:
        if key in self.effects:
            return self.effects[key]
        named = [write for write in writes if write.ref]
        if gone := [write.ref for write in named if write.ref not in self.rows]:
            raise Gone([ref for ref in gone if ref])
        if stale := [self.rows[write.ref] for write in named if self.rows[write.ref or ""].etag != write.base]:
            raise Stale(stale)
        rows = [self._create(write, key) if write.ref is None else self._change(write) for write in writes]
        self.effects[key] = rows
        return rows

    def _create(self, write: TruthWrite, key: str | None = None) -> TruthRow:
        prefix = self.schema.kinds[write.kind].prefix
        numbers = [int(ref.partition("-")[2]) for ref in self.rows if ref.partition("-")[0] == prefix]
        now = self._minute()
        blank = TruthRow(f"{prefix}-{max(numbers, default=0) + 1}", write.kind, {}, "", False, now, now, made_by=key)
        return self._put(blank, write.props or {}, False, None)

    def _change(self, write: TruthWrite) -> TruthRow:
        row = self.rows[write.ref or ""]
        archived = {"archive": True, "restore": False}.get(write.op, row.archived)
        return self._put(row, {**row.props, **(write.props or {})}, archived, None)

    def _put(self, row: TruthRow, props: Mapping[str, Any], archived: bool, editor: str | None) -> TruthRow:
        kept = {name: value for name, value in props.items() if value is not None}
        etag = canonical.sha256_hex(canonical.dumps([kept, archived]))[:8]
        now = self._minute()
        self.rows[row.ref] = replace(row, props=kept, archived=archived, etag=etag, edited_at=now, editor=editor)
        return self.rows[row.ref]

    def _minute(self) -> str:
        return iso(self.clock.now())[:17] + "00.000000Z"


def there(truth: Truth) -> set[str]:
    """The refs of all rows of all kinds that are there."""
    return {ref for refs in truth.ids().values() for ref in refs}
