"""What this machine can't measure: a skip that the summary repeats, so that a missing tool never looks like a pass."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

import pytest

PREFIX = "not measured: "


def not_measured(why: str) -> NoReturn:
    """Skip the test; `why` names what is missing, and what would bring it."""
    pytest.skip(PREFIX + why)


def told(skipped: Iterable[Any]) -> Iterator[str]:
    """One line for each reason among pytest's reports of skipped tests: `not measured: no Node (3 tests)`."""
    reasons = Counter(reason for report in skipped if (reason := _reason(report)).startswith(PREFIX))
    for reason, count in sorted(reasons.items()):
        yield f"{reason} ({count} {'test' if count == 1 else 'tests'})"


def _reason(report: Any) -> str:
    skip = report.longrepr  # file, line and message, or a text of its own
    return str(skip[2] if isinstance(skip, tuple) else skip).removeprefix("Skipped: ")
