"""Values of properties, from Notion's form to ours and back. Pure: nothing here asks anybody.

Relations and people are lists of Notion's ids on both ways; whoever knows what they mean translates them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, cast
from zoneinfo import ZoneInfo

from onefirm.core.currencies import EXPONENTS, amount
from onefirm.core.errors import InvalidInput
from onefirm.core.money import Money
from onefirm.state.schema import Property
from onefirm.state.truth.notion.mapping import READ_ONLY, Column
from onefirm.state.values import is_forbidden

LONGEST_CONTENT = 2_000
"""UTF-16 units in one element of a rich text, as Notion counts them."""
MOST_ELEMENTS = 100
REFERENCES_SHOWN = 25
"""So many references of a property stand in a page; the rest is asked for at the property's own address."""
_FINEST = Decimal("0.000001")  # what a formula's binary fractions leave behind the last decimal


class Unfit(Exception):
    """A value that the property can't hold; the sentence says what to do."""


def ids_of(value: Mapping[str, Any]) -> list[str]:
    """The ids that a relation or people value holds, in order."""
    found = cast("list[Mapping[str, Any]]", value.get(str(value.get("type"))) or [])
    return [str(one["id"]) for one in found]


def is_cut(value: Mapping[str, Any]) -> bool:
    """Whether Notion showed only the first references of a value."""
    held = value.get(str(value.get("type")))
    if value.get("type") in ("relation", "people"):
        return bool(value.get("has_more", len(held or ()) >= REFERENCES_SHOWN))
    if value.get("type") in ("title", "rich_text"):
        mentions = [one for one in cast("list[Mapping[str, Any]]", held or []) if one.get("type") == "mention"]
        return len(mentions) >= REFERENCES_SHOWN
    return False


# -- reading -----------------------------------------------------------------------------------------------------------


def read(prop: Property, column: Column, value: Mapping[str, Any], timezone: str) -> Any:
    """The stored form of one of Notion's values; None for none, and for what our form can't hold.

    A relation gives Notion's ids. An option that the mapping doesn't know is kept as Notion calls it.
    """
    type_, held = _inner(value)
    if held is None:
        return None
    return _READERS[prop.type](prop, column, type_, held, timezone)


def _inner(value: Mapping[str, Any]) -> tuple[str, Any]:
    """The type and content of a value; formulas and rollups stand for what they came to."""
    type_ = str(value.get("type"))
    held = value.get(type_)
    if type_ in ("formula", "rollup") and isinstance(held, Mapping):
        result = cast("Mapping[str, Any]", held)
        if result.get("type") == "array":
            some = cast("list[Mapping[str, Any]]", result.get("array") or [])
            return _inner(some[0]) if len(some) == 1 else ("array", some or None)
        return _inner(result)
    return type_, held


def _read_text(prop: Property, column: Column, type_: str, held: Any, timezone: str) -> str | None:
    if type_ in ("select", "status"):
        return _ours(column, held)
    text = show({"type": type_, type_: held}) or ""
    return (" ".join(text.split("\n")) if prop.name == "title" else text) or None


def _read_option(prop: Property, column: Column, type_: str, held: Any, timezone: str) -> str | None:
    if type_ in ("select", "status"):
        return _ours(column, held)
    text = show({"type": type_, type_: held})
    return _ours(column, {"name": text}) if text else None


def _ours(column: Column, option: Mapping[str, Any]) -> str:
    name, id_ = _clean(str(option.get("name", ""))), option.get("id")
    for ours, theirs in column.options.items():
        if any(one.id is not None and one.id == id_ for one in theirs):
            return ours
    for ours, theirs in column.options.items():
        if any(one.name.casefold() == name.casefold() for one in theirs):
            return ours
    return name


def _read_date(prop: Property, column: Column, type_: str, held: Any, timezone: str) -> str | None:
    start = held.get("start") if isinstance(held, Mapping) else held  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return _day(str(start), timezone) if start else None  # pyright: ignore[reportUnknownArgumentType]


def _day(text: str, timezone: str) -> str | None:
    try:
        if len(text) <= len("2026-11-21"):
            return date.fromisoformat(text).isoformat()
        moment = datetime.fromisoformat(text)
        return (moment.astimezone(ZoneInfo(timezone)) if moment.tzinfo else moment).date().isoformat()
    except (ValueError, OverflowError):
        return None


