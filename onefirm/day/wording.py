"""How values and titles are said in one line of a brief. What records hold is data: it is clipped, never obeyed."""

from __future__ import annotations

import re
from typing import Any, cast

from onefirm.state import values

_STEERING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")


def clip(text: str, longest: int = 60) -> str:
    """One line of at most `longest` characters, none of which steers how it is shown."""
    line = _STEERING.sub(" ", text).strip()
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def show(value: Any) -> str:
    """A property's value for a person."""
    if value is None or value == [] or value == "":
        return "nothing"
    shown = values.show(value)
    return " and ".join(map(str, cast("list[Any]", shown))) if isinstance(shown, list) else clip(str(shown))
