"""What answers look like, in each version of the API."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from onefirm.simulators.notion import computed, text
from onefirm.simulators.notion.ids import same_property
from onefirm.simulators.notion.objects import Block, Comment, Database, DataSource, Face, Json, Page, Parent, Property
from onefirm.simulators.notion.workspace import Workspace

SOURCES_SINCE = "2025-09-03"
"""Databases hold data sources from this version on; before it they are tables themselves."""
TRASH_SINCE = "2026-03-11"
"""`archived`, `after` and `transcription` are gone from this version on."""
REFERENCES_MOST = 25
PAGED = frozenset(("title", "rich_text", "relation", "people"))
"""Types of which a page shows the first 25 items."""


def user(by: str) -> Json:
    """The two members by which answers name a user."""
    return {"object": "user", "id": by}


def address(of: str) -> str:
    """The `url` of a page or a database."""
    return f"https://app.notion.com/p/{of.replace('-', '')}"


def parent(workspace: Workspace, version: str, at: Parent) -> Json:
    """A `parent`, in the model that the version reads."""
    if at.kind == "workspace":
        return {"type": "workspace", "workspace": True}
    if at.kind == "data_source":
        database = workspace.sources[at.id].database
        if version < SOURCES_SINCE:
            return {"type": "database_id", "database_id": database}
        return {"type": "data_source_id", "data_source_id": at.id, "database_id": database}
    return {"type": f"{at.kind}_id", f"{at.kind}_id": at.id}


def trash(version: str, in_trash: bool) -> Json:
    """`in_trash`, and its old name for versions that know it."""
    return {"in_trash": in_trash} if version >= TRASH_SINCE else {"in_trash": in_trash, "archived": in_trash}


def page(
    workspace: Workspace, version: str, of: Page, face: Face | None = None, keep: Collection[str] | None = None
) -> Json:
    """A page; `face` is what the index knows of it, `keep` the properties asked for, by name or id."""
    face = face or of.face
    return {
        "object": "page",
        "id": of.id,
        "created_time": of.created,
        "last_edited_time": face.edited,
        "created_by": user(of.created_by),
        "last_edited_by": user(face.edited_by),
        "cover": face.cover,
        "icon": face.icon,
        "parent": parent(workspace, version, of.parent),
        "is_archived": face.is_archived,
        "is_locked": face.is_locked,
        "properties": _properties(workspace, of, face, keep),
        "url": address(of.id),
        "public_url": None,
        **trash(version, face.in_trash or workspace.trashed(of.parent)),
    }


def _properties(workspace: Workspace, of: Page, face: Face, keep: Collection[str] | None) -> Json:
    columns = workspace.columns(of).values()
    if keep is not None and of.parent.kind == "data_source":
        columns = [c for c in columns if c.name in keep or any(same_property(one, c.id) for one in keep)]
    return {column.name: value(workspace, of, face, column) for column in columns}


def value(workspace: Workspace, of: Page, face: Face, column: Property) -> Json:
    """One property of a page, cut to its first 25 references."""
    inner = computed.shown(workspace, of, face, column)
    more: Json = {}
    if column.type in PAGED and len(inner) > REFERENCES_MOST:
        inner = inner[:REFERENCES_MOST]
        more = {"has_more": True} if column.type == "relation" else {}
    elif column.type == "relation":
        more = {"has_more": False}
    return {"id": column.id, "type": column.type, column.type: inner, **more}


def properties(version: str, of: DataSource) -> Json:
    """The schema of a data source, by names."""
    return {column.name: _column(version, column) for column in of.properties.values()}


def _column(version: str, column: Property) -> Json:
    config = column.config
    if column.type == "relation" and version < SOURCES_SINCE:
        config = {key: one for key, one in config.items() if key != "data_source_id"}
    head = {"id": column.id, "name": column.name, "description": column.description}
    return {**head, "type": column.type, column.type: config}


def data_source(workspace: Workspace, version: str, of: DataSource) -> Json:
    """A data source."""
    above = workspace.databases[of.database]
    return {
        "object": "data_source",
        "id": of.id,
        "cover": None,
        "icon": of.icon,
        "created_time": of.created,
        "created_by": user(of.created_by),
        "last_edited_by": user(of.edited_by),
        "last_edited_time": of.edited,
        "title": of.title,
        "description": of.description,
        "is_inline": above.is_inline,
        "database_type": None,
        "properties": properties(version, of),
        "parent": {"type": "database_id", "database_id": of.database},
        "database_parent": parent(workspace, version, above.parent),
        "url": address(of.database),
        "public_url": None,
        **trash(version, workspace.trashed(Parent("data_source", of.id))),
    }


def database(workspace: Workspace, version: str, of: Database) -> Json:
    """A database: with its data sources, or before there were any, with its properties."""
    model = _container(workspace, of) if version >= SOURCES_SINCE else _table(workspace, version, of)
    return {
        "object": "database",
        "id": of.id,
        "title": of.title,
        "description": of.description,
        "parent": parent(workspace, version, of.parent),
        "is_inline": of.is_inline,
        "database_type": None,
        "created_time": of.created,
        "last_edited_time": of.edited,
        **model,
        "icon": of.icon,
        "cover": of.cover,
        "url": address(of.id),
        "public_url": None,
        **trash(version, workspace.trashed(Parent("database", of.id))),
    }


def _container(workspace: Workspace, of: Database) -> Json:
    sources = [workspace.sources[one] for one in of.sources]
    listed = [{"id": one.id, "name": text.plain(one.title)} for one in sources if not one.in_trash]
    return {"is_locked": of.is_locked, "data_sources": listed}


def _table(workspace: Workspace, version: str, of: Database) -> Json:
    first = workspace.sources[of.sources[0]]
    who = {"created_by": user(of.created_by), "last_edited_by": user(of.edited_by)}
    return {**who, "properties": properties(version, first)}


def listed(results: list[Any], cursor: str | None, kind: str) -> Json:
    """A page of a list; `has_more` is whether a cursor follows it."""
    return {
        "object": "list",
        "results": results,
        "next_cursor": cursor,
        "has_more": cursor is not None,
        "type": kind,
        kind: {},
    }


def block(workspace: Workspace, version: str, of: Block) -> Json:
    """A block of a page's body."""
    return {
        "object": "block",
        "id": of.id,
        "parent": parent(workspace, version, of.parent),
        "created_time": of.created,
        "last_edited_time": of.edited,
        "created_by": user(of.created_by),
        "last_edited_by": user(of.edited_by),
        "has_children": bool(of.children),
        "type": of.type,
        of.type: of.content,
        **trash(version, of.in_trash),
    }


def comment(workspace: Workspace, version: str, of: Comment) -> Json:
    """A comment."""
    author = workspace.users[of.created_by]
    return {
        "object": "comment",
        "id": of.id,
        "parent": parent(workspace, version, of.parent),
        "discussion_id": of.discussion,
        "created_time": of.created,
        "last_edited_time": of.edited,
        "created_by": user(of.created_by),
        "rich_text": of.rich_text,
        "display_name": {"type": "integration" if author.kind == "bot" else "user", "resolved_name": author.name},
    }
