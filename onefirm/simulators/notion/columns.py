"""Changes of a data source's properties: adding, renaming, retyping, removing; relations and rollups find their end."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

from onefirm.simulators.notion import schemas
from onefirm.simulators.notion.forms import demand, each, or_null
from onefirm.simulators.notion.ids import canonical
from onefirm.simulators.notion.objects import DataSource, Json, Property
from onefirm.simulators.notion.refusals import MISSING, Refusal, invalid, should_be
from onefirm.simulators.notion.workspace import Workspace


def change(workspace: Workspace, source: DataSource, sent: Mapping[str, Any], by: str, path: str) -> None:
    """Apply the `properties` of a request: new names are added, null removes, the rest is changed; all or nothing.

    Raises Refusal.
    """
    demand(each(or_null(schemas.CONFIG)), sent, path)
    with _whole(workspace, source):
        done = [_changed(workspace, source, key, wanted, f"{path}.{key}") for key, wanted in sent.items()]
    workspace.touch(source, by)
    workspace.tell("data_source.schema_updated", source, by, updated_properties=done)


def _changed(workspace: Workspace, source: DataSource, key: str, wanted: Json | None, path: str) -> Json:
    column = schemas.find(source, key)
    if column is None:
        column, action = _added(workspace, source, key, wanted or {}, path), "created"
    elif wanted:
        _altered(workspace, source, column, wanted, path)
        action = "updated"
    else:
        _removed(source, column)
        action = "deleted"
    return {"id": column.id, "name": column.name, "action": action}


@contextmanager
def _whole(workspace: Workspace, source: DataSource) -> Generator[None]:
    """Put everything back where a change is refused halfway: a relation touches two data sources."""
    # a change gives a property another configuration, and leaves the old one as it is
    before = {
        one.id: {key: replace(column) for key, column in one.properties.items()} for one in workspace.sources.values()
    }
    faces = {row.id: (row.face, row.indexed) for row in source.rows.values()}
    try:
        yield
    except Refusal:
        for one, properties in before.items():
            workspace.sources[one].properties = properties
        for row, (face, indexed) in faces.items():
            source.rows[row].face, source.rows[row].indexed = face, indexed
        raise


def begin(workspace: Workspace, source: DataSource, sent: Mapping[str, Any], by: str, path: str) -> None:
    """Give a new data source its properties; a title is made if none was sent. Raises Refusal, and it is gone again."""
    demand(each(schemas.CONFIG), sent, path)
    named: dict[str, Json] = dict(sent)
    if not any(schemas.type_of(one, f"{path}.{key}") == "title" for key, one in named.items()):
        named = {"Name": {"title": {}}, **named}
    with _whole(workspace, source):
        for key, wanted in named.items():
            _added(workspace, source, key, wanted, f"{path}.{key}")
    workspace.tell("data_source.created", source, by)


def _added(workspace: Workspace, source: DataSource, name: str, sent: Mapping[str, Any], path: str) -> Property:
    if not sent:
        raise invalid(f"{name} is not a property that exists.")
    column = schemas.made(workspace.ids, name, sent, path)
    if column.type == "title" and any(p.type == "title" for p in source.properties.values()):
        raise invalid("Cannot create a second title property.")
    _resolve(workspace, source, column, path)
    source.properties[column.id] = column
    return column


def _altered(workspace: Workspace, source: DataSource, column: Property, sent: Mapping[str, Any], path: str) -> None:
    if sent.get("name", column.name) != column.name:
        rename(source, column, sent["name"])
    column.description = sent.get("description", column.description)
    if not any(key in schemas.TYPES for key in (*sent, sent.get("type"))):
        return
    kind = schemas.type_of(sent, path)
    if kind == column.type:
        column.config = schemas.configured(workspace.ids, kind, sent.get(kind) or {}, column.config, path)
    else:
        retype(workspace, source, column, sent, path)
    _resolve(workspace, source, column, path)


def rename(source: DataSource, column: Property, name: str) -> None:
    """Give a property another name; its id stays. Raises Refusal for a name that is taken."""
    if any(p.name == name for p in source.properties.values() if p is not column):
        raise invalid(f"A property with the name {name} already exists.")
    column.name = name


def retype(workspace: Workspace, source: DataSource, column: Property, sent: Mapping[str, Any], path: str) -> None:
    """Make another type of a property; values that the new type can't hold are gone, as they are in Notion."""
    if column.type == "title":
        raise invalid("Cannot change the type of the title property.")
    old = replace(column)
    column.type = schemas.type_of(sent, path)
    column.config = schemas.configured(workspace.ids, column.type, sent.get(column.type) or {}, None, path)
    for row in source.rows.values():
        if column.id in row.face.values:
            kept = _carried(workspace, old, column, row.face.values[column.id])
            row.face = row.indexed = replace(row.face, values={**row.face.values, column.id: kept})


