"""Writing records: what is accepted, what is refused and how it is said, and what is left behind."""

from dataclasses import replace
from datetime import date

import pytest

from contract.office import CLAUDE, OPERATOR, Office
from onefirm.core.attribution import By
from onefirm.core.clock import iso
from onefirm.core.errors import FirmError, InvalidInput, NotFound, Refused
from onefirm.state.records import Change, IllegalMove, KeyReused, StaleWrite


class TestCreating:
    def test_the_answer_has_ref_etag_and_all_values_and_the_ledger_tells_the_same(self, office: Office) -> None:
        answer = office.write(Change("create", kind="project", set={"title": "Atlas", "budget": "1200 EUR"}))[0]
        assert (answer.ref, answer.kind, answer.title, answer.status, answer.receipt) == (
            "P-1", "project", "Atlas", "discovery", "written",
        )  # fmt: skip
        assert answer.after == {
            "title": "Atlas", "status": "discovery", "priority": "normal",
            "budget": {"minor": 120000, "currency": "EUR"},
        }  # fmt: skip
        (event,) = office.events()
        assert (event.kind, event.id, event.subjects, event.actor, event.session) == (
            "record.created", answer.event_id, ("P-1",), "claude", "S-1",
        )  # fmt: skip
        assert event.payload is not None
        assert event.payload["after"] == answer.after
        assert event.payload["etag"] == answer.etag == office.records.get("P-1").etag

    def test_defaults_can_be_declined_and_a_status_chosen(self, office: Office) -> None:
        ref = office.create("project", priority=None, status="on hold")
        assert office.records.get(ref).props == {"title": "A project", "status": "on_hold"}

    def test_refs_count_up_for_each_kind(self, office: Office) -> None:
        answers = office.write(
            *(Change("create", kind=kind, set={"title": "x"}) for kind in ("task", "client", "task"))
        )
        assert [answer.ref for answer in answers] == ["T-1", "CL-1", "T-2"]

    @pytest.mark.parametrize("spelling", ["project", "Project", "projects", " PROJECT "])
    def test_a_kind_is_known_however_it_is_spelled(self, office: Office, spelling: str) -> None:
        assert office.write(Change("create", kind=spelling, set={"title": "x"}))[0].ref == "P-1"

    def test_a_title_is_required(self, office: Office) -> None:
        for empty in ({}, {"title": ""}, {"title": None}):
            with pytest.raises(InvalidInput, match="title"):
                office.write(Change("create", kind="task", set=empty))


