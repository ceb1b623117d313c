"""Filters and sorts of a query: read once, then asked of each row."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from onefirm.simulators.notion import computed, moments, schemas
from onefirm.simulators.notion.objects import DataSource, Face, Json, Page, Property
from onefirm.simulators.notion.refusals import invalid, should_be
from onefirm.simulators.notion.workspace import Workspace

Row = tuple[Page, Face]
Test = Callable[[Page, Face], bool]
Condition = Callable[[Any], bool]
TIMESTAMPS: Mapping[str, Callable[[Page, Face], str]] = {
    "created_time": lambda page, face: page.created,
    "last_edited_time": lambda page, face: face.edited,
}
TEXTS = frozenset(("title", "rich_text", "url", "email", "phone_number"))
CHOICES = frozenset(("select", "status"))
MEMBERS = frozenset(("multi_select", "people", "relation", "files", "created_by", "last_edited_by"))
NUMBERS = frozenset(("number", "unique_id"))
DATES = frozenset(("date", "created_time", "last_edited_time"))
FORMULA = {"string": "rich_text", "number": "number", "checkbox": "checkbox", "date": "date"}
"""The types of a formula's condition, and whose words each takes."""
NESTED_MOST = 2


def read(workspace: Workspace, source: DataSource, sent: Mapping[str, Any], path: str = "body.filter") -> Test:
    """The test that a filter makes of a row. Raises Refusal for what it can't mean."""
    return _read(workspace, source, sent, path, 0)


def _read(workspace: Workspace, source: DataSource, sent: Mapping[str, Any], path: str, depth: int) -> Test:
    for key, every in (("and", all), ("or", any)):
        if key in sent:
            return _compound(workspace, source, sent[key], f"{path}.{key}", depth, every)
    if "timestamp" in sent:
        return _timestamp(workspace, sent, path)
    return _property(workspace, source, sent, path)


def _compound(
    workspace: Workspace,
    source: DataSource,
    parts: object,
    path: str,
    depth: int,
    every: Callable[[Any], bool],
) -> Test:
    if not isinstance(parts, list):
        raise should_be(path, "an array", parts)
    if depth >= NESTED_MOST:
        raise invalid("body failed validation: filters can be nested at most two levels deep.")
    listed = cast("list[Mapping[str, Any]]", parts)
    tests = [_read(workspace, source, part, f"{path}[{at}]", depth + 1) for at, part in enumerate(listed)]
    return lambda page, face: every(test(page, face) for test in tests)


def _timestamp(workspace: Workspace, sent: Mapping[str, Any], path: str) -> Test:
    stamp = cast("str", sent["timestamp"])
    if stamp not in TIMESTAMPS:
        raise should_be(f"{path}.timestamp", '`"created_time"` or `"last_edited_time"`', stamp)
    if stamp not in sent:
        raise should_be(f"{path}.{stamp}", "defined", sent.get(stamp))
    condition, stamped = _date(sent[stamp], f"{path}.{stamp}", workspace.clock.now()), TIMESTAMPS[stamp]
    return lambda page, face: condition(stamped(page, face))


def _property(workspace: Workspace, source: DataSource, sent: Mapping[str, Any], path: str) -> Test:
    asked = sent.get("property")
    if not isinstance(asked, str):
        raise should_be(f"{path}.property", "a string", asked)
    column = schemas.find(source, asked)
    if column is None:
        raise invalid(f"Could not find property with name or id: {asked}")
    kind = next((key for key in sent if key not in ("property", "type")), "")
    if kind != column.type and not (kind in TEXTS and column.type in TEXTS):
        raise invalid(f"database property {column.type} does not match filter {kind}")
    condition = _condition(column.type, sent[kind], f"{path}.{kind}", workspace.clock.now())
    return lambda page, face: condition(_bare(workspace, page, face, column))


def _bare(workspace: Workspace, page: Page, face: Face, column: Property) -> Any:
    """The value that a condition is asked of; members are compared by id and by name."""
    value = computed.shown(workspace, page, face, column)
    match column.type:
        case "multi_select":
            return [*(one["id"] for one in value), *(one["name"] for one in value)]
        case "people" | "relation":
            return [one["id"] for one in value]
        case "files":
            return value
        case "created_by" | "last_edited_by":
            return [value["id"]]
        case "select" | "status":
            return (value["name"], value["id"]) if value else ()
        case "date":
            return value and value["start"]
        case "rollup":
            return value
        case kind:
            return computed.bare(kind, value)


