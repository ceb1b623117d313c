"""Writing to a truth that is far away: out of reach, answers lost, changed by others meanwhile, processes dying."""

from collections.abc import Mapping
from dataclasses import astuple, replace
from typing import Any

import pytest

from contract.office import CLAUDE, OPERATOR, Office
from contract.truths import Broken
from onefirm.core.attribution import By
from onefirm.core.errors import FirmError, InvalidInput, NotFound, Refused
from onefirm.core.ids import is_temporary
from onefirm.state.conflicts import Clash
from onefirm.state.drafts import Draft
from onefirm.state.records import Change, Query, StaleWrite
from onefirm.state.relay import merge
from onefirm.state.truth.base import Op, TruthRow

AGAIN: Mapping[str, Mapping[str, Any]] = {"update": {"status": "doing"}, "archive": {}, "restore": {"owner": "Ben"}}


class Killed(BaseException):
    """The process dies here."""


def killed_at(office: Office, step: str) -> Office:
    """The same firm in a process that dies when it reaches a step."""

    def die(name: str) -> None:
        if name == step:
            raise Killed

    return office.again(step=die)


class TestUnsureCreates:
    """A truth that shows no effect keys can't tell whether a create whose answer was lost was applied."""

    @pytest.fixture
    def there(self, remote: Office) -> str:
        """The row that somebody added while the answer to our own create was lost."""
        remote.slow.faults, remote.slow.lagging = ["lost before"], True
        written = remote.write(Change("create", kind="task", set={"title": "Call"}), key="k")[0]
        assert written.receipt == "pending"
        remote.slow.lagging = False
        ref = remote.slow.add("task", title="Call", status="todo")
        remote.slow.unsure = {"write:k": [ref]}
        assert remote.records.sync().conflicts == 1
        return ref

    def test_it_is_asked_about_and_never_sent_again(self, remote: Office, there: str) -> None:
        (item,) = remote.records.conflicts()
        assert "the slow truth may have created it already as T-1; is it that one (theirs)" in item.title
        remote.clock.advance(hours=1)
        assert remote.records.sync().relayed == 0
        assert list(remote.true()) == [there]

    @pytest.mark.parametrize("keep", ["theirs", "T-1"])
    def test_it_is_that_one(self, remote: Office, there: str, keep: str) -> None:
        item = remote.records.decide_conflict("I-1", keep, OPERATOR)
        assert item.decision == keep
        assert list(remote.true()) == [there]
        assert remote.records.pending() == []
        assert remote.write(Change("create", kind="task", set={"title": "Call"}), key="k")[0].ref == there

    @pytest.mark.parametrize("keep", ["theirs", "mine"])
    def test_what_is_written_to_it_meanwhile_waits_for_the_answer(self, remote: Office, there: str, keep: str) -> None:
        temporary = remote.records.pending()[0].ref
        assert remote.update(temporary, owner="Ben").receipt == "pending"
        pointing = remote.write(Change("create", kind="task", set={"title": "Then", "blocked_by": [temporary]}))
        assert pointing[0].receipt == "pending"
        remote.records.decide_conflict("I-1", keep, OPERATOR)
        remote.clock.advance(hours=1)
        remote.records.sync()
        assert remote.records.pending() == []
        made = there if keep == "theirs" else "T-2"
        assert remote.true()[made].props["owner"] == "Ben"
        assert [row.props["blocked_by"] for row in remote.true().values() if row.props["title"] == "Then"] == [[made]]

    def test_it_is_that_one_though_somebody_has_archived_it_since(self, remote: Office, there: str) -> None:
        remote.slow.archive(there)
        (item,) = remote.records.conflicts()
        remote.records.decide_conflict(item.id, "theirs", OPERATOR)
        assert [event.kind for event in remote.events(ref=there)][-2:] == ["record.created", "record.pulled"]
        assert remote.records.get(there).archived

    def test_it_is_to_be_written(self, remote: Office, there: str) -> None:
        remote.records.decide_conflict("I-1", "mine", OPERATOR)
        assert sorted(remote.true()) == [there, "T-2"]
        assert remote.records.pending() == []

    def test_another_record_is_no_answer(self, remote: Office, there: str) -> None:
        with pytest.raises(InvalidInput, match="is no answer"):
            remote.records.decide_conflict("I-1", "T-7", OPERATOR)


