"""The past of a record."""

from datetime import UTC, datetime, timedelta

import pytest

from contract.office import CLAUDE, OPERATOR, Office
from onefirm.core.clock import iso, parse_iso
from onefirm.core.errors import InvalidInput, NotFound
from onefirm.state.records import Change


def test_a_record_is_read_as_it_was_at_any_moment(office: Office) -> None:
    ref = office.create("project", owner="Anna")
    states = {}
    for changes in ({"status": "delivery"}, {"owner": None, "due": "2026-12-01"}, {"due": "2026-12-24"}):
        states[office.clock.now()] = dict(office.records.get(ref).props)
        office.clock.advance(hours=1)
        office.update(ref, **changes)
        office.clock.advance(hours=1)
    for at, props in states.items():
        assert office.records.as_of(ref, at + timedelta(seconds=30)).props == props
    assert office.records.as_of(ref, office.clock.now()).props == office.records.get(ref).props


def test_archiving_is_part_of_the_past(office: Office) -> None:
    ref = office.create("task")
    office.clock.advance(hours=1)
    office.write(Change("archive", ref=ref))
    while_archived = office.clock.now()
    office.clock.advance(hours=1)
    office.write(Change("restore", ref=ref))
    assert office.records.as_of(ref, while_archived).archived
    assert not office.records.as_of(ref, while_archived - timedelta(minutes=30)).archived
    assert not office.records.as_of(ref, office.clock.now()).archived


def test_before_its_first_entry_a_record_did_not_exist(office: Office) -> None:
    ref = office.create("task")
    with pytest.raises(NotFound, match=r"did not exist at 2020.*first tells of it at 2026"):
        office.records.as_of(ref, datetime(2020, 1, 1, tzinfo=UTC))
    with pytest.raises(NotFound, match="did not exist"):
        office.records.as_of("T-99", office.clock.now())


def test_an_erased_change_leaves_a_gap_and_no_guess(office: Office) -> None:
    ref = office.create("task")
    change = office.update(ref, owner="A client's name")
    office.update(ref, owner=None, due="2026-12-01")
    with office.store.write() as conn:
        office.ledger.erase(conn, [change.event_id], OPERATOR)
    past = office.records.as_of(ref, parse_iso(office.events()[1].at))
    assert (past.gaps, "owner" in past.props) == (1, False)


def test_the_timeline_has_every_entry_in_order(office: Office) -> None:
    ref = office.create("task")
    office.update(ref, status="doing")
    office.records.get(ref, OPERATOR)
    office.records.get(ref, CLAUDE)
    office.write(Change("archive", ref=ref))
    office.create("task")
    kinds = [event.kind for event in office.records.timeline(ref.lower())]
    assert kinds == ["record.created", "record.updated", "record.archived"]
    assert [event.kind for event in office.records.timeline(ref, newest_first=True, limit=2)] == [
        "record.archived", "record.updated",
    ]  # fmt: skip
    assert [event.kind for event in office.records.timeline(ref, kinds=["record.updated"])] == ["record.updated"]


def test_a_ref_that_is_none_is_refused(office: Office) -> None:
    with pytest.raises(InvalidInput):
        office.records.timeline("nothing")


def test_what_was_told_under_a_temporary_ref_belongs_to_the_record(remote: Office) -> None:
    remote.slow.down = True
    temporary = remote.create("task")
    remote.slow.down = False
    remote.records.sync()
    assert remote.records.as_of(temporary, remote.clock.now()).ref == "T-1"
    assert [event.kind for event in remote.records.timeline(temporary)] == ["record.queued", "record.created"]


def test_times_of_the_ledger_are_what_counts(office: Office) -> None:
    ref = office.create("task")
    record = office.records.as_of(ref, office.clock.now())
    assert record.created_at == office.events()[0].at <= iso(office.clock.now())
