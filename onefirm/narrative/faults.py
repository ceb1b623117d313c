"""What the checks of the context tree and of the playbooks find."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Rule = Literal[
    "orphan", "parent", "child", "link", "comment", "record", "state", "duplicate", "pasted", "secret", "budget",
    "form", "tool", "gate", "case",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mend:
    """What mends a fault by itself, in one file: the line `old` becomes `new`, or goes where that is None. Where `old`
    is None, `new` comes behind the line (0: before all).
    """

    path: str
    line: int
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to mend. `line` counts from 1; `what` is the fault, `fix` the way out, both sentences. `mend` does it,
    where nobody has to decide anything.
    """

    path: str
    line: int
    rule: Rule
    what: str
    fix: str
    mend: Mend | None = None
