"""What is scrubbed of a record is gone from every table of state, on every store."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

from contract import notions
from contract.office import OPERATOR, SCHEMA, Office, open_office, sqlite_office
from onefirm.core.errors import Refused
from onefirm.simulators.notion import Notion
from onefirm.state import claims, scrub
from onefirm.state.records import Change
from onefirm.state.truth.notion.truth import NotionTruth
from onefirm.store import inbox, tables
from onefirm.store.engine import Store
from support.clock import FixedClock


@pytest.fixture
def office(database: str, clock: FixedClock) -> Iterator[Office]:
    office = open_office(Store.open(database), clock)
    office.write(
        Change("create", kind="client", set={"title": "Halvorsen", "email": "a@halvorsen.example", "owner": "Ada"}),
        Change("create", kind="client", set={"title": "Harbour Ltd"}),
    )
    office.create("contact", client="CL-1")
    yield office
    office.store.close()


def test_a_scrubbed_record_keeps_its_ref_and_status_and_the_others_keep_everything(office: Office) -> None:
    with office.store.write() as conn:
        item = inbox.ask(conn, "conflict", "k", "Halvorsen?", ["CL-1"], {"mine": "Halvorsen"}, office.clock.now())
        inbox.decide(conn, item, "mine", "operator", office.clock.now())
        scrub.scrub(conn, ["CL-1"])
    with office.store.read() as conn:
        for table in (tables.record, tables.truth_row, tables.truth_effect, tables.inbox):
            rows = [str(row) for row in conn.execute(select(table))]
            assert rows
            assert not any("alvorsen" in row for row in rows), table.name
        assert scrub.pointing(conn, "CL-1") == ["CN-1"]
    left = office.mirrored()["CL-1"]
    assert dict(left.props) == dict(office.true()["CL-1"].props) == {"title": "(erased)", "status": "active"}
    assert office.records.get("CL-2").title == "Harbour Ltd"
    assert office.records.sync().pulled == ()


def test_a_record_in_use_is_not_scrubbed(office: Office) -> None:
    def check() -> None:
        with office.store.read() as conn:
            scrub.check(conn, "CL-1", ["CL-1"])

    with pytest.raises(Refused, match="not archived"):
        check()
    office.write(Change("archive", ref="CL-1"))
    check()
    with office.store.write() as conn:
        held = claims.put(conn, "k", [], OPERATOR, office.clock.now(), "i", reads=["CL-1"])
    with pytest.raises(Refused, match="still waits"):
        check()
    with office.store.write() as conn:
        assert claims.settle(conn, held)
        inbox.ask(conn, "conflict", "k", "Which?", ["CL-1"], {}, office.clock.now())
    with pytest.raises(Refused, match="still waits"):
        check()
    with office.store.read() as conn:
        assert conn.execute(text("SELECT count(*) FROM inbox")).scalar() == 1


def test_what_is_remembered_of_its_page_in_notion_goes_too(tmp_path: Path, clock: FixedClock) -> None:
    with Notion(clock=clock) as notion:
        desk = notions.office(notion, SCHEMA, clock, only=["client", "task"])
        notion.phone.add_property(desk.sources["client"], "Remarks", {"rich_text": {}})
        office = sqlite_office(tmp_path, clock, lambda store, *_: desk.truth(store))
        office.write(*(Change("create", kind="client", set={"title": title}) for title in ("Halvorsen", "Harbour Ltd")))
        office.update("CL-1", owner="Ada Halvorsen")
        clock.advance(hours=1)
        assert isinstance(office.truth, NotionTruth)
        notion.phone.edit(desk.page(office.truth, "CL-1"), {"Remarks": "Halvorsen pays late"})
        office.records.sync()
        kept = (tables.truth_page, tables.truth_step)
        with office.store.write() as conn:
            assert all("alvorsen" in str(conn.execute(select(table)).all()) for table in kept)
            scrub.scrub(conn, ["CL-1"])
            assert not any("alvorsen" in str(conn.execute(select(table)).all()) for table in kept)
            assert "Harbour Ltd" in str(conn.execute(select(tables.truth_step)).all())
        assert office.records.sync().pulled == ()
        office.truth.close()
        office.store.close()
