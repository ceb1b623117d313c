"""What a tool gives back: compact JSON of columns and rows, within a fixed budget.

`{"columns": […], "rows": [[…], …], "total": n, "cursor": "…", "hint": "…"}`. Columns that are empty in every row are
left out, and so are empty values at the top. What records hold is data: it stands in rows only, never in a hint.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

TOKENS = 8_000
"""The most that one answer may cost (o200k), by the careful estimate of `tokens`."""

_AROUND = 300  # what stands round the rows: names, total, cursor, hint
_LEAST = 1_500  # an item is begun only while this much is left, so that it can be shown even if clipped
_PIECE = re.compile(
    r"(?P<word>[A-Za-z]+)|(?P<number>[0-9]+)|(?P<space>[ \t]+)|(?P<sign>[!-/:-@\[-`{-~]+)"
    r"|(?P<script>[\u00a0-\u052f\u0590-\u06ff]+)|(?P<han>[\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7af]+)|(?P<rare>.+?)",
    re.DOTALL,
)
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
        left -= tokens(_json(row))
        if left < 0:
            return max(count, 1)
    return len(rows)


def gathered(items: Sequence[Any], row: Callable[[Any], Row]) -> list[Row]:
    """The rows of as many items as fit, in order; an item that isn't shown isn't read either.

    That matters where reading leaves a receipt: it must not stand for what the model never saw.
    """
    rows: list[Row] = []
    left = TOKENS - _AROUND
    for item in items:
        if left < _LEAST:
            break
        rows.append(clipped(row(item), left))
        left -= tokens(_json(rows[-1]))
    return rows


def clipped(row: Row, budget: int) -> Row:
    """The row with its longest texts cut until it fits the budget; each cut says how much is missing."""
    longest = 4_000
    while tokens(_json(row)) > budget and longest > 40:
        row = {name: _clip(value, longest) for name, value in row.items()}
        longest //= 2
    return row


def gist(value: str, longest: int = 200) -> str:
    """The beginning of a text, for a concise answer."""
    return value if len(value) <= longest else value[: longest - 1].rstrip() + "…"


def tokens(words: str) -> int:
    """A careful estimate of a text's tokens: rather too many than too few (tests hold it against o200k)."""
    return int(sum(_PRICES[found.lastgroup or "rare"](found[0]) for found in _PIECE.finditer(words))) + 1


_PRICES: Mapping[str, Callable[[str], float]] = {
    "word": lambda found: 1.05 + (len(found) - 1) * 0.2,  # common words are one token, names and hashes more
    "number": lambda found: 1.1 + (len(found) - 1) // 3,
    "space": lambda found: 0.2 if len(found) == 1 else 1,  # a single space belongs to the word behind it
    "sign": lambda found: len(found) * 0.8,
    "script": lambda found: len(found) * 0.6,
    "han": lambda found: len(found) * 1.2,
    "rare": lambda found: len(found.encode("utf-8", "replace")),  # at worst a token for every byte
}


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
