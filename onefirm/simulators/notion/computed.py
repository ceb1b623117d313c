"""Values that nobody writes: formulas, rollups, unique ids, who and when; computed at each look."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from onefirm.simulators.notion import formulas, schemas, text, values
from onefirm.simulators.notion.objects import Face, Json, Page, Parent, Property
from onefirm.simulators.notion.workspace import Workspace

DEPTH_MOST = 5
"""How far formulas of rollups of formulas are followed."""


def shown(workspace: Workspace, page: Page, face: Face, column: Property, depth: int = 0) -> Any:
    """What an answer shows under the property's type, for kept and computed types alike."""
    match column.type:
        case "created_time":
            return page.created
        case "last_edited_time":
            return face.edited
        case "created_by":
            return {"object": "user", "id": page.created_by}
        case "last_edited_by":
            return {"object": "user", "id": face.edited_by}
        case "unique_id":
            return {"prefix": column.config.get("prefix"), "number": page.number}
        case "formula":
            return _formula(workspace, page, face, column, depth)
        case "rollup":
            return _rollup(workspace, face, column, depth)
        case _:
            return values.shown(column, face.values.get(column.id))


def _formula(workspace: Workspace, page: Page, face: Face, column: Property, depth: int) -> Json:
    def lookup(name: str) -> Any:
        asked = schemas.find(workspace.sources[page.parent.id], name)
        if asked is None or depth > DEPTH_MOST:
            return None
        return bare(asked.type, shown(workspace, page, face, asked, depth + 1))

    value = formulas.evaluated(column.config["expression"], lookup)
    match value:
        case bool():
            return {"type": "boolean", "boolean": value}
        case int() | float():
            return {"type": "number", "number": value}
        case {"start": _}:
            return {"type": "date", "date": value}
        case _:
            return {"type": "string", "string": None if value is None else str(value)}


def bare(kind: str, value: Any) -> Any:
    """A shown value as a formula or a sort takes it: text, number, truth or a date."""
    match kind:
        case "title" | "rich_text":
            return text.plain(value)
        case "select" | "status":
            return value["name"] if value else ""
        case "multi_select":
            return ", ".join(one["name"] for one in value)
        case "formula" | "rollup":
            return value.get(value["type"])
        case "unique_id":
            return value["number"]
        case _:
            return value


def _rollup(workspace: Workspace, face: Face, column: Property, depth: int) -> Json:
    config = column.config
    function = config["function"]
    relation = face.values.get(config["relation_property_id"]) or ()
    items = [one for target in relation if (one := _rolled(workspace, target, config, depth)) is not None]
    if function.startswith("show"):
        return {"type": "array", "array": items, "function": function}
    if function in DATES:
        return {"type": "date", "date": DATES[function](_dates(items)), "function": function}
    return {"type": "number", "number": _number(function, items), "function": function}


def _rolled(workspace: Workspace, target: str, config: Json, depth: int) -> Json | None:
    page = workspace.pages[target]
    column = workspace.columns(page).get(config["rollup_property_id"])
    if column is None or depth > DEPTH_MOST or column.type == "rollup" or workspace.trashed(Parent("page", target)):
        return None
    return {"type": column.type, column.type: shown(workspace, page, page.face, column, depth + 1)}


def _number(function: str, items: Sequence[Json]) -> float | None:
    if function in COUNTS:
        return COUNTS[function]([one[one["type"]] for one in items])
    numbers = [n for one in items if isinstance(n := bare(one["type"], one[one["type"]]), int | float)]
    return NUMBERS[function](numbers) if numbers and function in NUMBERS else None


def _dates(items: Sequence[Json]) -> list[str]:
    found: list[Any] = [one[one["type"]] for one in items]
    return sorted(cast("Json", one)["start"] if isinstance(one, dict) else one for one in found if one)


def _date(start: str | None, end: str | None = None) -> Json | None:
    return {"start": start, "end": end, "time_zone": None} if start else None


def _filled(items: Sequence[Any]) -> int:
    return sum(one not in (None, [], "", False) for one in items)


def _share(part: float, items: Sequence[Any]) -> float | None:
    return part / len(items) if items else None


COUNTS: Mapping[str, Callable[[Sequence[Any]], float | None]] = {
    "count": len,
    "count_values": _filled,
    "not_empty": _filled,
    "empty": lambda items: len(items) - _filled(items),
    "unique": lambda items: len({str(one) for one in items}),
    "checked": lambda items: sum(one is True for one in items),
    "unchecked": lambda items: sum(one is False for one in items),
    "percent_checked": lambda items: _share(sum(one is True for one in items), items),
    "percent_unchecked": lambda items: _share(sum(one is False for one in items), items),
    "percent_empty": lambda items: _share(len(items) - _filled(items), items),
    "percent_not_empty": lambda items: _share(_filled(items), items),
}
NUMBERS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "sum": sum,
    "average": statistics.fmean,
    "median": statistics.median,
    "min": min,
    "max": max,
    "range": lambda numbers: max(numbers) - min(numbers),
}
DATES: Mapping[str, Callable[[Sequence[str]], Json | None]] = {
    "earliest_date": lambda dates: _date(dates[0]) if dates else None,
    "latest_date": lambda dates: _date(dates[-1]) if dates else None,
    "date_range": lambda dates: _date(dates[0], dates[-1]) if dates else None,
}