class TestOutOfReach:
    def test_an_update_waits_and_the_mirror_is_untouched(self, remote: Office) -> None:
        ref = remote.create("task", due="2026-12-01")
        remote.slow.down = True
        answer = remote.update(ref, due="2026-12-24", status="doing")
        assert (answer.receipt, answer.ref, answer.status) == ("pending", ref, "doing")
        record = remote.records.get(ref)
        assert record.props["due"] == "2026-12-01"
        assert record.pending == {"due": "2026-12-24", "status": "doing"}
        assert remote.mirrored()[ref].status == "todo"
        (waiting,) = remote.records.pending()
        assert (waiting.ref, waiting.state, waiting.set) == (ref, "waiting", record.pending)
        queued = remote.events("record.queued")[0]
        assert (queued.id, queued.session) == (answer.event_id, "S-1")

    def test_it_is_delivered_once_when_the_truth_is_back_and_tells_who_asked(self, remote: Office) -> None:
        ref = remote.create("task")
        remote.slow.down = True
        queued = remote.update(ref, owner="Anna")
        remote.slow.down = False
        report = remote.records.sync(OPERATOR)
        assert (report.relayed, report.waiting, report.reachable) == (1, 0, True)
        assert remote.records.sync().relayed == 0
        event = remote.events("record.updated")[0]
        assert (event.actor, event.session, event.cause) == ("claude", "S-1", queued.event_id)
        assert remote.records.get(ref).props["owner"] == "Anna"
        assert remote.records.pending() == []

    def test_a_new_record_has_a_temporary_ref_that_stays_good(self, remote: Office) -> None:
        remote.slow.down = True
        answer = remote.write(Change("create", kind="task", set={"title": "Offline"}))[0]
        assert answer.receipt == "pending"
        assert is_temporary(answer.ref)
        record = remote.records.get(answer.ref)
        assert (record.title, record.etag, record.pending) == ("Offline", "", answer.after)
        remote.slow.down = False
        remote.records.sync()
        assert remote.records.get(answer.ref).ref == "T-1"
        assert remote.update(answer.ref.upper().replace("-X", "-x"), owner="Anna").ref == "T-1"
        (created,) = remote.events("record.created")
        assert created.subjects == ("T-1", answer.ref)
        told = [event.kind for event in remote.records.timeline("T-1")]
        assert told == ["record.queued", "record.created", "record.updated"]

    def test_what_waits_keeps_its_order_and_later_writes_stand_on_earlier_ones(self, remote: Office) -> None:
        ref = remote.create("project")
        remote.slow.down = True
        for status in ("delivery", "review", "done"):
            assert remote.update(ref, status=status).receipt == "pending"
        with pytest.raises(Refused, match="is done"):
            remote.update(ref, status="delivery")
        remote.slow.down = False
        assert remote.records.sync().relayed == 3
        told = [(event.payload or {})["after"]["status"] for event in remote.events("record.updated")]
        assert told == ["delivery", "review", "done"]

    def test_a_whole_tree_made_offline_finds_together(self, remote: Office) -> None:
        remote.slow.down = True
        client = remote.create("client")
        project = remote.create("project", client=client)
        task = remote.create("task", project=project)
        remote.update(task, status="blocked", blocked_by=[remote.create("task", project=project)])
        remote.slow.down = False
        assert remote.records.sync().waiting == 0
        assert remote.true()["P-1"].props["client"] == "CL-1"
        assert remote.true()["T-1"].props["blocked_by"] == ["T-2"]
        assert remote.records.find(Query(about=project)).total == 2

    def test_a_write_behind_one_that_waits_delivers_both(self, remote: Office) -> None:
        ref = remote.create("task")
        remote.slow.down = True
        remote.update(ref, owner="Anna")
        remote.slow.down = False
        assert remote.update(ref, status="done").receipt == "written"
        assert [(e.payload or {})["after"] for e in remote.events("record.updated")] == [
            {"owner": "Anna"}, {"status": "done"},
        ]  # fmt: skip

    def test_a_repeated_key_repeats_the_pending_answer_and_then_the_written_one(self, remote: Office) -> None:
        remote.slow.down = True
        change = Change("create", kind="task", set={"title": "x"})
        first = remote.write(change, key="k")[0]
        assert replace(remote.write(change, key="k")[0], repeated=False) == first
        remote.slow.down = False
        later = remote.write(change, key="k")[0]
        assert (later.ref, later.receipt, later.repeated) == ("T-1", "written", True)
        assert remote.true().keys() == {"T-1"}

    def test_values_that_the_mirror_has_already_are_not_forgotten(self, remote: Office) -> None:
        ref = remote.create("task", owner="Anna")
        remote.slow.edit(ref, owner="Bert")
        remote.slow.down = True
        assert remote.update(ref, owner="Anna").receipt == "pending"
        remote.slow.down = False
        assert remote.records.sync().conflicts == 1

    def test_archiving_waits_too(self, remote: Office) -> None:
        ref = remote.create("task")
        remote.slow.down = True
        assert remote.write(Change("archive", ref=ref))[0].receipt == "pending"
        with pytest.raises(Refused, match="archived"):
            remote.update(ref, owner="x")
        remote.slow.down = False
        remote.records.sync()
        assert remote.true()[ref].archived

    def test_undo_waits_too(self, remote: Office) -> None:
        ref = remote.create("task")
        remote.update(ref, owner="Anna")
        remote.slow.down = True
        assert remote.records.undo(ref, OPERATOR)[0].receipt == "pending"
        remote.slow.down = False
        remote.records.sync()
        assert "owner" not in remote.true()[ref].props
        assert (remote.events("record.updated")[-1].payload or {}).get("undo_of")

    def test_one_write_that_always_fails_does_not_stop_the_others(self, remote: Office) -> None:
        one, two = remote.create("task"), remote.create("task")
        remote.slow.down = True
        remote.update(one, owner="poison")
        remote.update(two, owner="fine")
        remote.slow.down = False
        remote.slow.faults = ["crash before"]
        report = remote.records.sync()
        assert (report.relayed, report.waiting) == (1, 1)
        assert "Broken" in str(remote.records.pending()[0].last_error)


