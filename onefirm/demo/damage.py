"""Doing to a copy of a firm what nobody should do to a firm, so that it can be seen to be found."""

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
        for table in ("payload", "event_subject", "decision", "lesson", "source"):
            conn.execute(f"DELETE FROM {table} WHERE event_id IN ({marks})", gone)  # noqa: S608 - only question marks
        conn.execute("DELETE FROM event WHERE seq >= ?", (from_seq,))
        for _, made in triggers:
            conn.execute(made)
    return len(gone)


def plant(root: Path) -> list[tuple[str, int, str]]:
    """Three faults in a context tree: a link to nothing, a fact that two files tell in other words, a copied date.
    Gives their paths, lines and rules.
    """
    fact = "Every draft is read aloud to somebody who will never use it, because the ear finds what the eye forgives."
    again = "Because the ear finds what the eye forgives, each draft is read aloud to somebody who will never use it."
    _add(root / "context/delivery/CLAUDE.md", fact)
    acme = "context/clients/acme-rockets/CLAUDE.md"
    site = "context/clients/acme-rockets/launch-site/CLAUDE.md"
    return [
        (acme, _add(root / acme, "It began with [a letter](letter.pdf)."), "link"),
        (acme, _add(root / acme, again), "duplicate"),
        (site, _add(root / site, "The launch site's deadline is 4 March."), "state"),
    ]


def _add(path: Path, text: str) -> int:
    before = path.read_text(encoding="utf-8")
    path.write_text(f"{before}\n{text}\n", encoding="utf-8")
    return before.count("\n") + 2