class TestUpdating:
    def test_only_what_changed_is_told(self, office: Office) -> None:
        ref = office.create("task", due="2026-12-01", owner="Anna")
        answer = office.update(ref, due="2026-12-05", owner="Anna", status="doing")
        assert answer.before == {"due": "2026-12-01", "status": "todo"}
        assert answer.after == {"due": "2026-12-05", "status": "doing"}
        event = office.events()[-1]
        assert event.payload is not None
        assert event.payload["etag_before"] != event.payload["etag"] == answer.etag

    def test_a_write_has_its_own_moment_also_where_the_truth_knows_minutes_only(self, office: Office) -> None:
        office.clock.advance(seconds=17)
        ref = office.create("task")
        assert office.mirrored()[ref].created_at == office.mirrored()[ref].updated_at == iso(office.clock.now())
        office.clock.advance(seconds=17)
        office.update(ref, status="doing")
        assert office.mirrored()[ref].updated_at == iso(office.clock.now())

    def test_null_clears_a_value(self, office: Office) -> None:
        ref = office.create("task", due="2026-12-01")
        assert office.update(ref, due=None).after == {"due": None}
        assert "due" not in office.records.get(ref).props

    def test_names_and_words_are_known_in_the_forms_that_models_send(self, office: Office) -> None:
        ref = office.create("project")
        sent = '{"Due Date": "2026-12-01", "STATUS": "On Hold", "budget": 1200}'
        answer = office.write(Change("update", ref=ref.lower(), set=sent))[0]  # type: ignore[arg-type]
        assert answer.after == {
            "due": "2026-12-01",
            "status": "on_hold",
            "budget": {"minor": 120000, "currency": "EUR"},
        }

    def test_values_that_are_there_already_write_nothing_and_say_so(self, office: Office) -> None:
        ref = office.create("task", due=date(2026, 12, 1))
        true = office.true()[ref]
        answer = office.update(ref, due="2026-12-01", status="TODO")
        assert (answer.receipt, answer.before, answer.after) == ("seen", {}, {})
        assert office.true()[ref] == true
        event = office.events()[-1]
        assert (event.kind, event.session) == ("record.seen", "S-1")

    def test_a_change_among_unchanged_ones_is_written(self, office: Office) -> None:
        one, two = office.create("task"), office.create("task")
        answers = office.write(
            Change("update", ref=one, set={"status": "todo"}), Change("update", ref=two, set={"status": "done"})
        )
        assert [answer.receipt for answer in answers] == ["seen", "written"]

    def test_relations_point_at_records_that_are_there(self, office: Office) -> None:
        client, project = office.create("client"), office.create("project")
        assert office.update(project, client=client.lower()).after == {"client": client}
        task, blocker = office.create("task"), office.create("task")
        assert office.update(task, blocked_by=f"{blocker}", status="blocked").after["blocked_by"] == [blocker]

    @pytest.mark.parametrize(
        ("sent", "said"),
        [
            ({"client": "CL-9"}, "there is no record CL-9"),
            ({"client": "P-1"}, "points at a client, and P-1 is a project"),
            ({"client": "../etc/passwd"}, "is not a ref"),
            ({"client": ["CL-1", "CL-2"]}, "one ref, not 2"),
            ({"duedate": "2026-12-01"}, "closest first: due,"),
            ({"due": "tomorrow"}, "“tomorrow” is not a date. Write it as 2026-11-21"),
            ({"due": "0001-01-01T00:00:00+14:00"}, "is not a date. Write it as 2026-11-21"),
            ({"due": "2026-02-30"}, "not a date"),
            ({"status": "finished"}, "Its statuses: discovery, delivery, review, on_hold, done, cancelled"),
            ({"status": None}, "status can't be empty"),
            ({"priority": "hihg"}, "closest first: high"),
            ({"budget": "a lot"}, "1250.00 EUR"),
            ({"budget": {"minor": 1.5}}, "not an amount"),
            ({"budget": True}, "an amount, not true or false"),
            ({"owner": "A" * 4001}, "4,001 characters; the limit is 4,000"),
            ({"owner": "x" * 1_000_000}, "1,000,000 characters"),
            ({"title": "x" * 301}, "the limit is 300"),
            ({"title": "two\nlines"}, "line break"),
            ({"owner": "bell\x07"}, "U+0007"),
            ({"owner": "nul\x00"}, "U+0000"),
            ({"owner": "\u202eright to left"}, "U+202E"),
            ({"owner": "half \ud800"}, "U+D800"),
            ({"owner": ["Anna"]}, "text, not a list"),
            ({"next_action": "use sk-secret"}, "holds an API key"),
            ("not json", "`set` is not an object"),
            ({}, "changes nothing"),
            ({"due": "2026-12-01", "deadline": "2026-12-02"}, "due is set twice"),
        ],
    )
    def test_bad_values_are_refused_in_a_sentence(self, office: Office, sent: object, said: str) -> None:
        ref = office.create("project")
        before = office.true()
        with pytest.raises(InvalidInput) as refused:
            office.write(Change("update", ref=ref, set=sent))  # type: ignore[arg-type]
        assert said in str(refused.value)
        assert len(str(refused.value)) < 600
        assert office.true() == before
        assert len(office.events()) == 1

    def test_all_mistakes_of_all_changes_are_told_at_once(self, office: Office) -> None:
        ref = office.create("project")
        with pytest.raises(InvalidInput) as refused:
            office.write(
                Change("update", ref=ref, set={"due": "soon", "budget": "much", "nope": 1}),
                Change("create", kind="tusk", set={"title": "x"}),
                Change("archive", ref="nothing"),
                Change("create", kind="task", set={"title": "y", "project": "P-77"}),
            )
        for said in ("Change 1 (P-1): due", "budget", "“nope”", "Change 2 (tusk)", "task", "Change 3 (nothing)"):
            assert said in refused.value.message
        assert office.true().keys() == {ref}

    def test_a_record_that_is_not_there_is_not_found(self, office: Office) -> None:
        with pytest.raises(NotFound, match=r"no task T-9.*record_find kind=task"):
            office.update("T-9", status="done")
        with pytest.raises(InvalidInput, match=r"No kind of record has refs like ZZ-1.*T task"):
            office.update("ZZ-1", status="done")

    @pytest.mark.parametrize(
        "change",
        [
            Change("create", kind="task", ref="T-1", set={"title": "x"}),
            Change("create", set={"title": "x"}),
            Change("update", set={"title": "x"}),
            Change("update", ref="T-1", kind="project", set={"title": "x"}),
            Change("archive", ref="T-1", set={"title": "x"}),
            Change("delete", ref="T-1"),  # type: ignore[arg-type]
        ],
    )
    def test_a_change_that_makes_no_sense_is_refused(self, office: Office, change: Change) -> None:
        office.create("task")
        with pytest.raises(InvalidInput):
            office.write(change)

    def test_one_write_holds_up_to_200_changes_and_each_record_once(self, office: Office) -> None:
        ref = office.create("task")
        with pytest.raises(InvalidInput, match="1 to 200"):
            office.write()
        with pytest.raises(InvalidInput, match="not 201"):
            office.write(*[Change("create", kind="task", set={"title": "x"})] * 201)
        with pytest.raises(InvalidInput, match="T-1 is changed twice"):
            office.write(Change("update", ref=ref, set={"owner": "a"}), Change("archive", ref="t-1"))

    def test_a_reason_with_a_secret_is_refused(self, office: Office) -> None:
        with pytest.raises(InvalidInput, match="holds an API key"):
            office.write(Change("create", kind="task", set={"title": "x"}), by=replace(CLAUDE, reason="key sk-secret"))