class TestLostAnswers:
    def test_an_answer_lost_after_the_write_is_looked_up_and_nothing_is_doubled(self, remote: Office) -> None:
        remote.slow.faults = ["lost after"]
        answer = remote.write(Change("create", kind="task", set={"title": "Once"}))[0]
        assert (answer.ref, answer.receipt) == ("T-1", "written")
        assert remote.true().keys() == {"T-1"}

    def test_an_answer_lost_before_the_write_lets_it_wait(self, remote: Office) -> None:
        remote.slow.faults = ["lost before"]
        assert remote.write(Change("create", kind="task", set={"title": "Once"}))[0].receipt == "pending"
        remote.records.sync()
        assert remote.true().keys() == {"T-1"}

    def test_while_the_index_lags_it_is_unknown_and_never_written_again(self, remote: Office) -> None:
        remote.slow.faults, remote.slow.lagging = ["lost after"], True
        assert remote.write(Change("create", kind="task", set={"title": "Once"}))[0].receipt == "pending"
        assert remote.records.pending()[0].unknown
        assert remote.records.sync().waiting == 1
        remote.slow.lagging = False
        assert remote.records.sync().relayed == 1
        assert remote.true().keys() == {"T-1"}
        assert remote.records.pending() == []

    def test_one_write_that_nobody_can_tell_of_yet_keeps_back_no_other_and_no_pull(self, remote: Office) -> None:
        remote.slow.faults, remote.slow.lagging = ["lost after"], True
        assert remote.write(Change("create", kind="task", set={"title": "Call"}))[0].receipt == "pending"
        remote.slow.down = True
        assert remote.write(Change("create", kind="client", set={"title": "Acme"}))[0].receipt == "pending"
        remote.slow.down = False
        outside = remote.slow.add("task", title="Theirs", status="todo")
        remote.clock.advance(hours=1)
        report = remote.records.sync()
        assert (report.reachable, report.relayed, report.waiting) == (True, 1, 1)
        assert outside in report.pulled

    def test_a_lost_answer_while_relaying_is_no_second_write(self, remote: Office) -> None:
        remote.slow.down = True
        remote.create("task")
        remote.slow.down = False
        remote.slow.faults = ["lost after"]
        assert remote.records.sync().relayed == 1
        assert remote.true().keys() == {"T-1"}

    @pytest.mark.parametrize("fault", ["crash before", "crash after"])
    def test_an_error_that_no_port_foresees_is_either_nothing_or_done(self, remote: Office, fault: str) -> None:
        remote.slow.faults = [fault]  # type: ignore[list-item]
        if fault == "crash before":
            with pytest.raises(Broken):
                remote.create("task")
        else:
            assert remote.create("task") == "T-1"
        assert remote.waiting() == 0

    def test_a_value_that_the_truth_refuses_is_refused_and_nothing_waits(self, remote: Office) -> None:
        remote.slow.faults = ["rejected"]
        with pytest.raises(Refused, match="the slow truth refuses this: validation_error"):
            remote.create("task")
        assert remote.waiting() == 0


