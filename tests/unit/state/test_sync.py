"""Taking over what changed at the truth, and the plan of it by itself."""

from datetime import timedelta
from itertools import count

import pytest

from contract.office import HOME, OPERATOR, Office
from onefirm.core.clock import iso
from onefirm.state import claims
from onefirm.state.mirror import Record
from onefirm.state.sync.plan import plan
from onefirm.state.truth.base import TruthRow
from onefirm.state.truth.notion.pace import SLOWEST
from support.clock import MORNING

AT = iso(MORNING)


def row(etag: str = "1", archived: bool = False, **props: object) -> TruthRow:
    return TruthRow("T-1", "task", props, etag, archived, AT, AT)


def rec(etag: str = "1", archived: bool = False, **props: object) -> Record:
    return Record("T-1", "task", "", "", props, etag, archived, AT, AT, AT)


class TestThePlan:
    def test_a_row_that_the_mirror_lacks_is_created(self) -> None:
        (pull,) = plan([row(title="x")], {})
        assert (pull.change, pull.before, pull.after) == ("created", {}, {"title": "x"})

    def test_the_same_row_again_is_nothing(self) -> None:
        assert plan([row(title="x")], {"T-1": rec(title="x")}) == []

    def test_what_differs_is_updated_and_what_is_missing_cleared(self) -> None:
        (pull,) = plan([row("2", title="x", owner="B")], {"T-1": rec(title="x", owner="A", due="2026-12-01")})
        assert (pull.change, pull.before, pull.after) == (
            "updated", {"due": "2026-12-01", "owner": "A"}, {"due": None, "owner": "B"},
        )  # fmt: skip

    @pytest.mark.parametrize(("before", "now", "change"), [(False, True, "archived"), (True, False, "restored")])
    def test_archiving(self, before: bool, now: bool, change: str) -> None:
        (pull,) = plan([row("2", now, owner="B")], {"T-1": rec("1", before)})
        assert (pull.change, pull.after) == (change, {"owner": "B"})


