"""A change of the schema on both databases: what goes along, who waits for whom, and that nothing is lost."""

import textwrap
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event as Signal

import pytest
from sqlalchemy import Connection

from contract.office import HOME, OPERATOR, Office, agree, open_office
from onefirm.core.attribution import By
from onefirm.core.errors import Refused
from onefirm.ledger.append import Ledger
from onefirm.ledger.verify import verify
from onefirm.state import claims, own_kinds
from onefirm.state import schema as schemas
from onefirm.state.records import Change, Query, Records
from onefirm.state.schema import SchemaMoved
from onefirm.state.schema_change import Proposal
from onefirm.state.schema_plan import Declared
from onefirm.state.truth.base import TruthWrite
from onefirm.state.truth.embedded import EmbeddedTruth
from onefirm.store.engine import Store
from support.clock import FixedClock
from support.own_schema import ASSET

Opener = Callable[[], Store]
RENAMED = ASSET.replace("stored: {group", "shelved: {was: stored, group").replace("[stored]", "[shelved]")


@pytest.fixture
def opener(database: str) -> Opener:
    """Opens the same database again and again, as several processes do."""
    return lambda: Store.open(database)


@pytest.fixture
def office(opener: Opener, clock: FixedClock, tmp_path: Path) -> Iterator[Office]:
    """A firm in which the kind asset is in force."""
    first = open_office(opener(), clock)
    brought(first.records, declared(tmp_path, ASSET))
    first.store.close()
    made = reopened(opener(), clock)
    yield made
    made.store.close()


def declared(folder: Path, asset: str | None) -> Declared:
    """What the files ask for: the shipped kinds, and the asset."""
    file = folder / "schema" / "asset.yaml"
    file.parent.mkdir(exist_ok=True)
    file.unlink(missing_ok=True)
    if asset:
        file.write_text(textwrap.dedent(asset), encoding="utf-8")
    return own_kinds.read(folder)


def brought(records: Records, asked: Declared, *remove: str) -> Proposal:
    return records.schema_apply(asked, OPERATOR, remove=remove, ready=lambda found: ())


def reopened(store: Store, clock: FixedClock) -> Office:
    """The firm as a process opens it now, under the schema in force."""
    with store.read() as conn:
        schema = schemas.current(conn)
    assert schema is not None
    ledger, truth = Ledger(clock, HOME), EmbeddedTruth(store, schema, clock)
    records = Records(store, ledger, truth, schema, clock, timezone="Europe/Berlin", currency="EUR")
    return Office(store, ledger, clock, schema, truth, records)


def test_names_types_and_values_change_together_in_records_truth_and_ledger(
    office: Office, opener: Opener, tmp_path: Path
) -> None:
    refs = [office.create("asset", serial=f"{number}.50", condition="new") for number in range(1, 4)]
    office.write(Change("archive", ref=refs[2]))
    changed = RENAMED.replace("  serial: {type: text}", "  price: {type: money, was: serial}")
    done = brought(office.records, declared(tmp_path, changed.replace("price: {type: money", "price: {type: text")))
    assert set(done.changes) == set(refs), "an archived record goes along"
    second = reopened(opener(), office.clock)
    brought(second.records, declared(tmp_path, changed))
    third = reopened(opener(), office.clock)
    assert third.records.get(refs[1]).props["price"] == {"minor": 250, "currency": "EUR"}
    assert {third.mirrored()[ref].status for ref in refs} == {"shelved"}
    assert third.records.find(Query(kind="asset", where={"price<": "3 EUR"})).total == 2
    assert (third.schema.version, second.records.outdated()) == (5, True)
    agree(third)
    with third.store.read() as conn:
        assert verify(conn).ok
    assert third.records.sync().pulled == (), "the truth says just what the mirror says"
    second.store.close()
    third.store.close()


def test_another_deadline_is_the_one_that_records_are_found_by(office: Office, opener: Opener, tmp_path: Path) -> None:
    dated = ASSET.replace("  serial:", "  back: {type: date}\n      until: {type: date}\n      serial:")
    brought(office.records, declared(tmp_path, dated.replace("statuses:", "deadline: back\n    statuses:")))
    second = reopened(opener(), office.clock)
    ref = second.create("asset", back="2026-12-01", until="2026-12-24")
    brought(second.records, declared(tmp_path, dated.replace("statuses:", "deadline: until\n    statuses:")))
    third = reopened(opener(), office.clock)
    assert third.records.find(Query(kind="asset", where={"until>": "2026-12-20"})).total == 1
    assert third.records.find(Query(kind="asset", where={"back<": "2026-12-02"})).total == 1
    with third.store.read() as conn:
        assert conn.exec_driver_sql(f"SELECT due FROM record WHERE ref = '{ref}'").scalar() == "2026-12-24"
    second.store.close()
    third.store.close()


