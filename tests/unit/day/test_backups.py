"""Copies of the database: whole or not at all, and what a copy is put in the place of."""

import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from onefirm import workspace
from onefirm.bootstrap import open_firm
from onefirm.core.attribution import By
from onefirm.day import backups
from onefirm.sessions import db, identity, receipts, state
from onefirm.state.records import Change
from support.clock import FixedClock


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "firm.db"
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("CREATE TABLE entry (text TEXT)")
        conn.executemany("INSERT INTO entry VALUES (?)", [(f"{n} " + "x" * 400,) for n in range(500)])
    return path


def test_a_copy_holds_what_the_database_holds(database: Path, tmp_path: Path) -> None:
    copy = tmp_path / "backup" / "firm-2026-01-01.db"
    backups.copy(database, copy)
    with closing(sqlite3.connect(copy)) as conn:
        assert conn.execute("SELECT count(*) FROM entry").fetchone() == (500,)
    assert copy.stat().st_mode & 0o777 == 0o600


def test_a_look_at_a_copy_leaves_nothing_beside_it(tmp_path: Path, clock: FixedClock) -> None:
    workspace.init(tmp_path / "firm", workspace.Wishes(firm="Northlight Studio"), clock)
    with open_firm(tmp_path / "firm", clock=clock) as firm:
        firm.records.write([Change("create", kind="task", set={"title": "Call Jana"})], By("operator"))
        firm.day.settle(By("operator"))
        (copy,) = backups.known(firm.root)
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]


def test_what_a_look_at_an_older_copy_left_goes_with_the_next_one(tmp_path: Path, clock: FixedClock) -> None:
    workspace.init(tmp_path / "firm", workspace.Wishes(firm="Northlight Studio"), clock)
    with open_firm(tmp_path / "firm", clock=clock) as firm:
        folder = firm.root / ".onefirm" / "backup"
        folder.mkdir()
        before = clock.now().timestamp() - 7200
        for name in ("firm-2026-01-01.db-wal", "firm-2026-01-01.db-shm"):
            (folder / name).touch(0o600)
            os.utime(folder / name, (before, before))
        firm.day.settle(By("operator"))
        assert len(list(folder.iterdir())) == 1


def test_each_copy_takes_the_place_of_todays(tmp_path: Path, clock: FixedClock) -> None:
    workspace.init(tmp_path / "firm", workspace.Wishes(firm="Northlight Studio"), clock)
    with open_firm(tmp_path / "firm", clock=clock) as firm:
        for title in ("Call Jana", "Draft the offer"):
            firm.records.write([Change("create", kind="task", set={"title": title})], By("operator"))
            session = identity.start(str(firm.root), title, "startup", str(firm.root), os.getpid())
            firm.day.close(session)
        (copy,) = backups.known(firm.root)
        with closing(sqlite3.connect(copy)) as conn:
            assert conn.execute("SELECT count(*) FROM record").fetchone() == (2,)
        assert not list(copy.parent.glob(".firm-*"))


def test_a_copy_that_fails_leaves_the_one_that_stands(database: Path, tmp_path: Path) -> None:
    copy = tmp_path / "backup" / "firm-2026-01-01.db"
    backups.copy(database, copy)
    before = copy.read_bytes()
    database.write_bytes(database.read_bytes()[:-40_960] + os.urandom(40_960))
    with pytest.raises(sqlite3.DatabaseError):
        backups.copy(database, copy)
    assert copy.read_bytes() == before


def test_after_a_copy_was_put_back_the_hooks_know_the_firm_as_the_copy_has_it(
    tmp_path: Path, clock: FixedClock
) -> None:
    root, claude = tmp_path / "firm", By("claude", "S-1")
    workspace.init(root, workspace.Wishes(firm="Northlight Studio"), clock)

    def write(*titles: str) -> None:
        with open_firm(root, clock=clock) as firm:
            for title in titles:
                firm.records.write([Change("create", kind="task", set={"title": title})], claude)

    def known() -> dict[str, str]:
        with db.reading(str(root)) as conn:
            found = [state.of(conn, f"T-{number}") for number in range(1, 5)]
        return {one["ref"]: one["title"] for one in found if one}

    write("Call Jana")
    backups.copy(backups.database(root), tmp_path / "copy.db")
    write("Lost", "Lost too")
    os.replace(tmp_path / "copy.db", backups.database(root))
    with open_firm(root, clock=clock):
        assert known() == {"T-1": "Call Jana"}
        assert set(receipts.all(str(root), "S-1")) == {"T-1"}
    write("Draft the offer", "Send it", "Wait")
    assert known() == {"T-1": "Call Jana", "T-2": "Draft the offer", "T-3": "Send it", "T-4": "Wait"}


