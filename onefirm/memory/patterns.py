"""How a rule is held in practice, as it is written down: a pattern that a guard looks for, or a check of records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from onefirm.core.errors import InvalidInput
from onefirm.sessions import commands
from onefirm.sessions.enforced import PARTS

Form = Literal["guard", "check"]
_MOST, _LONGEST, _SHORTEST, _FEWEST = 8, 120, 3, 2
_MENDING = (["onefirm", "doctor", "--fix"], ["onefirm", "record", "get", "P-1"])
_CHECKS = ("kind", "where", "needs")


@dataclass(frozen=True, slots=True)
class Enforcement:
    """What holds a rule.

    A `guard` has a pattern of {"paths", "words", "commands"}, lists of texts: an edit or a command that meets it is
    refused, or put to the operator where it `asks`. A `check` has {"kind", "where", "needs"}: records of the kind that
    meet the conditions and lack one of the properties break it. `instead` says what to do.
    """

    form: Form
    pattern: Mapping[str, Any]
    asks: bool = False
    instead: str = ""

    def told(self) -> str:
        """In words: `refuses command “git push --force”`."""
        if self.form == "check":
            where = "".join(f", {name} {value}" for name, value in self.pattern["where"].items())
            return f"expects {', '.join(self.pattern['needs'])} of every {self.pattern['kind']}{where}"
        adding = " that add " if self.pattern.get("paths") else "edits that add "
        said = [f"edits of {', '.join(self.pattern['paths'])}"] if self.pattern.get("paths") else []
        said += [adding + _quoted(self.pattern["words"])] if self.pattern.get("words") else []
        edits, told = "".join(said), [f"command {_quoted(self.pattern['commands'])}"] * bool(self.pattern["commands"])
        return f"{'asks before' if self.asks else 'refuses'} {' and '.join(filter(None, [edits, *told]))}"


def guard(given: Mapping[str, Sequence[str]], *, asks: bool, instead: str) -> Enforcement:
    """A guard of this pattern. Raises InvalidInput for one that is empty, endless, or would meet everything."""
    pattern = {part: list(dict.fromkeys(" ".join(one.split()) for one in given.get(part, ()))) for part in PARTS}
    if not any(pattern.values()):
        raise InvalidInput(
            "There is nothing to look for.",
            hint="Name it: --command “git push --force”, --path context/sales/*, --word “lorem ipsum”.",
        )
    for part, wanted in pattern.items():
        if len(wanted) > _MOST or any(len(one) > _LONGEST for one in wanted):
            raise InvalidInput(
                f"A pattern has at most {_MOST} {part} of {_LONGEST} characters.", hint="Keep those that count."
            )
        for one in wanted:
            _check(part, one)
    return Enforcement("guard", pattern, asks, instead)


def check(kind: str, where: Mapping[str, Any], needs: Sequence[str], *, instead: str) -> Enforcement:
    """A check of the records of a kind. Raises InvalidInput without a property that is expected."""
    if not needs or len(needs) + len(where) > _MOST:
        raise InvalidInput(
            "A check expects a property, of as few records as it is about.",
            hint="--kind task --where status=todo --has due",
        )
    pattern = {"kind": kind, "where": dict(where), "needs": list(dict.fromkeys(needs))}
    return Enforcement("check", pattern, instead=instead)


def read(given: object) -> Enforcement | None:
    """What an entry says of it; None for what can't be read any more."""
    if not isinstance(given, dict):
        return None
    said = cast("dict[str, Any]", given)
    form, pattern = said.get("form"), said.get("pattern")
    if form not in ("guard", "check") or not isinstance(pattern, dict):
        return None
    if not all(name in pattern for name in (PARTS if form == "guard" else _CHECKS)):
        return None
    return Enforcement(form, cast("dict[str, Any]", pattern), bool(said.get("asks")), str(said.get("instead") or ""))


def written(one: Enforcement) -> dict[str, Any]:
    """As an entry keeps it."""
    return {"form": one.form, "pattern": dict(one.pattern), "asks": one.asks, "instead": one.instead}


def words(one: Enforcement) -> list[str]:
    """Every text in it that could name somebody."""
    if one.form == "check":
        return [*map(str, one.pattern["where"].values()), *one.pattern["needs"]]
    return [*one.pattern["words"], *one.pattern["commands"]]


def _check(part: str, one: str) -> None:
    if part == "paths" and (sum(map(str.isalnum, one)) < _FEWEST or one.startswith(("/", "..", "~"))):
        raise InvalidInput(f"“{one}” is no path of this workspace, or all of them.", hint="Name one: context/sales/*")
    if part == "words" and (sum(map(str.isalnum, one)) < _SHORTEST or "*" in one):
        raise InvalidInput(f"“{one}” is no word to look for.", hint="Give words as they stand, three letters or more.")
    if part == "commands" and (not one or sum(map(str.isalnum, one.split()[0])) < _FEWEST):
        raise InvalidInput(f"“{one}” names no program.", hint="Begin with its name: git push --force")
    if part == "commands" and any(commands.runs(one, words) for words in _MENDING):
        raise InvalidInput(
            f"“{one}” would refuse onefirm itself, also where it looks and mends.",
            hint="Name what it is told to do: onefirm truth move",
        )


def _quoted(wanted: Sequence[str]) -> str:
    return " or ".join(f"“{one}”" for one in wanted)
