"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

MORNING = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
"""A Monday, 09:00 in Berlin, with no change of summer time near it."""


class FixedClock:
    """Keeps the protocol of onefirm.core.clock.Clock: `now()` is an aware UTC instant."""

    def __init__(self, at: datetime = MORNING) -> None:
        if at.tzinfo is None:
            raise ValueError("a clock needs an aware instant")
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        return self._at

    def advance(self, **by: float) -> datetime:
        """Move on by a timedelta's arguments (`days=1, hours=2`); returns the new instant."""
        self._at += timedelta(**by)
        return self._at
