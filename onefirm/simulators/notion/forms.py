"""What a request has to look like before anything is looked up, and Notion's words for what doesn't.

A form takes a value and its path and answers the problems it finds. Notion puts a union's problems together: the
alternatives that came deepest into the value speak, and what they say of one place becomes one line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from onefirm.simulators.notion.ids import UUID
from onefirm.simulators.notion.refusals import MISSING, Refusal, invalid, quoted

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that isn't as it should be."""

    path: Path
    value: object
    expected: tuple[str, ...]
    optional: bool = False
    """Whether it could as well have been left out."""

    def line(self) -> str:
        """The problem in Notion's words."""
        words = [*self.expected, *(["`undefined`"] if self.optional else [])]
        listed = " or ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])}, or {words[-1]}"
        return f"{'.'.join(self.path).replace('.[', '[')} should be {listed}, instead was `{quoted(self.value)}`."


Form = Callable[[object, Path], list[Problem]]


def demand(form: Form, value: object, path: str) -> None:
    """Raise Refusal if the value isn't of this form; `path` begins with `body` or `query`."""
    problems = form(value, (path,))
    if problems:
        raise refusal(path.partition(".")[0], problems)


def refusal(root: str, problems: Sequence[Problem]) -> Refusal:
    """400 with a line for each problem."""
    if len(problems) == 1:
        return invalid(f"{root} failed validation: {problems[0].line()}")
    return invalid("\n".join([f"{root} failed validation. Fix one:", *(one.line() for one in problems)]))


def is_a(words: str, test: Callable[[Any], bool]) -> Form:
    """A value that passes the test, which the words describe."""
    return lambda value, path: [] if test(value) else [Problem(path, value, (words,))]


def one_of(*names: str, unnamed: Sequence[str] = ()) -> Form:
    """One of these strings, or of some that a refusal doesn't list."""
    listed = tuple(f'`"{name}"`' for name in names)
    return lambda value, path: [] if value in (*names, *unnamed) else [Problem(path, value, listed)]


def both(first: Form, second: Form) -> Form:
    """A value of both forms; the first problem speaks."""
    return lambda value, path: first(value, path) or second(value, path)


def or_null(form: Form) -> Form:
    """A value of the form, or null."""

    def check(value: object, path: Path) -> list[Problem]:
        problems = [] if value is None else form(value, path)
        return [replace(one, expected=(*one.expected, "`null`")) if one.path == path else one for one in problems]

    return check


def each(form: Form) -> Form:
    """An object whose every member is of the form."""

    def check(value: object, path: Path) -> list[Problem]:
        if not isinstance(value, dict):
            return [Problem(path, value, ("an object",))]
        sent = cast("Mapping[str, object]", value)
        found = [problems for key, one in sent.items() if (problems := form(one, (*path, key)))]
        return found[0] if found else []

    return check


def items(form: Form) -> Form:
    """A list whose every item is of the form; the first item with a problem speaks."""

    def check(value: object, path: Path) -> list[Problem]:
        if not isinstance(value, list):
            return [Problem(path, value, ("an array",))]
        listed = cast("list[object]", value)
        found = [problems for at, one in enumerate(listed) if (problems := form(one, (*path, f"[{at}]")))]
        return found[0] if found else []

    return check


def members(
    required: Mapping[str, Form] | None = None, optional: Mapping[str, Form] | None = None, *, whole: bool = True
) -> Form:
    """An object with these members, looked at in this order; `whole` says that it may have no others."""
    wanted: Mapping[str, Form] = required or {}
    rest: Mapping[str, Form] = optional or {}

    def check(value: object, path: Path) -> list[Problem]:
        if not isinstance(value, dict):
            return [Problem(path, value, ("an object",))]
        sent = cast("Mapping[str, object]", value)
        for key, form in {**wanted, **rest}.items():
            if problems := _member(sent, key, form, path, key in wanted):
                return problems
        extra = [key for key in sent if key not in wanted and key not in rest]
        return [Problem((*path, key), sent[key], ("not present",)) for key in extra] if whole else []

    return check


def _member(sent: Mapping[str, object], key: str, form: Form, path: Path, required: bool) -> list[Problem]:
    here = (*path, key)
    if key not in sent:
        return [Problem(here, MISSING, ("defined",))] if required else []
    found = form(sent[key], here)
    return found if required else [replace(one, optional=one.optional or one.path == here) for one in found]


def any_of(*forms: Form) -> Form:
    """A value of one of the forms."""

    def check(value: object, path: Path) -> list[Problem]:
        found = [form(value, path) for form in forms]
        return _joined(found) if all(found) else []

    return check


def _joined(found: Sequence[list[Problem]]) -> list[Problem]:
    deepest = max(len(one.path) for problems in found for one in problems)
    places: dict[Path, Problem] = {}
    for problems in found:
        if max(len(one.path) for one in problems) == deepest:
            for one in problems:
                held = places.get(one.path, one)
                words = (*held.expected, *(word for word in one.expected if word not in held.expected))
                places[one.path] = replace(held, expected=words, optional=held.optional or one.optional)
    return list(places.values())


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: float) -> bool:
    return isinstance(value, int) or value.is_integer()


def _is_uuid(value: str) -> bool:
    return bool(UUID.fullmatch(value))


STRING = is_a("a string", lambda value: isinstance(value, str))
NUMBER = is_a("a number", _is_number)
BOOLEAN = is_a("a boolean", lambda value: isinstance(value, bool))
OBJECT = is_a("an object", lambda value: isinstance(value, dict))
WHOLE = both(NUMBER, is_a("an integer", _is_whole))
AT_LEAST_ONE = is_a("≥ `1`", lambda value: value >= 1)
AT_MOST_A_HUNDRED = is_a("≤ `100`", lambda value: value <= 100)
ID = both(STRING, is_a("a valid uuid", _is_uuid))
NOTHING = members()