def test_of_several_that_apply_at_once_one_does(office: Office, opener: Opener, tmp_path: Path) -> None:
    for _ in range(5):
        office.create("asset")
    asked = declared(tmp_path, RENAMED)
    others = [reopened(opener(), office.clock) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda other: brought(other.records, asked), others))
    assert sum(bool(one.steps) for one in done) == 1
    last = reopened(opener(), office.clock)
    assert (last.schema.version, len(last.events("schema.applied"))) == (4, 3)
    assert {row.status for row in last.mirrored().values()} == {"shelved"}
    agree(last)
    for one in (*others, last):
        one.store.close()


def test_writers_at_work_meanwhile_lose_nothing(office: Office, opener: Opener, tmp_path: Path) -> None:
    """Three writers go on, each opening the firm anew when the schema has moved; every answered write is there."""
    refs = [office.create("asset", condition="new") for _ in range(3)]
    asked, stop = declared(tmp_path, RENAMED.replace("serial: {", "label: {was: serial, ")), Signal()

    def work(ref: str) -> list[str]:
        mine, written = reopened(opener(), FixedClock()), list[str]()
        by = By("claude", f"S-{ref}")
        while not stop.is_set() and len(written) < 500:
            word, name = f"{ref} {len(written)}", "serial" if mine.schema.version == 3 else "label"
            try:
                mine.records.write([Change("update", ref=ref, set={name: word})], by)
            except SchemaMoved:
                mine.store.close()
                mine = reopened(opener(), FixedClock())
                continue
            written.append(word)
        mine.store.close()
        return written

    with ThreadPoolExecutor(3) as pool:
        working = [pool.submit(work, ref) for ref in refs]
        try:
            apply_at_last(office, asked)
        finally:
            stop.set()
        written = {ref: one.result(60) for ref, one in zip(refs, working, strict=True)}
    last = reopened(opener(), office.clock)
    for ref in refs:
        told = [(event.payload or {})["after"] for event in last.events("record.updated", ref=ref)]
        words = [word for after in told if (word := after.get("serial") or after.get("label"))]
        assert list(dict.fromkeys(words)) == written[ref]
        assert last.records.get(ref).props.get("label") == (written[ref] or [None])[-1]
        assert "serial" not in last.records.get(ref).props
    agree(last)
    assert last.waiting() == 0
    last.store.close()


@pytest.mark.postgres
def test_a_write_that_ends_while_a_change_is_planned_is_in_the_plan(
    migrated_postgres: str, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a server both go on at once; what the plan looks at first must be the writes under way."""
    first = open_office(Store.open(migrated_postgres), clock)
    brought(first.records, declared(tmp_path, ASSET))
    first.store.close()
    office, waits, may_end = reopened(Store.open(migrated_postgres), clock), Signal(), Signal()
    ref = office.create("asset", serial="A 1", condition="new")

    def pause(step: str) -> None:
        if step == "applied":
            waits.set()
            assert may_end.wait(60)

    records = Records(
        office.store, office.ledger, office.truth, office.schema, clock,
        timezone="Europe/Berlin", currency="EUR", step=pause,
    )  # fmt: skip
    asked = declared(tmp_path, RENAMED.replace("serial: {", "label: {was: serial, "))
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(records.write, [Change("update", ref=ref, set={"serial": "A 2"})], OPERATOR)
        assert waits.wait(60)
        every = claims.every

        def ended_first(conn: Connection) -> list[claims.Claim]:
            may_end.set()
            writing.result(60)
            return every(conn)

        with monkeypatch.context() as patched:
            patched.setattr(claims, "every", ended_first)
            brought(office.records, asked)
    last = reopened(Store.open(migrated_postgres), clock)
    assert last.records.get(ref).props.get("label") == "A 2"
    agree(last)
    last.store.close()
    office.store.close()


def apply_at_last(office: Office, asked: Declared) -> None:
    """As an operator does who is told that a write is under way."""
    for _ in range(200):
        with suppress(Refused):
            brought(office.records, asked)
            return
    raise AssertionError("never a moment without a write under way")


def test_a_pull_of_an_older_schema_takes_nothing_over(office: Office, opener: Opener, tmp_path: Path) -> None:
    ref = office.create("asset")
    brought(office.records, declared(tmp_path, RENAMED))
    office.truth.apply([TruthWrite("update", "asset", ref, office.true()[ref].etag, {"serial": "0012"})], "outside")
    assert office.records.sync().pulled == ()
    assert "serial" not in office.mirrored()[ref].props
    new = reopened(opener(), office.clock)
    assert new.records.sync().pulled == (ref,)
    assert new.mirrored()[ref].props["serial"] == "0012"
    new.store.close()
