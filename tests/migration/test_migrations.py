"""The migrations make exactly the tables that the code works with, and the triggers that keep the ledger."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError

import onefirm.store.migrations
from contract.office import HOME, OPERATOR
from contract.stores import sqlite_url
from onefirm.core.errors import Unavailable
from onefirm.ledger.append import Ledger
from onefirm.ledger.sentences import sentence
from onefirm.ledger.verify import verify
from onefirm.memory.decisions import DecisionQuery, Decisions
from onefirm.memory.recall import Recall
from onefirm.store import tables, triggers
from onefirm.store.engine import SchemaNewer, SchemaOlder, Store, make_engine, schema_version, sqlite_path
from onefirm.store.migrate import migrate
from onefirm.store.migrations.head import HEAD
from support.clock import FixedClock
from support.unmeasured import not_measured

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
FIRST = Path(__file__).with_name("first_version.sql")
APPEND_ONLY = [table.name for table in tables.APPEND_ONLY]


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store' / 'firm.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def url(empty_url: str, tmp_path: Path) -> str:
    assert migrate(empty_url, tmp_path / "backup", "now") is None
    return empty_url


@pytest.fixture
def conn(url: str) -> Iterator[Connection]:
    """A connection to a migrated database with one entry in each append-only table."""
    store = Store.open(url)
    ledger = Ledger(FixedClock(), HOME)
    with store.write() as conn:
        ledger.found(conn, "host.example")
        event = ledger.append(conn, "record.created", {"title": "x"}, subjects=["T-1"], by=OPERATOR)
        common = {"event_id": event.id, "at": event.at, "actor": "operator", "subjects": []}
        conn.execute(insert(tables.decision).values(ref="DEC-1", **common))
        conn.execute(insert(tables.lesson).values(ref="L-1", theme="general", **common))
        conn.execute(insert(tables.source).values(ref="SRC-1", kind="note", **common))
        conn.execute(insert(tables.source_text).values(ref="SRC-1", sha256="0", body=b"x"))
    store.close()
    engine = make_engine(url)
    with engine.connect() as conn:
        yield conn
    engine.dispose()


class TestTheSchema:
    def test_migrations_and_tables_are_equal(self, url: str) -> None:
        engine = make_engine(url)
        with engine.connect() as conn:
            context = MigrationContext.configure(conn, opts={"compare_type": True, "compare_server_default": True})
            found = compare_metadata(context, tables.metadata)
            names = set(inspect(conn).get_table_names())
        engine.dispose()
        # the full-text index of SQLite keeps tables of its own, and the index on Postgres is one over an expression
        assert [one for one in found if "passage_text" not in str(one)] == []
        assert {n for n in names if not n.startswith("passage_text")} == {*tables.metadata.tables, "alembic_version"}

    def test_there_is_one_line_of_migrations_and_the_program_knows_its_end(self) -> None:
        script = ScriptDirectory(str(Path(onefirm.store.migrations.__file__).parent))
        assert script.get_heads() == [HEAD]
        assert [one.revision for one in script.walk_revisions()] == sorted(
            (one.revision for one in script.walk_revisions()), reverse=True
        ), "revisions are compared as text: a newer one must sort after"

    def test_a_migrated_database_is_left_alone(self, url: str, tmp_path: Path) -> None:
        assert migrate(url, tmp_path / "backup", "again") == HEAD
        assert not (tmp_path / "backup").exists()

    def test_what_recall_has_shown_and_what_became_of_it_moves_into_its_answer(
        self, empty_url: str, tmp_path: Path
    ) -> None:
        if path := sqlite_path(empty_url):
            path.parent.mkdir()
        engine = make_engine(empty_url)
        config = Config()
        config.set_main_option("script_location", str(Path(onefirm.store.migrations.__file__).parent))
        with engine.connect().execution_options(onefirm_write=True) as conn, conn.begin():
            config.attributes["connection"] = conn
            command.upgrade(config, "0007")
            for name in ("R-abcdefgh", "R-missmiss"):
                asked = {"id": name, "at": "2026-01-01", "about": "[]"}
                conn.execute(
                    text("INSERT INTO recall_log VALUES (:id, :at, NULL, 'x', :about, 'lexical', 9, 9)"), asked
                )
            for rank, outcome in ((2, None), (1, "cited")):
                item = {"rank": rank, "ref": f"DEC-{rank}", "outcome": outcome, "by": outcome and "DEC-9"}
                row = "('R-abcdefgh', :rank, 'decision', :ref, 0, :outcome, :by)"
                conn.execute(text(f"INSERT INTO recall_item VALUES {row}"), item)
        assert migrate(empty_url, tmp_path / "backup", "again") == "0007"
        with engine.connect() as conn:
            shown = conn.execute(select(tables.recall_log.c.shown).order_by(text("id"))).scalars().all()
        engine.dispose()
        assert shown == [[["decision", "DEC-1", 0, "cited", "DEC-9"], ["decision", "DEC-2", 0, None, None]], []]

    def test_two_programs_migrate_one_database_once(self, empty_url: str, tmp_path: Path) -> None:
        with ThreadPoolExecutor(3) as pool:
            before = list(pool.map(lambda n: migrate(empty_url, tmp_path / "backup", f"{n}"), range(3)))
        assert sorted(map(str, before)) == [HEAD, HEAD, "None"]


class TestAppendOnly:
    @pytest.mark.parametrize("table", APPEND_ONLY)
    def test_no_entry_is_changed_removed_or_replaced(self, conn: Connection, table: str) -> None:
        before = conn.execute(text(f"SELECT * FROM {table}")).all()
        assert before
        for statement in harmful(conn, table):
            with pytest.raises(DBAPIError, match="append-only"):
                conn.execute(text(statement))
            conn.rollback()
            assert conn.execute(text(f"SELECT * FROM {table}")).all() == before, statement

    def test_a_payload_is_erased_only_with_its_tombstone(self, conn: Connection) -> None:
        for statement in (
            "UPDATE payload SET body = NULL",
            "UPDATE payload SET body = NULL, tombstone = 'made up'",
            "UPDATE payload SET body = NULL, tombstone = (SELECT id FROM event)",
            "UPDATE payload SET body = 'other'",
        ):
            with pytest.raises(DBAPIError, match="append-only"):
                conn.execute(text(statement))
            conn.rollback()

    def test_what_is_erased_stays_erased(self, url: str, conn: Connection) -> None:
        store, ledger = Store.open(url), Ledger(FixedClock(), HOME)
        with store.write() as write:
            (event,) = ledger.events(write)
            ledger.erase(write, [event.id], OPERATOR)
        store.close()
        with pytest.raises(DBAPIError, match="append-only"):
            conn.execute(text("UPDATE payload SET body = 'back' WHERE body IS NULL"))
        conn.rollback()
        erased = conn.execute(select(tables.payload.c.body).where(tables.payload.c.event_id == event.id)).scalar()
        assert erased is None

    def test_triggers_guard_what_the_code_calls_append_only(self, conn: Connection) -> None:
        query = (
            "SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%append-only%'"
            if conn.dialect.name == "sqlite"
            else "SELECT DISTINCT event_object_table FROM information_schema.triggers WHERE action_timing = 'BEFORE'"
        )
        assert set(conn.execute(text(query)).scalars()) == set(APPEND_ONLY)
        assert triggers.missing(conn) == []


def harmful(conn: Connection, table: str) -> list[str]:
    """Statements that would rewrite a table's past, in every way that the database knows."""
    column = next(iter(tables.metadata.tables[table].columns)).name
    common = [f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"]
    if conn.dialect.name == "sqlite":
        replacing = [
            f"REPLACE INTO {table} SELECT * FROM {table}",
            f"UPDATE OR REPLACE {table} SET {column} = {column}",
        ]
        return common + replacing
    return [*common, f"TRUNCATE {table} CASCADE"]


class TestVersions:
    def set_version(self, url: str, version: str) -> None:
        engine = make_engine(url)
        with engine.begin() as conn:
            conn.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})
        engine.dispose()

    def test_a_newer_database_is_refused_and_not_touched(self, url: str, tmp_path: Path) -> None:
        self.set_version(url, "9999")
        with pytest.raises(SchemaNewer, match="restart Claude Code"):
            Store.open(url)
        assert migrate(url, tmp_path / "backup", "now") == "9999"
        engine = make_engine(url)
        with engine.connect() as conn:
            assert schema_version(conn) == "9999"
        engine.dispose()

    def test_an_older_database_is_refused(self, url: str) -> None:
        self.set_version(url, "0000")
        with pytest.raises(SchemaOlder, match="doctor --fix"):
            Store.open(url)

    def test_a_database_without_any_schema_is_refused(self, empty_url: str) -> None:
        words = "schema none"
        if path := sqlite_path(empty_url):
            path.parent.mkdir()
            path.touch()
            words = "is empty"  # a server's new database has no schema yet; a file without any was emptied
        with pytest.raises(Unavailable, match=words):
            Store.open(empty_url)

    def test_there_is_no_way_back_but_the_backup(self) -> None:
        script = ScriptDirectory(str(Path(onefirm.store.migrations.__file__).parent))
        for revision in script.walk_revisions():
            with pytest.raises(NotImplementedError, match="backup"):
                revision.module.downgrade()


