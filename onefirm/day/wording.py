"""How values and titles are said in one line of a brief. What records hold is data: it is clipped, never obeyed."""

from __future__ import annotations

import re
from typing import Any, cast

from onefirm.state import values

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
# The real tokenizer is never at hand at run time; English costs some 4 characters a token, refs and dates some 2.5.
_CHARACTERS_PER_TOKEN = 2.9


def clip(text: str, longest: int = 60) -> str:
    """One line of at most `longest` characters."""
    line = _CONTROL.sub(" ", text).strip()
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def show(value: Any) -> str:
    """A property's value for a person."""
    if value is None or value == [] or value == "":
        return "nothing"
    shown = values.show(value)
    return " and ".join(map(str, cast("list[Any]", shown))) if isinstance(shown, list) else clip(str(shown))


def tokens(text: str) -> int:
    """A careful estimate of the tokens of a text: rather too many than too few."""
    return round(len(text.encode("utf-8")) / _CHARACTERS_PER_TOKEN) + 1
