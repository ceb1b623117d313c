"""Faults by rule: what goes wrong, with which requests, and how often."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from onefirm.simulators.notion.limits import rate_limited
from onefirm.simulators.notion.refusals import Refusal, conflict

Kind = Literal["429", "409", "500", "502", "503", "504", "529", "drop", "slow", "after"]
"""`502` answers HTML, `drop` closes before anything happens, `slow` waits first, `after` acts and loses the answer."""
KINDS: tuple[Kind, ...] = get_args(Kind)
BUSY = "Public API service is temporarily unavailable, please try again later."
ERRORS: Mapping[str, Callable[[int], Refusal]] = {
    "429": rate_limited,
    "409": lambda wait: conflict(),
    "500": lambda wait: Refusal(500, "internal_server_error", "Unexpected error occurred."),
    "503": lambda wait: Refusal(503, "service_unavailable", BUSY),
    "504": lambda wait: Refusal(504, "gateway_timeout", "The request timed out. Please try again later."),
    "529": lambda wait: Refusal(
        529, "service_overload", "Notion is overloaded. Please try again later.", headers={"Retry-After": str(wait)}
    ),
}
"""The kinds that are answered with an error object; the others have no such answer."""


@dataclass(slots=True)
class Fault:
    """One rule. It applies to requests of `method` whose path matches `path`, `times` times (None: for ever)."""

    kind: Kind
    path: str = ""
    """A regular expression, searched in the path below `/v1/`."""
    method: str | None = None
    times: int | None = 1
    after_times: int = 0
    """Matching requests to let pass first."""
    share: float = 1.0
    """Of the matching requests, the part that it happens to, drawn from the seed."""
    retry_after_s: int = 1
    delay_s: float = 0.0
    """How long `slow` waits, in real time."""

    def __post_init__(self) -> None:
        """Refuse a rule that could never mean anything. Raises ValueError."""
        if self.kind not in KINDS:
            raise ValueError(f"no fault is called {self.kind!r}; there are {', '.join(KINDS)}")
        re.compile(self.path)


class Faults:
    """The rules in force, the first that matches decides."""

    def __init__(self, seed: int = 0) -> None:
        self.rules: list[Fault] = []
        self.struck: list[tuple[str, str, str]] = []
        """What happened: kind, method, path."""
        self._cleared = threading.Event()
        self._random = random.Random(seed)  # noqa: S311 - which request is struck is no secret

    def add(self, kind: Kind, path: str = "", **rule: Any) -> Fault:
        """Lay down a rule; the fields are those of Fault. Raises ValueError, TypeError."""
        self.rules.append(fault := Fault(kind, path, **rule))
        return fault

    def clear(self) -> None:
        """Let everything go well again, also for those who wait."""
        self.rules.clear()
        cleared, self._cleared = self._cleared, threading.Event()
        cleared.set()

    def wait(self, fault: Fault) -> None:
        """What `slow` does, until it is cleared away."""
        cleared = self._cleared  # before the rule is looked for: it may go at this moment
        if fault in self.rules:
            cleared.wait(fault.delay_s)

    def strike(self, method: str, path: str) -> Fault | None:
        """The fault that meets this request, if any."""
        for fault in self.rules:
            if fault.method in (None, method) and re.search(fault.path, path) and self._happens(fault):
                self.struck.append((fault.kind, method, path))
                return fault
        return None

    def _happens(self, fault: Fault) -> bool:
        if fault.times == 0:
            return False
        if fault.after_times:
            fault.after_times -= 1
            return False
        if fault.share < 1 and self._random.random() >= fault.share:
            return False
        if fault.times is not None:
            fault.times -= 1
        return True
