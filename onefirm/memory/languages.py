"""Which language a passage is in: English is stemmed, any other looked for from a word's stem on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, text

from onefirm.memory.index import ENGLISH

_MADE = text("SELECT value FROM setting WHERE name = 'recall_index'")


@dataclass(frozen=True, slots=True)
class Languages:
    """The firm's own, and of those clients and prospects (by ref) that have another one."""

    firm: str = ENGLISH
    clients: Mapping[str, str] = field(default_factory=dict[str, str])

    def of(self, owners: Iterable[str]) -> str:
        """The language of what belongs to these: theirs, if they have one in common."""
        spoken = {self.clients.get(owner, self.firm) for owner in owners}
        return spoken.pop() if len(spoken) == 1 else self.firm

    def told(self) -> dict[str, Any]:
        """As it is kept with what the index was made for."""
        return {"firm": self.firm, "clients": dict(sorted(self.clients.items()))}


def made(conn: Connection) -> Mapping[str, Any]:
    """What the index was made for, as renewal keeps it; empty before its first time."""
    value = conn.execute(_MADE).scalar()
    return json.loads(value) if isinstance(value, str) else value or {}


def kept(conn: Connection) -> Languages:
    """The languages that the index was made for: what is put now must be like what stands there."""
    told = made(conn).get("languages", {})
    return Languages(told.get("firm", ENGLISH), told.get("clients", {}))
