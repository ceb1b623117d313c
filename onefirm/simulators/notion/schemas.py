"""Properties of a data source: what a request may configure, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from onefirm.simulators.notion.forms import ID, OBJECT, STRING, items, members, one_of, or_null
from onefirm.simulators.notion.ids import Ids, same_property
from onefirm.simulators.notion.objects import DataSource, Json, Property
from onefirm.simulators.notion.refusals import invalid, should_be, too_long

EMPTY = (
    *("title", "rich_text", "url", "people", "files", "email", "phone_number", "date", "checkbox"),
    *("created_by", "created_time", "last_edited_by", "last_edited_time", "button", "place", "verification"),
)
"""Types that add nothing to configure."""
TYPES = (*EMPTY, "number", "select", "multi_select", "status", "formula", "relation", "rollup", "unique_id")
COLORS = ["default", "gray", "brown", "orange", "yellow", "green", "blue", "purple", "pink", "red"]
OPTIONS_MOST = 100
GROUPS = (("To-do", "gray"), ("In progress", "blue"), ("Complete", "green"))


OPTION = members(
    optional={"id": STRING, "name": STRING, "color": or_null(one_of(*COLORS)), "description": or_null(STRING)},
    whole=False,
)
GROUP = members({"name": STRING}, {"id": STRING, "color": one_of(*COLORS), "option_ids": items(STRING)}, whole=False)
DUAL = members(optional={"synced_property_id": STRING, "synced_property_name": STRING}, whole=False)
ROLLUP = ("relation_property_id", "relation_property_name", "rollup_property_id", "rollup_property_name", "function")
CONFIG = members(
    optional={
        "name": STRING,
        "description": or_null(STRING),
        "type": one_of(*TYPES),
        **dict.fromkeys(EMPTY, OBJECT),
        **{kind: members(optional={"options": items(OPTION)}, whole=False) for kind in ("select", "multi_select")},
        "status": members(optional={"options": items(OPTION), "groups": items(GROUP)}, whole=False),
        "number": members(optional={"format": STRING}, whole=False),
        "formula": members({"expression": STRING}, whole=False),
        "relation": members(optional={"data_source_id": ID, "database_id": ID, "dual_property": DUAL}, whole=False),
        "rollup": members(optional=dict.fromkeys(ROLLUP, STRING), whole=False),
        "unique_id": members(optional={"prefix": or_null(STRING)}, whole=False),
    },
    whole=False,
)
"""What a property of a request may look like."""


def find(source: DataSource, asked: str) -> Property | None:
    """A property by its name or its id."""
    by_name = next((p for p in source.properties.values() if p.name == asked), None)
    return by_name or next((p for p in source.properties.values() if same_property(asked, p.id)), None)


def type_of(sent: Mapping[str, Any], path: str) -> str:
    """The type that a property of a request is configured as. Raises Refusal."""
    named = [sent["type"]] if "type" in sent else [key for key in sent if key in TYPES]
    if len(named) != 1 or named[0] not in TYPES:
        raise should_be(path, "a property of one known type", sent)
    return cast("str", named[0])


def made(ids: Ids, name: str, sent: Mapping[str, Any], path: str) -> Property:
    """A new property from a request; relations, rollups and formulas are checked where they are resolved."""
    kind = type_of(sent, path)
    own = "title" if kind == "title" else ids.short()
    return Property(own, name, kind, configured(ids, kind, sent.get(kind) or {}, None, path), sent.get("description"))


def configured(ids: Ids, kind: str, sent: Mapping[str, Any], old: Json | None, path: str) -> Json:
    """What a type adds, from a request; `old` is what stood there before, so that options keep their ids."""
    if kind in ("select", "multi_select"):
        return {"options": options(ids, sent.get("options", []), (old or {}).get("options", []), f"{path}.{kind}")}
    if kind == "status":
        return _status(ids, sent, old, f"{path}.status")
    if kind == "number":
        return {"format": sent.get("format") or (old or {}).get("format", "number")}
    if kind == "unique_id":
        return {"prefix": sent.get("prefix")}
    return {} if kind in EMPTY else dict(sent)


def options(ids: Ids, sent: Sequence[Mapping[str, Any]], old: Sequence[Json], path: str) -> list[Json]:
    """Options of a select, with the ids and colours of those that were there before."""
    if len(sent) > OPTIONS_MOST:
        raise too_long(f"{path}.options", OPTIONS_MOST, len(sent))
    made: list[Json] = []
    for one in sent:
        before = [o for o in old if o["id"] == one.get("id") or o["name"] == one.get("name")]
        made.append(option(ids, {**(before[0] if before else {}), **one}))
    return made


def option(ids: Ids, sent: Mapping[str, Any]) -> Json:
    """One option; commas are Notion's separators and not allowed in a name."""
    name = cast("str", sent.get("name", ""))
    if "," in name or not name:
        raise invalid(f"Invalid select option, commas not allowed: {name}")
    return {
        "id": sent.get("id") or ids.short(),
        "name": name,
        "color": sent.get("color") or "default",
        "description": sent.get("description"),
    }


def _status(ids: Ids, sent: Mapping[str, Any], old: Json | None, path: str) -> Json:
    if old and "options" not in sent:
        return old
    wanted = sent.get("options") or [{"name": name} for name in ("Not started", "In progress", "Done")]
    listed = options(ids, wanted, (old or {}).get("options", []), path)
    groups = sent.get("groups") or (old or {}).get("groups") or _groups(ids, listed)
    return {"options": listed, "groups": [_group(ids, group, listed, at) for at, group in enumerate(groups)]}


def _groups(ids: Ids, listed: Sequence[Json]) -> list[Json]:
    """The three groups of a new status: the first option is to do, the last is complete."""
    halves = (listed[:1], listed[1:-1], listed[1:][-1:])
    return [
        {"id": ids.uuid(), "name": name, "color": color, "option_ids": [o["id"] for o in part]}
        for (name, color), part in zip(GROUPS, halves, strict=True)
    ]


def _group(ids: Ids, sent: Mapping[str, Any], listed: Sequence[Json], at: int) -> Json:
    known = {o["id"] for o in listed}
    return {
        "id": sent.get("id") or ids.uuid(),
        "name": sent["name"],
        "color": sent.get("color") or GROUPS[min(at, 2)][1],
        "option_ids": [one for one in sent.get("option_ids", []) if one in known],
    }
