"""Properties as they are typed: `status=doing due=2026-12-01`, and as conditions: `due<2026-12-01`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from onefirm.core.errors import InvalidInput

_CONDITION = re.compile(r"([^=<>!\s]+)\s*(<=|>=|!=|=|<|>)(.*)", re.DOTALL)


def properties(words: Iterable[str]) -> dict[str, Any]:
    """`name=value` pairs; a name given twice makes a list, an empty value clears. Raises InvalidInput."""
    found: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.strip():
            raise InvalidInput(
                f"“{word[:60]}” is no property.", hint="Write name=value, such as status=doing or 'due=2026-12-01'."
            )
        _add(found, name.strip(), value or None)
    return found


def conditions(words: Iterable[str]) -> dict[str, Any]:
    """`name=value`, `name<value`, `name!=value` and so on; a name twice means any of them. Raises InvalidInput."""
    found: dict[str, Any] = {}
    for word in words:
        parts = _CONDITION.fullmatch(word)
        if parts is None:
            raise InvalidInput(
                f"“{word[:60]}” is no condition.", hint="Write status=doing or, in quotes, 'due<2026-12-01'."
            )
        name, operator, value = parts.groups()
        _add(found, name if operator == "=" else f"{name}{operator}", value.strip() or None)
    return found


def _add(found: dict[str, Any], name: str, value: str | None) -> None:
    if name not in found:
        found[name] = value
    elif isinstance(found[name], list):
        found[name].append(value)
    else:
        found[name] = [found[name], value]