class TestOthersChangeItToo:
    def test_another_property_changed_outside_is_taken_over_and_ours_is_written(self, remote: Office) -> None:
        ref = remote.create("task")
        remote.slow.edit(ref, owner="Outside")
        answer = remote.update(ref, status="doing")
        assert (answer.receipt, answer.after) == ("written", {"status": "doing"})
        assert remote.true()[ref].props["owner"] == "Outside"
        pulled = remote.events("record.pulled")[0]
        assert (pulled.actor, (pulled.payload or {})["after"]) == ("outside", {"owner": "Outside"})
        assert [event.kind for event in remote.events()] == ["record.created", "record.pulled", "record.updated"]

    def test_the_same_property_changed_outside_is_not_overwritten_unseen(self, remote: Office) -> None:
        ref = remote.create("task", due="2026-12-01")
        remote.slow.edit(ref, due="2026-12-09")
        with pytest.raises(StaleWrite, match=r"due changed at the truth meanwhile.*2026-12-09"):
            remote.update(ref, due="2026-12-24")
        assert remote.update(ref, due="2026-12-24").before == {"due": "2026-12-09"}

    def test_the_same_change_made_outside_leaves_nothing_to_write(self, remote: Office) -> None:
        ref = remote.create("task")
        remote.slow.edit(ref, status="done")
        assert remote.update(ref, status="done").receipt == "seen"

    def test_a_change_between_our_look_and_our_write_is_seen_by_the_truth(self, remote: Office) -> None:
        ref = remote.create("task")
        remote.slow.meanwhile = lambda: remote.slow.edit(ref, owner="Quick")
        assert remote.update(ref, status="doing").receipt == "written"
        assert remote.true()[ref].props["owner"] == "Quick"

    def test_an_illegal_move_from_the_present_status_is_refused(self, remote: Office) -> None:
        ref = remote.create("project")
        remote.slow.edit(ref, status="on_hold")
        with pytest.raises(Refused):
            remote.update(ref, status="delivery")

    def test_a_record_that_is_gone_is_archived_here_and_said_so(self, remote: Office) -> None:
        ref = remote.create("task")
        remote.slow.lose(ref)
        with pytest.raises(NotFound):
            remote.update(ref, status="done")
        assert remote.mirrored()[ref].archived
        assert (remote.events("record.pulled")[0].payload or {})["gone"]
        remote.slow.rows[ref] = TruthRow(ref, "task", remote.mirrored()[ref].props, "back", True, "", "")

    def test_what_waited_meets_another_property_and_is_written(self, remote: Office) -> None:
        ref = remote.create("task")
        remote.slow.down = True
        remote.update(ref, status="doing")
        remote.slow.down = False
        remote.slow.edit(ref, owner="Outside")
        assert remote.records.sync().conflicts == 0
        assert remote.true()[ref].props == {
            "title": "A task", "status": "doing", "priority": "normal", "owner": "Outside",
        }  # fmt: skip

    def test_what_waited_meets_the_same_value_and_is_done(self, remote: Office) -> None:
        ref = remote.create("task")
        remote.slow.down = True
        remote.update(ref, status="doing")
        remote.slow.down = False
        remote.slow.edit(ref, status="doing")
        assert remote.records.sync().relayed == 1
        assert remote.events()[-1].kind == "record.seen"


