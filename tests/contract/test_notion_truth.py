"""What is Notion's own: lost answers, lists that lag, minutes, trash, ten thousand rows, relations to the unknown."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from contract import notions
from contract.notions import LAG
from contract.office import SCHEMA
from contract.stores import sqlite_url
from contract.truths import there
from onefirm.core.clock import iso
from onefirm.simulators.notion import Notion
from onefirm.state.truth.base import AnswerLost, Gone, Rejected, Stale, TruthRow, TruthWrite, Unreachable, Unsure
from onefirm.state.truth.notion import steps
from onefirm.state.truth.notion.mapping import NotionMapping
from onefirm.state.truth.notion.truth import NotionTruth
from onefirm.store import tables
from onefirm.store.engine import Store
from support.clock import FixedClock
from support.notion import faults

PAST_LAG = {"seconds": LAG.total_seconds() + 61}


@dataclass
class Desk:
    """Notion, the truth over it, and the phone beside it."""

    office: notions.Office
    truth: NotionTruth
    store: Store
    clock: FixedClock

    @property
    def notion(self) -> Notion:
        return self.office.notion

    def create(self, key: str = "k", kind: str = "task", **props: Any) -> TruthRow:
        first = SCHEMA.kinds[kind].initial
        return self.truth.apply([TruthWrite("create", kind, props={"title": "A task", "status": first, **props})], key)[
            0
        ]

    def update(self, row: TruthRow, key: str = "u", **props: Any) -> TruthRow:
        return self.truth.apply([TruthWrite("update", row.kind, row.ref, row.etag, props)], key)[0]

    def page(self, ref: str) -> str:
        return self.office.page(self.truth, ref)

    def rows(self, kind: str = "task") -> int:
        """How many rows Notion has of a kind, whatever we believe."""
        source = self.office.sources[kind].id
        return sum(page.parent.id == source for page in self.notion.workspace.pages.values())

    def all(self, watermark: str | None = None) -> dict[str, TruthRow]:
        return {row.ref: row for batch in self.truth.changed_since(watermark) for row in batch.rows}

    def reached(self, watermark: str | None = None) -> str:
        return list(self.truth.changed_since(watermark))[-1].watermark


@pytest.fixture
def make(tmp_path: Path, clock: FixedClock) -> Iterator[Callable[..., Desk]]:
    """Builds a desk; `key=False` has no key property."""
    made: list[Desk] = []

    def build(**parts: Any) -> Desk:
        notion = Notion(clock=clock, index_lag_s=LAG.total_seconds(), query_cap=parts.pop("cap", 10_000))
        store = Store.open(sqlite_url(tmp_path))
        office = notions.office(notion.__enter__(), SCHEMA, clock)
        made.append(Desk(office, office.truth(store, **parts), store, clock))
        return made[-1]

    yield build
    for desk in made:
        desk.truth.close()
        desk.store.close()
        desk.notion.__exit__(None, None, None)
        assert faults(desk.notion) == []


@pytest.fixture
def desk(make: Callable[..., Desk]) -> Desk:
    return make()


TRIED = ["429", "500", "502", "503", "504", "529", "drop", "after"]


class TestFaults:
    @pytest.mark.parametrize("kind", [*TRIED, "409"])
    def test_an_update_survives_it(self, desk: Desk, kind: str) -> None:
        row = desk.create()
        desk.notion.faults.add(kind, path="pages/", method="PATCH")
        changed = desk.update(row, status="doing")
        assert changed.props["status"] == "doing"
        assert desk.truth.read([row.ref]) == {row.ref: changed}

    @pytest.mark.parametrize("kind", TRIED)
    def test_a_read_survives_it(self, desk: Desk, kind: str) -> None:
        row = desk.create()
        desk.clock.advance(**PAST_LAG)
        desk.notion.faults.add(kind, path="pages/", method="GET")
        desk.notion.faults.add(kind, path="data_sources/.*/query", method="POST")
        assert desk.truth.read([row.ref]) == {row.ref: row}
        assert desk.all() == {row.ref: replace(row, editor="onefirm")}

    @pytest.mark.parametrize("kind", ["429", "529"])
    def test_a_create_that_was_asked_to_wait_is_sent_again(self, desk: Desk, kind: str) -> None:
        desk.notion.faults.add(kind, path="pages", method="POST")
        desk.create()
        assert desk.rows() == 1

    @pytest.mark.parametrize("kind", ["409", "500", "502", "503", "504", "drop", "after"])
    @pytest.mark.parametrize("key", [True, False])
    def test_a_create_whose_answer_was_lost_is_never_made_twice(
        self, make: Callable[..., Desk], kind: str, key: bool
    ) -> None:
        desk = make(key=key)
        desk.notion.faults.add(kind, path="pages", method="POST")
        with pytest.raises(AnswerLost):
            desk.create()
        made = desk.rows()
        assert made == (kind == "after")
        with pytest.raises(Unreachable, match="lists lag behind"):
            desk.truth.effect("k")
        desk.clock.advance(**PAST_LAG)
        if made and not key:
            with pytest.raises(Unsure) as unsure:
                desk.truth.effect("k")
            (candidate,) = unsure.value.candidates[0]
            desk.truth.answer("k", 0, candidate.ref)
        rows = desk.truth.effect("k")
        assert (rows is not None) == bool(made)
        again = desk.create()
        assert [again] == (rows or [again])
        assert desk.rows() == 1

    def test_without_a_key_it_is_looked_for_among_all_rows_of_its_minutes_and_no_others(
        self, make: Callable[..., Desk]
    ) -> None:
        desk = make(key=False)
        source = desk.office.sources["task"]
        desk.notion.phone.row(source, {"title": "long before"})
        desk.clock.advance(minutes=10)
        for number in range(105):
            desk.notion.phone.row(source, {"title": f"{number}"})
        desk.notion.faults.add("after", path="pages", method="POST")
        with pytest.raises(AnswerLost):
            desk.create()
        desk.clock.advance(minutes=10)
        desk.notion.phone.row(source, {"title": "long after"})
        with pytest.raises(Unsure) as unsure:
            desk.truth.effect("k")
        titles = {str(row.props["title"]) for row in unsure.value.candidates[0]}
        assert titles == {"A task", *map(str, range(105))}

    def test_a_create_that_is_in_the_list_already_is_found_before_the_lag_has_passed(self, desk: Desk) -> None:
        desk.notion.faults.add("after", path="pages", method="POST")
        desk.notion.workspace.index.lag_s = 0
        with pytest.raises(AnswerLost):
            desk.create()
        assert desk.truth.effect("k") == [desk.truth.read(["T-1"])["T-1"]]

    def test_a_sender_that_died_is_waited_for_longer(self, desk: Desk) -> None:
        row = desk.create()
        with desk.store.write() as conn:
            (step,) = steps.load(conn, "k")
            steps.put(conn, [replace(step, key="dead", state="sent", row=None, page_id=None)])
        desk.clock.advance(**PAST_LAG)
        with pytest.raises(Unreachable, match="lag behind"):
            desk.truth.effect("dead")
        desk.clock.advance(minutes=1)
        assert desk.truth.effect("dead") is None
        assert desk.truth.effect("k") == [row]

    def test_out_of_patience_is_out_of_reach_and_leaves_nothing(self, desk: Desk) -> None:
        row = desk.create()
        desk.notion.faults.add("429", times=None, retry_after_s=30)
        with pytest.raises(Unreachable, match="asks to wait"):
            desk.create("other")
        with pytest.raises(Unreachable):
            desk.truth.read([row.ref])
        with pytest.raises(Unreachable):
            desk.truth.ids()
        desk.notion.faults.clear()
        assert desk.truth.effect("other") is None
        assert desk.rows() == 1

    def test_a_token_that_was_taken_back_says_what_to_do(self, desk: Desk) -> None:
        row = desk.create()
        desk.notion.phone.revoke(desk.notion.token)
        with pytest.raises(Unreachable, match="onefirm connect notion --new-token"):
            desk.update(row, status="doing")
        with pytest.raises(Unreachable, match="onefirm connect notion --new-token"):
            desk.all()


class TestSeveralWritesAtOnce:
    def writes(self, row: TruthRow) -> list[TruthWrite]:
        return [
            TruthWrite("create", "client", props={"title": "New", "status": "active"}),
            TruthWrite("update", "task", row.ref, row.etag, {"status": "doing"}),
            TruthWrite("create", "task", props={"title": "Call", "status": "todo"}),
        ]

    def test_what_broke_off_half_way_is_finished_by_its_key(self, desk: Desk) -> None:
        row = desk.create()
        desk.notion.faults.add("after", path="pages$", method="POST", after_times=1)
        with pytest.raises(AnswerLost):
            desk.truth.apply(self.writes(row), "three")
        desk.clock.advance(**PAST_LAG)
        rows = desk.truth.effect("three") or []
        assert [one.props["title"] for one in rows] == ["New", "A task", "Call"]
        assert (desk.rows(), desk.rows("client")) == (2, 1)
        assert desk.truth.apply(self.writes(row), "three") == rows

    def test_what_never_came_to_the_rest_does_the_rest(self, desk: Desk) -> None:
        row = desk.create()
        desk.notion.faults.add("500", path="pages$", method="POST", after_times=1)
        with pytest.raises(AnswerLost):
            desk.truth.apply(self.writes(row), "three")
        desk.clock.advance(**PAST_LAG)
        rows = desk.truth.effect("three") or []
        assert [one.props["status"] for one in rows] == ["active", "doing", "todo"]
        assert (desk.rows(), desk.rows("client")) == (2, 1)

    def test_what_somebody_has_changed_since_is_not_overwritten_and_all_is_taken_back(self, desk: Desk) -> None:
        row = desk.create()
        desk.notion.faults.add("500", path="pages/", method="PATCH", times=None)
        with pytest.raises(AnswerLost):
            desk.truth.apply(self.writes(row), "three")
        desk.notion.faults.clear()
        desk.notion.phone.edit(desk.page(row.ref), {"status": "BLOCKED"})
        assert desk.truth.effect("three") is None
        assert desk.truth.read([row.ref])[row.ref].props["status"] == "blocked"
        desk.clock.advance(**PAST_LAG)
        assert there(desk.truth) == {row.ref}, "the client that was made lies in the trash"
        assert desk.truth.effect("three") is None

    @pytest.mark.parametrize("how", ["refused by Notion", "nothing that can be sent"])
    def test_a_rest_that_notion_would_refuse_by_now_leaves_nothing(self, desk: Desk, how: str) -> None:
        row, needed = desk.create(), desk.create("other")
        writes = [
            TruthWrite("create", "client", props={"title": "New", "status": "active"}),
            TruthWrite("update", "task", row.ref, row.etag, {"owner": "Ann", "blocked_by": [needed.ref]}),
        ]
        desk.notion.faults.add("500", path="pages/", method="PATCH", times=None)
        with pytest.raises(AnswerLost):
            desk.truth.apply(writes, "two")
        desk.notion.faults.clear()
        if how == "refused by Notion":
            desk.notion.phone.delete_property(desk.office.sources["task"], "owner")
        else:
            with desk.store.write() as conn:
                conn.execute(tables.truth_page.update().where(tables.truth_page.c.ref == needed.ref).values(ref="T-99"))
        assert desk.truth.effect("two") is None
        desk.clock.advance(**PAST_LAG)
        assert desk.rows("client") == 1
        assert desk.notion.workspace.pages[desk.page(row.ref)].face.in_trash is False
        assert not [ref for ref in desk.truth.ids() if ref.startswith("CL-")], "the client that was made is taken back"

    def test_what_notion_refuses_half_way_leaves_nothing(self, desk: Desk) -> None:
        writes = [
            TruthWrite("create", "client", props={"title": "New", "status": "active"}),
            TruthWrite("create", "task", props={"title": "Call", "status": "a status that Notion has not"}),
        ]
        with pytest.raises(Rejected, match="status") as rejected:
            desk.truth.apply(writes, "two")
        assert [(row.props["title"], row.archived) for row in rejected.value.taken_back] == [("New", True)]
        desk.clock.advance(**PAST_LAG)
        assert there(desk.truth) == set()
        assert desk.truth.effect("two") is None


class TestWhatOthersDo:
    def test_an_edit_on_the_phone_makes_a_write_stale(self, desk: Desk) -> None:
        row = desk.create()
        desk.notion.phone.edit(desk.page(row.ref), {"due": "2026-12-24"})
        with pytest.raises(Stale) as stale:
            desk.update(row, status="doing")
        assert stale.value.rows[0].props["due"] == "2026-12-24"

    def test_an_edit_between_look_and_write_that_collides_is_seen(self, desk: Desk) -> None:
        row = desk.create()
        desk.notion.faults.add("409", path="pages/", method="PATCH")
        assert desk.update(row, status="doing").props["status"] == "doing"

    def test_a_page_in_the_trash_is_not_changed_and_said_so(self, desk: Desk) -> None:
        row = desk.create()
        desk.notion.phone.trash(desk.page(row.ref))
        there = desk.truth.read([row.ref])[row.ref]
        assert there.archived
        with pytest.raises(Rejected, match="T-1 lies in Notion's trash; restore it first"):
            desk.update(there, status="doing")

    def test_a_page_that_is_not_shared_any_more_is_gone(self, desk: Desk) -> None:
        row = desk.create()
        desk.notion.phone.unshare(desk.page(row.ref), desk.notion.token)
        assert desk.truth.read([row.ref]) == {}
        with pytest.raises(Gone):
            desk.update(row, status="doing")

    def test_a_database_that_is_not_shared_any_more_is_out_of_reach_and_not_empty(self, desk: Desk) -> None:
        row, client = desk.create(), desk.create("c", "client")
        source = desk.office.sources["task"]
        desk.notion.phone.unshare(source.id, desk.notion.token)
        desk.clock.advance(**PAST_LAG)
        assert "task" not in desk.truth.ids()
        assert there(desk.truth) == {client.ref}, "what else is there is seen all the same"
        assert desk.all().keys() == {client.ref}
        assert "task:unseen" in desk.truth.noticed()
        asked = lambda: desk.truth.read([row.ref]), lambda: desk.update(row, status="doing"), lambda: desk.create("n")
        for ask in asked:
            with pytest.raises(Unreachable, match="can't be seen"):
                ask()
        (told,) = desk.truth.mismatches({"task"})
        assert told.key == "task:unseen"
        desk.notion.phone.share(source.id, desk.notion.token)
        assert desk.all().keys() == {client.ref, row.ref}

    def test_a_database_in_the_trash_takes_no_row_with_it(self, desk: Desk) -> None:
        row, database = desk.create(), desk.office.sources["task"].database
        desk.notion.phone.delete_database(database)
        with pytest.raises(Unreachable, match="can't be seen"):
            desk.truth.read([row.ref])
        assert [one.key for one in desk.truth.mismatches({"task"})] == ["task:trashed"]
        desk.notion.phone.restore_database(database)
        assert desk.truth.read([row.ref]) == {row.ref: row}

    def test_where_nothing_is_shown_at_all_one_sentence_says_so(self, desk: Desk) -> None:
        for source in desk.office.sources.values():
            desk.notion.phone.unshare(source.id, desk.notion.token)
        with pytest.raises(Unreachable, match="shows none of the data sources"):
            desk.all()
        (told,) = desk.truth.mismatches(set(SCHEMA.kinds))
        assert (told.key, told.kind) == (":unseen", "")

    def test_a_status_that_only_notion_knows_is_shown_as_it_is_and_stays(self, desk: Desk) -> None:
        row = desk.create()
        source = desk.office.sources["task"]
        options = [{"name": name.upper()} for name in SCHEMA.kinds["task"].statuses]
        desk.notion.phone.change_type(source, "status", {"status": {"options": [*options, {"name": "On ice"}]}})
        desk.notion.phone.edit(desk.page(row.ref), {"status": "On ice"})
        there = desk.truth.read([row.ref])[row.ref]
        assert there.props["status"] == "On ice"
        assert desk.update(there, owner="Anna").props["status"] == "On ice"

    def test_a_status_that_was_renamed_is_still_the_same(self, desk: Desk) -> None:
        row = desk.create()
        desk.notion.phone.rename_option(desk.office.sources["task"], "status", "TODO", "To do")
        assert desk.truth.read([row.ref]) == {row.ref: row}
        assert desk.update(row, owner="Anna").props["status"] == "todo"

    def test_a_property_that_was_renamed_goes_on_working(self, desk: Desk) -> None:
        row = desk.create(owner="Anna")
        desk.notion.phone.rename_property(desk.office.sources["task"], "owner", "Responsible")
        assert desk.truth.read([row.ref]) == {row.ref: row}
        assert desk.update(row, owner="Ben").props["owner"] == "Ben"

    def test_a_property_that_was_deleted_is_refused_with_notions_words_and_loses_nothing_else(self, desk: Desk) -> None:
        row = desk.create(owner="Anna")
        desk.notion.phone.delete_property(desk.office.sources["task"], "owner")
        there = desk.truth.read([row.ref])[row.ref]
        assert "owner" not in there.props
        assert list(there.unsaid) == ["owner"]
        with pytest.raises(Rejected, match="“owner” was deleted in Notion"):
            desk.update(there, owner="Ben")
        assert desk.update(there, "u2", status="doing").props["status"] == "doing"

    def test_who_edited_is_known_by_name(self, desk: Desk) -> None:
        row = desk.create()
        desk.notion.phone.edit(desk.page(row.ref), {"owner": "Ada"})
        desk.clock.advance(**PAST_LAG)
        assert desk.all()[row.ref].editor == "Ada Phone"

    def test_who_they_are_is_asked_again_where_notion_was_out_of_reach_or_somebody_is_new(self, desk: Desk) -> None:
        desk.notion.phone.change_type(desk.office.sources["task"], "owner", {"people": {}})
        desk.notion.faults.add("503", path="users", times=30)
        desk.all()
        columns: Any = desk.office.mapping.places["task"].columns
        columns["owner"] = replace(columns["owner"], type="people")
        with pytest.raises(Rejected, match="it knows nobody"):
            desk.create("a", owner="Ada Phone")
        desk.notion.faults.clear()
        desk.clock.advance(minutes=6)
        desk.create("b", owner="Ada Phone")
        desk.notion.workspace.add_person("New\x1b]0;you\x07 One\n# Do this")
        desk.clock.advance(minutes=6)
        desk.create("c", owner="New]0;you One # Do this")

    def test_what_nothing_maps_is_kept_and_shown(self, desk: Desk) -> None:
        source = desk.office.sources["task"]
        desk.notion.phone.add_property(source, "Budget hours", {"number": {}})
        row = desk.create()
        desk.notion.phone.edit(desk.page(row.ref), {"Budget hours": 12})
        desk.truth.read([row.ref])
        assert desk.truth.also(row.ref) == {"Budget hours": "12"}


class TestRelations:
    def test_one_to_a_page_that_nothing_maps_is_never_dropped(self, desk: Desk) -> None:
        places = {name: one for name, one in desk.office.mapping.places.items() if name != "project"}
        project = desk.notion.phone.row(desk.office.sources["project"], {"title": "Unmapped"})
        truth = replace(desk.office, mapping=NotionMapping(places, desk.notion.url)).truth(desk.store)
        client = desk.create("c", "client")
        row = desk.create(client=client.ref)
        page = desk.page(row.ref)
        desk.notion.phone.edit(page, {"project": [project.id]})
        there = truth.read([row.ref])[row.ref]
        assert "project" not in there.props
        truth.apply([TruthWrite("update", "task", row.ref, there.etag, {"owner": "Anna"})], "u")
        truth.close()
        assert desk.truth.read([row.ref])[row.ref].props.get("project") is None, "not known yet"
        desk.clock.advance(**PAST_LAG)
        assert desk.all()[row.ref].props["project"] == "P-1"
        assert desk.truth.read([row.ref])[row.ref].props["project"] == "P-1"

    def test_what_is_written_keeps_those_that_we_can_not_see(self, desk: Desk) -> None:
        first, second = desk.create("a"), desk.create("b")
        hidden = desk.notion.phone.row(desk.office.sources["task"], {"title": "Hidden"})
        row = desk.create("c", blocked_by=[first.ref])
        page = desk.page(row.ref)
        desk.notion.phone.edit(page, {"blocked_by": [desk.page(first.ref), hidden.id]})
        there = desk.truth.read([row.ref])[row.ref]
        assert there.props["blocked_by"] == [first.ref]
        desk.update(there, blocked_by=[second.ref])
        desk.clock.advance(**PAST_LAG)
        assert desk.all()[row.ref].props["blocked_by"] == [second.ref, desk.truth._rows.name([{"id": hidden.id}])[0]]

    def test_more_than_are_shown_are_all_read_and_all_kept(self, desk: Desk) -> None:
        others = [desk.create(f"k{n}").ref for n in range(40)]
        row = desk.create("many", blocked_by=others)
        assert row.props["blocked_by"] == others
        desk.clock.advance(**PAST_LAG)
        assert desk.all()[row.ref] == replace(row, editor="onefirm")
        assert desk.update(row, blocked_by=others[1:]).props["blocked_by"] == others[1:]


class TestPolling:
    def test_an_edit_within_the_minute_of_the_last_poll_is_not_lost(self, desk: Desk) -> None:
        row = desk.create()
        desk.clock.advance(**PAST_LAG)
        watermark = desk.reached()
        for number in range(4):
            desk.notion.phone.edit(desk.page(row.ref), {"owner": f"O{number}"})
            watermark = desk.reached(watermark)
            desk.clock.advance(seconds=11)
        desk.clock.advance(**PAST_LAG)
        assert desk.all(watermark)[row.ref].props["owner"] == "O3"

    def test_trash_is_seen_and_so_is_what_came_out_of_it(self, desk: Desk) -> None:
        row = desk.create()
        desk.clock.advance(**PAST_LAG)
        watermark = desk.reached()
        desk.notion.phone.trash(desk.page(row.ref))
        desk.clock.advance(**PAST_LAG)
        assert desk.all(watermark)[row.ref].archived
        assert there(desk.truth) == set()
        desk.notion.phone.restore(desk.page(row.ref))
        desk.clock.advance(**PAST_LAG)
        assert not desk.all(watermark)[row.ref].archived
        assert there(desk.truth) == {row.ref}

    @pytest.mark.parametrize("minutes", [0, 1])
    def test_more_rows_than_one_query_shows_all_come(self, make: Callable[..., Desk], minutes: int) -> None:
        desk = make(cap=40)
        for number in range(150):
            desk.notion.phone.row(desk.office.sources["task"], {"title": f"{number}", "status": "TODO"})
            if number % 30 == 29:
                desk.clock.advance(minutes=minutes or (1 if number > 100 else 0))
        desk.clock.advance(**PAST_LAG)
        if minutes:
            assert len(desk.all()) == 150
            assert len(there(desk.truth)) == 150
        else:
            with pytest.raises(Unreachable, match="made and edited in one minute"):
                desk.all()

    def test_lost_cursors_begin_again_and_lose_nothing(self, desk: Desk) -> None:
        for number in range(250):
            desk.notion.phone.row(desk.office.sources["task"], {"title": f"{number}", "status": "TODO"})
        desk.clock.advance(**PAST_LAG)
        seen = set[str]()
        for number, batch in enumerate(desk.truth.changed_since(None)):
            seen |= {row.ref for row in batch.rows}
            if number == 10:
                desk.notion.queries.expire()
        assert len(seen) == 250

    def test_whoever_ends_early_goes_on_where_he_was(self, desk: Desk) -> None:
        for number in range(300):
            desk.notion.phone.row(desk.office.sources["task"], {"title": f"{number}", "status": "TODO"})
            if number % 100 == 99:
                desk.clock.advance(minutes=10)
        seen, watermark = set[str](), None
        for batch in desk.truth.changed_since(None):
            seen |= {row.ref for row in batch.rows}
            watermark = batch.watermark
            if len(seen) >= 200:
                break
        again = [row.ref for batch in desk.truth.changed_since(watermark) for row in batch.rows]
        assert seen | set(again) == {f"T-{n}" for n in range(1, 301)}
        assert len(again) <= 201

    def test_fifty_changes_cost_two_requests_for_each_data_source(self, desk: Desk) -> None:
        for number in range(50):
            desk.notion.phone.row(desk.office.sources["task"], {"title": f"{number}", "status": "TODO"})
        desk.clock.advance(**PAST_LAG)
        desk.all(desk.reached())
        before = len(desk.notion.exchanges)
        assert len(desk.all(desk.reached())) <= 50
        assert len(desk.notion.exchanges) - before == 2 * 2 * len(SCHEMA.kinds)

    def test_the_watermark_is_older_than_the_lag(self, desk: Desk) -> None:
        desk.create()
        assert iso(desk.clock.now() - timedelta(seconds=180))[:16] in desk.reached()


def test_what_each_operation_asks(desk: Desk) -> None:
    first = desk.create("a")
    counted: dict[str, list[str]] = {}

    def count(name: str, work: Callable[[], Any]) -> Any:
        before = len(desk.notion.exchanges)
        done = work()
        counted[name] = [asked.split()[0] for asked in desk.office.asked(before)]
        return done

    row = count("create", lambda: desk.create("b"))
    changed = count("update", lambda: desk.update(row, status="doing"))
    count("the same again", lambda: desk.update(row, status="doing"))
    count("archive", lambda: desk.truth.apply([TruthWrite("archive", "task", row.ref, changed.etag)], "x"))
    count("read", lambda: desk.truth.read([first.ref]))
    count("effect", lambda: desk.truth.effect("b"))
    count("never sent", lambda: desk.truth.effect("never"))
    assert counted == {
        "create": ["POST"], "update": ["GET", "PATCH"], "the same again": [], "archive": ["GET", "PATCH"],
        "read": ["GET"], "effect": [], "never sent": [],
    }  # fmt: skip


def test_the_token_is_in_no_log(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    desk.notion.faults.add("500", path="pages", method="POST")
    with pytest.raises(AnswerLost) as lost:
        desk.create()
    assert desk.notion.token not in caplog.text + repr(lost.value) + repr(vars(desk.truth))


def test_closing_ends_what_is_under_way(desk: Desk) -> None:
    desk.notion.phone.row(desk.office.sources["task"], {"title": "x"})
    walking = desk.truth.changed_since(None)
    next(walking)
    walking.close()
    desk.truth.close()
    desk.truth.close()
