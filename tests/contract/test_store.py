"""What the store must keep on SQLite and on Postgres alike: transactions, counters, the outbox, the inbox."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from contract.stores import postgres_store, sqlite_url
from onefirm.core.errors import Unavailable
from onefirm.store import inbox, outbox
from onefirm.store.counters import next_number
from onefirm.store.engine import SchemaNewer, SchemaOlder, Store
from onefirm.store.tables import outbox as outbox_table
from onefirm.store.tables import setting
from support.clock import MORNING

TOPIC = "mail"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return sqlite_url(tmp_path)
    url: str = request.getfixturevalue("postgres_url")
    postgres_store(url, tmp_path).close()
    return url


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store.open(url)
    yield store
    store.close()


def names(store: Store) -> list[str]:
    with store.read() as conn:
        return list(conn.execute(select(setting.c.name).order_by(setting.c.name)).scalars())


def put(store: Store, key: str, **options: float) -> str | None:
    with store.write() as conn:
        return outbox.put(conn, TOPIC, key, {"to": key}, MORNING, **options)


def claim(store: Store, minutes: float = 0, lease_s: float = 60, key: str | None = None) -> outbox.Waiting | None:
    with store.write() as conn:
        return outbox.claim(conn, TOPIC, MORNING + timedelta(minutes=minutes), lease_s, key)


class TestTransactions:
    def test_a_write_that_ends_is_there_for_everyone(self, store: Store, url: str) -> None:
        with store.write() as conn:
            conn.execute(insert(setting).values(name="a", value={"n": 1}))
        other = Store.open(url)
        assert names(other) == ["a"]
        other.close()

    def test_a_write_that_raises_leaves_nothing(self, store: Store) -> None:
        def fail() -> None:
            with store.write() as conn:
                conn.execute(insert(setting).values(name="a", value=1))
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail()
        assert names(store) == []

    def test_what_is_written_in_a_read_is_rolled_back(self, store: Store) -> None:
        with store.read() as conn:
            conn.execute(insert(setting).values(name="a", value=1))
        assert names(store) == []

    def test_writers_wait_for_each_other(self, store: Store) -> None:
        def add(number: int) -> None:
            with store.write() as conn:
                last = next_number(conn, "n")
                conn.execute(insert(setting).values(name=f"{last:03}", value=number))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(add, range(40)))
        assert names(store) == [f"{n:03}" for n in range(1, 41)]

    def test_a_newer_database_is_refused_at_each_write(self, store: Store, url: str) -> None:
        with store.write() as conn:
            conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(SchemaNewer, match="9999"), store.write():
            pass
        with pytest.raises(SchemaNewer):
            Store.open(url)

    def test_an_older_database_is_refused_with_the_command_that_migrates(self, store: Store, url: str) -> None:
        with store.write() as conn:
            conn.execute(text("UPDATE alembic_version SET version_num = '0000'"))
        with pytest.raises(SchemaOlder, match="onefirm doctor --fix"):
            Store.open(url)


class TestCounters:
    def test_numbers_begin_at_one_and_names_count_apart(self, store: Store) -> None:
        with store.write() as conn:
            assert [next_number(conn, "a"), next_number(conn, "a"), next_number(conn, "b")] == [1, 2, 1]

    def test_a_block_of_numbers_is_reserved_at_once(self, store: Store) -> None:
        with store.write() as conn:
            assert next_number(conn, "a", 10) == 1
            assert next_number(conn, "a") == 11

    def test_a_number_of_a_write_that_failed_is_given_again(self, store: Store) -> None:
        def fail() -> None:
            with store.write() as conn:
                next_number(conn, "a")
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail()
        with store.write() as conn:
            assert next_number(conn, "a") == 1


class TestTheOutbox:
    def test_a_key_is_put_once(self, store: Store) -> None:
        put(store, "k")
        with store.write() as conn:
            assert outbox.put(conn, TOPIC, "k", {"to": "somebody else"}, MORNING, lease_s=60) is None
            row = outbox.get(conn, "k")
        assert row is not None
        assert row.payload == {"to": "k"}

    def test_the_oldest_due_row_is_claimed_first(self, store: Store) -> None:
        for minute, key in enumerate(("b", "a", "c")):
            with store.write() as conn:
                outbox.put(conn, TOPIC, key, {}, MORNING + timedelta(minutes=minute))
        assert [found.key for _ in range(3) if (found := claim(store, 5))] == ["b", "a", "c"]
        assert claim(store, 5) is None

    def test_another_topic_is_left_alone(self, store: Store) -> None:
        with store.write() as conn:
            outbox.put(conn, "other", "k", {}, MORNING)
        assert claim(store) is None

    def test_a_leased_row_is_nobody_elses_until_the_lease_runs_out(self, store: Store) -> None:
        put(store, "k")
        first = claim(store)
        assert first is not None
        assert claim(store, minutes=0.5) is None
        second = claim(store, minutes=2)
        assert second is not None
        assert second.attempts == first.attempts + 1
        with store.write() as conn:
            assert not outbox.done(conn, "k", first.lease or "")
            assert outbox.done(conn, "k", second.lease or "")
            assert outbox.get(conn, "k") is None

    def test_a_row_put_under_a_lease_is_held_at_once(self, store: Store) -> None:
        lease = put(store, "k", lease_s=60)
        assert lease
        assert claim(store) is None
        with store.write() as conn:
            assert outbox.done(conn, "k", lease)

    def test_a_postponed_row_waits_longer_each_time(self, store: Store) -> None:
        put(store, "k")
        pauses = []
        moment = 0.0
        for _ in range(4):
            found = claim(store, moment)
            assert found is not None
            with store.write() as conn:
                outbox.postpone(conn, found, MORNING + timedelta(minutes=moment), "refused")
                row = outbox.get(conn, "k")
            assert row is not None
            assert (row.state, row.last_error) == ("waiting", "refused")
            assert claim(store, moment) is None
            pauses.append(row.not_before)
            moment += 60
        assert pauses == sorted(pauses)

    def test_a_held_row_is_claimed_by_nobody(self, store: Store) -> None:
        put(store, "k")
        found = claim(store)
        assert found is not None
        with store.write() as conn:
            outbox.hold(conn, found, "both sides changed it")
        assert claim(store, minutes=600) is None
        with store.write() as conn:
            outbox.drop(conn, "k")
            assert outbox.waiting(conn, TOPIC) == []

    def test_a_key_can_be_claimed_before_it_is_due(self, store: Store) -> None:
        with store.write() as conn:
            outbox.put(conn, TOPIC, "k", {}, MORNING + timedelta(hours=1))
        assert claim(store) is None
        found = claim(store, key="k")
        assert found is not None
        assert found.key == "k"

    def test_many_deliverers_never_claim_the_same_row(self, store: Store) -> None:
        for number in range(30):
            put(store, f"k{number:02}")
        taken: list[str] = []
        lock = threading.Lock()

        def deliver(_: int) -> None:
            while found := claim(store):
                with lock:
                    taken.append(found.key)
                with store.write() as conn:
                    assert outbox.done(conn, found.key, found.lease or "")

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(deliver, range(6)))
        assert sorted(taken) == [f"k{number:02}" for number in range(30)]
        with store.read() as conn:
            assert conn.execute(select(outbox_table)).all() == []


class TestTheInbox:
    def ask(self, store: Store, key: str, kind: str = "conflict", minutes: float = 0) -> str:
        with store.write() as conn:
            at = MORNING + timedelta(minutes=minutes)
            return inbox.ask(conn, kind, key, f"About {key}?", ["P-1"], {"mine": 1, "theirs": None}, at)

    def test_a_question_is_asked_once_for_each_key(self, store: Store) -> None:
        assert [self.ask(store, "a"), self.ask(store, "b"), self.ask(store, "a")] == ["I-1", "I-2", "I-1"]

    def test_open_questions_come_oldest_first_and_by_kind(self, store: Store) -> None:
        self.ask(store, "late", minutes=9)
        self.ask(store, "early")
        self.ask(store, "else", kind="yes-or-no", minutes=1)
        with store.read() as conn:
            assert [item.key for item in inbox.open_items(conn)] == ["early", "else", "late"]
            assert [item.key for item in inbox.open_items(conn, "conflict")] == ["early", "late"]

    def test_a_question_is_decided_once(self, store: Store) -> None:
        item = self.ask(store, "a")

        def decide(who: str) -> bool:
            with store.write() as conn:
                return inbox.decide(conn, item, {"keep": who}, who, MORNING)

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(decide, ["anna", "bert", "carl", "dora"]))
        assert sum(answers) == 1
        with store.read() as conn:
            assert inbox.open_items(conn) == []
            found = inbox.get(conn, item)
        assert found is not None
        assert found.state == "decided"
        assert found.decision == {"keep": found.decided_by}

    def test_an_unknown_question_can_not_be_decided(self, store: Store) -> None:
        with store.write() as conn:
            assert not inbox.decide(conn, "I-99", "mine", "operator", MORNING)
            assert inbox.get(conn, "I-99") is None


class TestWhatGoesWrong:
    """SQLite files fail in ways of their own; each becomes a sentence with the next step."""

    def test_a_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(Unavailable, match=r"missing.*backup"):
            Store.open(f"sqlite:///{tmp_path / 'none.db'}")

    @pytest.mark.parametrize("damage", ["text", "header", "middle"])
    def test_a_damaged_file(self, tmp_path: Path, damage: str) -> None:
        url = sqlite_url(tmp_path)
        path = tmp_path / "firm.db"
        content = bytearray(path.read_bytes())
        if damage == "text":
            content = bytearray(b"this was never a database\n" * 400)
        elif damage == "header":
            content[:16] = bytes(16)
        else:
            content[4096:] = bytes(len(content) - 4096)
        path.write_bytes(content)

        def use() -> None:
            with Store.open(url).write() as conn:
                next_number(conn, "a")

        with pytest.raises(Unavailable, match=r"damaged|malformed") as refused:
            use()
        assert "onefirm doctor" in refused.value.hint

    def test_a_full_disk(self, tmp_path: Path) -> None:
        store = Store.open(sqlite_url(tmp_path))

        def fill() -> None:
            with store.write() as conn:
                pages = conn.execute(text("PRAGMA page_count")).scalar_one()
                conn.execute(text(f"PRAGMA max_page_count = {pages}"))
                rows = [{"name": f"{number}", "value": "x" * 4000} for number in range(200)]
                conn.execute(insert(setting), rows)

        with pytest.raises(Unavailable, match="disk is full") as refused:
            fill()
        assert "Free some space" in refused.value.hint
        assert names(store) == []
        store.close()

    def test_an_unreachable_server(self) -> None:
        with pytest.raises(Unavailable, match="can't be reached"):
            Store.open("postgresql+psycopg://nobody:nothing@127.0.0.1:1/none?connect_timeout=2")

    def test_a_database_held_too_long(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("onefirm.store.engine.BUSY_TIMEOUT_MS", 50)
        url = sqlite_url(tmp_path)
        one, two = Store.open(url), Store.open(url)
        with one.write(), pytest.raises(Unavailable, match="Another program"), two.write():
            pass
        one.close()
        two.close()
