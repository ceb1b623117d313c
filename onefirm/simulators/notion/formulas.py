"""A small part of Notion's formula language, enough that a formula's value follows the row.

`prop("Name")`, numbers, texts, true and false; `+ - * /`, comparisons, `and or not`, brackets; and the functions
of FUNCTIONS. What is not understood has no value: the answer's formula is then an empty text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

TOKEN = re.compile(r'\s*(?:(\d+(?:\.\d+)?)|"((?:[^"\\]|\\.)*)"|([A-Za-z_]\w*)|(==|!=|<=|>=|[-+*/<>(),]))')
Lookup = Callable[[str], Any]


class NotUnderstood(Exception):
    """Raised for an expression outside this part of the language."""


def _length(value: Any) -> int:
    return len(value or ())


def _joined(*parts: Any) -> str:
    return "".join(as_text(part) for part in parts)


def as_text(value: Any) -> str:
    """A value as a formula's text has it."""
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _empty(value: Any) -> bool:
    return value in (None, "", 0, False, [])


def _rounded(value: float) -> int:
    return round(value)


def _lower(value: Any) -> str:
    return as_text(value).lower()


def _upper(value: Any) -> str:
    return as_text(value).upper()


def _contains(value: Any, part: Any) -> bool:
    return as_text(part) in as_text(value)


def _negated(value: Any) -> bool:
    return not value


def _chosen(test: Any, yes: Any, no: Any) -> Any:
    return yes if test else no


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "empty": _empty,
    "length": _length,
    "format": as_text,
    "concat": _joined,
    "round": _rounded,
    "lower": _lower,
    "upper": _upper,
    "contains": _contains,
    "not": _negated,
    "if": _chosen,
}
OPERATIONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: (a or 0) + (b or 0) if not isinstance(a, str) and not isinstance(b, str) else _joined(a, b),
    "-": lambda a, b: (a or 0) - (b or 0),
    "*": lambda a, b: (a or 0) * (b or 0),
    "/": lambda a, b: (a or 0) / b if b else None,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: (a or 0) < (b or 0),
    ">": lambda a, b: (a or 0) > (b or 0),
    "<=": lambda a, b: (a or 0) <= (b or 0),
    ">=": lambda a, b: (a or 0) >= (b or 0),
    "and": lambda a, b: bool(a and b),
    "or": lambda a, b: bool(a or b),
}
BINDING: tuple[tuple[str, ...], ...] = (("or",), ("and",), ("==", "!="), ("<", ">", "<=", ">="), ("+", "-"), ("*", "/"))
"""From the loosest to the tightest."""


def evaluated(expression: str, lookup: Lookup) -> Any:
    """The value of an expression for one row; None for what isn't understood or can't be computed."""
    try:
        return _Reading(expression, lookup).whole()
    except (NotUnderstood, TypeError, ValueError, OverflowError):
        return None


class _Reading:
    """One pass over an expression's tokens."""

    def __init__(self, expression: str, lookup: Lookup) -> None:
        self.tokens, self.at, self.lookup = _tokens(expression), 0, lookup

    def whole(self) -> Any:
        value = self.level(0)
        if self.at != len(self.tokens):
            raise NotUnderstood
        return value

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) and self.tokens[self.at][0] != "text" else ""

    def take(self, wanted: str = "") -> tuple[str, str]:
        if self.at >= len(self.tokens) or (wanted and self.peek() != wanted):
            raise NotUnderstood
        self.at += 1
        return self.tokens[self.at - 1]

    def level(self, depth: int) -> Any:
        if depth == len(BINDING):
            return self.unary()
        value = self.level(depth + 1)
        while self.peek() in BINDING[depth]:
            operation = OPERATIONS[self.take()[1]]
            value = operation(value, self.level(depth + 1))
        return value

    def unary(self) -> Any:
        if self.peek() == "-":
            self.take()
            return -(self.unary() or 0)
        if self.peek() == "not" and self.tokens[self.at + 1 : self.at + 2] != [("sign", "(")]:
            self.take()
            return not self.unary()
        return self.single()

    def single(self) -> Any:
        kind, token = self.take()
        if kind == "number":
            return float(token) if "." in token else int(token)
        if kind == "text":
            return token
        if (kind, token) == ("sign", "("):
            value = self.level(0)
            self.take(")")
            return value
        return self.named(token)

    def named(self, name: str) -> Any:
        if name in ("true", "false"):
            return name == "true"
        if name != "prop" and name not in FUNCTIONS:
            raise NotUnderstood
        given = self.arguments()
        return self.lookup(given[0]) if name == "prop" else FUNCTIONS[name](*given)

    def arguments(self) -> list[Any]:
        self.take("(")
        given: list[Any] = []
        while self.peek() != ")":
            given.append(self.level(0))
            if self.peek() == ",":
                self.take()
        self.take(")")
        return given


def _tokens(expression: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    text = expression.rstrip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise NotUnderstood
        kind = ("number", "text", "word", "sign")[(match.lastindex or 1) - 1]
        found.append((kind, match.group(match.lastindex or 1).replace('\\"', '"')))
        at = match.end()
    return found
