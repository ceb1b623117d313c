"""Which rules can become one guide: hardened ones that are read in the same place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onefirm.core.errors import InvalidInput, Refused
from onefirm.memory.stories import Lesson


def scope(one: Lesson) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """What decides where a rule is read: only rules of one scope can be one guide."""
    return one.theme, () if one.recurred else tuple(sorted(one.about)), tuple(sorted(one.trigger.get("paths", ())))


def check(merged: Sequence[Lesson], ruling: Mapping[str, Lesson]) -> None:
    """Raise InvalidInput or Refused for what can't be one guide; `ruling` are the rules that speak for themselves."""
    if len(merged) < 2:
        raise InvalidInput("A guide is made of two rules or more.", hint="`onefirm lesson consolidate` proposes some.")
    for one in merged:
        if one.ref not in ruling or one.status != "hardened" or one.erased or one.of:
            raise Refused(f"{one.ref} can't be merged: it is {_why_not(one)}.", hint="Merge hardened rules.")
        if waits_for := [part for part in ("commands", "kinds", "words") if one.trigger.get(part)]:
            raise Refused(
                f"{one.ref} is said at its own moment ({', '.join(waits_for)}), and stands in no file.",
                hint="Merge rules that are read from files.",
            )
        if scope(one) != scope(merged[0]):
            raise Refused(
                f"{merged[0].ref} and {one.ref} are read in different places.",
                hint="Merge rules of one theme that apply to the same.",
            )


def _why_not(one: Lesson) -> str:
    if one.of:
        return "a guide itself"
    return "part of a guide already" if one.status == "hardened" and not one.erased else one.status
