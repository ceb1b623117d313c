"""`/v1/pages`: rows and other pages; making, reading, changing and trashing them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from onefirm.simulators.notion import bodies, computed, markdown, questions, shapes, values
from onefirm.simulators.notion.call import Call
from onefirm.simulators.notion.forms import BOOLEAN, STRING, demand, members, or_null
from onefirm.simulators.notion.ids import canonical, same_property
from onefirm.simulators.notion.objects import Json, Page, Parent, Property
from onefirm.simulators.notion.refusals import MISSING, invalid, should_be
from onefirm.simulators.notion.workspace import TITLE

CREATE = ("parent", "properties", "icon", "cover", "children", "content", "markdown")
UPDATE = ("properties", "icon", "cover", "is_locked", "in_trash", "archived", "is_archived")
STATES = members(
    optional={
        "icon": or_null(members(optional={"type": STRING}, whole=False)),
        "cover": or_null(members(optional={"type": STRING}, whole=False)),
        "is_locked": BOOLEAN,
        "is_archived": BOOLEAN,
        "markdown": STRING,
    },
    whole=False,
)
STATE = ("icon", "cover", "is_locked", "is_archived")


def create(call: Call) -> Json:
    """Create a page."""
    call.need("insert")
    call.only(*CREATE)
    at = parent(call)
    columns = call.workspace.sources[at.id].properties if at.kind == "data_source" else {"title": TITLE}
    demand(STATES, call.body, "body")
    accepted = accept(call, columns)
    more = {key: call.body[key] for key in ("icon", "cover") if call.body.get(key)}
    drafts = _body(call)
    page = call.workspace.add_page(at, accepted, call.by, **more)
    bodies.append(call.workspace, page, drafts, call.by)
    return shapes.page(call.workspace, call.version, page, keep=call.keep())


def _body(call: Call) -> list[bodies.Draft]:
    if "markdown" in call.body:
        return markdown.drafted(call.body["markdown"])
    return bodies.drafted(call.body.get("children", call.body.get("content", [])))


def parent(call: Call) -> Parent:
    """Where a new page goes. Raises Refusal."""
    sent = call.body.get("parent", MISSING)
    if not isinstance(sent, dict):
        raise should_be("body.parent", "defined" if sent is MISSING else "an object", sent)
    wanted = cast("Json", sent)
    kind = next((key for key in ("data_source_id", "database_id", "page_id") if key in wanted), None)
    if kind is None:
        raise should_be("body.parent.page_id", "defined", MISSING)
    found = canonical(wanted[kind]) if isinstance(wanted[kind], str) else None
    if not found:
        raise should_be(f"body.parent.{kind}", "a valid uuid", wanted[kind])
    return _place(call, kind.removesuffix("_id"), found)


def _place(call: Call, kind: str, found: str) -> Parent:
    workspace = call.workspace
    if kind == "database":
        held = workspace.databases.get(found)
        if not held:
            raise call.missing("database", found)
        kind, found = "data_source", only_source(held.sources)
    known = workspace.sources if kind == "data_source" else workspace.pages
    if found not in known:
        raise call.missing(kind, found)
    at = Parent("data_source" if kind == "data_source" else "page", found)
    call.seen(kind, at)
    if workspace.trashed(at):
        raise invalid(
            "Can't edit page on block with an archived ancestor. You must unarchive the ancestor before editing."
        )
    return at


def only_source(sources: list[str]) -> str:
    """The data source that a database's id still means while there is just one. Raises Refusal."""
    if len(sources) != 1:
        raise invalid(
            "Databases with multiple data sources are not supported in this API version."
            if sources
            else "The database has no data source."
        )
    return sources[0]


def accept(call: Call, columns: Mapping[str, Property]) -> dict[str, Any]:
    """The body's properties as they are kept, by property ids. Raises Refusal."""
    sent = call.body.get("properties", {})
    if not isinstance(sent, dict):
        raise should_be("body.properties", "an object", sent)
    found: dict[str, Any] = {}
    for key, value in cast("Json", sent).items():
        column = _column(columns, key)
        found[column.id] = values.accepted(column, value, f"body.properties.{key}", call.workspace)
    return found


def _column(columns: Mapping[str, Property], key: str) -> Property:
    by_name = next((one for one in columns.values() if one.name == key), None)
    column = by_name or next((one for one in columns.values() if same_property(key, one.id)), None)
    if column is None:
        raise invalid(f"{key} is not a property that exists.")
    return column


def found(call: Call) -> Page:
    """The page of the address, shared with the connection. Raises Refusal."""
    page = call.workspace.pages.get(call.id("page"))
    if not page:
        raise call.missing("page", call.at[0])
    call.seen("page", Parent("page", page.id))
    return page


def retrieve(call: Call) -> Json:
    """Retrieve a page: always as it is now."""
    call.need("read")
    return shapes.page(call.workspace, call.version, found(call), keep=call.keep())


def update(call: Call) -> Json:
    """Change properties, icon, cover, lock or the trash of a page."""
    call.need("update")
    call.only(*UPDATE)
    page = found(call)
    in_trash = call.in_trash()
    trashed = call.workspace.trashed(Parent("page", page.id))
    if trashed and in_trash is not False:
        raise invalid("Can't edit block that is archived. You must unarchive the block before editing.")
    demand(STATES, call.body, "body")
    accepted = accept(call, call.workspace.columns(page))
    more: dict[str, Any] = {key: call.body[key] for key in STATE if key in call.body}
    if in_trash is not None:
        more["in_trash"] = in_trash
    if accepted or more:
        call.workspace.write_page(page, call.by, accepted, **more)
    return shapes.page(call.workspace, call.version, page, keep=call.keep())


def property_item(call: Call) -> Json:
    """One property of a page; lists of any length, in pages."""
    call.need("read")
    page = found(call)
    column = _column(call.workspace.columns(page), call.at[1])
    value = computed.shown(call.workspace, page, page.face, column)
    if column.type not in shapes.PAGED and not _is_list(column, value):
        return {"object": "property_item", "type": column.type, "id": column.id, column.type: value}
    return _item_list(call, page, column, value)


def _is_list(column: Property, value: Any) -> bool:
    return column.type == "rollup" and value["type"] == "array"


def _item_list(call: Call, page: Page, column: Property, value: Any) -> Json:
    items: list[Any] = value["array"] if column.type == "rollup" else value
    start, end, cursor = call.cut([f"{column.id}:{at}" for at in range(len(items))], call.asked(questions.USERS))
    shown = [_item(column, one) for one in items[start:end]]
    following = f"https://api.notion.com/v1/pages/{page.id}/properties/{column.id}?start_cursor={cursor}"
    head: Json = {"id": column.id, "next_url": following if cursor else None, "type": column.type}
    inner: Json = {**value, "array": []} if column.type == "rollup" else {}
    return shapes.listed(shown, cursor, "property_item") | {"property_item": {**head, column.type: inner}}


def _item(column: Property, one: Json) -> Json:
    kind = one["type"] if column.type == "rollup" else column.type
    inner = one[kind] if column.type == "rollup" else one
    return {"object": "property_item", "id": column.id, "type": kind, kind: inner}
