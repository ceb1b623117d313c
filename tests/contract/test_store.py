"""What the store must keep on SQLite and on Postgres alike: transactions, counters, the outbox, the inbox."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from contract.stores import sqlite_url
from onefirm.core.errors import FirmError, InvalidInput, Unavailable
from onefirm.store import inbox, outbox
from onefirm.store.counters import next_number
from onefirm.store.engine import SchemaNewer, SchemaOlder, Store, make_engine
from onefirm.store.listed import listed
from onefirm.store.migrate import migrate
from onefirm.store.tables import outbox as outbox_table
from onefirm.store.tables import setting
from support.clock import MORNING

TOPIC = "mail"


@pytest.fixture
def url(database: str) -> str:
    return database


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store.open(url)
    yield store
    store.close()


def names(store: Store) -> list[str]:
    with store.read() as conn:
        return list(conn.execute(select(setting.c.name).order_by(setting.c.name)).scalars())


def row(store: Store, key: str) -> Any:
    with store.read() as conn:
        return conn.execute(select(outbox_table).where(outbox_table.c.key == key)).first()


def said(error: BaseException | None) -> str:
    """Everything that an error says, with what led to it: what a log would show."""
    return f"{error} {error!r} {said(error.__cause__)} {said(error.__context__)}" if error else ""


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
        with store.write() as conn:
            assert outbox.put(conn, TOPIC, "k", {"to": "k"}, MORNING) is None
        with store.write() as conn:
            assert outbox.put(conn, TOPIC, "k", {"to": "somebody else"}, MORNING, lease_s=60) is None
        assert (row(store, "k").payload, row(store, "k").state) == ({"to": "k"}, "waiting")

    def test_of_many_who_put_one_key_under_a_lease_one_holds_it(self, store: Store) -> None:
        def put(_: int) -> str | None:
            with store.write() as conn:
                return outbox.put(conn, TOPIC, "k", {}, MORNING, lease_s=60)

        with ThreadPoolExecutor(6) as pool:
            [lease] = filter(None, pool.map(put, range(6)))
        assert (row(store, "k").lease, row(store, "k").state) == (lease, "leased")

    def test_a_row_is_finished_only_under_its_lease(self, store: Store) -> None:
        with store.write() as conn:
            lease = outbox.put(conn, TOPIC, "k", {}, MORNING, lease_s=60)
            assert not outbox.done(conn, "k", "somebody else's")
            assert outbox.done(conn, "k", lease or "")
        assert row(store, "k") is None

    def test_a_dropped_row_is_gone_whatever_its_state(self, store: Store) -> None:
        with store.write() as conn:
            outbox.put(conn, TOPIC, "k", {}, MORNING, lease_s=60)
            outbox.drop(conn, "k")
        assert row(store, "k") is None


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
        with pytest.raises(Unavailable, match="refuses connections") as refused:
            Store.open("postgresql+psycopg://nobody:hunter2@127.0.0.1:1/none?connect_timeout=2")
        assert "hunter2" not in said(refused.value)

    @pytest.mark.parametrize(
        "url", ["", "nonsense", "mysql://me:hunter2@host/firm", "postgresql://me:hunter2@host:port/firm", "sqlite://",
                "sqlite:///:memory:", "postgresql+psycopg2://me:hunter2@host/firm", "postgresql://me:hunter2@host"],
    )  # fmt: skip
    def test_a_url_of_no_database_of_ours(self, url: str, tmp_path: Path) -> None:
        for use in (Store.open, lambda url: migrate(url, tmp_path, "now")):
            with pytest.raises(InvalidInput, match="store:") as refused:
                use(url)
            assert "hunter2" not in said(refused.value)

    @pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
    def test_every_usual_spelling_of_a_postgres_url_is_understood(self, scheme: str) -> None:
        engine = make_engine(f"{scheme}://me:hunter2@host/firm")
        assert engine.dialect.driver == "psycopg"
        assert "hunter2" not in repr(engine)
        engine.dispose()

    def test_a_damaged_byte_shows_as_a_mark_and_stops_nothing(self, tmp_path: Path) -> None:
        store = Store.open(sqlite_url(tmp_path))
        with store.write() as conn:
            conn.execute(text("INSERT INTO counter (name, last) VALUES ('a', 1), (CAST(x'62ff' AS TEXT), 2)"))
        with store.read() as conn:
            assert sorted(conn.execute(text("SELECT name FROM counter")).scalars()) == ["a", "b\ufffd"]
        store.close()

    def test_a_database_held_too_long(self, tmp_path: Path) -> None:
        url = sqlite_url(tmp_path)
        one, two = Store.open(url), Store.open(url)
        with one.write(), pytest.raises(Unavailable, match="Another program"), two.write(patience_ms=50):
            pass
        one.close()
        two.close()


class TestOnEveryStore:
    def test_what_was_to_be_written_stands_in_no_error(self, store: Store) -> None:
        def twice() -> None:
            with store.write() as conn:
                for _ in range(2):
                    conn.execute(insert(setting).values(name="a", value="hunter2"))

        with pytest.raises(IntegrityError) as refused:
            twice()
        assert "hunter2" not in said(refused.value)

    @pytest.mark.parametrize("name", ["name", "value"])
    def test_a_nul_character_is_refused_where_the_database_refuses_it(self, store: Store, name: str) -> None:
        def keep() -> None:
            with store.write() as conn:
                conn.execute(insert(setting).values(**{"name": "a", "value": 1, name: "x\0y"}))

        if store.dialect == "sqlite":
            keep()
            return
        with pytest.raises(InvalidInput, match="NUL"):
            keep()

    def test_of_two_who_wait_for_each_other_one_is_told_to_try_again(self, store: Store) -> None:
        if store.dialect == "sqlite":
            return  # one writer: nobody waits while holding anything
        both, told = threading.Barrier(2), list[FirmError]()

        def count(*names: str) -> None:
            try:
                with store.write() as conn:
                    for name in names:
                        next_number(conn, name)
                        if name == names[0]:
                            both.wait(20)
            except FirmError as error:
                told.append(error)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda names: count(*names), [("a", "b"), ("b", "a")]))
        assert [error.message.partition(",")[0] for error in told] == ["Two programs waited for each other"]


class TestAListOfTexts:
    @pytest.mark.parametrize("texts", [[], ["T-1"], ["T-1", "T-1", 'a "b"', "näh 山", "%s :x 'y", "\\u0041", ""]])
    def test_a_column_is_held_against_exactly_these_texts(self, store: Store, texts: list[str]) -> None:
        with store.write() as conn:
            for name in {*texts, "T-2", "A"}:
                conn.execute(insert(setting).values(name=name, value="1"))
        with store.read() as conn:
            known = set(conn.execute(select(setting.c.name)).scalars())
            inside = set(conn.execute(select(setting.c.name).where(setting.c.name.in_(listed(conn, texts)))).scalars())
            outside = conn.execute(select(setting.c.name).where(setting.c.name.not_in(listed(conn, texts)))).scalars()
            assert (inside, set(outside)) == (set(texts), known - set(texts))

    def test_a_list_may_be_longer_than_a_statement_has_parameters(self, store: Store) -> None:
        with store.write() as conn:
            conn.execute(insert(setting).values(name="T-69999", value="1"))
        with store.read() as conn:
            refs = listed(conn, (f"T-{number}" for number in range(70_000)))
            assert "T-69999" in set(conn.execute(select(setting.c.name).where(setting.c.name.in_(refs))).scalars())