def _read_money(prop: Property, column: Column, type_: str, held: Any, timezone: str) -> dict[str, Any] | None:
    if type_ != "number":
        text = show({"type": type_, type_: held}) or ""
        try:
            found = Money.parse(text, column.currency)
        except InvalidInput:
            return None
        return {"minor": found.minor, "currency": found.currency}
    if column.currency is None or isinstance(held, bool) or not isinstance(held, int | float):
        return None
    exact = Decimal(repr(held)).scaleb(EXPONENTS.get(column.currency, 2))
    minor = exact.to_integral_value()
    return {"minor": int(minor), "currency": column.currency} if abs(exact - minor) <= _FINEST else None


def _read_relation(prop: Property, column: Column, type_: str, held: Any, timezone: str) -> list[str] | None:
    return ids_of({"type": type_, type_: held}) or None if type_ == "relation" else None


def _read_number(prop: Property, column: Column, type_: str, held: Any, timezone: str) -> int | float | None:
    if type_ != "number":
        try:
            held = float(Decimal((show({"type": type_, type_: held}) or "").strip()))
        except (InvalidOperation, ValueError, OverflowError):
            return None
    if isinstance(held, bool) or not isinstance(held, int | float) or not abs(held) <= 10**15:  # nan is none of both
        return None
    return int(held) if float(held).is_integer() else held


def _read_word(prop: Property, column: Column, type_: str, held: Any, timezone: str) -> str | None:
    return show({"type": type_, type_: held}) or None


def _read_checkbox(prop: Property, column: Column, type_: str, held: Any, timezone: str) -> bool | None:
    return held if isinstance(held, bool) else None


_READERS: Mapping[str, Callable[[Property, Column, str, Any, str], Any]] = {
    "text": _read_text,
    "choice": _read_option,
    "status": _read_option,
    "date": _read_date,
    "money": _read_money,
    "relation": _read_relation,
    "number": _read_number,
    "email": _read_word,
    "url": _read_word,
    "checkbox": _read_checkbox,
}


# -- as people read it -------------------------------------------------------------------------------------------------


def show(value: Mapping[str, Any]) -> str | None:
    """Any of Notion's values as one text; None where there is nothing to read.

    What steers a terminal or can't be kept (control characters, half of a pair) is left out.
    """
    type_ = str(value.get("type"))
    held = value.get(type_)
    if held is None or type_ in ("button", "unsupported"):
        return None
    shown = _SHOWN.get(type_)
    return _clean(shown(held) if shown else str(held)) or None


def name_of(held: Mapping[str, Any]) -> str:
    """What somebody is called, on one line; empty where nobody says it."""
    return line(str(held.get("name") or ""))


def line(text: str) -> str:
    """Words that hold Notion's own, as one line that steers nothing."""
    return " ".join(_clean(text).split())


def _clean(text: str) -> str:
    return text if text.isprintable() else "".join(char for char in text if not is_forbidden(char))


def _plain(items: Sequence[Mapping[str, Any]]) -> str:
    return "".join(_plain_one(item) for item in items)


def _plain_one(item: Mapping[str, Any]) -> str:
    if "plain_text" in item:
        return str(item["plain_text"])
    text: Mapping[str, Any] = item.get("text") or {}  # as it is sent
    return str(text.get("content", ""))


def _number(held: Any) -> str:
    return f"{int(held) if float(held).is_integer() else held}"


def _span(held: Mapping[str, Any]) -> str:
    return " – ".join(str(held[end]) for end in ("start", "end") if held.get(end))


def _person(held: Mapping[str, Any]) -> str:
    return str(held.get("name") or held.get("id") or "")


def _numbered(held: Mapping[str, Any]) -> str:
    if held.get("number") is None:
        return ""
    return f"{held['prefix']}-{held['number']}" if held.get("prefix") else str(held["number"])


def _result(held: Mapping[str, Any]) -> str:
    if held.get("type") != "array":
        return show(held) or ""
    items = cast("list[Mapping[str, Any]]", held.get("array") or [])
    return ", ".join(text for item in items if (text := show(item)))


