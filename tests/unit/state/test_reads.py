"""Getting a record: what the truth says now, and the receipt for having looked."""

from dataclasses import replace

import pytest

from contract.office import CLAUDE, OPERATOR, Office
from onefirm.core.attribution import By
from onefirm.core.clock import iso
from onefirm.core.errors import InvalidInput, NotFound

OTHER = By("claude", "S-2")


def looks(office: Office) -> list[str | None]:
    return [event.session for event in office.events("record.seen")]


class TestReceipts:
    def test_a_session_that_looks_has_one_receipt_for_each_state(self, office: Office) -> None:
        ref = office.create("task")
        for _ in range(3):
            office.records.get(ref, OTHER)
        assert looks(office) == ["S-2"]
        office.update(ref, owner="Anna")
        office.records.get(ref, OTHER)
        assert looks(office) == ["S-2", "S-2"]
        told = office.events("record.seen")[-1].payload or {}
        assert told["etag"] == office.records.get(ref).etag

    def test_who_wrote_it_need_not_look(self, office: Office) -> None:
        ref = office.create("task")
        office.records.get(ref, CLAUDE)
        office.update(ref, owner="Anna")
        office.records.get(ref, CLAUDE)
        assert looks(office) == []

    def test_without_a_session_there_is_no_receipt(self, office: Office) -> None:
        ref = office.create("task")
        office.records.get(ref, OPERATOR)
        office.records.get(ref)
        assert looks(office) == []

    def test_a_look_at_the_mirror_alone_is_no_receipt(self, office: Office) -> None:
        ref = office.create("task")
        office.records.get(ref, OTHER, fresh=False)
        assert looks(office) == []

    def test_a_record_that_came_back_to_an_earlier_state_is_looked_at_anew(self, remote: Office) -> None:
        ref = remote.create("task")
        for owner in (None, "Anna", None):
            remote.slow.edit(ref, owner=owner)
            remote.records.get(ref, OTHER)
        etags = [(event.payload or {})["etag"] for event in remote.events("record.seen")]
        assert len(etags) == 3
        assert etags[0] == etags[2] != etags[1]


class TestTheTruthIsAsked:
    def test_what_changed_outside_is_seen(self, remote: Office) -> None:
        ref = remote.create("task")
        remote.slow.edit(ref, owner="Outside")
        assert remote.records.get(ref, fresh=False).props.get("owner") is None
        assert remote.records.get(ref).props["owner"] == "Outside"
        assert remote.mirrored()[ref].props["owner"] == "Outside"

    def test_a_record_made_outside_is_found_by_its_ref(self, remote: Office) -> None:
        ref = remote.slow.add("task", title="From outside", status="todo")
        assert remote.records.get(ref).title == "From outside"
        assert [event.kind for event in remote.events()] == ["record.pulled"]

    def test_out_of_reach_the_mirror_answers_with_its_age_and_without_receipt(self, remote: Office) -> None:
        ref = remote.create("task")
        remote.records.sync()
        synced = remote.clock.now()
        remote.clock.advance(hours=5)
        remote.slow.down = True
        record = remote.records.get(ref, OTHER)
        assert record.synced_at == iso(synced)
        assert looks(remote) == []

    def test_when_it_was_looked_at_is_now(self, office: Office) -> None:
        ref = office.create("task")
        office.clock.advance(hours=5)
        assert office.records.get(ref).synced_at == iso(office.clock.now())


NO_REFS = ["", "T", "T-", "T-0", "T-01", "T-1;drop", "../T-1", "T-99999999999", "日本-1", "T-1\n2", "T-" + "1" * 99_999]


@pytest.mark.parametrize("ref", NO_REFS, ids=range(len(NO_REFS)))
def test_what_is_no_ref_is_refused(office: Office, ref: str) -> None:
    with pytest.raises(InvalidInput):
        office.records.get(ref)


def test_a_record_that_is_not_there_is_not_found(office: Office) -> None:
    with pytest.raises(NotFound, match=r"no task T-5.*record_find kind=task"):
        office.records.get("t-5")
    with pytest.raises(NotFound, match="temporary"):
        office.records.get("T-xabcdefgh")


def test_refs_are_read_in_any_case_and_with_space_around(office: Office) -> None:
    office.create("task")
    assert office.records.get(" t-1 ").ref == "T-1"


def test_closed_says_why(office: Office) -> None:
    ref = office.create("project")
    assert office.records.closed(ref) is None
    office.update(ref, status="cancelled")
    assert office.records.closed(ref) == "P-1 “A project” is closed: its status is cancelled."
    office.create("task")
    office.records.undo("T-1", OPERATOR)
    assert office.records.closed("T-1") == "T-1 “A task” is archived."


def test_a_read_while_a_write_waits_shows_both(remote: Office) -> None:
    ref = remote.create("task", owner="Anna")
    remote.slow.down = True
    remote.update(ref, owner="Bert")
    record = remote.records.get(ref, replace(OTHER))
    assert (record.props["owner"], record.pending) == ("Anna", {"owner": "Bert"})