def _condition(kind: str, sent: Mapping[str, Any], path: str, now: datetime) -> Condition:
    if kind in DATES:
        return _date(sent, path, now)
    if kind == "formula":
        inner, wanted = _only(sent, path)
        if inner not in FORMULA:
            raise should_be(f"{path}.{inner}", "not present", wanted)
        return _condition(FORMULA[inner], wanted, f"{path}.{inner}", now)
    if kind == "rollup":
        return _rollup(sent, path, now)
    name, wanted = _only(sent, path)
    table = TEXT if kind in TEXTS else CHOICE if kind in CHOICES else MEMBER if kind in MEMBERS else VALUE
    if name not in table:
        raise should_be(f"{path}.{name}", "not present", wanted)
    if kind in NUMBERS and not isinstance(wanted, int | float):
        raise should_be(f"{path}.{name}", "a number", wanted)
    asked = table[name]
    return lambda value: asked(value, wanted)


def _only(sent: object, path: str) -> tuple[str, Any]:
    """The one condition that a filter's type holds."""
    conditions = cast("Json", sent) if isinstance(sent, dict) else {}
    if len(conditions) != 1:
        raise should_be(path, "an object with one condition", cast("object", sent))
    return next(iter(conditions.items()))


def _rollup(sent: Mapping[str, Any], path: str, now: datetime) -> Condition:
    name, inner = _only(sent, path)
    if name in ("number", "date"):
        condition = _condition(name, inner, f"{path}.{name}", now)
        return lambda value: condition(_rolled(value, name))
    if name not in ("any", "every", "none"):
        raise should_be(f"{path}.{name}", "not present", inner)
    kind, wanted = _only(inner, f"{path}.{name}")
    if kind not in schemas.TYPES or kind in ("rollup", "formula"):
        raise should_be(f"{path}.{name}.{kind}", "not present", wanted)
    one = _condition(kind, wanted, f"{path}.{name}.{kind}", now)
    return lambda value: _holds(name, [one(_item(item)) for item in value.get("array", ())])


def _holds(name: str, found: list[bool]) -> bool:
    return all(found) if name == "every" else any(found) is (name == "any")


def _rolled(value: Json, name: str) -> Any:
    found: Any = value.get(name)
    return found["start"] if name == "date" and found else found


def _item(item: Json) -> Any:
    """One rolled-up value as its own type's condition takes it."""
    value = item[item["type"]]
    match item["type"]:
        case "select" | "status":
            return (value["name"], value["id"]) if value else ()
        case "multi_select":
            return [*(one["id"] for one in value), *(one["name"] for one in value)]
        case "people" | "relation":
            return [one["id"] for one in value]
        case "date":
            return value and value["start"]
        case kind:
            return computed.bare(kind, value)


def _among(value: Sequence[str], wanted: Any) -> bool:
    return any(one in value for one in (cast("list[str]", wanted) if isinstance(wanted, list) else [wanted]))


def _empty(value: Any, wanted: Any) -> bool:
    return value is None or value in ("", [], ())


def _low(value: Any) -> str:
    return formless(value).casefold()


def formless(value: Any) -> str:
    """A text to compare; nothing is the empty text."""
    return "" if value is None else str(value)


EMPTINESS: Mapping[str, Callable[[Any, Any], bool]] = {
    "is_empty": _empty,
    "is_not_empty": lambda value, wanted: not _empty(value, wanted),
}
TEXT: Mapping[str, Callable[[Any, Any], bool]] = {
    **EMPTINESS,
    "equals": lambda value, wanted: formless(value) == wanted,
    "does_not_equal": lambda value, wanted: formless(value) != wanted,
    "contains": lambda value, wanted: _low(wanted) in _low(value),
    "does_not_contain": lambda value, wanted: _low(wanted) not in _low(value),
    "starts_with": lambda value, wanted: _low(value).startswith(_low(wanted)),
    "ends_with": lambda value, wanted: _low(value).endswith(_low(wanted)),
}
CHOICE: Mapping[str, Callable[[Any, Any], bool]] = {
    **EMPTINESS,
    "equals": _among,
    "does_not_equal": lambda value, wanted: not _among(value, wanted),
}
MEMBER: Mapping[str, Callable[[Any, Any], bool]] = {
    **EMPTINESS,
    "contains": _among,
    "does_not_contain": lambda value, wanted: not _among(value, wanted),
}


