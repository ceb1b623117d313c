"""The file `.onefirm/session.db`: opening it, its tables, and what happens when it is lost.

It may be deleted at any time: receipts and state come back from the ledger (`projection`), the session's notes are
short-lived. So durability is traded for speed, and a file that can't be read is moved aside and made anew by whoever
may write.
"""

from __future__ import annotations

import os
import time

try:
    # Without its Python half, which imports datetime and more: 3 ms of the 30 that a guard may take.
    import _sqlite3 as sqlite3
except ImportError:  # another interpreter
    import sqlite3

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

VERSION = 5
Error = sqlite3.Error
OperationalError = sqlite3.OperationalError
BUSY_S = 5.0

_TABLES = """
create table if not exists meta (key text primary key, value text not null) without rowid;
create table if not exists session (
  id text primary key, client_id text not null, source text not null, parent text, cwd text not null,
  pid integer, pid_birth text, started_at text not null, heard_at text not null,
  ending_at text, reason text, closed_at text, lease_until real, background integer not null default 0
) without rowid;
create index if not exists session_client on session (client_id, started_at);
create table if not exists watermark (chain_id text primary key, seq integer not null) without rowid;
create table if not exists receipt (
  session text not null, ref text not null, kind text not null, etag text, at text not null,
  primary key (session, ref)
) without rowid;
create table if not exists known (
  session text not null, ref text not null, etag text, at text not null, props text not null,
  archived integer not null, is_told integer not null, primary key (session, ref)
) without rowid;
create table if not exists decided (
  ref text primary key, session text not null, what text not null, event text
) without rowid;
create table if not exists note (
  session text not null, name text not null, text text not null, primary key (session, name)
) without rowid;
create table if not exists spent (session text primary key, tokens integer not null) without rowid;
create table if not exists state (
  ref text primary key, kind text not null, title text not null, status text, props text not null, etag text,
  at text not null, actor text, archived integer not null default 0, event text
) without rowid;
create table if not exists state_past (
  ref text not null, status text not null, until_at text not null, primary key (ref, status)
) without rowid;
create table if not exists alias (alias text primary key, ref text not null) without rowid;
create table if not exists file (
  path text primary key, mtime_ns integer not null, ctime_ns integer not null, size integer not null,
  inode integer not null, sha text
) without rowid;
create table if not exists blob (sha text primary key, text text not null) without rowid;
create table if not exists edit (
  id integer primary key, session text, path text not null, renamed_from text, before_sha text, after_sha text,
  tool text not null, agent text, at text not null, lifted integer not null default 0
);
create index if not exists edit_path on edit (path);
create table if not exists running (call text primary key, session text not null, at text not null) without rowid;
create table if not exists told (session text not null, item text not null, primary key (session, item)) without rowid;
create table if not exists fired (
  session text not null, lesson text not null, at text not null, primary key (session, lesson)
) without rowid;
create table if not exists choice (
  id integer primary key autoincrement, session text not null, client text not null, question text not null,
  chosen text not null, rejected text not null, why text not null, at text not null
);
create table if not exists unreconciled (
  session text not null, path text not null, why text not null, at text not null, primary key (session, path, why)
) without rowid;
create table if not exists hatch (
  id integer primary key check (id = 1), until_epoch real not null, why text not null, by text not null,
  at text not null
);
"""


class Lost(Exception):
    """The session database can't be used as it is: missing, corrupt, or written by a newer onefirm."""


def path(root: str) -> str:
    """Where the workspace keeps it."""
    return root + "/.onefirm/session.db"


def connect(root: str, readonly: bool = False) -> sqlite3.Connection:
    """An open connection in autocommit; use `writing` around changes.

    For writing, a missing file is made and a corrupt one is replaced (`rebuild`). Read-only, both raise Lost, as does a
    newer version either way. Raises sqlite3.OperationalError when the disk refuses.
    """
    if readonly:
        return _open_readonly(root)
    try:
        return _open(root)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        return rebuild(root)


def rebuild(root: str) -> sqlite3.Connection:
    """Moves the file aside, with its journal, and makes an empty one: watermarks are gone, so everything is projected
    again.
    """
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime()) + f"-{os.getpid()}"
    for suffix in ("", "-wal", "-shm"):
        try:
            os.replace(path(root) + suffix, f"{path(root)}.lost-{stamp}{suffix}")
        except FileNotFoundError:
            continue
    return _open(root)


class writing:  # noqa: N801 - read as a word: `with db.writing(root) as conn`
    """One transaction that takes the write lock at once; a workspace path opens and closes its own connection."""

    def __init__(self, where: str | sqlite3.Connection) -> None:
        self._own = isinstance(where, str)
        self._conn = connect(where) if isinstance(where, str) else where

    def __enter__(self) -> sqlite3.Connection:
        self._conn.execute("begin immediate")
        return self._conn

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._conn.execute("commit" if kind is None else "rollback")
        finally:
            if self._own:
                self._conn.close()


class reading:  # noqa: N801
    """A connection for questions; a workspace path opens its own (making the file when there is none) and closes it."""

    def __init__(self, where: str | sqlite3.Connection) -> None:
        self._own = isinstance(where, str)
        self._conn = connect(where) if isinstance(where, str) else where

    def __enter__(self) -> sqlite3.Connection:
        return self._conn

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._own:
            self._conn.close()


def _open(root: str) -> sqlite3.Connection:
    _create(root)
    # A long-lived reader shares one connection between threads, each waiting its turn.
    conn = sqlite3.connect(path(root), timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        conn.execute("pragma journal_mode=wal")
        conn.execute("pragma synchronous=off")
        _prepare(conn)
    except BaseException:
        conn.close()
        raise
    return conn


def _create(root: str) -> None:
    """Made by hand: sqlite would give it the umask's mode, and -wal and -shm copy the mode of this file.

    A file that is there is never opened: closing it again would let go of every lock that this process holds on it
    (POSIX), and another process that closes its connection would take itself for the last one and remove the journal
    under our feet.
    """
    try:
        os.close(os.open(path(root), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return


def _open_readonly(root: str) -> sqlite3.Connection:
    file = path(root)
    if not os.path.isfile(file) or not os.path.getsize(file):
        raise Lost("the session database is missing")
    quoted = file.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    # On a read-only disk WAL can't make its index: nobody writes there either, so the file may be read as it lies.
    flags = "mode=ro" if os.access(os.path.dirname(file), os.W_OK) else "mode=ro&immutable=1"
    try:
        conn = sqlite3.connect(f"file:{quoted}?{flags}", uri=True, timeout=BUSY_S, isolation_level=None)
        if (version := _version(conn)) != VERSION:
            raise Lost(f"the session database has version {version}; this onefirm reads version {VERSION}")
    except sqlite3.Error as error:
        raise Lost(f"the session database can't be read ({error})") from error
    return conn


def _prepare(conn: sqlite3.Connection) -> None:
    version = _version(conn)
    if version == VERSION:
        return
    if version > VERSION:
        raise Lost(f"the session database has version {version}; this onefirm knows up to version {VERSION}")
    conn.execute("begin immediate")
    # Also where another process did so while this one waited for the lock, and in a file of an older version: a version
    # adds tables.
    for statement in _TABLES.strip().split(";\n"):
        conn.execute(statement)
    conn.execute("insert or replace into meta values ('version', ?)", (str(VERSION),))
    conn.execute("commit")


def _version(conn: sqlite3.Connection) -> int:
    if not conn.execute("select 1 from sqlite_master where name = 'meta'").fetchone():
        return 0
    row = conn.execute("select value from meta where key = 'version'").fetchone()
    return int(row[0]) if row else 0
