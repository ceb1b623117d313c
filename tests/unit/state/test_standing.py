"""Where things stand: each rule by itself, their order, and what is said."""

from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.office import SCHEMA, Office
from onefirm.state.mirror import Record
from onefirm.state.records import Change
from onefirm.state.standing import RULES, Line, StandingRules, next_actions, standing

TODAY = date(2026, 11, 2)
NOW = "2026-11-02T08:00:00.000000Z"
NUMBERS = count(1)


def rec(kind: str, status: str | None = None, *, updated_at: str = NOW, ref: str = "", **props: Any) -> Record:
    schema = SCHEMA.kinds[kind]
    ref = ref or f"{schema.prefix}-{next(NUMBERS)}"
    status = status or schema.initial
    title = props.pop("title", f"A {kind}")
    pending = props.pop("pending", None)
    archived = props.pop("archived", False)
    full = {"title": title, "status": status, **props}
    return Record(ref, kind, title, status, full, "1", archived, NOW, updated_at, NOW, pending)


def lines(*records: Record, last: dict[str, str] | None = None) -> list[Line]:
    return standing(records, SCHEMA, TODAY, StandingRules(), last or {})


def only(*records: Record) -> Line:
    (line,) = lines(*records)
    return line


class TestRules:
    def test_a_blocked_status(self) -> None:
        line = only(rec("task", "blocked"))
        assert (line.rule, line.text, line.because[0]) == ("blocked", "it says not by what", "status is blocked")
        assert only(rec("task", "blocked", waiting_on="the landlord")).text == "waits for the landlord"

    def test_two_that_block_each_other_say_so(self) -> None:
        one = rec("task", "todo", title="Sign", blocked_by=["T-801"])
        two = rec("task", "todo", ref="T-801", title="Pay", blocked_by=[one.ref])
        texts = {line.ref: line.text for line in lines(one, two)}
        assert texts[one.ref] == "blocked by T-801 “Pay” (which waits for this one)"

    def test_blocked_by_open_records_whatever_the_status(self) -> None:
        blocker = rec("task", "doing", title="Get the keys")
        line = lines(rec("task", "todo", blocked_by=[blocker.ref]), blocker)[0]
        assert line.rule == "blocked"
        assert line.text == f"blocked by {blocker.ref} “Get the keys”"
        assert f"{blocker.ref} “Get the keys” is doing" in line.because

    def test_blocked_by_what_is_closed_can_go_on(self) -> None:
        line = only(rec("task", "blocked", blocked_by=["T-900"]))
        assert line.text == "blocked, though T-900 is closed: it can go on"

    def test_not_blocked_by_what_is_done(self) -> None:
        done = rec("task", "done")
        assert lines(rec("task", "todo", blocked_by=[done.ref]), done) == []

    @pytest.mark.parametrize(
        ("due", "rule", "text"),
        [
            ("2026-10-30", "overdue", "due 2026-10-30, 3 days ago"),
            ("2026-11-01", "overdue", "due 2026-11-01, 1 day ago"),
            ("2026-11-02", "due soon", "due today"),
            ("2026-11-03", "due soon", "due tomorrow"),
            ("2026-11-09", "due soon", "due 2026-11-09, in 7 days"),
        ],
    )
    def test_deadlines(self, due: str, rule: str, text: str) -> None:
        line = only(rec("task", due=due))
        assert (line.rule, line.text) == (rule, text)
        assert f"due is {due}" in line.because
        assert "today is 2026-11-02" in line.because

    def test_a_deadline_beyond_the_days_is_silent(self) -> None:
        assert lines(rec("task", due="2026-11-10")) == []

    @pytest.mark.parametrize(
        ("kind", "name", "word"),
        [
            ("prospect", "follow_up", "follow up"),
            ("proposal", "valid_until", "valid until"),
            ("contract", "ends_on", "ends on"),
        ],
    )
    def test_each_kind_has_its_own_deadline(self, kind: str, name: str, word: str) -> None:
        line = only(rec(kind, **{name: "2026-11-01", "next_action": "x"}))
        assert line.rule == "overdue"
        assert line.text.startswith(f"{word} 2026-11-01")

    def test_an_unpaid_invoice_says_its_amount(self) -> None:
        line = only(rec("invoice", "sent", due="2026-10-01", amount={"minor": 125000, "currency": "EUR"}))
        assert (line.rule, line.text) == ("overdue", "due 2026-10-01, 32 days ago, 1250.00 EUR")

    def test_an_invoice_that_was_never_sent_says_so(self) -> None:
        assert only(rec("invoice", "draft", due="2026-10-31")).text == "due 2026-10-31, 2 days ago, still a draft"

    def test_what_is_on_hold_is_not_overdue(self) -> None:
        assert lines(rec("project", "on_hold", due="2026-10-01")) == []

    @pytest.mark.parametrize("status", ["done", "dropped"])
    def test_what_is_closed_is_silent(self, status: str) -> None:
        assert lines(rec("task", status, due="2026-10-01")) == []
        assert lines(rec("task", "blocked", archived=True)) == []

    def test_waiting_says_on_whom(self) -> None:
        line = only(rec("task", "waiting", waiting_on="the client's lawyer"))
        assert (line.rule, line.text) == ("waiting", "waits for the client's lawyer")
        assert only(rec("deliverable", "in_review")).text == "in review: the other side has it"

    def test_a_deadline_does_not_hide_on_whom_it_waits(self) -> None:
        late = rec("task", "waiting", waiting_on="Dana", due="2026-11-01")
        soon = rec("task", "waiting", waiting_on="Dana", due="2026-11-03")
        nobody = rec("task", "waiting")
        assert [line.text for line in lines(late, soon, nobody)] == [
            "due 2026-11-01, 1 day ago, waits for Dana", "due tomorrow, waits for Dana",
            "waiting: it says not on whom",
        ]  # fmt: skip

    @pytest.mark.parametrize(("days", "stale"), [(13, False), (14, True), (40, True)])
    def test_stale_after_the_days_set(self, days: int, stale: bool) -> None:
        at = f"{TODAY - timedelta(days=days)}T12:00:00.000000Z"
        found = lines(rec("task", "doing", updated_at=at))
        assert [line.rule for line in found] == (["stale"] if stale else [])

    def test_a_later_event_keeps_it_fresh(self) -> None:
        task = rec("task", "doing", updated_at="2026-09-01T12:00:00.000000Z")
        assert lines(task, last={task.ref: "2026-10-30T12:00:00.000000Z"}) == []

    @pytest.mark.parametrize("kind", ["client", "contact", "contract", "payment"])
    def test_what_just_exists_never_grows_stale(self, kind: str) -> None:
        found = lines(rec(kind, updated_at="2025-01-01T12:00:00.000000Z"))
        assert [line.rule for line in found] in ([], ["waiting"])

    def test_a_project_without_a_next_action(self) -> None:
        project = rec("project", "delivery")
        line = only(project)
        assert line.rule == "no next action"
        assert "there is no open task" in line.because
        assert lines(rec("project", "delivery", next_action="Call Anna")) == []
        assert lines(project, rec("task", "todo", project=project.ref)) == []
        assert [line.rule for line in lines(project, rec("task", "waiting", project=project.ref))] == [
            "waiting", "no next action",
        ]  # fmt: skip

    def test_a_prospect_with_a_follow_up_has_a_next_action(self) -> None:
        assert [line.rule for line in lines(rec("prospect", follow_up="2027-01-01"))] == []
        assert only(rec("prospect")).rule == "no next action"

    def test_a_write_that_waits_is_told(self) -> None:
        line = only(rec("task", pending={"due": "2026-12-01"}))
        assert (line.rule, line.text) == ("pending", "the truth doesn't have this yet: due")

    def test_a_date_that_nobody_here_would_write_is_no_deadline(self) -> None:
        assert lines(rec("task", due="next week")) == []


