"""Triggers of lessons as they are written down: checked once, kept as plain data that hooks can read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from onefirm.core.errors import InvalidInput
from onefirm.sessions.triggers import PARTS

Trigger = Mapping[str, Sequence[str]]
_MOST = 8
_LONGEST = 120
_SHORTEST = 3
_KIND = re.compile(r"[a-z][a-z0-9_]{0,39}")


def checked(given: Mapping[str, Sequence[str]] | None) -> dict[str, list[str]]:
    """The trigger without empty parts. Raises InvalidInput for an unknown part, or one that would always apply."""
    given = given or {}
    if unknown := [part for part in given if part not in PARTS]:
        raise InvalidInput(f"A trigger has no “{unknown[0][:40]}”.", hint=f"It may have: {', '.join(PARTS)}.")
    trigger = {part: _each_once(given[part]) for part in PARTS if part in given}
    for part, wanted in trigger.items():
        _check(part, wanted)
    return {part: wanted for part, wanted in trigger.items() if wanted}


def read(given: object) -> dict[str, list[str]]:
    """A trigger as an entry has it; what isn't one is none."""
    if not isinstance(given, dict):
        return {}
    parts = cast("dict[str, Any]", given)
    return {
        part: [str(one) for one in cast("list[object]", parts[part])]
        for part in PARTS
        if isinstance(parts.get(part), list) and parts[part]
    }


def told(trigger: Trigger) -> str:
    """In words: `paths context/sales/*; words deadline, due`. Empty for none."""
    return "; ".join(f"{part} {', '.join(trigger[part])}" for part in PARTS if trigger.get(part))


def meet(one: Trigger, other: Trigger) -> bool:
    """Whether two triggers share anything."""
    return any(set(one.get(part, ())) & set(other.get(part, ())) for part in PARTS)


def _each_once(texts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(" ".join(text.split()) for text in texts))


def _check(part: str, wanted: Sequence[str]) -> None:
    if len(wanted) > _MOST or any(len(one) > _LONGEST for one in wanted):
        raise InvalidInput(
            f"A trigger has at most {_MOST} {part} of {_LONGEST} characters.", hint="Keep those that tell it apart."
        )
    if part == "paths" and (wide := [one for one in wanted if not one.strip("*/. ") or one.startswith(("/", ".."))]):
        raise InvalidInput(
            f"“{wide[0]}” is no path of this workspace, or all of them.", hint="Name a folder: context/sales/*"
        )
    if part == "kinds" and (odd := [one for one in wanted if not _KIND.fullmatch(one)]):
        raise InvalidInput(f"“{odd[0]}” is no kind of record.", hint="`onefirm schema check` lists the kinds.")
    if part in ("words", "commands") and (short := [one for one in wanted if sum(map(str.isalnum, one)) < _SHORTEST]):
        raise InvalidInput(f"“{short[0]}” is too short for a trigger.", hint="Take a word that tells it apart.")