class TestConflicts:
    @pytest.fixture
    def ref(self, remote: Office) -> str:
        """A task whose due date both sides have moved, ours having waited; its owner only ours."""
        ref = remote.create("task", due="2026-12-01")
        remote.slow.down = True
        remote.update(ref, due="2026-12-24", owner="Mine")
        remote.slow.down = False
        remote.slow.edit(ref, due="2026-12-09")
        assert remote.records.sync().conflicts == 1
        return ref

    def test_nothing_is_overwritten_and_the_operator_is_asked_with_both_values(self, remote: Office, ref: str) -> None:
        assert remote.true()[ref].props["due"] == "2026-12-09"
        assert remote.mirrored()[ref].props["due"] == "2026-12-09"
        (item,) = remote.records.conflicts()
        (side,) = item.payload["records"]
        assert (side["mine"], side["theirs"]) == ({"due": "2026-12-24"}, {"due": "2026-12-09"})
        assert (side["mine_by"], side["theirs_by"]) == ("claude", "anna@firm.example")
        assert side["theirs_at"] == remote.true()[ref].edited_at
        (event,) = remote.events("record.conflicted")
        assert (event.payload or {})["inbox"] == item.id
        assert remote.records.pending()[0].state == "held"
        assert remote.records.get(ref).pending is None

    def test_mine_is_written_over_theirs(self, remote: Office, ref: str) -> None:
        item = remote.records.decide_conflict("I-1", "mine", OPERATOR)
        assert (item.state, item.decision, item.decided_by) == ("decided", "mine", "operator")
        assert remote.true()[ref].props["due"] == "2026-12-24"
        assert remote.true()[ref].props["owner"] == "Mine"
        assert remote.records.conflicts() == []
        assert remote.records.pending() == []

    def test_theirs_drops_what_waited(self, remote: Office, ref: str) -> None:
        remote.records.decide_conflict("I-1", "theirs", OPERATOR)
        assert remote.true()[ref].props["due"] == "2026-12-09"
        assert "owner" not in remote.true()[ref].props
        assert remote.records.pending() == []
        assert [event.actor for event in remote.events("record.decided")] == ["operator"]

    def test_it_is_decided_once(self, remote: Office, ref: str) -> None:
        remote.records.decide_conflict("I-1", "theirs", OPERATOR)
        with pytest.raises(Refused, match="decided already: theirs, by operator"):
            remote.records.decide_conflict("I-1", "mine", OPERATOR)

    @pytest.mark.parametrize(("item", "keep"), [("I-9", "mine"), ("I-1", "both")])
    def test_an_answer_that_makes_no_sense_is_refused(self, remote: Office, ref: str, item: str, keep: str) -> None:
        with pytest.raises(FirmError, match=r"no conflict I-9|is no answer"):
            remote.records.decide_conflict(item, keep, OPERATOR)  # type: ignore[arg-type]

    def test_mine_decided_while_out_of_reach_waits_and_is_written_later(self, remote: Office, ref: str) -> None:
        remote.slow.down = True
        remote.records.decide_conflict("I-1", "mine", OPERATOR)
        assert remote.records.pending()[0].state == "waiting"
        remote.slow.down = False
        remote.records.sync()
        assert remote.true()[ref].props["due"] == "2026-12-24"

    def test_a_third_value_is_asked_about_again(self, remote: Office, ref: str) -> None:
        remote.slow.edit(ref, due="2027-01-01")
        remote.records.decide_conflict("I-1", "mine", OPERATOR)
        (item,) = remote.records.conflicts()
        assert item.id == "I-2"
        assert item.payload["records"][0]["theirs"] == {"due": "2027-01-01"}
        assert remote.true()[ref].props["due"] == "2027-01-01"
        remote.slow.edit(ref, due="2028-01-01")
        remote.records.decide_conflict("I-2", "mine", OPERATOR)
        assert [one.id for one in remote.records.conflicts()] == ["I-3"], "as often as it takes"

    def test_a_new_write_is_not_held_up(self, remote: Office, ref: str) -> None:
        assert remote.update(ref, status="doing").receipt == "written"
        remote.records.decide_conflict("I-1", "mine", OPERATOR)
        assert remote.true()[ref].props["status"] == "doing"

    def test_an_archived_record_must_be_restored_before_mine_is_written(self, remote: Office) -> None:
        ref = remote.create("task")
        remote.slow.down = True
        remote.update(ref, owner="Mine")
        remote.slow.down = False
        remote.slow.archive(ref)
        assert remote.records.sync().conflicts == 1
        with pytest.raises(Refused, match="Restore"):
            remote.records.decide_conflict("I-1", "mine", OPERATOR)
        remote.write(Change("restore", ref=ref))
        remote.records.decide_conflict("I-1", "mine", OPERATOR)
        assert remote.true()[ref].props["owner"] == "Mine"

    def test_one_that_was_answered_out_of_reach_is_asked_again_where_the_value_moved(
        self, remote: Office, ref: str
    ) -> None:
        remote.slow.down = True
        remote.records.decide_conflict("I-1", "mine", OPERATOR)
        remote.slow.down = False
        remote.slow.edit(ref, due="2027-01-01")
        assert remote.records.sync().conflicts == 1
        assert [(one.id, one.state) for one in remote.records.conflicts()] == [("I-2", "open")]

    def test_a_reason_that_holds_a_secret_is_refused(self, remote: Office, ref: str) -> None:
        with pytest.raises(InvalidInput, match="holds an API key"):
            remote.records.decide_conflict("I-1", "mine", By("operator", reason="It is sk-secret-1"))
        assert remote.records.conflicts()

    def test_a_batch_is_held_whole(self, remote: Office) -> None:
        one, two = remote.create("task"), remote.create("task")
        remote.slow.down = True
        remote.write(Change("update", ref=one, set={"owner": "Mine"}), Change("update", ref=two, set={"owner": "Mine"}))
        remote.slow.down = False
        remote.slow.edit(one, owner="Theirs")
        assert remote.records.sync().conflicts == 1
        assert "owner" not in remote.true()[two].props
        remote.records.decide_conflict("I-1", "mine", OPERATOR)
        assert [remote.true()[ref].props["owner"] for ref in (one, two)] == ["Mine", "Mine"]