class TestOrder:
    def test_a_record_stands_once_with_every_fact(self) -> None:
        line = only(rec("task", "blocked", due="2026-10-30", priority="urgent"))
        assert line.rule == "blocked"
        assert line.because == (
            "status is blocked", "due is 2026-10-30", "today is 2026-11-02", "priority is urgent",
        )  # fmt: skip

    def test_rules_come_before_priorities_priorities_before_days_and_refs_last(self) -> None:
        low = rec("task", "blocked", priority="low")
        urgent = rec("task", due="2026-01-01", priority="urgent")
        later = rec("task", due="2026-10-30", priority="normal")
        longer = rec("task", due="2026-10-20", priority="normal")
        soon = rec("task", due="2026-11-02", priority="urgent")
        twins = [rec("task", "waiting", ref=ref) for ref in ("T-10002", "T-9002")]
        found = lines(soon, *twins, later, low, urgent, longer)
        assert [line.ref for line in found] == [
            low.ref,
            urgent.ref,
            longer.ref,
            later.ref,
            soon.ref,
            "T-9002",
            "T-10002",
        ]
        assert [line.rank for line in found] == list(range(1, 8))

    def test_what_is_due_soon_stands_in_the_order_of_its_dates(self) -> None:
        at_last = rec("task", due="2026-11-08", priority="urgent")
        first = rec("task", due="2026-11-03", priority="low")
        same_day = rec("task", due="2026-11-03", priority="high")
        assert [line.ref for line in lines(at_last, first, same_day)] == [same_day.ref, first.ref, at_last.ref]

    def test_every_rule_is_explained(self) -> None:
        assert list(RULES) == [
            "blocked",
            "overdue",
            "pending",
            "contradictory",
            "due soon",
            "waiting",
            "stale",
            "no next action",
        ]

    @given(st.data())
    def test_the_order_of_the_records_does_not_matter_and_nothing_is_lost(self, data: st.DataObject) -> None:
        days = st.dates(TODAY - timedelta(days=99), TODAY + timedelta(days=30)).map(date.isoformat)
        one = st.builds(
            lambda number, status, due, priority: rec("task", status, ref=f"T-{number}", due=due, priority=priority),
            st.integers(1, 300), st.sampled_from(list(SCHEMA.kinds["task"].statuses)), days,
            st.sampled_from(["low", "normal", "high", "urgent"]),
        )  # fmt: skip
        records = data.draw(st.lists(one, unique_by=lambda record: record.ref, max_size=30))
        found = lines(*records)
        assert lines(*data.draw(st.permutations(records))) == found
        assert [line.score for line in found] == sorted((line.score for line in found), reverse=True)
        late = {r.ref for r in records if r.props["due"] < TODAY.isoformat() and r.status not in ("done", "dropped")}
        assert late <= {line.ref for line in found}


