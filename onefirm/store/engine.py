"""Connections and transactions.

`read()` gives one consistent snapshot, `write()` the one writer: on SQLite every write begins IMMEDIATE, so that two
processes wait for each other instead of failing half-way.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

from onefirm.core.errors import FirmError, InvalidInput, Unavailable
from onefirm.store.migrations.head import HEAD

BUSY_TIMEOUT_MS = 30_000
_COMPACT_WAIT_MS = 2_000  # a reader may stay for hours, and nothing but free space waits for it
_VERSION = "SELECT version_num FROM alembic_version"
_LATER = text("SET LOCAL synchronous_commit TO OFF")
_URL_HINT = (
    "Keep postgresql+psycopg://USER:PASSWORD@HOST/DATABASE with `onefirm secret set database`, and write "
    "`store: secret:database` in onefirm.yaml; without a server it is `store: sqlite`."
)
_SERVER_HINT = "Check that the server runs, and `store:` in onefirm.yaml."
_BACKUP_HINT = "Run `onefirm doctor`: it names the newest backup under .onefirm/backup/ and how to put it back."


class SchemaNewer(Unavailable):
    """The database was written by a newer onefirm than this one."""


class SchemaOlder(Unavailable):
    """The database needs a migration, and this process may not run one."""


class Store:
    """The firm's database, open. Safe to share between threads; every transaction takes its own connection."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> Store:
        """Open an existing, migrated database.

        `url` is SQLAlchemy's (`sqlite:///…/firm.db`, `postgresql+psycopg://…`). Raises InvalidInput for another one,
        Unavailable when the file is missing or damaged or the server out of reach, SchemaNewer, SchemaOlder.
        """
        path = sqlite_path(url)
        if path is not None and not path.exists():
            raise Unavailable(f"The firm's database {path} is missing.", hint=_BACKUP_HINT)
        store = cls(make_engine(url))
        try:
            with store.read() as conn:
                check_version(conn)
        except Exception:
            store.close()
            raise
        return store

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @contextmanager
    def read(self) -> Generator[Connection]:
        """A read-only snapshot; whatever is written in it is rolled back. Raises Unavailable."""
        with translated_errors(), self._engine.connect() as conn:
            if self.dialect == "postgresql":  # READ COMMITTED would show each statement another moment
                conn = conn.execution_options(isolation_level="REPEATABLE READ")
            yield conn
            conn.rollback()

    @contextmanager
    def write(self, *, durable: bool = True, patience_ms: int = BUSY_TIMEOUT_MS) -> Generator[Connection]:
        """One transaction: committed at the end, rolled back on any exception.

        One that isn't `durable` survives the end of this process at once, and a power failure only once a durable one
        has followed it: they share one log. `patience_ms` is how long it waits for another writer on SQLite. Raises
        SchemaNewer when another process has migrated meanwhile, and Unavailable for a database that is busy beyond the
        timeout, read-only, full or damaged.
        """
        with translated_errors(), self._engine.connect() as conn:
            conn = conn.execution_options(onefirm_write=True, onefirm_durable=durable, onefirm_patience_ms=patience_ms)
            with conn.begin():
                if not durable and self.dialect == "postgresql":
                    conn.execute(_LATER)
                check_version(conn)
                yield conn

    def compact(self) -> bool:
        """Write SQLite's file anew, without free space, and empty its write-ahead log: erased words would wait in both.

        False when others are using it. Nobody else writes meanwhile: it takes as long as copying the file.
        """
        if self.dialect != "sqlite":
            return True
        with translated_errors(), self._engine.connect() as conn:
            driver = cast("sqlite3.Connection", conn.connection.driver_connection)
            driver.execute(f"PRAGMA busy_timeout={_COMPACT_WAIT_MS}")
            try:
                driver.execute("VACUUM")
                (busy, _, _) = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.OperationalError:  # busy, or no room for the copy: what was erased is erased all the same
                return False
            finally:
                driver.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
            return not busy

    def close(self) -> None:
        """Return every connection; the store can't be used afterwards."""
        self._engine.dispose()