class TestMoves:
    def test_a_legal_move_is_made_and_an_illegal_one_refused_with_the_legal_ones(self, office: Office) -> None:
        ref = office.create("project")
        with pytest.raises(IllegalMove) as refused:
            office.update(ref, status="done")
        assert refused.value.legal == ("delivery", "on_hold", "cancelled")
        assert "Legal moves from discovery: delivery, on_hold, cancelled" in refused.value.hint
        office.update(ref, status="delivery")
        office.update(ref, status="review")
        assert office.update(ref, status="done").after == {"status": "done"}

    def test_from_a_final_status_there_is_no_move(self, office: Office) -> None:
        ref = office.create("invoice", status="void")
        with pytest.raises(IllegalMove, match="it is final"):
            office.update(ref, status="draft")

    def test_a_task_is_not_blocked_by_itself(self, office: Office) -> None:
        ref = office.create("task")
        with pytest.raises(Refused, match="blocked by itself"):
            office.update(ref, blocked_by=[ref])


class TestStaleWrites:
    def test_the_etag_that_was_read_lets_the_write_through(self, office: Office) -> None:
        ref = office.create("task")
        etag = office.records.get(ref).etag
        assert office.write(Change("update", ref=ref, set={"owner": "Anna"}, if_match=etag))[0].receipt == "written"

    def test_an_older_etag_is_refused_with_the_current_value(self, office: Office) -> None:
        ref = office.create("task", due="2026-12-01")
        etag = office.records.get(ref).etag
        office.update(ref, due="2026-12-24")
        with pytest.raises(StaleWrite) as refused:
            office.write(Change("update", ref=ref, set={"due": "2026-12-02"}, if_match=etag))
        assert '"2026-12-24"' in refused.value.message
        assert refused.value.current["due"] == "2026-12-24"
        assert refused.value.etag == office.records.get(ref).etag
        assert office.true()[ref].props["due"] == "2026-12-24"

    def test_archiving_can_rely_on_an_etag_too(self, office: Office) -> None:
        ref = office.create("task")
        with pytest.raises(StaleWrite):
            office.write(Change("archive", ref=ref, if_match="nonsense"))