class TestNextActions:
    def test_the_first_ready_task(self) -> None:
        project = rec("project", "delivery")
        tasks = [
            rec("task", "todo", ref="T-501", project=project.ref, due="2026-11-05"),
            rec("task", "doing", ref="T-502", project=project.ref, title="Write it", due="2026-12-24"),
            rec("task", "waiting", ref="T-503", project=project.ref),
            rec("task", "done", ref="T-504", project=project.ref),
        ]
        assert next_actions([project, *tasks], SCHEMA, TODAY) == {project.ref: "T-502 Write it (due 2026-12-24)"}

    def test_what_somebody_wrote_down_stays_until_the_task_it_names_is_closed(self) -> None:
        project = rec("project", "delivery", next_action="Call Anna about T-1")
        task = rec("task", "todo", ref="T-601", project=project.ref)
        assert next_actions([project, task], SCHEMA, TODAY)[project.ref] == "Call Anna about T-1"
        derived = rec("project", "delivery", next_action="T-600 Old thing")
        following = rec("task", "todo", ref="T-602", project=derived.ref, title="New thing")
        assert next_actions([derived, following], SCHEMA, TODAY)[derived.ref] == "T-602 New thing"

    def test_a_prospect_is_followed_up(self) -> None:
        prospect = rec("prospect", follow_up="2026-11-20")
        assert next_actions([prospect], SCHEMA, TODAY) == {prospect.ref: "Follow up on 2026-11-20"}


class TestOnTheBooks:
    def test_the_firms_day_decides_what_is_overdue(self, office: Office) -> None:
        ref = office.create("task", due="2026-11-02")
        office.clock.advance(hours=14)  # 22:00 UTC is 23:00 in Berlin
        assert office.records.standing(office.clock.now())[0].rule == "due soon"
        office.clock.advance(hours=1, minutes=30)  # 23:30 UTC is the next day there
        line = office.records.standing(office.clock.now())[0]
        assert (line.ref, line.rule) == (ref, "overdue")

    def test_a_look_does_not_freshen_and_a_decision_about_it_does(self, office: Office) -> None:
        ref = office.create("task", status="doing")
        office.clock.advance(days=20)
        office.records.get(ref, office_by("S-7"))
        assert [line.rule for line in office.records.standing(office.clock.now())] == ["stale"]
        with office.store.write() as conn:
            office.ledger.append(conn, "decision.recorded", {}, subjects=("DEC-1", ref), by=office_by("S-7"))
        assert office.records.standing(office.clock.now()) == []

    def test_next_actions_to_write_are_those_that_are_not_written_yet(self, office: Office) -> None:
        project = office.create("project")
        task = office.create("task", project=project)
        assert office.records.next_actions([task]) == {project: f"{task} A task"}
        office.update(project, next_action=f"{task} A task")
        assert office.records.next_actions([task, project]) == {}
        office.update(task, status="done")
        other = office.create("task", project=project, title="Other")
        assert office.records.next_actions([task]) == {project: f"{other} Other"}

    def test_what_waits_is_on_the_board(self, remote: Office) -> None:
        ref = remote.create("task")
        remote.slow.down = True
        remote.update(ref, owner="Anna")
        assert [(line.ref, line.rule) for line in remote.records.standing(remote.clock.now())] == [(ref, "pending")]

    def test_archived_ones_are_not(self, office: Office) -> None:
        ref = office.create("task", status="blocked")
        office.write(Change("archive", ref=ref))
        assert office.records.standing(office.clock.now()) == []


def office_by(session: str) -> Any:
    from onefirm.core.attribution import By

    return By("claude", session)