class TestACreationThatTheTruthRefuses:
    @pytest.fixture
    def refs(self, remote: Office) -> tuple[str, str]:
        """The temporary refs of a project that the truth has refused, and of a task in it."""
        remote.slow.down = True
        project = remote.create("project")
        task = remote.create("task", project=project)
        remote.slow.down = False
        remote.slow.faults = ["rejected"]
        assert remote.records.sync().conflicts == 1
        return project, task

    def test_mine_tries_it_again(self, remote: Office, refs: tuple[str, str]) -> None:
        remote.records.decide_conflict("I-1", "mine", OPERATOR)
        assert remote.true()["T-1"].props["project"] == "P-1"
        assert remote.waiting() == 0

    def test_theirs_drops_it_and_asks_about_what_points_at_it(self, remote: Office, refs: tuple[str, str]) -> None:
        remote.records.decide_conflict("I-1", "theirs", OPERATOR)
        (item,) = remote.records.conflicts()
        assert item.subjects == [refs[1]]
        assert f"points at {refs[0]}, which was never created" in item.title
        assert remote.true() == {}
        with pytest.raises(Refused, match="never created"):
            remote.records.decide_conflict(item.id, "mine", OPERATOR)
        assert [one.id for one in remote.records.conflicts()] == [item.id], "a refused answer is no answer"
        remote.records.decide_conflict(item.id, "theirs", OPERATOR)
        assert remote.true() == {}
        assert remote.waiting() == 0


