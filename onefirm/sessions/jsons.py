"""JSON without the `re` module behind it, which costs a hook more than all its other work before an edit of a plain
file.

The scanner is the C one that `json` itself uses; where an interpreter lacks it, `json` does the work.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Context:
    """What the C scanner asks its decoder for (json.decoder.JSONDecoder has the same attributes)."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    memo: dict[str, str] = {}  # noqa: RUF012 - the scanner's own, never filled from here

    @staticmethod
    def parse_constant(name: str) -> float:
        """NaN and the infinities, as `json` reads them."""
        return float(name.replace("Infinity", "inf"))


def loads(text: str) -> Any:
    """The value of a JSON text. Raises ValueError, as `json.loads` does."""
    try:
        from _json import make_scanner
    except ImportError:
        import json

        return json.loads(text)
    text = text.strip(" \t\r\n\ufeff")
    try:
        value, end = make_scanner(_Context())(text, 0)  # pyright: ignore[reportArgumentType] - typeshed wants a decoder
    except (StopIteration, RecursionError, SystemError) as error:
        # SystemError: for some cut texts the scanner gives neither a value nor an error (CPython 3.11).
        raise ValueError("this is no JSON") from error
    if end != len(text):
        raise ValueError(f"text behind the JSON value at {end}")
    return value


def dumps(value: object) -> str:
    """A value of dictionaries, lists, texts, whole numbers, truth values and None as JSON."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{quoted(str(key))}:{dumps(item)}" for key, item in value.items()) + "}"  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(dumps(item) for item in value) + "]"  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return {"None": "null", "True": "true", "False": "false"}.get(str(value), str(value))


def quoted(text: str) -> str:
    """A text as a JSON string, in ASCII."""
    try:
        from _json import encode_basestring_ascii
    except ImportError:
        import json

        return json.dumps(text)
    return encode_basestring_ascii(text)
