"""Values of properties: what a request may write, what is kept of it, and what an answer shows.

Kept: rich text as answers carry it; options, people and pages by their ids, so that a renamed option is renamed
everywhere; the rest as it was sent. Computed types are not here: nothing of them is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, cast

from onefirm.simulators.notion import moments, schemas, text
from onefirm.simulators.notion.forms import NUMBER, STRING, Form, demand, items, members, one_of, or_null
from onefirm.simulators.notion.ids import Ids, canonical
from onefirm.simulators.notion.objects import Json, Property
from onefirm.simulators.notion.refusals import MISSING, Refusal, invalid, should_be, too_long

ITEMS_MOST = 100
URL_MOST = 2000
SHORT_MOST = 200
EMPTY_LISTS = frozenset(("title", "rich_text", "multi_select", "people", "files", "relation"))


class Known(Protocol):
    """What a value may point at."""

    ids: Ids

    def missing_page(self, page_id: str) -> Refusal | None:
        """Why a relation can't point there, or None."""
        ...

    def missing_user(self, user_id: str) -> Refusal | None:
        """Why a person can't be named, or None."""
        ...


def accepted(column: Property, sent: object, path: str, known: Known) -> Any:
    """What to keep of a property's value in a request, `{"number": 3}`. Raises Refusal in Notion's words."""
    if not isinstance(sent, dict):
        raise should_be(path, "an object", sent)
    value = cast("Json", sent)
    kind = next((key for key in value if key in schemas.TYPES), "")
    if kind not in ACCEPT:
        raise invalid(f"{column.name} can't be written: {kind or 'no type'} is not a type of a value.")
    if kind != column.type:
        raise invalid(f"{column.name} is expected to be {column.type}.")
    if kind in SHAPES:
        demand(SHAPES[kind], value[kind], f"{path}.{kind}")
    return ACCEPT[kind](column, value[kind], f"{path}.{kind}", known)


CHOICE = members(optional={"id": STRING, "name": STRING}, whole=False)
LOCATED = members({"url": STRING}, whole=False)
SHAPES: Mapping[str, Form] = {
    "select": or_null(CHOICE),
    "status": or_null(CHOICE),
    "multi_select": items(CHOICE),
    "files": items(members(optional={"name": STRING, "external": LOCATED, "file": LOCATED}, whole=False)),
    "place": or_null(members({"lat": NUMBER, "lon": NUMBER}, whole=False)),
    "verification": members({"state": one_of("verified", "unverified")}, whole=False),
}
"""What values with parts may look like, before anything is looked up."""


def _number(column: Property, sent: object, path: str, known: Known) -> Any:
    if sent is not None and (isinstance(sent, bool) or not isinstance(sent, int | float)):
        raise should_be(path, "a number or `null`", sent)
    return sent


def _checkbox(column: Property, sent: object, path: str, known: Known) -> bool:
    if not isinstance(sent, bool):
        raise should_be(path, "a boolean", sent)
    return sent


def _words(most: int) -> Callable[[Property, object, str, Known], Any]:
    def accept(column: Property, sent: object, path: str, known: Known) -> Any:
        if sent is None:
            return None
        if not isinstance(sent, str):
            raise should_be(path, "a string or `null`", sent)
        if text.length(sent) > most:
            raise too_long(path, most, text.length(sent))
        return sent or None

    return accept


def _rich_text(column: Property, sent: object, path: str, known: Known) -> list[Json]:
    return text.accepted(sent, path)


def _list(sent: object, path: str) -> list[Any]:
    if not isinstance(sent, list):
        raise should_be(path, "an array", sent)
    items = cast("list[Any]", sent)
    if len(items) > ITEMS_MOST:
        raise too_long(path, ITEMS_MOST, len(items))
    return items


def _option(column: Property, sent: object, path: str, known: Known) -> str:
    """The id of an option. A select learns a new name; a status has only the options of its schema."""
    if not isinstance(sent, dict):
        raise should_be(path, "an object", sent)
    asked = cast("Json", sent)
    key = "id" if "id" in asked else "name"
    if key not in asked:
        raise should_be(f"{path}.name", "defined", MISSING)
    found = next((o for o in column.config["options"] if o[key] == asked[key]), None)
    if found:
        return found["id"]
    if column.type == "status" or key == "id":
        kind = column.type
        raise invalid(f'{kind.capitalize()} option "{asked[key]}" does not exist for {kind} property "{column.name}".')
    column.config["options"].append(made := schemas.option(known.ids, {"name": asked["name"]}))
    return made["id"]


def _select(column: Property, sent: object, path: str, known: Known) -> Any:
    return None if sent is None else _option(column, sent, path, known)


