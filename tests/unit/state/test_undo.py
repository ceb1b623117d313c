"""Taking changes back."""

import pytest

from contract.office import OPERATOR, Office
from onefirm.core.attribution import By
from onefirm.core.errors import FirmError, InvalidInput, NotFound, Refused
from onefirm.ledger.events import Event
from onefirm.state.records import Change


def last(office: Office) -> Event:
    return office.events()[-1]


class TestUndo:
    def test_an_update_gives_its_values_back_and_names_the_entry_as_its_cause(self, office: Office) -> None:
        ref = office.create("task", due="2026-12-01")
        change = office.update(ref, due="2026-12-24", owner="Anna")
        (answer,) = office.records.undo(change.event_id, OPERATOR)
        assert answer.after == {"due": "2026-12-01", "owner": None}
        assert office.records.get(ref).props == {
            "title": "A task",
            "status": "todo",
            "priority": "normal",
            "due": "2026-12-01",
        }
        event = last(office)
        assert (event.kind, event.actor, event.cause) == ("record.updated", "operator", change.event_id)
        assert (event.payload or {})["undo_of"] == change.event_id

    def test_a_creation_is_archived_an_archiving_restored_and_the_other_way_round(self, office: Office) -> None:
        ref = office.create("task")
        office.records.undo(ref, OPERATOR)
        assert office.records.get(ref).archived
        office.records.undo(last(office).id, OPERATOR)
        assert not office.records.get(ref).archived
        archived = office.write(Change("archive", ref=ref))[0]
        office.records.undo(archived.event_id, OPERATOR)
        assert not office.records.get(ref).archived

    def test_a_move_that_no_rule_allows_can_be_taken_back(self, office: Office) -> None:
        ref = office.create("invoice")
        office.update(ref, status="void")
        assert office.records.undo(ref, OPERATOR)[0].status == "draft"

    def test_by_ref_the_newest_change_that_stands_is_taken_back(self, office: Office) -> None:
        ref = office.create("task")
        office.update(ref, owner="Anna")
        office.update(ref, due="2026-12-01")
        assert office.records.undo(ref, OPERATOR)[0].after == {"due": None}

    def test_an_undo_is_a_change_that_can_be_undone(self, office: Office) -> None:
        ref = office.create("task")
        change = office.update(ref, owner="Anna")
        undo = office.records.undo(change.event_id, OPERATOR)[0]
        redo = office.records.undo(undo.event_id, OPERATOR)[0]
        assert office.records.get(ref).props["owner"] == "Anna"
        assert office.records.undo(change.event_id, OPERATOR)[0].after == {"owner": None}
        assert redo.after == {"owner": "Anna"}

    def test_it_goes_on_where_the_truths_etags_come_back(self, remote: Office) -> None:
        ref = remote.create("task", owner="A")
        entry = remote.update(ref, owner="B").event_id
        for owner in "ABABA":
            (answer,) = remote.records.undo(entry, OPERATOR)
            assert (answer.repeated, remote.true()[ref].props["owner"]) == (False, owner)
            entry = answer.event_id
            remote.clock.advance(minutes=1)

    def test_the_first_change_is_taken_back_again_after_it_was_brought_back(self, remote: Office) -> None:
        ref = remote.create("task", owner="A")
        change = remote.update(ref, owner="B")
        undo = remote.records.undo(change.event_id, OPERATOR)[0]
        remote.records.undo(undo.event_id, OPERATOR)
        assert not remote.records.undo(change.event_id, OPERATOR)[0].repeated
        assert remote.true()[ref].props["owner"] == "A"

    def test_a_reason_that_holds_a_secret_is_refused(self, office: Office) -> None:
        ref = office.create("task", owner="A")
        with pytest.raises(InvalidInput, match="holds an API key"):
            office.records.undo(ref, By("claude", "S-1", "The key is sk-secret-123"))

    def test_a_change_that_was_taken_back_is_not_taken_back_twice(self, office: Office) -> None:
        ref = office.create("task")
        change = office.update(ref, owner="Anna")
        undo = office.records.undo(change.event_id, OPERATOR)[0]
        with pytest.raises(Refused, match=f"already, by operator at .*undo {undo.event_id}"):
            office.records.undo(change.event_id, OPERATOR)

    def test_by_ref_twice_brings_nothing_back_and_says_how_to(self, office: Office) -> None:
        ref = office.create("task")
        first = office.update(ref, owner="Anna")
        office.update(ref, due="2026-12-01")
        undo = office.records.undo(ref, OPERATOR)[0]
        with pytest.raises(Refused, match="The last change of T-1 was taken back already, by operator at") as refused:
            office.records.undo(ref, OPERATOR)
        assert f"To bring it back: record_undo {undo.event_id} (onefirm" in refused.value.hint
        assert f"Or take back the one before: record_undo {first.event_id} (onefirm" in refused.value.hint
        office.records.undo(undo.event_id, OPERATOR)
        assert office.records.undo(ref, OPERATOR)[0].after == {"due": None}, "what was brought back can go again"
        assert office.records.undo(first.event_id, OPERATOR)[0].after == {"owner": None}

    def test_where_the_value_has_moved_since_it_is_refused_with_who_and_when(self, office: Office) -> None:
        ref = office.create("task", due="2026-12-01")
        change = office.update(ref, due="2026-12-05")
        office.update(ref, by=OPERATOR, due="2026-12-24")
        mover = last(office)
        with pytest.raises(Refused) as refused:
            office.records.undo(change.event_id, OPERATOR)
        assert f"due of {ref} “A task” is “2026-12-24” now, not “2026-12-05”" in refused.value.message
        assert f"changed by operator at {mover.at}" in refused.value.message
        assert office.records.get(ref).props["due"] == "2026-12-24"

    def test_another_property_that_moved_does_not_matter(self, office: Office) -> None:
        ref = office.create("task", due="2026-12-01")
        change = office.update(ref, due="2026-12-05")
        office.update(ref, owner="Anna")
        office.records.undo(change.event_id, OPERATOR)
        assert office.records.get(ref).props["due"] == "2026-12-01"
        assert office.records.get(ref).props["owner"] == "Anna"

    def test_a_record_that_was_used_since_is_not_uncreated(self, office: Office) -> None:
        office.create("task")
        created = last(office)
        office.update("T-1", owner="Anna")
        with pytest.raises(Refused, match="changed since it was created, by claude"):
            office.records.undo(created.id, OPERATOR)
        office.records.undo("T-1", OPERATOR)
        assert office.records.undo(created.id, OPERATOR)[0].receipt == "written"

    def test_what_was_archived_or_restored_since_is_said(self, office: Office) -> None:
        ref = office.create("task")
        change = office.update(ref, owner="Anna")
        archived = office.write(Change("archive", ref=ref))[0]
        with pytest.raises(Refused, match=r"archived since by claude.*Restore it first"):
            office.records.undo(change.event_id, OPERATOR)
        office.write(Change("restore", ref=ref))
        with pytest.raises(Refused, match="restored since by claude"):
            office.records.undo(archived.event_id, OPERATOR)

    def test_one_of_a_batch_is_taken_back_alone(self, office: Office) -> None:
        one, two = office.create("task"), office.create("task")
        answers = office.write(
            Change("update", ref=one, set={"owner": "A"}), Change("update", ref=two, set={"owner": "B"})
        )
        office.records.undo(answers[0].event_id, OPERATOR)
        assert "owner" not in office.records.get(one).props
        assert office.records.get(two).props["owner"] == "B"

    def test_a_look_is_no_change(self, office: Office) -> None:
        ref = office.create("task")
        seen = office.update(ref, status="todo")
        with pytest.raises(InvalidInput, match="no change of state"):
            office.records.undo(seen.event_id, OPERATOR)

    @pytest.mark.parametrize(
        ("what", "error"), [("T-9", NotFound), ("nothing", NotFound), ("", NotFound), ("x" * 9999, NotFound)]
    )
    def test_what_is_not_there_is_not_found(self, office: Office, what: str, error: type[FirmError]) -> None:
        with pytest.raises(error):
            office.records.undo(what, OPERATOR)

    def test_an_erased_change_is_refused_plainly(self, office: Office) -> None:
        ref = office.create("task")
        change = office.update(ref, owner="Anna")
        with office.store.write() as conn:
            office.ledger.erase(conn, [change.event_id], OPERATOR)
        with pytest.raises(Refused, match="was erased"):
            office.records.undo(change.event_id, OPERATOR)
        # what agrees at the end of a test is folded from the ledger, which has lost this: bring the rest into line
        office.update(ref, owner=None)


class TestUndoingWhatOthersDid:
    def test_a_change_made_outside_is_taken_back_at_the_truth(self, remote: Office) -> None:
        ref = remote.create("task", owner="Anna")
        remote.slow.edit(ref, owner="Outside")
        remote.records.sync()
        remote.records.undo(last(remote).id, OPERATOR)
        assert remote.true()[ref].props["owner"] == "Anna"

    def test_a_change_outside_that_was_not_seen_yet_refuses_the_undo(self, remote: Office) -> None:
        ref = remote.create("task", owner="Anna")
        change = remote.update(ref, owner="Bert")
        remote.slow.edit(ref, owner="Outside")
        with pytest.raises(Refused):
            remote.records.undo(change.event_id, OPERATOR)
        assert remote.true()[ref].props["owner"] == "Outside"

    def test_a_write_that_waits_can_not_be_undone_by_its_entry(self, remote: Office) -> None:
        ref = remote.create("task")
        remote.slow.down = True
        queued = remote.update(ref, owner="Anna")
        with pytest.raises(Refused, match="still waits"):
            remote.records.undo(queued.event_id, OPERATOR)
