"""A kind as the YAML of its own file, to start from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from onefirm.state.schema import Kind, Property

_SHIPPED = """\
# This kind comes with onefirm. Keep what you change and leave the rest out: what isn't named here stays as shipped,
# and `name: null` takes a status or a property away. `was: OLD` in an entry renames.
"""
_OWN = "# A property or status that you take out of this file is removed. `was: OLD` in an entry renames.\n"


def text(kind: Kind, *, shipped: bool) -> str:
    """The file's text; reading it again gives the same kind."""
    return (_SHIPPED if shipped else _OWN) + "\n".join(_lines(kind)) + "\n"


def _lines(kind: Kind) -> Iterator[str]:
    yield f"kind: {kind.name}"
    yield f"prefix: {kind.prefix}"
    yield f"plural: {_word(kind.plural)}"
    yield f"description: {_word(kind.description)}"
    if kind.deadline:
        yield f"deadline: {kind.deadline}"
    yield "statuses:  # the first is where a new record begins"
    for status in kind.statuses.values():
        fields: dict[str, Any] = {"group": status.group, "moves": list(status.moves)}
        yield f"  {status.name}: {_flow({**fields, **_filled({'aliases': list(status.aliases)})})}"
    yield "properties:"
    for prop in kind.properties.values():
        yield f"  {prop.name}: {_flow(_property(prop))}"


def _property(prop: Property) -> dict[str, Any]:
    more = {
        "required": prop.required, "options": list(prop.options), "default": prop.default, "to": prop.to,
        "many": prop.many, "aliases": list(prop.aliases), "min": prop.min, "not_before": prop.not_before,
        "same": list(prop.same),
    }  # fmt: skip
    return {"type": prop.type, **_filled(more)}


def _filled(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value or type(value) is int}


def _flow(fields: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{name}: {_value(value)}" for name, value in fields.items()) + "}"


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_word, value)) + "]"  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return json.dumps(value) if isinstance(value, bool | int) else _word(str(value))


def _word(word: str) -> str:
    """A word as YAML reads it back: JSON's quotes wherever it could be taken for something else."""
    bare = word.isascii() and word.replace("_", "").isalpha() and word.lower() not in _READ_OTHERWISE
    return word if bare else json.dumps(word, ensure_ascii=False)


_READ_OTHERWISE = frozenset(("yes", "no", "on", "off", "true", "false", "null", "y", "n"))
