"""What every truth must keep, whatever it is made of."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from contract.notions import LAG, office
from contract.office import SCHEMA
from contract.stores import sqlite_url
from contract.truths import SlowTruth, there
from onefirm.simulators.notion import Notion
from onefirm.state.truth.base import AnswerLost, Gone, Stale, Truth, TruthRow, TruthWrite, Unreachable
from onefirm.state.truth.embedded import EmbeddedTruth
from onefirm.state.truth.notion.truth import NotionTruth
from onefirm.store.engine import Store
from support.clock import FixedClock
from support.notion import faults
from support.notion_contract import request_fault

ADAPTERS = (
    "sqlite", pytest.param("postgres", marks=pytest.mark.postgres), "slow", "notion", "notion without a key",
)  # fmt: skip
FIRST = {kind.name: kind.initial for kind in SCHEMA.kinds.values()}


@pytest.fixture(params=ADAPTERS)
def truth(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> Iterator[Truth]:
    if request.param == "slow":
        yield SlowTruth(SCHEMA, clock)
        return
    if request.param.startswith("notion"):
        yield from in_notion(tmp_path, clock, key=request.param == "notion")
        return
    on_sqlite = request.param == "sqlite"
    store = Store.open(sqlite_url(tmp_path) if on_sqlite else request.getfixturevalue("migrated_postgres"))
    yield EmbeddedTruth(store, SCHEMA, clock)
    store.close()


def in_notion(folder: Path, clock: FixedClock, *, key: bool) -> Iterator[Truth]:
    with Notion(clock=clock, index_lag_s=LAG.total_seconds()) as notion:
        store = Store.open(sqlite_url(folder))
        truth = office(notion, SCHEMA, clock).truth(store, key=key)
        yield truth
        truth.close()
        store.close()
        asked = [(one, request_fault(one.method, urlsplit(one.path).path.removeprefix("/v1/"), one.body))
                 for one in notion.exchanges[:40]]  # fmt: skip
        assert [(one.path, fault) for one, fault in asked if fault] == []
        assert faults(notion) == []


def create(truth: Truth, key: str = "k", kind: str = "task", **props: object) -> TruthRow:
    return truth.apply([TruthWrite("create", kind, props={"title": "A task", "status": FIRST[kind], **props})], key)[0]


def changes(truth: Truth, watermark: str | None) -> tuple[list[TruthRow], str]:
    """All rows of all batches, and the watermark of the last."""
    batches = list(truth.changed_since(watermark))
    return [row for batch in batches for row in batch.rows], batches[-1].watermark


class TestEveryTruth:
    def test_a_created_row_is_answered_as_it_can_be_read(self, truth: Truth) -> None:
        first = create(truth, "first")
        row = create(truth, due="2026-12-01", blocked_by=[first.ref], priority="high")
        assert row.ref == "T-2"
        assert row.props == {
            "title": "A task", "status": "todo", "due": "2026-12-01", "blocked_by": ["T-1"], "priority": "high",
        }  # fmt: skip
        assert not row.archived
        assert truth.read(["T-2"]) == {"T-2": row}

    def test_every_type_comes_back(self, truth: Truth) -> None:
        client = create(truth, "c", "client", website="https://a.example/x", email="a@b.example")
        paid = create(truth, "i", "invoice", client=client.ref, amount={"minor": 100, "currency": "JPY"})
        assert truth.read([client.ref, paid.ref]) == {client.ref: client, paid.ref: paid}
        assert client.props["website"] == "https://a.example/x"
        assert paid.props["client"] == "CL-1"
        assert paid.props["amount"] == {"minor": 100, "currency": "JPY"}

    def test_refs_count_up_for_each_kind(self, truth: Truth) -> None:
        refs = [create(truth, f"k{i}", kind).ref for i, kind in enumerate(("task", "client", "task", "project"))]
        assert refs == ["T-1", "CL-1", "T-2", "P-1"]

    def test_an_update_keeps_what_it_does_not_name_and_clears_what_is_none(self, truth: Truth) -> None:
        row = create(truth, owner="Anna", due="2026-12-01")
        changed = truth.apply([TruthWrite("update", "task", row.ref, row.etag, {"status": "doing", "due": None})], "u")[
            0
        ]
        assert changed.props == {"title": "A task", "status": "doing", "owner": "Anna"}
        assert changed.etag != row.etag
        assert truth.read([row.ref])[row.ref] == changed

    def test_archiving_and_restoring_move_the_etag(self, truth: Truth) -> None:
        row = create(truth)
        archived = truth.apply([TruthWrite("archive", "task", row.ref, row.etag)], "a")[0]
        assert archived.archived
        assert archived.props == row.props
        assert archived.etag != row.etag
        restored = truth.apply([TruthWrite("restore", "task", row.ref, archived.etag)], "r")[0]
        assert not restored.archived

    def test_a_write_on_an_old_base_is_refused_with_the_row_as_it_is(self, truth: Truth) -> None:
        old = create(truth)
        new = truth.apply([TruthWrite("update", "task", old.ref, old.etag, {"status": "doing"})], "u1")[0]
        with pytest.raises(Stale) as refused:
            truth.apply([TruthWrite("update", "task", old.ref, old.etag, {"status": "done"})], "u2")
        assert refused.value.rows == (new,)
        assert truth.read([old.ref])[old.ref] == new
        assert truth.effect("u2") is None

    def test_a_write_of_a_row_that_is_not_there_is_refused(self, truth: Truth) -> None:
        with pytest.raises(Gone) as refused:
            truth.apply([TruthWrite("update", "task", "T-99", "1", {"status": "done"})], "u")
        assert refused.value.refs == ("T-99",)

    @pytest.mark.parametrize("bad", ["stale", "gone"])
    def test_of_several_writes_all_are_applied_or_none(self, truth: Truth, bad: str, clock: FixedClock) -> None:
        row = create(truth)
        ref = row.ref if bad == "stale" else "T-99"
        writes = [
            TruthWrite("create", "client", props={"title": "New", "status": "active"}),
            TruthWrite("update", "task", ref, "no such etag", {"status": "done"}),
        ]
        with pytest.raises((Stale, Gone)):
            truth.apply(writes, "both")
        clock.advance(seconds=LAG.total_seconds())
        assert there(truth) == {row.ref}
        assert truth.effect("both") is None

    def test_the_same_effect_twice_is_applied_once(self, truth: Truth, clock: FixedClock) -> None:
        writes = [
            TruthWrite("create", "task", props={"title": "One", "status": "todo"}),
            TruthWrite("create", "client", props={"title": "Two", "status": "active"}),
        ]
        first = truth.apply(writes, "k")
        assert truth.apply(writes, "k") == first
        assert truth.effect("k") == first
        clock.advance(seconds=LAG.total_seconds())
        assert there(truth) == {"T-1", "CL-1"}

    def test_the_same_effect_from_many_threads_is_applied_once(self, truth: Truth, clock: FixedClock) -> None:
        writes = [TruthWrite("create", "task", props={"title": "One", "status": "todo"})]
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: truth.apply(writes, "k"), range(8)))
        assert all(answer == answers[0] for answer in answers)
        clock.advance(seconds=LAG.total_seconds())
        assert there(truth) == {"T-1"}

    def test_of_many_writers_on_one_base_one_wins(self, truth: Truth) -> None:
        row = create(truth)

        def write(number: int) -> bool:
            try:
                truth.apply([TruthWrite("update", "task", row.ref, row.etag, {"owner": f"O{number}"})], f"u{number}")
            except Stale:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(write, range(8))) == 1

    def test_an_effect_shows_the_rows_of_its_time(self, truth: Truth) -> None:
        row = create(truth, "first")
        truth.apply([TruthWrite("update", "task", row.ref, row.etag, {"status": "done"})], "second")
        assert truth.effect("first") == [row]

    def test_an_unknown_effect_is_surely_not_applied(self, truth: Truth) -> None:
        assert truth.effect("never") is None

    def test_reading_leaves_out_what_is_not_there(self, truth: Truth) -> None:
        row = create(truth)
        assert truth.read([row.ref, "T-99"]) == {row.ref: row}
        assert truth.read([]) == {}

    def test_every_change_comes_after_the_watermark_before_it(self, truth: Truth, clock: FixedClock) -> None:
        _, start = changes(truth, None)
        row = create(truth)
        clock.advance(seconds=LAG.total_seconds())
        rows, after_create = changes(truth, start)
        assert rows == [row]
        archived = truth.apply([TruthWrite("archive", "task", row.ref, row.etag)], "a")[0]
        clock.advance(seconds=LAG.total_seconds())
        rows, after_archive = changes(truth, after_create)
        assert rows == [archived]
        assert changes(truth, after_archive)[0] in ([archived], [])

    def test_without_a_watermark_all_rows_come(self, truth: Truth, clock: FixedClock) -> None:
        rows = [create(truth, f"k{i}") for i in range(5)]
        clock.advance(seconds=LAG.total_seconds())
        assert sorted(row.ref for row in changes(truth, None)[0]) == sorted(row.ref for row in rows)

    def test_many_rows_are_read_at_once(self, truth: Truth) -> None:
        many = 130 if isinstance(truth, NotionTruth) else 1200  # as many requests
        writes = [TruthWrite("create", "task", props={"title": f"{i}", "status": "todo"}) for i in range(many)]
        rows = truth.apply(writes, "many")
        assert len(truth.read([row.ref for row in rows])) == many
        assert len({row.etag for row in rows}) == many

    def test_text_of_every_script_comes_back_as_it_was(self, truth: Truth) -> None:
        text = "Größe — naïve 日本語 🙂 \"quoted\" \\ back\n'single'"
        assert create(truth, waiting_on=text).props["waiting_on"] == text


def test_the_embedded_one_forgets_old_effects_and_keeps_the_young(tmp_path: Path, clock: FixedClock) -> None:
    store = Store.open(sqlite_url(tmp_path))
    truth = EmbeddedTruth(store, SCHEMA, clock)
    create(truth, "old")
    clock.advance(days=31)
    create(truth, "young")
    truth.apply([TruthWrite("create", "task", props={"title": str(n)}) for n in range(300)], "many")
    assert truth.effect("old") is None
    assert [row.ref for row in truth.effect("young") or ()] == ["T-2"]
    store.close()


class TestTheSlowTruth:
    """That the truth which tests rely on to fail really does."""

    @pytest.fixture
    def slow(self, clock: FixedClock) -> SlowTruth:
        return SlowTruth(SCHEMA, clock)

    def test_every_call_takes_time(self, slow: SlowTruth, clock: FixedClock) -> None:
        before = clock.now()
        create(slow)
        assert (clock.now() - before).total_seconds() == slow.latency_s

    @pytest.mark.parametrize(
        "call",
        [lambda t: t.effect("k"), lambda t: t.read(["T-1"]), lambda t: list(t.changed_since(None)), lambda t: t.ids()],
    )
    def test_when_down_nothing_can_be_asked(self, slow: SlowTruth, call: Callable[[SlowTruth], object]) -> None:
        slow.down = True
        with pytest.raises(Unreachable):
            call(slow)

    def test_an_answer_lost_after_the_write_leaves_the_row(self, slow: SlowTruth) -> None:
        slow.faults = ["lost after"]
        with pytest.raises(AnswerLost):
            create(slow, "k")
        assert slow.effect("k") == [slow.rows["T-1"]]

    def test_an_answer_lost_before_the_write_leaves_none(self, slow: SlowTruth) -> None:
        slow.faults = ["lost before"]
        with pytest.raises(AnswerLost):
            create(slow, "k")
        assert slow.effect("k") is None

    def test_a_row_that_comes_back_to_its_content_comes_back_to_its_etag(self, slow: SlowTruth) -> None:
        row = create(slow)
        slow.edit(row.ref, owner="Anna")
        assert slow.rows[row.ref].etag != row.etag
        slow.edit(row.ref, owner=None)
        assert slow.rows[row.ref].etag == row.etag