def sqlite_path(url: str) -> Path | None:
    """The file behind an SQLite URL; None for Postgres. Raises InvalidInput for anything else."""
    parsed = _parsed(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def make_engine(url: str) -> Engine:
    """An engine with our connection settings; no connection is made yet. Raises as `sqlite_path`."""
    parsed = _parsed(url)
    # hide_parameters: what was to be written stands in no error and in no log.
    if parsed.get_backend_name() == "postgresql":
        return create_engine(parsed, pool_pre_ping=True, isolation_level="READ COMMITTED", hide_parameters=True)
    engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, hide_parameters=True)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _parsed(url: str) -> URL:
    """The URL, with our driver where it names none. No message repeats it: it may hold a password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise InvalidInput("`store:` is no database URL.", hint=_URL_HINT) from None
    drivers = {"sqlite": "sqlite", "postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}
    known = parsed.set(drivername=drivers.get(parsed.drivername, parsed.drivername))
    if known.drivername not in drivers.values() or not known.database or known.database == ":memory:":
        raise InvalidInput("`store:` names neither an SQLite file nor a Postgres database.", hint=_URL_HINT)
    return known


def _configure_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # A damaged byte must not stop a whole list: it shows as a mark, and `verify` reads the bytes themselves.
    connection.text_factory = _decoded
    connection.isolation_level = None  # transactions are begun by _begin_sqlite, not by the driver
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "cache_size=-65536",  # KiB, where the file has as many: of a large index 2 MB are read again at each question
        "foreign_keys=ON",
        "recursive_triggers=ON",  # without it REPLACE deletes rows behind the append-only triggers' back
        "secure_delete=ON",  # what is overwritten or deleted stays readable in the file's free space otherwise
    ):
        connection.execute(f"PRAGMA {pragma}")


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _begin_sqlite(conn: Connection) -> None:
    options = conn.get_execution_options()
    if options.get("onefirm_write"):
        level = "FULL" if options.get("onefirm_durable", True) else "NORMAL"
        # past SQLAlchemy, which would begin a transaction first, and in one this can't be changed
        driver = cast("sqlite3.Connection", conn.connection.dbapi_connection)
        driver.execute(f"PRAGMA synchronous={level}")
        patience_ms = options.get("onefirm_patience_ms", BUSY_TIMEOUT_MS)
        driver.execute(f"PRAGMA busy_timeout={patience_ms}")
        try:
            conn.exec_driver_sql("BEGIN IMMEDIATE")
        finally:
            if patience_ms != BUSY_TIMEOUT_MS:
                driver.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        return
    conn.exec_driver_sql("BEGIN")


def schema_version(conn: Connection) -> str | None:
    """The migration that the database stands at; None when it has none yet."""
    try:
        return conn.exec_driver_sql(_VERSION).scalar()
    except DBAPIError as error:
        if "alembic_version" in str(error.orig):
            conn.rollback()
            return None
        raise


def check_version(conn: Connection) -> None:
    """Raise SchemaNewer, SchemaOlder, or Unavailable for an SQLite file that is empty, unless the database stands at
    this program's migration.
    """
    found = schema_version(conn)
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise SchemaNewer(
            f"The database has schema {found}; this onefirm knows up to {HEAD}.",
            hint="Update onefirm (restart Claude Code to load the new plugin); nothing was changed.",
        )
    if found is None and _is_bare(conn):
        raise Unavailable("The firm's database is empty: nothing of a firm is in it.", hint=_BACKUP_HINT)
    raise SchemaOlder(
        f"The database has schema {found or 'none'}; this onefirm needs {HEAD}.",
        hint="Run `onefirm doctor --fix` in the workspace: it backs up, then migrates.",
    )


def _is_bare(conn: Connection) -> bool:
    """Whether it is an SQLite file without any table: one that was emptied. A server's empty database may be new."""
    if conn.dialect.name != "sqlite":
        return False
    return not conn.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar()


@contextmanager
def translated_errors() -> Generator[None]:
    """Turn the database drivers' failures into sentences."""
    try:
        yield
    except DBAPIError as error:
        # From None: the driver's own words may quote what was to be written.
        if told := _told(str(error.orig), isinstance(error, OperationalError)):
            raise told from None
        raise
    except UnicodeDecodeError as error:  # SQLite quotes the damaged bytes of its schema in its own complaint
        raise Unavailable("The database is damaged.", hint=_BACKUP_HINT) from error


_SENTENCES = (
    ("database is locked", "Another program has held the database for 30 seconds.",
     "Close other onefirm programs, or try again."),
    ("readonly database", "The database can't be written: the file or its folder is read-only.",
     "Check the permissions of .onefirm/ (`onefirm doctor`)."),
    ("disk is full", "The disk is full; nothing was written.", "Free some space, then repeat the command."),
    ("disk I/O error", "The disk refused to read or write.", "Check free space and the disk's health, then try again."),
    ("unable to open database", "The database can't be opened.", "Check that .onefirm/ exists and is yours."),
    ("malformed", "The database is damaged.", _BACKUP_HINT),
    ("not a database", "The database file is damaged: it is no SQLite file.", _BACKUP_HINT),
    ("deadlock detected", "Two programs waited for each other, and the database stopped one; nothing was written.",
     "Try again."),
    ("Connection refused", "The database server refuses connections.", _SERVER_HINT),
    ("password authentication failed", "The database server refuses the user or the password.", _SERVER_HINT),
    ("connection is lost", "The database server ended the connection; nothing was written.", "Try again."),
    ("server closed the connection", "The database server ended the connection; nothing was written.", "Try again."),
)  # fmt: skip
_NUL = ("NUL (0x00)", "\\u0000 cannot be converted")


def _told(words: str, operational: bool) -> FirmError | None:
    if any(mark in words for mark in _NUL):
        return InvalidInput("A text holds a NUL character, which can't be kept or looked for.", hint="Send plain text.")
    for mark, message, hint in _SENTENCES:
        if mark in words:
            return Unavailable(message, hint=hint)
    if operational:
        return Unavailable(f"The database can't be reached: {words.splitlines()[0][:200]}.", hint=_SERVER_HINT)
    return None
