"""Request limits: a budget for each 60 seconds, per connection and for the whole workspace."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from onefirm.simulators.notion.refusals import Refusal


@dataclass(slots=True)
class Limits:
    """Counts requests; the budgets may be changed at any time, None is no limit."""

    per_connection: int | None = None
    per_workspace: int | None = None
    window_s: float = 60
    workspace_window_s: float = 180
    refused: int = 0
    """Requests answered with 429 so far."""
    _windows: dict[str, tuple[datetime, int]] = field(default_factory=dict[str, tuple[datetime, int]])

    def spend(self, token: str, now: datetime) -> None:
        """Take one request from the budgets. Raises Refusal (429) when there is none left."""
        self._take(token, self.per_connection, self.window_s, "connection_limit", now)
        self._take("", self.per_workspace, self.workspace_window_s, "workspace_limit", now)

    def _take(self, key: str, budget: int | None, window_s: float, reason: str, now: datetime) -> None:
        if budget is None:
            return
        began, spent = self._windows.get(key, (now, 0))
        ends = began + timedelta(seconds=window_s)
        if now >= ends or now < began:
            began, spent, ends = now, 0, now + timedelta(seconds=window_s)
        if spent >= budget:
            self.refused += 1
            raise rate_limited(max(1, math.ceil((ends - now).total_seconds())), reason)
        self._windows[key] = (began, spent + 1)


def rate_limited(retry_after_s: int, reason: str = "connection_limit") -> Refusal:
    """429 with the whole seconds to wait."""
    return Refusal(
        429,
        "rate_limited",
        "You have been rate limited. Please try again in a few minutes.",
        data={"rate_limit_reason": reason},
        headers={"Retry-After": str(retry_after_s)},
    )
