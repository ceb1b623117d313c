"""Time as a value that is passed in: aware UTC instants inside, the firm's time zone only for plain dates."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from onefirm.core.errors import InvalidInput


class Clock(Protocol):
    """Where the present comes from."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def iso(instant: datetime) -> str:
    """`2026-11-21T10:00:00.000000Z`: fixed width, so that text order is time order."""
    # Not strftime: its %Y gives early years fewer than four digits.
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse_iso(text: str) -> datetime:
    """An aware instant from ISO 8601; a plain date means its first moment in UTC. Raises InvalidInput."""
    try:
        instant = datetime.fromisoformat(text)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):  # the first hours of year 1 and the last of 9999 have no UTC
        raise InvalidInput(
            f"“{text[:40]}” is not a date or time.", hint="Write it as 2026-11-21 or 2026-11-21T10:00:00Z."
        ) from None


def today(now: datetime, timezone: str) -> date:
    """The calendar day of `now` in an IANA time zone; it decides what is overdue."""
    return now.astimezone(ZoneInfo(timezone)).date()