def test_copies_that_were_set_apart_are_kept_under_other_names(tmp_path: Path) -> None:
    folder = tmp_path / ".onefirm" / "backup"
    folder.mkdir(parents=True)
    (folder / "firm-2026-01-01.db").write_text("the old firm")
    backups.set_apart(tmp_path, "2026-01-01T090000Z")
    assert [path.name for path in backups.known(tmp_path)] == ["firm-2026-01-01-until-2026-01-01T090000Z.db"]


def test_a_damaged_database_is_no_backup(database: Path, tmp_path: Path) -> None:
    raw = bytearray(database.read_bytes())
    raw[-40_960:] = os.urandom(40_960)
    database.write_bytes(raw)
    with pytest.raises(sqlite3.DatabaseError):
        backups.copy(database, tmp_path / "backup" / "firm-2026-01-01.db")
    assert not list((tmp_path / "backup").iterdir())


@pytest.mark.parametrize(("content", "holds"), [(None, False), (b"", False), (b"junk" * 2000, True)])
def test_what_can_not_be_read_may_have_been_a_firm(tmp_path: Path, content: bytes | None, holds: bool) -> None:
    path = tmp_path / "a #1?%20 firm.db"
    if content is not None:
        path.write_bytes(content)
    assert backups.holds_a_firm(path) is holds


def test_a_database_with_tables_holds_a_firm(database: Path, tmp_path: Path) -> None:
    assert backups.holds_a_firm(database)
    empty = tmp_path / "empty #2.db"
    with closing(sqlite3.connect(empty)) as conn:
        conn.execute("PRAGMA user_version = 1")
    assert not backups.holds_a_firm(empty)


def test_what_is_put_back_meets_no_journal_of_another_file_and_nothing_is_lost(tmp_path: Path) -> None:
    root = tmp_path / "a firm"
    database = root / ".onefirm" / "firm.db"
    database.parent.mkdir(parents=True)
    backup = database.parent / "backup" / "firm-2026-01-01.db"
    with closing(sqlite3.connect(database)) as conn:
        conn.execute("PRAGMA journal_mode = WAL")
        conn.execute("CREATE TABLE entry (text TEXT)")
        backups.copy(database, backup)
        conn.execute("INSERT INTO entry VALUES ('the last one')")
        conn.commit()
        subprocess.run(["sh", "-c", f"onefirm() {{ :; }}; {backups.putting_back(root, backup)}"], check=True)
        with closing(sqlite3.connect(database)) as back:
            assert back.execute("SELECT count(*) FROM entry").fetchone() == (0,)
    with closing(sqlite3.connect(f"{database}.damaged-1")) as old:
        assert old.execute("SELECT text FROM entry").fetchall() == [("the last one",)]


def test_what_was_set_aside_before_stays_when_a_copy_is_put_back_again(tmp_path: Path) -> None:
    database = backups.database(tmp_path)
    database.parent.mkdir()
    for words in ("the first", "the second"):
        database.write_text(words)
        subprocess.run(["sh", "-c", f"{backups.setting_aside(tmp_path)}:"], check=True)
    assert [Path(f"{database}.damaged-{number}").read_text() for number in (1, 2)] == ["the first", "the second"]


def test_what_holds_no_firm_is_no_copy_to_put_back(tmp_path: Path) -> None:
    folder = backups.database(tmp_path).parent / "backup"
    folder.mkdir(parents=True)
    (folder / "firm-2026-01-01.db").touch()
    with pytest.raises(sqlite3.Error):
        backups.copy(backups.database(tmp_path), folder / "firm-2026-01-02.db")
    assert not backups.database(tmp_path).exists()
    assert backups.known(tmp_path) == []
