"""What a tool takes: the types of its arguments, and the limits that hold before any room sees them.

Models send lists as JSON text, a single ref where a list is due, or null for what they leave out: these are read as
meant. Anything unknown is refused by name (`mcp_server.sdk`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from onefirm.core.errors import InvalidInput

LONGEST_TEXT = 20_000
DEEPEST = 8
MOST_VALUES = 5_000
MOST_REFS = 50
MOST_CHANGES = 100

_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def _listed(value: object) -> object:
    """A list from `["P-1","P-2"]` as text, from `P-1, P-2`, or from one bare word."""
    if not isinstance(value, str):
        return value
    read = _read(value)
    if isinstance(read, list):
        return cast("list[object]", read)
    return [part for part in (piece.strip() for piece in value.split(",")) if part]


def _texts(value: object) -> object:
    """As `_listed`, for sentences: a comma does not split them."""
    if not isinstance(value, str):
        return value
    read = _read(value)
    return cast("list[object]", read) if isinstance(read, list) else [value]


def _object(value: object) -> object:
    read = _read(value) if isinstance(value, str) else None
    return cast("dict[str, object]", read) if isinstance(read, dict) else value


def _objects(value: object) -> object:
    """A list of objects, from its JSON text or from one object alone."""
    read: object = _read(value) if isinstance(value, str) else value
    return [cast("dict[str, object]", read)] if isinstance(read, dict) else value if read is None else read


def _read(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


Refs = Annotated[list[str], BeforeValidator(_listed), Field(max_length=MOST_REFS)]
SomeRefs = Annotated[list[str], BeforeValidator(_listed), Field(min_length=1, max_length=MOST_REFS)]
Parts = Annotated[list[Literal["body", "comments"]], BeforeValidator(_listed)]
Texts = Annotated[list[str], BeforeValidator(_texts), Field(max_length=MOST_REFS)]
Object = Annotated[dict[str, Any], BeforeValidator(_object)]
Limit = Annotated[int, Field(ge=1, le=200)]
Detail = Literal["concise", "detailed"]


class ChangeIn(BaseModel):
    """One change of one record, as the model sends it."""

    model_config = ConfigDict(extra="forbid")

    op: Literal["create", "update", "archive", "restore"]
    kind: str | None = None
    ref: str | None = None
    set: Object = Field(default_factory=dict)
    if_match: str | None = None


Changes = Annotated[list[ChangeIn], BeforeValidator(_objects), Field(min_length=1, max_length=MOST_CHANGES)]


def check(arguments: dict[str, Any]) -> None:
    """Refuse what no room should have to look at.

    Raises InvalidInput, naming the argument, for text over LONGEST_TEXT characters, control characters, nesting
    deeper than DEEPEST and more than MOST_VALUES values.
    """
    for count, (path, value, depth) in enumerate(_walk(arguments, "", 0)):
        if count >= MOST_VALUES:
            raise InvalidInput(f"The call holds more than {MOST_VALUES} values.", hint="Send it in several calls.")
        if depth > DEEPEST:
            raise InvalidInput(f"{path[:80]} is nested deeper than {DEEPEST}.", hint="Send flat values.")
        if isinstance(value, str):
            _check_text(path, value)


def _check_text(path: str, text: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise InvalidInput(
            f"{path[:80]} has {len(text):,} characters; at most {LONGEST_TEXT:,} are taken.",
            hint="Keep the long text in a file of the context tree, and send its gist.",
        )
    if found := _FORBIDDEN.search(text):
        raise InvalidInput(
            f"{path[:80]} holds a control character (U+{ord(found[0]):04X}).", hint="Send the text without it."
        )


def _walk(value: object, path: str, depth: int) -> Iterator[tuple[str, object, int]]:
    """Every value with its path (`changes[0].set.due`) and depth; stops below DEEPEST."""
    yield path, value, depth
    if depth > DEEPEST:
        return
    if isinstance(value, dict):
        for name, inner in cast("dict[str, object]", value).items():
            yield path, name, depth
            yield from _walk(inner, f"{path}.{name}" if path else name, depth + 1)
    elif isinstance(value, list):
        for number, inner in enumerate(cast("list[object]", value)):
            yield from _walk(inner, f"{path}[{number}]", depth + 1)
