"""A clock that a story moves: the past is lived in seconds, and every entry of the ledger bears the time it tells."""

from __future__ import annotations

from datetime import UTC, datetime


class StoryClock:
    """Keeps `core.clock.Clock`; it stands still until it is moved, and never goes back."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        """The moment of the story."""
        return self._at

    def move_to(self, at: datetime) -> None:
        """Go on to a moment; an earlier one leaves the clock where it is."""
        self._at = max(self._at, at.astimezone(UTC))
