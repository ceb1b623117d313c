"""Keeping session.db, which hooks read, level with the ledger."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

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

    def __call__(self) -> None:
        """Catch up. Never raises: the ledger is written already, and the next call catches up on what failed."""
        try:
            self.catch_up()
        except (OSError, sqlite3.Error, db.Lost, Unavailable):
            _log.warning("session.db could not be brought up to the ledger", exc_info=True)

    def catch_up(self) -> None:
        """Project every chain's new events, oldest first."""
        marks = projection.watermarks(self._root)
        with self._store.read() as conn:
            for head in self._ledger.heads(conn):
                seq = marks.get(head.chain_id, 0)
                while seq < head.seq:
                    events = self._ledger.events(conn, chain_id=head.chain_id, after_seq=seq, limit=_BATCH)
                    projection.apply(self._root, [_plain(event) for event in events], head.chain_id)
                    seq = events[-1].seq


def _plain(event: Event) -> dict[str, object]:
    names = ("chain_id", "seq", "id", "at", "actor", "session", "kind", "subjects", "payload")
    return {name: getattr(event, name) for name in names}
