"""Instants as text, without importing datetime (a hook can't afford it): `2026-11-21T10:00:00.000000Z`, always UTC."""

from __future__ import annotations

import time


def iso(epoch: float | None = None) -> str:
    """The instant as text; now when no epoch is given."""
    micros = round((time.time() if epoch is None else epoch) * 1_000_000)
    seconds, fraction = divmod(micros, 1_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{fraction:06d}Z"


def epoch(text: str) -> float:
    """Seconds since 1970 of an instant written by `iso`. Raises ValueError for any other text."""
    days = _days(int(text[0:4]), int(text[5:7]), int(text[8:10]))
    clock = text[11:].rstrip("Z").split("+")[0].split(":")
    return days * 86_400 + int(clock[0]) * 3600 + int(clock[1]) * 60 + float(clock[2])


def _days(year: int, month: int, day: int) -> int:
    # Howard Hinnant's days_from_civil: exact for every date, and cheaper here than importing calendar.
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def age(since: float, until: float) -> str:
    """How long ago, in words: `3 minutes`, `2 hours`, `5 days`."""
    seconds = max(0, int(until - since))
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "less than a minute"