class TestProcessesThatDie:
    @pytest.mark.parametrize("step", ["claimed", "applied"])
    @pytest.mark.parametrize("next_thing", ["sync", "write", "key"])
    def test_whoever_comes_next_finishes_it_once(self, office: Office, step: str, next_thing: str) -> None:
        ref = office.create("task")
        change = Change("update", ref=ref, set={"owner": "Anna"})
        with pytest.raises(Killed):
            killed_at(office, step).write(change, Change("create", kind="client", set={"title": "New"}), key="k")
        office.clock.advance(minutes=5)  # its process lives on in this test, so the lease has to run out
        if next_thing == "sync":
            office.records.sync()
        elif next_thing == "write":
            assert office.update(ref, status="doing").receipt == "written"
        else:
            answer = office.write(change, Change("create", kind="client", set={"title": "New"}), key="k")
            assert [one.repeated for one in answer] == [True, True]
        assert office.true()[ref].props["owner"] == "Anna"
        assert set(office.true()) == {ref, "CL-1"}
        assert len(office.events("record.created")) == 2
        assert office.waiting() == 0

    @pytest.mark.parametrize("op", ["update", "archive", "restore"])
    @pytest.mark.parametrize("next_thing", ["sync", "write", "key"])
    def test_what_the_dead_had_written_stays_theirs(self, office: Office, op: Op, next_thing: str) -> None:
        ref = office.create("task")
        if op == "restore":
            office.write(Change("archive", ref=ref))
        change = Change(op, ref=ref, set={"owner": "Anna"} if op == "update" else {})
        by = By("claude/scribe", "S-7", "Because the client asked.")
        with pytest.raises(Killed):
            killed_at(office, "applied").write(change, by=by, key="k")
        office.clock.advance(minutes=5)
        if next_thing == "sync":
            office.records.sync()
        elif next_thing == "write":
            office.create("client")
            office.write(Change("restore" if op == "archive" else "update", ref=ref, set=AGAIN[op]), by=OPERATOR)
        answer = office.write(change, by=by, key="k")[0]
        assert (answer.receipt, answer.repeated) == ("written", True)
        event = office.events("record.updated" if op == "update" else f"record.{op}d", ref=ref)[0]
        assert (event.id, event.actor, event.session, event.reason) == (answer.event_id, *astuple(by)[:3])
        assert office.events("record.pulled") == []

    def test_what_somebody_else_did_after_a_death_is_theirs_and_what_was_written_before_is_ours(
        self, remote: Office
    ) -> None:
        ref = remote.create("task", owner="A")
        with pytest.raises(Killed):
            killed_at(remote, "applied").update(ref, owner="B")
        remote.slow.edit(ref, owner="C")
        remote.clock.advance(minutes=5)
        assert remote.records.sync().conflicts == 0
        told = [(event.actor, (event.payload or {})["after"]["owner"]) for event in remote.events(ref=ref)]
        assert told == [("claude", "A"), ("claude", "B"), ("outside", "C")]

    @pytest.mark.parametrize("step", ["relayed"])
    def test_a_relay_that_dies_is_relayed(self, remote: Office, step: str) -> None:
        remote.slow.down = True
        remote.create("task")
        remote.slow.down = False
        with pytest.raises(Killed):
            killed_at(remote, step).records.sync()
        remote.clock.advance(minutes=5)
        assert remote.records.sync().relayed == 1
        assert remote.true().keys() == {"T-1"}
        assert len(remote.events("record.created")) == 1

    def test_a_pull_that_dies_is_pulled_again(self, remote: Office) -> None:
        ref = remote.create("task")
        remote.slow.edit(ref, owner="Outside")
        with pytest.raises(Killed):
            killed_at(remote, "read").records.sync()
        remote.clock.advance(minutes=5)
        remote.records.sync()
        assert remote.records.get(ref).props["owner"] == "Outside"
        assert len(remote.events("record.pulled")) == 1

    def test_a_write_of_the_dead_is_never_taken_for_somebody_elses(self, remote: Office) -> None:
        with pytest.raises(Killed):
            killed_at(remote, "applied").create("task")
        remote.records.sync()  # its lease still runs: it counts as under way
        assert remote.events() == []
        remote.clock.advance(minutes=5)
        remote.records.sync()
        assert [event.kind for event in remote.events()] == ["record.created"]

    def test_a_death_that_nobody_was_told_of_is_told_when_the_truth_is_out_of_reach(self, remote: Office) -> None:
        with pytest.raises(Killed):
            killed_at(remote, "claimed").create("task")
        remote.clock.advance(minutes=5)
        remote.slow.down = True
        remote.records.sync()
        assert [event.kind for event in remote.events()] == ["record.queued"]


