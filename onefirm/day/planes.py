"""The rooms that a day needs, handed over by bootstrap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from onefirm.core.clock import Clock
from onefirm.core.sight import WHOLE, Sight
from onefirm.day.pulls import Pulls
from onefirm.ledger.append import Ledger
from onefirm.memory.decisions import Decisions
from onefirm.memory.facts import Facts
from onefirm.memory.lessons import Lessons
from onefirm.memory.sources import Sources
from onefirm.memory.vectors.vectors import Vectors
from onefirm.state.records import Records
from onefirm.state.schema import Schema
from onefirm.store.engine import Store


@dataclass(frozen=True, slots=True)
class Rules:
    """The firm's own numbers, from onefirm.yaml. `brief_tokens` is the brief's limit; `root_tokens` and
    `chain_tokens` are what the context tree may cost: in every session, and with one file. `stale_days` is how long a
    thing may lie before it is told; `session_days` how long an archived session is kept, 0 where none is archived.
    """

    firm: str
    timezone: str
    brief_tokens: int
    root_tokens: int = 1500
    chain_tokens: int = 6000
    stale_days: int = 14
    session_days: int = 30


@dataclass(frozen=True, slots=True)
class Planes:
    """Everything a day touches.

    `project` brings session.db up to the ledger; `secrets_check` names the secret that a text holds, `known_secret` the
    one whose own value it holds. `plugin` is the folder of this copy's Claude Code plugin, None where it came without
    one. `sight` is what may be seen by the session for which all this is done.
    """

    root: Path
    rules: Rules
    clock: Clock
    store: Store
    ledger: Ledger
    schema: Schema
    records: Records
    decisions: Decisions
    lessons: Lessons
    sources: Sources
    facts: Facts
    project: Callable[[], None]
    secrets_check: Callable[[str], str | None]
    known_secret: Callable[[str], str | None]
    plugin: Path | None = None
    sight: Sight = WHOLE
    pulls: Pulls = field(default_factory=Pulls)
    keep_rules: Callable[[], int] = lambda: 0
    vectors: Vectors | None = None

    def renewed(self) -> Planes:
        """The same planes with the sight of now; to be asked for after anything was taken over."""
        return self.behind(self.sight.renew()) if self.sight.renew else self

    def behind(self, sight: Sight) -> Planes:
        """The same planes with this sight. The ledger stays whole: what is told of it is chosen where it is told."""
        names = ("records", "decisions", "lessons", "sources", "facts")
        rooms = {name: getattr(self, name).behind(sight) for name in names}
        return replace(self, **rooms, sight=sight)
