"""What connecting a firm to its truth needs to know of it, without asking that truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from onefirm.core.clock import Clock
from onefirm.secrets import Secrets
from onefirm.state.schema import Schema
from onefirm.store.engine import Store
from onefirm.store.tables import record

_COUNT = select(func.count()).select_from(record)


@dataclass(frozen=True, slots=True)
class Premises:
    """A workspace with its store open. `truth` is where its records are by onefirm.yaml.

    `remembered` is the schema with what earlier versions of it had, which notion.yaml may still map.
    """

    root: Path
    store: Store
    schema: Schema
    remembered: Schema
    clock: Clock
    secrets: Secrets
    currency: str
    truth: str

    def records(self) -> int:
        """How many records the firm has, archived ones among them."""
        with self.store.read() as conn:
            return conn.execute(_COUNT).scalar_one()