class TestTheFirstVersion:
    """A firm that was begun with the first version (only SQLite: the migrations are the same)."""

    @pytest.fixture
    def old(self, tmp_path: Path) -> str:
        path = tmp_path / "firm.db"
        with closing(sqlite3.connect(path)) as conn, conn:
            conn.executescript(FIRST.read_text(encoding="utf-8"))
        return f"sqlite:///{path}"

    def test_it_comes_up_with_everything_that_was_in_it(self, old: str, tmp_path: Path) -> None:
        assert migrate(old, tmp_path / "backup", "now") == "0001"
        store = Store.open(old)
        ledger = Ledger(FixedClock(), "laptop")
        with store.read() as conn:
            verdict = verify(conn)
            told = [sentence(event) for event in ledger.events(conn)]
        assert (verdict.ok, verdict.entries) == (True, 6)
        assert told[0].startswith("The operator created project P-1 “Harbour website” with status discovery")
        assert "erased" in told[1]
        standing = Decisions(store, ledger, FixedClock(), lambda: None).find(DecisionQuery(standing=True))
        assert [(one.ref, one.supersedes) for one in standing.rows] == [("DEC-2", "DEC-1")]
        assert [hit.ref for hit in Recall(store, ledger, list).recall("costs a day").hits] == ["L-1"]
        with store.write() as conn:
            ledger.append(conn, "record.seen", {}, subjects=["P-1"], by=OPERATOR)
        with store.read() as conn:
            assert verify(conn).ok
        store.close()

    def test_it_ends_with_the_same_tables_and_triggers_as_a_new_one(self, old: str, tmp_path: Path) -> None:
        new = f"sqlite:///{tmp_path / 'new.db'}"
        for url in (old, new):
            migrate(url, tmp_path / "backup", "now")
        assert self.made(old) == self.made(new)

    def made(self, url: str) -> dict[str, str]:
        """What the database says of itself: name to statement."""
        with closing(sqlite3.connect(str(sqlite_path(url)))) as conn:
            query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
            return {name: " ".join(sql.split()) for name, sql in conn.execute(query)}


