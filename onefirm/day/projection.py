"""Keeping session.db, which hooks read, level with the ledger."""

from __future__ import annotations

import logging
import sqlite3
import threading
from pathlib import Path

from sqlalchemy import Connection

from onefirm.core.errors import Unavailable
from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Event
from onefirm.sessions import db, projection
from onefirm.store.engine import Store

_log = logging.getLogger(__name__)
_BATCH = 2_000


class Projector:
    """Feeds events that session.db has not seen yet to its projection; a lost file is fed from the beginning."""

    def __init__(self, root: Path, store: Store, ledger: Ledger) -> None:
        self._root = str(root)
        self._store = store
        self._ledger = ledger
        self._turn = threading.Lock()
        self._open: tuple[int, sqlite3.Connection] | None = None

    def __call__(self) -> None:
        """Catch up. Never raises: the ledger is written already, and the next call catches up on what failed."""
        try:
            self.catch_up()
        except (OSError, sqlite3.Error, db.Lost, Unavailable):
            self.close()
            _log.warning("session.db could not be brought up to the ledger", exc_info=True)

    def catch_up(self) -> None:
        """Project every chain's new events, oldest first; all events, where the ledger has lost some that are known."""
        with self._turn, self._store.read() as conn:
            sessions = self._sessions()
            marks = self._marks(conn, sessions)
            for chain_id in self._ledger.chains(conn):
                seq = marks.get(chain_id, 0)
                whole = False
                while not whole:
                    events = self._ledger.events(conn, chain_id=chain_id, after_seq=seq, limit=_BATCH)
                    whole = len(events) < _BATCH
                    if events:
                        seq = projection.apply(sessions, [_plain(event) for event in events], chain_id)

    def close(self) -> None:
        """Give session.db back; the next call opens it anew."""
        with self._turn:
            if self._open:
                self._open[1].close()
            self._open = None

    def _marks(self, conn: Connection, sessions: sqlite3.Connection) -> dict[str, int]:
        """How far each chain was projected.

        A backup put back, or a power failure, takes entries that were projected out of the ledger, and others take
        their numbers. The marks are read before the ledger's snapshot begins, so none can be ahead of it otherwise.
        """
        marks = projection.marks(sessions)
        for chain_id, (seq, ident) in marks.items():
            if ident is None or self._ledger.id_at(conn, chain_id, seq) != ident:
                projection.begin_anew(sessions, chain_id, (seq, ident))
                return projection.watermarks(sessions)
        return {chain_id: seq for chain_id, (seq, _) in marks.items()}

    def _sessions(self) -> sqlite3.Connection:
        """session.db, open since the last call unless the file was replaced: opening costs as much as projecting."""
        if self._open and self._open[0] != _inode(self._root):
            self._open[1].close()
            self._open = None
        if self._open is None:
            conn = db.connect(self._root)
            self._open = (_inode(self._root), conn)
        return self._open[1]


def _inode(root: str) -> int:
    try:
        return Path(db.path(root)).stat().st_ino
    except FileNotFoundError:
        return 0


def _plain(event: Event) -> dict[str, object]:
    names = ("chain_id", "seq", "id", "at", "actor", "session", "kind", "subjects", "payload")
    return {name: getattr(event, name) for name in names}