def _carried(workspace: Workspace, old: Property, new: Property, value: Any) -> Any:
    """What becomes of a value when its property changes type: options survive by name, everything else is emptied."""
    names = {o["id"]: o["name"] for o in old.config.get("options", ())}
    if new.type not in ("select", "status", "multi_select") or not names or not value:
        return None
    wanted = [names[one] for one in ([value] if isinstance(value, str) else value) if one in names]
    ids = [_option(workspace, new, name) for name in wanted]
    return ids if new.type == "multi_select" else next(iter(ids), None)


def _option(workspace: Workspace, column: Property, name: str) -> str:
    options = cast("list[Json]", column.config["options"])
    found = next((o for o in options if o["name"] == name), None)
    if not found:
        options.append(found := schemas.option(workspace.ids, {"name": name}))
    return found["id"]


def _removed(source: DataSource, column: Property) -> None:
    if column.type == "title":
        raise invalid("Cannot delete the title property.")
    del source.properties[column.id]
    for row in source.rows.values():
        values = {key: value for key, value in row.face.values.items() if key != column.id}
        row.face = row.indexed = replace(row.face, values=values)


def _resolve(workspace: Workspace, source: DataSource, column: Property, path: str) -> None:
    """Find what a relation or a rollup points at."""
    if column.type == "relation":
        _relation(workspace, source, column, path)
    if column.type == "rollup":
        _rollup(workspace, source, column, path)
    if column.type == "formula" and "expression" not in column.config:
        raise should_be(f"{path}.formula.expression", "defined", MISSING)


def _relation(workspace: Workspace, source: DataSource, column: Property, path: str) -> None:
    config = column.config
    target = _target(workspace, config)
    if target is None:
        raise invalid(
            f"{path}.relation: the related database could not be found or is not shared with this connection."
        )
    head = {"database_id": target.database, "data_source_id": target.id}
    if "dual_property" not in config:
        column.config = {**head, "type": "single_property", "single_property": {}}
        return
    wanted: Json = config["dual_property"] or {}
    facing = target.properties.get(wanted.get("synced_property_id", ""))
    if not facing:
        name = (
            wanted.get("synced_property_name") or f"Related to {source.title[0]['plain_text'] if source.title else ''}"
        )
        facing = Property(workspace.ids.short(), name, "relation", {})
        target.properties[facing.id] = facing
    back = {"synced_property_id": column.id, "synced_property_name": column.name}
    there = {"synced_property_id": facing.id, "synced_property_name": facing.name}
    facing.config = {
        "database_id": source.database,
        "data_source_id": source.id,
        "type": "dual_property",
        "dual_property": back,
    }
    column.config = {**head, "type": "dual_property", "dual_property": there}


def _target(workspace: Workspace, config: Json) -> DataSource | None:
    if "data_source_id" in config:
        return workspace.sources.get(canonical(config["data_source_id"]) or "")
    database = workspace.databases.get(canonical(config.get("database_id", "")) or "")
    return workspace.sources.get(database.sources[0]) if database and database.sources else None


def _rollup(workspace: Workspace, source: DataSource, column: Property, path: str) -> None:
    config = column.config
    relation = _named(source, config, "relation")
    if relation is None or relation.type != "relation":
        raise invalid(f"{path}.rollup: {source.id} has no relation {config.get('relation_property_name')}.")
    rolled = _named(workspace.sources[relation.config["data_source_id"]], config, "rollup")
    if rolled is None:
        raise invalid(f"{path}.rollup: the related data source has no {config.get('rollup_property_name')}.")
    column.config = {
        "relation_property_name": relation.name,
        "relation_property_id": relation.id,
        "rollup_property_name": rolled.name,
        "rollup_property_id": rolled.id,
        "function": config.get("function", "show_original"),
    }


def _named(source: DataSource, config: Json, side: str) -> Property | None:
    asked = config.get(f"{side}_property_id") or config.get(f"{side}_property_name") or ""
    return schemas.find(source, asked)