class TestMerging:
    """The rule by itself: present value against the one that the draft saw."""

    @staticmethod
    def row(**props: object) -> TruthRow:
        return TruthRow("T-1", "task", {"title": "x", **props}, "now", False, "", "")

    @staticmethod
    def draft(before: object, wanted: object) -> Draft:
        return Draft("update", "task", "T-1", "x", "todo", "old", {"due": wanted}, {"due": before})

    @pytest.mark.parametrize(
        ("before", "wanted", "now", "left"),
        [
            ("a", "b", "a", "b"),  # nobody else was there
            ("a", "b", "b", None),  # they did the same
            ("a", None, "a", "clear"),
            (None, "b", None, "b"),
            (None, "b", "b", None),
            ("a", "a", "a", None),
            ("a", "b", "c", Clash),
            ("a", None, "c", Clash),
            ("a", "b", None, Clash),
            ("a", "a", "b", Clash),
            (None, "b", "c", Clash),
        ],
    )
    def test_three_ways(self, before: object, wanted: object, now: object, left: object) -> None:
        merged = merge(self.draft(before, wanted), self.row(**({} if now is None else {"due": now})))
        if left is Clash:
            assert isinstance(merged, Clash)
            assert (merged.mine, merged.theirs) == ({"due": wanted}, {"due": now})
        else:
            assert isinstance(merged, Draft)
            assert merged.base == "now"
            assert merged.op == ("look" if left is None else "update")
            assert merged.set == ({} if left is None else {"due": wanted})

    def test_a_row_that_is_gone_clashes_and_a_creation_never_does(self) -> None:
        assert isinstance(merge(self.draft("a", "b"), None), Clash)
        create = Draft("create", "task", "T-xabcdefgh", "x", "todo", set={"title": "x"})
        assert merge(create, None) is create

    @pytest.mark.parametrize(
        ("op", "archived", "merged"),
        [
            ("archive", False, "archive"),
            ("archive", True, "look"),
            ("restore", True, "restore"),
            ("restore", False, "look"),
        ],
    )
    def test_archiving_what_is_archived_is_a_look(self, op: str, archived: bool, merged: str) -> None:
        draft = Draft(op, "task", "T-1", "x", "todo", "old")  # type: ignore[arg-type]
        found = merge(draft, replace(self.row(), archived=archived))
        assert isinstance(found, Draft)
        assert found.op == merged


def test_a_repeated_key_of_a_write_that_is_held_says_that_it_waits(remote: Office) -> None:
    ref = remote.create("task")
    change = Change("update", ref=ref, set={"owner": "Mine"})
    remote.slow.down = True
    remote.write(change, key="k")
    remote.slow.down = False
    remote.slow.edit(ref, owner="Theirs")
    remote.records.sync()
    assert remote.write(change, key="k", by=CLAUDE)[0].receipt == "pending"
    remote.records.decide_conflict("I-1", "theirs", OPERATOR)
    with pytest.raises(Refused, match=f"of {ref} waited, met a conflict and was dropped"):
        remote.write(change, key="k", by=CLAUDE)
