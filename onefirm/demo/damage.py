"""Doing to a copy of a ledger what nobody should do to a ledger, so that it can be seen to be found."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

_TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"


def copy(root: Path, target: Path) -> Path:
    """A copy of a workspace, with its database as one whole file; returns the database's path."""
    shutil.copytree(root, target, ignore=shutil.ignore_patterns("firm.db*", "*.lock"), symlinks=True)
    database = target / ".onefirm" / "firm.db"
    with (
        closing(sqlite3.connect(root / ".onefirm" / "firm.db")) as source,
        closing(sqlite3.connect(database)) as written,
    ):
        source.backup(written)
        written.execute("PRAGMA journal_mode=DELETE")
    return database


def change_a_byte(database: Path, event_id: str, text: str) -> tuple[str, str]:
    """Change one letter of `text` inside the payload of an entry, behind the database's back; before and after."""
    with closing(sqlite3.connect(database)) as conn:
        (body,) = conn.execute("SELECT body FROM payload WHERE event_id = ?", (event_id,)).fetchone()
    raw = bytearray(database.read_bytes())
    at = raw.index(body.encode()) + body.encode().index(text.encode())
    raw[at] ^= 0x01
    database.write_bytes(raw)
    return text, raw[at : at + len(text.encode())].decode()


def cut_the_tail(database: Path, from_seq: int) -> int:
    """Remove the entries from a number on, without a trace beside them; returns how many there were."""
    with closing(sqlite3.connect(database)) as conn, conn:
        triggers = conn.execute(_TRIGGERS).fetchall()
        for name, _ in triggers:
            conn.execute(f'DROP TRIGGER "{name}"')
        gone = [row[0] for row in conn.execute("SELECT id FROM event WHERE seq >= ?", (from_seq,))]
        marks = ",".join("?" * len(gone))
        for table in ("payload", "event_subject", "decision", "lesson"):
            conn.execute(f"DELETE FROM {table} WHERE event_id IN ({marks})", gone)  # noqa: S608 - only question marks
        conn.execute("DELETE FROM event WHERE seq >= ?", (from_seq,))
        for _, made in triggers:
            conn.execute(made)
    return len(gone)