def _named(items: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(str(item.get("name") or item.get("id") or "") for item in items)


_SHOWN: Mapping[str, Callable[[Any], str]] = {
    "title": _plain,
    "rich_text": _plain,
    "number": _number,
    "select": lambda held: str(held.get("name", "")),
    "status": lambda held: str(held.get("name", "")),
    "multi_select": _named,
    "people": _named,
    "files": _named,
    "relation": lambda held: f"{len(held)} page{'s' if len(held) != 1 else ''}" if held else "",
    "date": _span,
    "checkbox": lambda held: "yes" if held else "no",
    "boolean": lambda held: "yes" if held else "no",
    "formula": _result,
    "rollup": _result,
    "created_by": _person,
    "last_edited_by": _person,
    "unique_id": _numbered,
    "verification": lambda held: str(held.get("state", "")),
    "place": lambda held: str(held.get("name") or held.get("address") or ""),
}


# -- writing -----------------------------------------------------------------------------------------------------------


def write(prop: Property, column: Column, stored: Any, now: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What to send for a stored value; None clears. A relation takes Notion's ids, people take users' ids.

    `now` is the value as it is: of a date it keeps the end. Raises Unfit.
    """
    if column.type in READ_ONLY:
        raise Unfit(f"{prop.name}: Notion itself makes the values of “{column.name}” ({column.type})")
    if prop.type == "money" and stored is not None:
        stored = _money(prop, column, stored)
    elif column.options and stored is not None:
        theirs = column.options.get(str(stored))
        if theirs and theirs[0].id and column.type in ("select", "status"):
            return {column.type: {"id": theirs[0].id}}  # by its old name, one that was renamed would be made anew
        stored = theirs[0].name if theirs else stored
    return {column.type: _WRITERS[column.type](stored, now)}


def text_items(text: str) -> list[dict[str, Any]]:
    """A text as Notion takes it, in pieces of what one element may hold. Raises Unfit."""
    pieces = list(_pieces(text))
    if len(pieces) > MOST_ELEMENTS:
        raise Unfit(f"a text of {len(text):,} characters is more than Notion holds in one property")
    return [{"type": "text", "text": {"content": piece}} for piece in pieces]


def _pieces(text: str) -> list[str]:
    pieces, start, units = list[str](), 0, 0
    for at, char in enumerate(text):
        width = 2 if ord(char) > 0xFFFF else 1
        if units + width > LONGEST_CONTENT:
            pieces.append(text[start:at])
            start, units = at, 0
        units += width
    return [*pieces, text[start:]] if text else []


def _money(prop: Property, column: Column, stored: Mapping[str, Any]) -> Any:
    minor, currency = int(stored["minor"]), str(stored["currency"])
    if column.type != "number":
        return amount(minor, currency)
    if currency != column.currency:
        raise Unfit(
            f"{prop.name}: “{column.name}” holds amounts in {column.currency}, not {currency}; map it to a text "
            "property to keep other currencies"
        )
    exponent = EXPONENTS.get(currency, 2)
    return float(Decimal(minor).scaleb(-exponent)) if exponent else minor


def _write_text(stored: Any, now: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    return text_items("" if stored is None else str(stored))


def _write_option(stored: Any, now: Mapping[str, Any] | None) -> dict[str, str] | None:
    return None if stored is None else {"name": str(stored)}


def _write_date(stored: Any, now: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if stored is None:
        return None
    held: Mapping[str, Any] = (now or {}).get("date") or {}
    end = held.get("end")
    # an end is somebody's, and stays as long as it can stand behind the new start
    return {"start": stored, "end": end[:10]} if end and end[:10] >= stored else {"start": stored}


def _write_as_is(stored: Any, now: Mapping[str, Any] | None) -> Any:
    return stored


def _write_ids(stored: Any, now: Mapping[str, Any] | None) -> list[dict[str, str]]:
    return [{"id": one} for one in cast("list[str]", stored or [])]


_WRITERS: Mapping[str, Callable[[Any, Mapping[str, Any] | None], Any]] = {
    "title": _write_text,
    "rich_text": _write_text,
    "number": _write_as_is,
    "select": _write_option,
    "status": _write_option,
    "date": _write_date,
    "people": _write_ids,
    "checkbox": lambda stored, now: bool(stored),
    "url": _write_as_is,
    "email": _write_as_is,
    "phone_number": _write_as_is,
    "relation": _write_ids,
}
