"""How much of a firm a database holds, asked without making anything in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Literal

from sqlalchemy import select

from onefirm.store.engine import make_engine, schema_version, sqlite_path, translated_errors
from onefirm.store.tables import event

Contents = Literal["nothing", "tables", "entries"]
"""`tables` is what a making leaves that was cut off before the ledger's first entry."""


def of_database(url: str) -> Contents:
    """What the database at SQLAlchemy's `url` holds. Raises Unavailable for a server that can't be asked."""
    path = sqlite_path(url)
    return _of_server(url) if path is None else of_file(path)


def of_file(path: Path) -> Contents:
    """What an SQLite file holds; one that can't be read, or has other tables, may hold a firm and counts as one."""
    if not path.exists() or not path.stat().st_size:
        return "nothing"
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as conn:
            if not conn.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                return "nothing"
            return "entries" if conn.execute("SELECT 1 FROM event LIMIT 1").fetchone() else "tables"
    except sqlite3.Error:
        return "entries"


def _of_server(url: str) -> Contents:
    engine = make_engine(url)
    try:
        with translated_errors(), engine.connect() as conn:
            if schema_version(conn) is None:
                return "nothing"
            return "entries" if conn.execute(select(event.c.seq).limit(1)).first() else "tables"
    finally:
        engine.dispose()
