"""`/v1/data_sources`: tables since 2025-09-03; their properties, and the query that older versions ask of databases."""

from __future__ import annotations

from collections.abc import Callable, Collection

from onefirm.simulators.notion import columns, questions, schemas, shapes, text
from onefirm.simulators.notion.call import Call
from onefirm.simulators.notion.endpoints import pages
from onefirm.simulators.notion.forms import ID, demand, members
from onefirm.simulators.notion.ids import canonical
from onefirm.simulators.notion.objects import DataSource, Json, Parent
from onefirm.simulators.notion.refusals import Refusal, invalid


def create(call: Call) -> Json:
    """Create another data source in a database."""
    call.since_sources()
    call.need("insert")
    call.only("parent", "properties", "title", "icon")
    demand(members({"parent": members({"database_id": ID}, whole=False)}, whole=False), call.body, "body")
    asked = call.body["parent"]["database_id"]
    database = call.workspace.databases.get(canonical(asked) or "")
    if not database:
        raise call.missing("database", asked)
    call.seen("database", Parent("database", database.id))
    source = call.workspace.add_source(database, text.accepted(call.body.get("title", []), "body.title"), call.by)
    try:
        columns.begin(call.workspace, source, call.body.get("properties", {}), call.by, "body.properties")
    except Refusal:
        call.workspace.forget_source(source)
        raise
    return shapes.data_source(call.workspace, call.version, source)


def found(call: Call) -> DataSource:
    """The data source of the address, shared with the connection. Raises Refusal."""
    source = call.workspace.sources.get(call.id("data_source"))
    if not source:
        raise call.missing("data source", call.at[0])
    if not call.workspace.sees(call.connection, Parent("data_source", source.id)):
        raise call.missing("data source", call.at[0])
    return source


def retrieve(call: Call) -> Json:
    """Retrieve a data source with its properties."""
    call.since_sources()
    call.need("read")
    call.asked()
    return shapes.data_source(call.workspace, call.version, found(call))


def update(call: Call) -> Json:
    """Change a data source's title, properties or trash."""
    call.since_sources()
    call.need("update")
    call.only("title", "icon", "properties", "in_trash", "archived", "parent")
    source = found(call)
    in_trash = call.in_trash()
    if call.workspace.trashed(Parent("data_source", source.id)) and in_trash is not False:
        raise invalid("Can't edit block that is archived. You must unarchive the block before editing.")
    if "properties" in call.body:
        columns.change(call.workspace, source, call.body["properties"], call.by, "body.properties")
    if "title" in call.body:
        source.title = text.accepted(call.body["title"], "body.title")
    if in_trash is not None:
        source.in_trash = in_trash
        call.workspace.tell("data_source.deleted" if in_trash else "data_source.undeleted", source, call.by)
    call.workspace.touch(source, call.by)
    return shapes.data_source(call.workspace, call.version, source)


def query(call: Call) -> Json:
    """Query a data source."""
    call.since_sources()
    return _query(call, lambda: call.workspace.sources.get(canonical(call.at[0]) or ""))


def query_database(call: Call) -> Json:
    """Query a database, before there were data sources."""
    call.since_sources(False)

    def first() -> DataSource | None:
        database = call.workspace.databases.get(canonical(call.at[0]) or "")
        return call.workspace.sources[pages.only_source(database.sources)] if database else None

    return _query(call, first)


def _query(call: Call, source_of: Callable[[], DataSource | None]) -> Json:
    call.need("read")
    call.asked(keeps=True)
    demand(questions.QUERY, call.body, "body")
    in_trash = call.in_trash()
    source = source_of()
    at = Parent("data_source", source.id) if source else None
    if not source or not at or not call.workspace.sees(call.connection, at) or call.workspace.trashed(at):
        raise Refusal(404, "object_not_found", "Could not find the requested database.")
    page = call.queries.page(source, {**call.body, "in_trash": bool(in_trash)})
    keep = call.keep()
    _check_keep(source, keep)
    rows = [
        shapes.page(call.workspace, call.version, row, row.indexed, keep)
        for row in page.rows
        if row.id not in call.connection.unshared and call.body.get("result_type") != "data_source"
    ]
    kind = "page_or_data_source" if call.version >= shapes.SOURCES_SINCE else "page_or_database"
    answer = shapes.listed(rows, page.cursor, kind)
    if page.capped:
        answer["request_status"] = {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}
    return answer


def _check_keep(source: DataSource, keep: Collection[str] | None) -> None:
    for name in keep or ():
        if name and not schemas.find(source, name):
            raise invalid(
                f"The schema for the data source with the following ID is malformed: {source.id}. The provided "
                f"`filter_properties` contains an invalid attribute: {name}."
            )
