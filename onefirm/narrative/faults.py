"""What the checks of the context tree and of the playbooks find."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Rule = Literal[
    "orphan", "parent", "child", "link", "record", "state", "duplicate", "secret", "budget",
    "form", "tool", "gate", "case",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to mend. `line` counts from 1; `what` is the fault, `fix` the way out, both sentences."""

    path: str
    line: int
    rule: Rule
    what: str
    fix: str