class TestArchiving:
    def test_an_archived_record_is_kept_and_can_come_back(self, office: Office) -> None:
        ref = office.create("task")
        assert office.write(Change("archive", ref=ref))[0].receipt == "written"
        assert office.records.get(ref).archived
        with pytest.raises(Refused, match=f"archived.*onefirm record restore {ref}"):
            office.update(ref, status="done")
        office.write(Change("restore", ref=ref))
        assert office.update(ref, status="done").status == "done"
        assert [event.kind for event in office.events()] == [
            "record.created", "record.archived", "record.restored", "record.updated",
        ]  # fmt: skip

    @pytest.mark.parametrize("op", ["archive", "restore"])
    def test_twice_is_once(self, office: Office, op: str) -> None:
        ref = office.create("task")
        office.write(Change("archive", ref=ref))
        office.write(Change(op, ref=ref))  # type: ignore[arg-type]
        assert office.write(Change(op, ref=ref))[0].receipt == "seen"  # type: ignore[arg-type]


class TestBatches:
    def test_all_or_none(self, office: Office) -> None:
        ref = office.create("project")
        before = office.true()
        with pytest.raises(IllegalMove):
            office.write(
                Change("create", kind="task", set={"title": "x"}), Change("update", ref=ref, set={"status": "done"})
            )
        assert office.true() == before
        assert office.waiting() == 0

    def test_answers_come_in_the_order_of_the_changes(self, office: Office) -> None:
        one, two = office.create("task"), office.create("task")
        answers = office.write(
            Change("update", ref=two, set={"owner": "B"}),
            Change("create", kind="client", set={"title": "C"}),
            Change("archive", ref=one),
        )
        assert [answer.ref for answer in answers] == [two, "CL-1", one]


class TestKeys:
    def test_the_same_key_twice_is_one_write_with_one_answer(self, office: Office) -> None:
        changes = [
            Change("create", kind="task", set={"title": "x"}),
            Change("create", kind="client", set={"title": "y"}),
        ]
        first = office.write(*changes, key="call-1")
        second = office.write(*changes, key="call-1")
        assert [replace(answer, repeated=False) for answer in second] == first
        assert all(answer.repeated for answer in second)
        assert office.true().keys() == {"T-1", "CL-1"}

    def test_a_repeated_update_that_changed_nothing_repeats_that(self, office: Office) -> None:
        ref = office.create("task")
        change = Change("update", ref=ref, set={"status": "todo"})
        assert office.write(change, key="k")[0].receipt == "seen"
        assert office.write(change, key="k")[0].repeated

    def test_a_key_that_stood_for_something_else_is_refused(self, office: Office) -> None:
        office.write(Change("create", kind="task", set={"title": "x"}), key="1")
        with pytest.raises(KeyReused, match="fresh one for each write"):
            office.write(Change("create", kind="task", set={"title": "another"}), key="1")

    @pytest.mark.parametrize("key", ["", "x" * 201, "new\nline", "\x00"])
    def test_a_key_that_is_no_key_is_refused(self, office: Office, key: str) -> None:
        with pytest.raises(InvalidInput, match="A key has"):
            office.write(Change("create", kind="task", set={"title": "x"}), key=key)


class TestWhoAndWhy:
    def test_author_session_reason_and_cause_are_in_the_ledger(self, office: Office) -> None:
        first = office.create("client")
        cause = office.events()[-1].id
        by = By("claude/scribe", "S-9", "the client called", cause)
        office.update(first, by=by, owner="Anna")
        event = office.events()[-1]
        assert (event.actor, event.session, event.reason, event.cause) == (
            "claude/scribe", "S-9", "the client called", cause,
        )  # fmt: skip

    def test_the_projection_is_caught_up_after_each_write(self, office: Office) -> None:
        told: list[str] = []
        other = office.again(project=lambda: told.append("projected"))
        other.write(Change("create", kind="task", set={"title": "x"}), by=OPERATOR)
        assert told == ["projected"]

    def test_a_refused_write_leaves_no_trace(self, office: Office) -> None:
        for bad in (Change("update", ref="T-5", set={"owner": "x"}), Change("create", kind="task", set={"due": "x"})):
            with pytest.raises(FirmError):
                office.write(bad)
        assert office.events() == []
        assert office.waiting() == 0
