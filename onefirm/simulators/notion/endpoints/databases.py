"""`/v1/databases`: containers of data sources; before 2025-09-03, tables themselves."""

from __future__ import annotations

from typing import cast

from onefirm.simulators.notion import columns, shapes, text
from onefirm.simulators.notion.call import Call
from onefirm.simulators.notion.forms import OBJECT, demand, members
from onefirm.simulators.notion.ids import canonical
from onefirm.simulators.notion.objects import WORKSPACE, Database, Json, Parent
from onefirm.simulators.notion.refusals import MISSING, Refusal, invalid, should_be

CREATE = ("parent", "title", "description", "is_inline", "icon", "cover")
UPDATE = ("title", "description", "is_inline", "icon", "cover", "in_trash", "archived", "is_locked")


def create(call: Call) -> Json:
    """Create a database with its first data source."""
    call.need("insert")
    old = call.version < shapes.SOURCES_SINCE
    call.only(*CREATE, "properties" if old else "initial_data_source")
    at = _parent(call)
    title = text.accepted(call.body.get("title", []), "body.title")
    demand(members(optional={"initial_data_source": OBJECT}, whole=False), call.body, "body")
    initial = call.body if old else call.body.get("initial_data_source", {})
    database = call.workspace.add_database(at, title, call.by, **_extras(call))
    source = call.workspace.add_source(database, title, call.by)
    where = "body.properties" if old else "body.initial_data_source.properties"
    try:
        columns.begin(call.workspace, source, initial.get("properties", {}), call.by, where)
    except Refusal:
        call.workspace.forget_source(source)
        raise
    call.workspace.tell("database.created", database, call.by)
    return shapes.database(call.workspace, call.version, database)


def _parent(call: Call) -> Parent:
    sent = call.body.get("parent", MISSING)
    if not isinstance(sent, dict):
        raise should_be("body.parent", "defined" if sent is MISSING else "an object", sent)
    wanted = cast("Json", sent)
    if wanted.get("workspace"):
        return WORKSPACE
    page = canonical(wanted.get("page_id", ""))
    if not page:
        raise should_be("body.parent.page_id", "a valid uuid", wanted.get("page_id", MISSING))
    if page not in call.workspace.pages:
        raise call.missing("page", page)
    call.seen("page", at := Parent("page", page))
    return at


def _extras(call: Call) -> Json:
    more: Json = {key: call.body[key] for key in ("icon", "cover", "is_inline", "is_locked") if key in call.body}
    if "description" in call.body:
        more["description"] = text.accepted(call.body["description"], "body.description")
    return more


def found(call: Call) -> Database:
    """The database of the address, shared with the connection. Raises Refusal."""
    database = call.workspace.databases.get(call.id("database"))
    if not database:
        raise call.missing("database", call.at[0])
    call.seen("database", Parent("database", database.id))
    return database


def retrieve(call: Call) -> Json:
    """Retrieve a database."""
    call.need("read")
    call.asked()
    return shapes.database(call.workspace, call.version, found(call))


def update(call: Call) -> Json:
    """Change a database's title, description, lock or trash; before 2025-09-03 its properties too."""
    call.need("update")
    old = call.version < shapes.SOURCES_SINCE
    call.only(*UPDATE, *(["properties"] if old else []))
    database = found(call)
    in_trash = call.in_trash()
    if call.workspace.trashed(Parent("database", database.id)) and in_trash is not False:
        raise invalid("Can't edit block that is archived. You must unarchive the block before editing.")
    more = _extras(call)
    if "title" in call.body:
        more["title"] = text.accepted(call.body["title"], "body.title")
    if old and "properties" in call.body:
        source = call.workspace.sources[database.sources[0]]
        columns.change(call.workspace, source, call.body["properties"], call.by, "body.properties")
    for key, value in more.items():
        setattr(database, key, value)
    if in_trash is not None:
        database.in_trash = in_trash
        call.workspace.tell("database.deleted" if in_trash else "database.undeleted", database, call.by)
    call.workspace.touch(database, call.by)
    return shapes.database(call.workspace, call.version, database)
