"""How fast one connection may ask: a bucket of tokens that learns from refusals. Pure but for the time it is given."""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable

from onefirm.state.truth.base import Unreachable

RATE = 3.0
"""Requests a second that Notion lets through on average."""
BURST_S = 8.0
"""How much of it may go at once: its budget is one of a minute, and one poll of every kind fits in."""
SLOWEST, FASTEST = 0.3, 1000.0
"""What a rate may be; the fastest is for a simulated Notion, which has no limit unless it is told to."""
_CUT = 0.85
_CUT_EVERY_S = 5.0
_RECOVERY = 0.05
_SHORTEST_S = 0.001  # less could be lost in the clock's own rounding, and waited for without end


class Pace:
    """Shared by all requests of a connection. A pause that Notion asks for holds for all of them."""

    def __init__(self, rate: float = RATE, time: Callable[[], float] = time.monotonic) -> None:
        self.time = time
        self.rate = rate
        self._usual = rate
        self._burst = rate * BURST_S
        self._tokens = self._burst
        self._at = time()
        self._not_before = 0.0
        self._cut_at = -_CUT_EVERY_S
        self._lock = threading.Lock()

    async def turn(self, sleep: Callable[[float], Awaitable[None]], deadline: float) -> None:
        """Wait until the next request may go. Raises Unreachable when that is later than the deadline."""
        while (wait := self._take()) > 0:
            if self.time() + wait > deadline:
                raise Unreachable(f"Notion asks to wait {wait:.0f} s longer")
            await sleep(wait)

    def _take(self) -> float:
        """Take a token; how long to wait where there is none."""
        with self._lock:
            now = self.time()
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self.rate)
            self._at = now
            if now < self._not_before:
                return self._not_before - now
            if self._tokens >= 1:
                self._tokens -= 1
                return 0.0
            return max((1 - self._tokens) / self.rate, _SHORTEST_S)

    def limited(self, wait_s: float) -> None:
        """Notion refused one for coming too soon: everybody waits, and goes on a little slower."""
        with self._lock:
            now = self.time()
            self._not_before = max(self._not_before, now + wait_s)
            self._tokens = min(self._tokens, 1.0)
            # refusals come in bunches, and one bunch is one lesson
            if now - self._cut_at >= _CUT_EVERY_S:
                self._cut_at = now
                self.rate = max(SLOWEST, self.rate * _CUT)

    def went_through(self) -> None:
        """One was let through: back towards the usual rate."""
        with self._lock:
            self.rate = min(self._usual, self.rate + self._usual * _RECOVERY)
