"""Time as the simulated workspace sees it: a clock that can be moved, and instants floored to the minute."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any


class Dial:
    """A clock for people and tests: real time, until it is stopped, set or moved on."""

    def __init__(self, at: datetime | None = None) -> None:
        """Stands still at `at` if that is given; runs with real time otherwise."""
        self._stopped = at
        self._ahead = timedelta()

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return self._stopped or datetime.now(UTC) + self._ahead

    def advance(self, **by: float) -> datetime:
        """Move on by a timedelta's arguments (`minutes=3`); returns the new instant."""
        if self._stopped:
            self._stopped += timedelta(**by)
        else:
            self._ahead += timedelta(**by)
        return self.now()

    def stop(self, at: datetime | None = None) -> None:
        """Stand still, at an aware instant or where it is."""
        self._stopped = at or self.now()

    def run(self) -> None:
        """Go on with real time from where it stands."""
        if self._stopped:
            self._ahead, self._stopped = self._stopped - datetime.now(UTC), None

    def setting(self) -> Mapping[str, Any]:
        """How it is set, for `set` in another process: where it stands still, or how far it is ahead of real time."""
        return {"stopped": self._stopped and self._stopped.isoformat(), "ahead_s": self._ahead.total_seconds()}

    def set(self, stopped: str | None, ahead_s: float) -> None:
        """Be set as another one was. Raises ValueError."""
        self._stopped = datetime.fromisoformat(stopped) if stopped else None
        self._ahead = timedelta(seconds=ahead_s)


def shown(instant: datetime) -> str:
    """An instant as `created_time` and `last_edited_time` show it: the seconds are gone, text order is time order."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:00.000Z")


def exact(instant: datetime) -> str:
    """An instant to the millisecond, as webhooks and comments carry it."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"


def parsed(text: str) -> datetime | None:
    """An aware instant from a date or a time as requests spell it; None if it is neither."""
    try:
        instant = datetime.fromisoformat(text)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):  # the first hours of year 1 and the last of 9999 have no UTC
        return None
