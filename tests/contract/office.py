"""A state plane put together for tests, on any database and any truth."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from contract.stores import sqlite_url
from contract.truths import SlowTruth
from onefirm.core.attribution import By
from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Event
from onefirm.state import history, mirror
from onefirm.state import schema as schemas
from onefirm.state.mirror import Record
from onefirm.state.records import Change, Records, Written
from onefirm.state.schema import Schema
from onefirm.state.truth.base import Truth, TruthRow
from onefirm.state.truth.embedded import EmbeddedTruth
from onefirm.store import tables
from onefirm.store.engine import Store
from support.clock import FixedClock

SCHEMA = schemas.shipped()
OPERATOR = By("operator")
CLAUDE = By("claude", "S-1")
HOME = "i0123456789ab"


@dataclass
class Office:
    """The parts, for tests that look into them."""

    store: Store
    ledger: Ledger
    clock: FixedClock
    schema: Schema
    truth: Truth
    records: Records

    @property
    def slow(self) -> SlowTruth:
        """The truth that can be made to fail."""
        assert isinstance(self.truth, SlowTruth)
        return self.truth

    def create(self, kind: str, by: By = CLAUDE, **props: Any) -> str:
        """A new record; its ref."""
        return self.write(Change("create", kind=kind, set={"title": f"A {kind}", **props}), by=by)[0].ref

    def update(self, ref: str, by: By = CLAUDE, **props: Any) -> Written:
        """One record, changed."""
        return self.write(Change("update", ref=ref, set=props), by=by)[0]

    def write(self, *changes: Change, by: By = CLAUDE, key: str | None = None) -> list[Written]:
        return self.records.write(changes, by, key=key)

    def events(self, *kinds: str, ref: str | None = None) -> list[Event]:
        """The ledger's entries of these kinds, schema left out."""
        with self.store.read() as conn:
            return self.ledger.events(conn, kinds=kinds or ["record."], ref=ref)

    def mirrored(self) -> dict[str, Record]:
        """Every row of the mirror."""
        with self.store.read() as conn:
            return {row.ref: mirror.record_of(row) for row in conn.execute(mirror.rows())}

    def true(self) -> dict[str, TruthRow]:
        """Every row of the truth, past its failures."""
        if isinstance(self.truth, SlowTruth):
            return self.truth.rows
        listed = {row.ref: row for batch in self.truth.changed_since(None) for row in batch.rows}
        with self.store.read() as conn:  # a list lags behind; a page that is asked for doesn't
            pages = list(conn.execute(tables.truth_page.select().with_only_columns(tables.truth_page.c.ref)).scalars())
        return {**listed, **self.truth.read(pages)}

    def again(self, **changed: Any) -> "Office":
        """The same firm, as another process opens it."""
        truth = changed.pop("truth", self.truth)
        return open_office(self.store, self.clock, lambda *_: truth, **changed)

    def waiting(self) -> int:
        """How many claims there are."""
        with self.store.read() as conn:
            return len(conn.execute(tables.outbox.select()).all())


def open_office(
    store: Store,
    clock: FixedClock,
    truth: "Literal['embedded', 'slow'] | Callable[..., Truth]" = "embedded",
    **parts: Any,
) -> Office:
    """A state plane over a migrated store; `parts` replace those of its Records."""
    ledger = Ledger(clock, HOME)
    with store.write() as conn:
        ledger.found(conn, "host.example")
        schemas.apply(conn, SCHEMA, ledger, OPERATOR, clock.now())
    if truth == "embedded":
        made: Truth = EmbeddedTruth(store, SCHEMA, clock)
    else:
        made = SlowTruth(SCHEMA, clock) if truth == "slow" else truth(store, SCHEMA, clock)
    records = Records(
        store, ledger, made, SCHEMA, clock, timezone="Europe/Berlin", currency="EUR",
        secrets_check=lambda text: "an API key" if "sk-secret" in text else None,
        **{"pause": lambda seconds: clock.advance(seconds=seconds), **parts},
    )  # fmt: skip
    return Office(store, ledger, clock, SCHEMA, made, records)


def sqlite_office(folder: Path, clock: FixedClock, truth: Any = "embedded") -> Office:
    """A state plane on an SQLite database of its own."""
    return open_office(Store.open(sqlite_url(folder)), clock, truth)


def agree(office: Office) -> None:
    """Assert that truth, mirror and the fold of the ledger say the same of every record, and nothing is doubled."""
    true, mirrored = office.true(), office.mirrored()
    assert {ref: (row.kind, dict(row.props), row.archived, row.etag) for ref, row in true.items()} == {
        ref: (row.kind, dict(row.props), row.archived, row.etag) for ref, row in mirrored.items()
    }
    with office.store.read() as conn:
        events = office.ledger.events(conn, kinds=history.STATE)
    for ref, row in mirrored.items():
        folded = history.fold(event for event in events if event.subjects[0] == ref)
        assert folded is not None, f"the ledger doesn't know {ref}"
        assert (folded.kind, folded.title, folded.status, dict(folded.props), folded.archived) == (
            row.kind, row.title, row.status, dict(row.props), row.archived,
        )  # fmt: skip
    told = {event.subjects[0] for event in events}
    assert told == set(mirrored), "the ledger tells of records that are not there"
    assert len([e for e in events if e.kind == "record.created"]) <= len(mirrored)