class TestSync:
    def test_everything_that_others_did_is_taken_over_and_told_as_theirs(self, remote: Office) -> None:
        kept, archived = remote.create("task"), remote.create("task")
        remote.records.sync()
        new = remote.slow.add("client", title="New", status="active")
        remote.slow.edit(kept, owner="Outside")
        remote.slow.archive(archived)
        report = remote.records.sync()
        assert report.pulled == (new, kept, archived)
        told = {event.subjects[0]: (event.payload or {}) for event in remote.events("record.pulled")}
        assert {ref: payload["change"] for ref, payload in told.items()} == {
            new: "created", kept: "updated", archived: "archived",
        }  # fmt: skip
        assert told[kept]["editor"] == "anna@firm.example"

    def test_a_second_sync_finds_nothing_new(self, remote: Office) -> None:
        remote.slow.edit(remote.create("task"), owner="Outside")
        remote.records.sync()
        count = len(remote.events())
        assert remote.records.sync().pulled == ()
        assert len(remote.events()) == count

    def test_our_own_writes_are_nobody_elses(self, office: Office) -> None:
        office.update(office.create("task"), owner="Anna")
        assert office.records.sync().pulled == ()
        assert office.events("record.pulled") == []

    def test_two_edits_within_one_minute_are_both_seen(self, remote: Office) -> None:
        ref = remote.create("task")
        remote.slow.edit(ref, owner="First")
        remote.records.sync()
        remote.slow.edit(ref, owner="Second")
        remote.records.sync()
        assert remote.mirrored()[ref].props["owner"] == "Second"

    def test_out_of_reach_it_says_so_and_how_old_the_mirror_is(self, remote: Office) -> None:
        remote.records.sync()
        synced = remote.records.sync().synced_at
        remote.clock.advance(hours=3)
        remote.slow.down = True
        report = remote.records.sync()
        assert not report.reachable
        assert report.synced_at == synced != report.at
        remote.slow.down = False
        assert remote.records.sync().reachable

    def test_a_sweep_finds_what_was_lost_without_telling(self, remote: Office) -> None:
        kept, lost = remote.create("task"), remote.create("task")
        remote.slow.lose(lost)
        assert remote.records.sync().pulled == ()
        assert remote.records.sync(sweep=True).pulled == (lost,)
        assert remote.mirrored()[lost].archived
        assert not remote.mirrored()[kept].archived
        gone = remote.mirrored()[lost]
        remote.slow.rows[lost] = TruthRow(lost, "task", gone.props, gone.etag, True, AT, AT)

    def test_what_vanishes_by_the_dozen_stays_until_the_operator_has_said_so(self, remote: Office) -> None:
        refs = [remote.create("task") for _ in range(12)]
        rows = dict(remote.slow.rows)
        remote.slow.rows.clear()
        assert remote.records.sync(sweep=True).pulled == ()
        assert remote.records.sync(sweep=True).pulled == ()
        (item,) = remote.records.conflicts()
        assert "12 of 12 tasks" in item.title
        assert not any(record.archived for record in remote.mirrored().values())
        remote.slow.rows.update({ref: rows[ref] for ref in refs[:2]})
        remote.records.decide_conflict(item.id, "theirs", OPERATOR)
        assert {ref for ref, record in remote.mirrored().items() if record.archived} == set(refs[2:])
        remote.slow.rows.update(rows)
        remote.records.sync(sweep=True)
        assert not any(record.archived for record in remote.mirrored().values())

    def test_what_the_operator_keeps_is_not_asked_about_again_until_it_came_back(self, remote: Office) -> None:
        refs = [remote.create("task") for _ in range(12)]
        remote.clock.advance(minutes=10)
        remote.records.sync()
        for ref in refs:
            remote.slow.archive(ref)
        remote.records.sync()
        (item,) = remote.records.conflicts()
        remote.records.decide_conflict(item.id, "mine", OPERATOR)
        remote.records.sync(sweep=True)
        assert remote.records.conflicts() == []
        assert not any(record.archived for record in remote.mirrored().values())
        for ref in refs:
            remote.slow.archive(ref, archived=False)
        remote.records.sync()
        remote.slow.archive(refs[0])
        assert remote.records.sync().pulled == (refs[0],), "it is there again, and so nothing special any more"

    def test_a_few_that_vanish_are_archived_and_a_question_goes_when_all_are_back(self, remote: Office) -> None:
        refs = [remote.create("task") for _ in range(60)]
        lost = {ref: remote.slow.rows.pop(ref) for ref in refs[:12]}
        remote.records.sync(sweep=True)
        assert all(remote.mirrored()[ref].archived for ref in lost), "twelve of sixty are a fifth, and not more"
        more = {ref: remote.slow.rows.pop(ref) for ref in refs[12:24]}
        remote.records.sync(sweep=True)
        assert len(remote.records.conflicts()) == 1
        remote.slow.rows.update(lost | more)
        remote.records.sync(sweep=True)
        assert remote.records.conflicts() == []

    def test_a_new_etag_without_a_new_value_is_taken_over_silently(self, remote: Office) -> None:
        ref = remote.create("task")
        remote.slow.rows[ref] = TruthRow(
            ref, "task", remote.slow.rows[ref].props, "moved", False, AT, iso(remote.clock.now())
        )
        remote.records.sync()
        assert remote.mirrored()[ref].etag == "moved"
        assert remote.events("record.pulled") == []

    def test_a_status_that_only_the_truth_knows_is_carried_and_can_be_left(self, remote: Office) -> None:
        ref = remote.create("task")
        remote.slow.edit(ref, status="Someday")
        assert remote.records.get(ref).status == "Someday"
        assert remote.records.standing(remote.clock.now()) == []
        assert remote.update(ref, status="doing").status == "doing"


class TestALongPull:
    """It comes in batches; whoever is ended between two goes on after the last that was taken over."""

    def test_one_that_was_killed_goes_on_where_it_was(self, remote: Office) -> None:
        for number in range(9):
            remote.slow.add("task", title=f"{number}", status="todo")
            remote.clock.advance(minutes=2)
        remote.clock.advance(minutes=10)
        reads = count()

        def die(name: str) -> None:
            if name == "read" and next(reads) == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            remote.again(step=die).records.sync()
        assert len(remote.mirrored()) == 4
        remote.clock.advance(minutes=5)  # its process lives on in this test, so the lease has to run out
        looked_at: list[int] = []
        remote.records.sync(tell=looked_at.append)
        assert len(remote.mirrored()) == 9
        assert looked_at[-1] <= 6, "what was taken over before is not looked at again"
        assert len(remote.events("record.pulled")) == 9

    def test_its_claim_holds_as_long_as_a_hundred_reads_may_take_at_the_slowest_pace(self, remote: Office) -> None:
        with remote.store.write() as conn:
            reads = [f"T-{number}" for number in range(1, 101)]
            claim = claims.put(conn, "pull:1", (), OPERATOR, MORNING, HOME, reads=reads)
            assert (claim.leased_until or "") > iso(MORNING + timedelta(seconds=100 / SLOWEST))
            assert claims.settle(conn, claim)
