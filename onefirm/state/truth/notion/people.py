"""Who Notion's users are: what they are called, and which of them this connection is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from onefirm.core.clock import Clock, iso, parse_iso
from onefirm.state.truth.base import TruthError
from onefirm.state.truth.notion.asking import Asking
from onefirm.store import notes
from onefirm.store.engine import Store

KEPT = timedelta(days=1)
AGAIN = timedelta(minutes=5)
"""Nobody is asked for more often, whoever needs it: neither where it fails nor where somebody is written to."""
_NOTE = "notion.people"


class People:
    """What is known of them, kept in the store for programs that look only once. `me` is None while nobody said it."""

    def __init__(self, store: Store, notion: Asking, clock: Clock) -> None:
        self._store = store
        self._notion = notion
        self._clock = clock
        self._tried_at: datetime | None = None
        self.names: dict[str, str] = {}
        self.me: str | None = None
        self._recall()

    def learn(self, patience: timedelta = KEPT) -> None:
        """Ask where what is known is older than that; a connection that may not know goes on without."""
        asked_at, now = self._recall(), self._clock.now()
        if (asked_at and now - parse_iso(asked_at) < patience) or (self._tried_at and now - self._tried_at < AGAIN):
            return
        self._tried_at = now
        try:
            self.names, self.me = self._notion.users()
        except TruthError:
            return
        with self._store.write() as conn:
            notes.put(conn, _NOTE, {"at": iso(now), "names": self.names, "me": self.me})

    def _recall(self) -> str:
        """Take over what is kept; when Notion was asked for it, empty for never."""
        with self._store.read() as conn:
            kept: Any = notes.get(conn, _NOTE) or {}
        self.names, self.me = dict(kept.get("names", {})), kept.get("me")
        return str(kept.get("at", ""))