def _multi_select(column: Property, sent: object, path: str, known: Known) -> list[str]:
    ids = [_option(column, one, f"{path}[{at}]", known) for at, one in enumerate(_list(sent, path))]
    return list(dict.fromkeys(ids))


def _date(column: Property, sent: object, path: str, known: Known) -> Any:
    if sent is None:
        return None
    if not isinstance(sent, dict):
        raise should_be(path, "an object or `null`", sent)
    date = cast("Json", sent)
    if "start" not in date:
        raise should_be(f"{path}.start", "defined", MISSING)
    for key in ("start", "end"):
        value = date.get(key)
        if (key == "start" or value is not None) and (not isinstance(value, str) or not moments.parsed(value)):
            raise should_be(f"{path}.{key}", "a valid ISO 8601 date string", value)
    return {"start": date["start"], "end": date.get("end"), "time_zone": date.get("time_zone")}


def _id(sent: object, path: str) -> str:
    given: object = cast("Json", sent).get("id", MISSING) if isinstance(sent, dict) else sent
    found = canonical(given) if isinstance(given, str) else None
    if not found:
        raise should_be(f"{path}.id", "a valid uuid", given)
    return found


def _people(column: Property, sent: object, path: str, known: Known) -> list[str]:
    ids = [_id(one, f"{path}[{at}]") for at, one in enumerate(_list(sent, path))]
    _raise_first(known.missing_user(one) for one in ids)
    return ids


def _relation(column: Property, sent: object, path: str, known: Known) -> list[str]:
    ids = [_id(one, f"{path}[{at}]") for at, one in enumerate(_list(sent, path))]
    _raise_first(known.missing_page(one) for one in ids)
    return list(dict.fromkeys(ids))


def _raise_first(found: Any) -> None:
    refusal = next((one for one in found if one), None)
    if refusal:
        raise refusal


def _files(column: Property, sent: object, path: str, known: Known) -> list[Json]:
    return [_file(one, f"{path}[{at}]") for at, one in enumerate(_list(sent, path))]


def _file(sent: object, path: str) -> Json:
    file = cast("Json", sent) if isinstance(sent, dict) else {}
    kind = next((key for key in ("external", "file") if key in file), None)
    if not kind:
        raise should_be(f"{path}.external", "defined", MISSING)
    return {"name": file.get("name") or file[kind]["url"][:100], "type": kind, kind: file[kind]}


def _place(column: Property, sent: object, path: str, known: Known) -> Any:
    return sent


def _verification(column: Property, sent: object, path: str, known: Known) -> Json:
    given = cast("Json", sent)
    if given.get("state") == "unverified":
        return {"state": "unverified", "verified_by": None, "date": None}
    date = _date(column, given.get("date"), f"{path}.date", known)
    return {"state": "verified", "verified_by": None, "date": date}


ACCEPT: Mapping[str, Callable[[Property, object, str, Known], Any]] = {
    "title": _rich_text,
    "rich_text": _rich_text,
    "number": _number,
    "url": _words(URL_MOST),
    "email": _words(SHORT_MOST),
    "phone_number": _words(SHORT_MOST),
    "checkbox": _checkbox,
    "select": _select,
    "status": _select,
    "multi_select": _multi_select,
    "date": _date,
    "people": _people,
    "relation": _relation,
    "files": _files,
    "place": _place,
    "verification": _verification,
}
"""The types that a request may write."""


def shown(column: Property, kept: Any) -> Any:
    """A kept value as an answer shows it; what nobody set is null, an empty list, or a status's default."""
    match column.type:
        case "select" | "status":
            return option(column, kept)
        case "multi_select":
            return [found for one in kept or () if (found := option(column, one))]
        case "people":
            return [{"object": "user", "id": one} for one in kept or ()]
        case "relation":
            return [{"id": one} for one in kept or ()]
        case "checkbox":
            return bool(kept)
        case "button":
            return {}
        case kind:
            return [] if kept is None and kind in EMPTY_LISTS else kept


def option(column: Property, kept: str | None) -> Json | None:
    """An option as a page shows it; None for one that is gone."""
    for one in cast("Sequence[Json]", column.config["options"]):
        if one["id"] == kept:
            return {"id": one["id"], "name": one["name"], "color": one["color"]}
    return None


def in_words(kind: str, value: Any) -> Any:
    """The request form of a plain value: what a person types into a cell of the app."""
    match kind:
        case "title" | "rich_text":
            return [{"text": {"content": piece["plain_text"]}} for piece in text.of(value)]
        case "select" | "status":
            return value and {"name": value}
        case "multi_select":
            return [{"name": one} for one in value]
        case "people" | "relation":
            return [{"id": one} for one in value]
        case "date":
            return {"start": value} if isinstance(value, str) else value
        case _:
            return value
