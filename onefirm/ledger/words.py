"""How values of a payload read in a sentence. A terminal shows these texts: control characters never pass."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, cast

from onefirm.core.money import Money

_LONGEST = 120
_BREAKS = {"Cc": " ", "Zl": " ", "Zp": " ", "Zs": " ", "Cs": "\ufffd", "Cf": ""}


def clean(text: object, longest: int = _LONGEST) -> str:
    """One line without control, invisible or direction-changing characters, cut with an ellipsis at `longest`."""
    given = str(text)
    if not given.isprintable():
        given = "".join(_BREAKS.get(unicodedata.category(char), char) for char in given)
    line = " ".join(given.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def quoted(text: object, longest: int = _LONGEST) -> str:
    """The text in typographic quotes."""
    return f"“{clean(text, longest)}”"


def value(given: object) -> str:
    """A property's value for people: amounts with their currency, lists joined, empty values as “nothing”."""
    if given is None or given == "" or given == []:
        return "nothing"
    if isinstance(given, bool):
        return "yes" if given else "no"
    if isinstance(given, Mapping):
        return _amount(cast("Mapping[str, Any]", given))
    if isinstance(given, (list, tuple)):
        return listed([value(item) for item in cast("Sequence[object]", given)])
    return clean(given)


def _amount(given: Mapping[str, Any]) -> str:
    minor, currency = given.get("minor"), given.get("currency")
    if isinstance(minor, int) and isinstance(currency, str):
        return clean(Money(minor, currency))
    return clean(", ".join(f"{name}: {item}" for name, item in given.items()))


def listed(items: Sequence[str], most: int = 6) -> str:
    """`a, b and c`; beyond `most` the rest is counted."""
    if len(items) > most:
        return f"{', '.join(items[:most])} and {len(items) - most} more"
    return " and ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))


def actor(name: str) -> str:
    """Who did it, as the start of a sentence."""
    known = {"operator": "The operator", "claude": "Claude", "onefirm": "onefirm", "outside": "Someone outside onefirm"}
    if name.startswith("claude/"):
        return f"Claude ({clean(name.removeprefix('claude/'), 40)})"
    return known.get(name) or clean(name, 40)


def property_name(name: str) -> str:
    """`next_action` as `next action`."""
    return clean(name.replace("_", " "), 40)
