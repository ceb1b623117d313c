"""Bringing a database to this program's schema: locked, backed up, then migrated. Only CLI and service do it."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, text

from onefirm.store.engine import make_engine, schema_version, sqlite_path, translated_errors
from onefirm.store.migrations.head import HEAD

_ADVISORY_LOCK = 7_016_310_001  # any constant of our own


def migrate(url: str, backup_dir: Path, stamp: str) -> str | None:
    """Create or upgrade the database at `url`; return the version it had before.

    1. Take the lock, so that two programs never migrate at once.
    2. Stop if the database already stands at HEAD.
    3. Copy an existing SQLite file to `backup_dir/firm-<stamp>.db` (Postgres: the operator's own backups).
    4. Run the migrations in one transaction.
    """
    path = sqlite_path(url)
    if path is not None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
    engine = make_engine(url)
    try:
        # The file's lock before the first connection: two that both switch a new file to WAL collide at once.
        with translated_errors(), _file_locked(path), engine.connect() as conn, _server_locked(conn):
            before = schema_version(conn)
            conn.rollback()
            if before is None or before < HEAD:
                if path is not None and before is not None:
                    back_up(path, backup_dir / f"firm-{stamp}.db")
                _upgrade(conn.execution_options(onefirm_write=True))
            return before
    finally:
        engine.dispose()


def back_up(path: Path, copy: Path) -> None:
    """A consistent copy of a live SQLite file, by SQLite's own backup interface.

    The copy keeps no journal of its own: a look at it would leave `-wal` and `-shm` files beside it.
    """
    copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (
        closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
    copy.chmod(0o600)


@contextmanager
def _server_locked(conn: Connection) -> Generator[None]:
    if conn.dialect.name == "sqlite":
        yield
        return
    conn.execute(text("SELECT pg_advisory_lock(:k)"), {"k": _ADVISORY_LOCK})
    try:
        yield
    finally:
        conn.rollback()
        conn.execute(text("SELECT pg_advisory_unlock(:k)"), {"k": _ADVISORY_LOCK})


@contextmanager
def _file_locked(path: Path | None) -> Generator[None]:
    if path is None:
        yield
        return
    lock = os.open(path.with_name("migrate.lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _upgrade(conn: Connection) -> None:
    from alembic import command  # a third of a second: paid only when there is something to migrate
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = conn
    with conn.begin():
        command.upgrade(config, "head")