class TestBackups:
    """Only SQLite: a Postgres server has backups of its own."""

    def older(self, tmp_path: Path) -> tuple[str, Path]:
        """A database that needs a migration: one from before the first, with a table of somebody's."""
        path = tmp_path / "firm.db"
        with closing(sqlite3.connect(path)) as conn:
            conn.execute("CREATE TABLE alembic_version (version_num TEXT NOT NULL)")
            conn.execute("INSERT INTO alembic_version VALUES ('0000')")
            conn.execute("CREATE TABLE precious (word TEXT)")
            conn.execute("INSERT INTO precious VALUES ('kept')")
            conn.commit()
        return f"sqlite:///{path}", path

    def test_an_older_database_is_copied_before_it_is_migrated(self, tmp_path: Path) -> None:
        url, _ = self.older(tmp_path)
        with pytest.raises(Exception, match="0000"):  # there is no such migration: what counts is what came before it
            migrate(url, tmp_path / "backup", "20261102")
        copy = tmp_path / "backup" / "firm-20261102.db"
        with closing(sqlite3.connect(copy)) as conn:
            assert conn.execute("SELECT word FROM precious").fetchall() == [("kept",)]
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700

    def test_a_migration_that_fails_changes_nothing(self, tmp_path: Path) -> None:
        url, path = self.older(tmp_path)
        with pytest.raises(Exception, match="0000"):
            migrate(url, tmp_path / "backup", "20261102")
        with closing(sqlite3.connect(path)) as conn:
            assert conn.execute("SELECT version_num FROM alembic_version").fetchall() == [("0000",)]
            assert conn.execute("SELECT name FROM sqlite_master WHERE name = 'event'").fetchall() == []

    def test_a_copy_of_a_live_database_has_everything_that_was_written(self, tmp_path: Path) -> None:
        from onefirm.store.migrate import back_up

        store = Store.open(sqlite_url(tmp_path))
        with store.write() as conn:
            conn.execute(insert(tables.setting).values(name="a", value=1))
        back_up(tmp_path / "firm.db", tmp_path / "backup" / "copy.db")
        copy = Store.open(f"sqlite:///{tmp_path / 'backup' / 'copy.db'}")
        with copy.read() as conn:
            assert conn.execute(select(tables.setting.c.name)).scalars().all() == ["a"]
        copy.close()
        store.close()

    def test_a_new_database_is_the_operators_alone(self, tmp_path: Path) -> None:
        old = os.umask(0)
        try:
            migrate(f"sqlite:///{tmp_path / 'hidden' / 'firm.db'}", tmp_path / "backup", "now")
        finally:
            os.umask(old)
        for path in ((tmp_path / "hidden"), *(tmp_path / "hidden").iterdir()):
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path.name

    def test_a_folder_that_can_not_be_written(self, tmp_path: Path) -> None:
        if os.geteuid() == 0:
            not_measured("root writes everywhere; run the tests as another user")
        url = sqlite_url(tmp_path)
        tmp_path.chmod(0o500)
        (tmp_path / "firm.db").chmod(0o400)
        store = Store.open(url)
        with pytest.raises(Unavailable, match="read-only"), store.write() as conn:
            conn.execute(insert(tables.setting).values(name="a", value=1))
        tmp_path.chmod(0o700)
