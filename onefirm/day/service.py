"""What is known of the service from outside: whether it runs, since when, what it did last, and what it waits for.

The lock tells that it runs, and is free however it ended; `.onefirm/service.json` has what it said of itself last.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from onefirm.day.planes import Planes
from onefirm.lock import Lock
from onefirm.memory.consolidation import waiting

_FILE, _LOCK = "service.json", "service.lock"


@dataclass(frozen=True, slots=True)
class BeatState:
    """One periodic duty: when it was last done, when it comes next, and what is wrong with it, "" for nothing."""

    name: str
    done_at: str | None
    next_at: str
    fails: int = 0
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What a service says of itself. `webhooks` counts what came to `address` ("" where it hears none).

    `ended_at` is None while it runs, and for one that had no time to say that it ends.
    """

    pid: int
    since: str
    at: str
    beats: tuple[BeatState, ...] = ()
    address: str = ""
    webhooks: Mapping[str, int] = field(default_factory=dict[str, int])
    ended_at: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """The service now. `said` is of the one that runs, or of the last one; None where there never was one here.

    `waiting` counts writes that wait for the truth, `conflicts` those that wait for the operator. `synced_at` is when
    the mirror was last known to have everything, whoever pulled. `rules` counts questions about rules.
    """

    runs: bool
    said: Said | None
    waiting: int
    conflicts: int
    synced_at: str | None
    rules: int = 0

    @property
    def died(self) -> bool:
        """Whether the last one ended without a word."""
        return not self.runs and self.said is not None and self.said.ended_at is None


def lock(root: Path) -> Lock:
    """What the service of a workspace holds while it runs."""
    return Lock(root / ".onefirm" / _LOCK)


def keep(root: Path, said: Said) -> None:
    """Write down what the service says of itself."""
    path = root / ".onefirm" / _FILE
    draft = path.with_name(f".{_FILE}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        json.dump(asdict(said), file)
    draft.replace(path)


def last_said(root: Path) -> Said | None:
    """What the service that runs, or the last one, said of itself."""
    try:
        found: dict[str, Any] = json.loads((root / ".onefirm" / _FILE).read_text(encoding="utf-8"))
        beats = tuple(BeatState(**beat) for beat in found.pop("beats"))
        return Said(**found, beats=beats)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def standing(planes: Planes) -> Standing:
    """How the service of this firm stands."""
    held = [one.state == "held" for one in planes.records.pending()]
    runs = lock(planes.root).holder() is not None
    with planes.store.read() as conn:
        rules = waiting(conn)
    return Standing(
        runs, last_said(planes.root), held.count(False), held.count(True), planes.records.synced_at(), rules
    )
