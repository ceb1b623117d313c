"""What every part of the state plane works with.

Transactions take their locks in one order, so that no two wait for each other: a question of the inbox, claims in the
outbox, rows of the mirror by ref, counters, and last the ledger's chain, which every entry takes until the commit. A
new claim may be put after rows were locked: nobody else can hold it yet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from onefirm.core.clock import Clock
from onefirm.ledger.append import Ledger
from onefirm.state.schema import Schema
from onefirm.state.truth.base import Truth
from onefirm.state.values import Reading
from onefirm.store.engine import Store


@dataclass(frozen=True, slots=True)
class Plane:
    """The rooms below, the rules for reading values, and what was injected.

    `project` catches the sessions' projection up and never raises; `pause` waits some seconds; `step` is called by name
    between the steps of a write, so that a test can end the process there.
    """

    store: Store
    ledger: Ledger
    truth: Truth
    schema: Schema
    clock: Clock
    reading: Reading
    project: Callable[[], None]
    pause: Callable[[float], None]
    step: Callable[[str], None]

    @property
    def beside(self) -> bool:
        """Whether the truth commits to the same log as the mirror, so that the order of commits is all that counts."""
        return self.truth.store is self.store

    def now(self) -> datetime:
        """The present instant."""
        return self.clock.now()
