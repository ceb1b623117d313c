"""session.db: private, rebuilt when lost, shared by processes."""

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from onefirm.sessions import db, identity

PROJECT = Path(__file__).resolve().parents[3]
# What costs a hook more milliseconds than it has to give.
DEAR = {"typing", "dataclasses", "pathlib", "datetime", "subprocess", "hashlib", "json", "inspect"}


def test_the_file_and_its_journals_are_for_the_owner_alone(root: str) -> None:
    conn = db.connect(root)
    conn.execute("insert into hatch values (1, 0, '', '', '')")
    for suffix in ("", "-wal", "-shm"):
        assert stat.S_IMODE(os.stat(db.path(root) + suffix).st_mode) == 0o600
    conn.close()


def test_a_corrupt_file_is_moved_aside_and_made_anew(root: str) -> None:
    Path(db.path(root)).write_bytes(b"this is no database" * 200)
    db.connect(root).close()
    assert [name for name in os.listdir(root + "/.onefirm") if ".lost-" in name]
    assert identity.open_sessions(root) == []


def test_an_empty_file_is_filled(root: str) -> None:
    Path(db.path(root)).touch()
    db.connect(root).close()
    assert identity.open_sessions(root) == []


@pytest.mark.parametrize("content", [None, b"", b"no database at all, just text" * 100])
def test_reading_only_never_repairs_but_says_that_it_is_lost(root: str, content: bytes | None) -> None:
    if content is not None:
        Path(db.path(root)).write_bytes(content)
    with pytest.raises(db.Lost):
        db.connect(root, readonly=True)
    assert (Path(db.path(root)).read_bytes() if content is not None else None) == content


@pytest.mark.parametrize("readonly", [True, False])
def test_a_newer_database_is_left_alone(root: str, readonly: bool) -> None:
    conn = db.connect(root)
    conn.execute("update meta set value = '99' where key = 'version'")
    conn.close()
    with pytest.raises(db.Lost, match="99"):
        db.connect(root, readonly=readonly)


def test_a_reader_can_not_write(root: str) -> None:
    db.connect(root).close()
    conn = db.connect(root, readonly=True)
    with pytest.raises(sqlite3.OperationalError):
        conn.execute("delete from session")
    conn.close()


def test_a_path_with_odd_characters_is_opened_as_it_is(tmp_path: Path) -> None:
    odd = tmp_path / "a #1 ? 50% ü"
    (odd / ".onefirm").mkdir(parents=True)
    db.connect(str(odd)).close()
    db.connect(str(odd), readonly=True).close()


def test_a_failed_change_leaves_nothing(root: str) -> None:
    def half() -> None:
        with db.writing(root) as conn:
            conn.execute("insert into told values ('S-a', 'x')")
            raise ValueError("half done")

    with pytest.raises(ValueError, match="half"):
        half()
    with db.reading(root) as conn:
        assert conn.execute("select count(*) from told").fetchone() == (0,)


def test_many_processes_begin_at_once_and_each_finds_the_same_tables(root: str) -> None:
    program = (
        "import sys; sys.path.append(sys.argv[1])\n"
        "from onefirm.sessions import identity; print(identity.bind(sys.argv[2], sys.argv[3]))"
    )
    workers = [
        subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", program, str(PROJECT), root, f"c{number % 4}"],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(12)
    ]
    told = [worker.communicate(timeout=60)[0].strip() for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 12
    assert len(set(told)) == 4


def test_this_room_and_the_guard_load_without_site_packages_and_without_what_costs_a_hook_its_time() -> None:
    rooms = [
        f"onefirm.sessions.{file.stem}"
        for file in (PROJECT / "onefirm/sessions").glob("*.py")
        if file.stem not in ("shapes", "projection")
    ]
    modules = [*sorted(rooms), "onefirm.narrative.guard", "onefirm.narrative.standing", "onefirm.narrative.touches"]
    program = (
        "import sys; sys.path.append(sys.argv[1])\nfor name in sys.argv[2:]: __import__(name)\nprint(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(PROJECT), *modules], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert set(done.stdout.split()) & DEAR == set()