def _compare(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda value, wanted: value is not None and compare(value, wanted)


VALUE: Mapping[str, Callable[[Any, Any], bool]] = {
    **EMPTINESS,
    "equals": lambda value, wanted: value == wanted,
    "does_not_equal": lambda value, wanted: value != wanted,
    "greater_than": _compare(operator.gt),
    "less_than": _compare(operator.lt),
    "greater_than_or_equal_to": _compare(operator.ge),
    "less_than_or_equal_to": _compare(operator.le),
}

# Dates: a plain day is all its instants, so that "on or before" it means until its end.
AGO: Mapping[str, tuple[int, int]] = {
    "past_week": (-7, 0),
    "past_month": (-30, 0),
    "past_year": (-365, 0),
    "next_week": (0, 7),
    "next_month": (0, 30),
    "next_year": (0, 365),
}


def _span(value: str) -> tuple[datetime, datetime] | None:
    start = moments.parsed(value)
    if start is None or len(value) != 10:
        return (start, start) if start else None
    return start, start.replace(hour=23, minute=59, second=59, microsecond=999_999)


def _date(sent: Mapping[str, Any], path: str, now: datetime) -> Condition:
    name, wanted = _only(sent, path)
    if name in EMPTINESS:
        return lambda value: EMPTINESS[name](value, wanted)
    if name in AGO or name == "this_week":
        first, last = _window(name, now)
        return lambda value: bool(value) and first <= _begin(value) <= last
    span = _span(wanted) if isinstance(wanted, str) else None
    if name not in ON:
        raise should_be(f"{path}.{name}", "not present", wanted)
    if span is None:
        raise should_be(f"{path}.{name}", "a valid ISO 8601 date string", wanted)
    return _against(name, *span)


def _window(name: str, now: datetime) -> tuple[datetime, datetime]:
    if name == "this_week":
        monday = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=now.weekday())
        return monday, monday + timedelta(days=7)
    back, ahead = AGO[name]
    return now + timedelta(days=back), now + timedelta(days=ahead)


def _begin(value: str) -> datetime:
    span = _span(value)
    assert span  # kept dates were checked when they were written
    return span[0]


ON: Mapping[str, Callable[[datetime, datetime, datetime], bool]] = {
    "equals": lambda value, first, last: first <= value <= last,
    "before": lambda value, first, last: value < first,
    "after": lambda value, first, last: value > last,
    "on_or_before": lambda value, first, last: value <= last,
    "on_or_after": lambda value, first, last: value >= first,
}


def _against(name: str, first: datetime, last: datetime) -> Condition:
    asked = ON[name]
    seen: dict[str, bool] = {}  # thousands of rows share few minutes

    def condition(value: str | None) -> bool:
        if not value:
            return False
        if value not in seen:
            seen[value] = asked(_begin(value), first, last)
        return seen[value]

    return condition


def ordered(workspace: Workspace, source: DataSource, rows: list[Row], sorts: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Rows in the order of the sorts, the first of them deciding first; what is empty comes last."""
    for sort in reversed(sorts):
        key = _key(workspace, source, sort)
        full = [row for row in rows if key(row) is not None]
        empty = [row for row in rows if key(row) is None]
        rows = [*sorted(full, key=key, reverse=sort.get("direction") == "descending"), *empty]
    return rows


def _key(workspace: Workspace, source: DataSource, sort: Mapping[str, Any]) -> Callable[[Row], Any]:
    if "timestamp" in sort:
        stamped = TIMESTAMPS[sort["timestamp"]]
        return lambda row: stamped(*row)
    column = schemas.find(source, sort["property"])
    if column is None:
        raise invalid(f"Could not find sort property with name or id: {sort['property']}")
    places = {o["id"]: at for at, o in enumerate(column.config.get("options", ()))}
    if column.type in CHOICES:
        return lambda row: places.get(row[1].values.get(column.id, ""))
    return lambda row: _sortable(_bare(workspace, row[0], row[1], column))


def _sortable(value: Any) -> Any:
    if isinstance(value, list | dict | tuple):
        return str(cast("object", value)) if value else None
    return text_or(value)


def text_or(value: Any) -> Any:
    """A value to sort by: texts without their case, nothing as nothing."""
    return value.casefold() or None if isinstance(value, str) else value
