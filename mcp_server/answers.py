"""What a tool gives back: compact JSON of columns and rows, within a fixed budget.

`{"columns": […], "rows": [[…], …], "total": n, "cursor": "…", "hint": "…"}`. Columns that are empty in every row are
left out, and so are empty values at the top. What records hold is data: it stands in rows only, never in a hint.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from onefirm.core.tokens import estimate

TOKENS = 8_000
"""The most that one answer may cost (o200k), by the careful estimate of `core.tokens.estimate`."""

_AROUND = 300  # what stands round the rows: names, total, cursor, hint
_LEAST = 1_500  # an item is begun only while this much is left, so that it can be shown even if clipped
_MARK = "…[+{} characters]"

Answer = dict[str, Any]
Row = Mapping[str, Any]


class Page(Protocol):
    """A page of a room's list."""

    @property
    def rows(self) -> Sequence[Any]: ...
    @property
    def cursor(self) -> str | None: ...
    @property
    def total(self) -> int: ...


def text(answer: Mapping[str, Any]) -> str:
    """The answer as the model reads it."""
    kept = {name: value for name, value in answer.items() if not _empty(value) or name == "rows"}
    return _json(kept)


def table(rows: Sequence[Row], **more: Any) -> Answer:
    """Rows of named values as columns and rows, without the columns that are empty throughout."""
    names = dict.fromkeys(name for row in rows for name in row)
    used = [name for name in names if any(not _empty(row.get(name)) for row in rows)]
    return {"columns": used, "rows": [[_cell(row.get(name)) for name in used] for row in rows], **more}


def page(fetch: Callable[[int], Page], limit: int, row: Callable[[Any], Row], narrow: str) -> Answer:
    """One page of a list, as many rows as the budget holds.

    A page that is too long is fetched again with the number of rows that fit, so that its cursor goes on exactly
    there. `narrow` says how to ask for less.
    """
    found = fetch(limit)
    rows = [row(item) for item in found.rows]
    fit = fitting(rows)
    if fit < len(rows):
        found = fetch(fit)
        rows = [row(item) for item in found.rows]
    rows = [clipped(item, TOKENS - _AROUND) for item in rows] if fit == 1 else rows
    more = {"total": found.total, "cursor": found.cursor, "hint": f"More with cursor; {narrow}"} if found.cursor else {}
    return table(rows, **more)


def fitting(rows: Sequence[Row]) -> int:
    """How many of the rows fit into one answer; at least one."""
    left = TOKENS - _AROUND
    for count, row in enumerate(rows):
        left -= estimate(_json(row))
        if left < 0:
            return max(count, 1)
    return len(rows)


def gathered(items: Sequence[Any], row: Callable[[Any], Row], beside: object = None) -> list[Row]:
    """The rows of as many items as fit, in order; an item that isn't shown isn't read either.

    `beside` is what else the answer holds.

    That matters where reading leaves a receipt: it must not stand for what the model never saw.
    """
    rows: list[Row] = []
    left = TOKENS - _AROUND - (estimate(_json(beside)) if beside else 0)
    for item in items:
        if left < _LEAST:
            break
        rows.append(clipped(row(item), left))
        left -= estimate(_json(rows[-1]))
    return rows


def clipped(row: Row, budget: int) -> Row:
    """The row with its longest texts cut until it fits the budget; each cut says how much is missing."""
    longest = 4_000
    while estimate(_json(row)) > budget and longest > 40:
        row = {name: _clip(value, longest) for name, value in row.items()}
        longest //= 2
    return row


def gist(value: str, longest: int = 200) -> str:
    """The beginning of a text, for a concise answer."""
    return value if len(value) <= longest else value[: longest - 1].rstrip() + "…"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)


def _clip(value: Any, longest: int) -> Any:
    if isinstance(value, str) and len(value) > longest:
        return value[:longest] + _MARK.format(len(value) - longest)
    if isinstance(value, list | tuple):
        return [_clip(item, longest) for item in _some(value, longest)]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(value, dict):
        return {name: _clip(item, longest) for name, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
    return value


def _some(values: Iterable[Any], longest: int) -> list[Any]:
    listed = list(values)
    most = max(longest // 20, 2)
    return listed if len(listed) <= most else [*listed[:most], f"…[+{len(listed) - most} more]"]


def _cell(value: Any) -> Any:
    return None if _empty(value) else value


def _empty(value: object) -> bool:
    return value is None or value in ("", [], (), {})
