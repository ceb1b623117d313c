"""What a workspace is made of: pages, databases, their data sources and properties. Values only: no rules here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

Json = dict[str, Any]
ParentKind = Literal["workspace", "page", "database", "data_source", "block"]


class Parent(NamedTuple):
    """What something stands under; the workspace's own id is empty."""

    kind: ParentKind
    id: str = ""


WORKSPACE = Parent("workspace")


@dataclass(slots=True)
class Property:
    """A column of a data source; `config` is what its type adds, in the form of the newest version's answers."""

    id: str
    name: str
    type: str
    config: Json
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Face:
    """What a page shows since its last write. Replaced whole, never changed: the index may hold an older one."""

    values: Mapping[str, Any]
    """Stored values by property id; what nobody set is absent."""
    edited: str
    """`last_edited_time` as shown: text order is time order."""
    edited_by: str
    in_trash: bool = False
    is_archived: bool = False
    is_locked: bool = False
    icon: Json | None = None
    cover: Json | None = None


@dataclass(slots=True)
class Page:
    """A page, in a data source (a row) or under another page."""

    id: str
    parent: Parent
    created: str
    created_by: str
    face: Face
    number: int = 0
    """Its place among the rows that its data source ever had; unique ids show it."""
    indexed: Face | None = None
    """What queries and searches see; None until the index has heard of the page."""
    waiting: list[tuple[datetime, Face]] = field(default_factory=list[tuple[datetime, Face]])
    """Faces that the index has yet to hear of, and from when it has."""
    children: list[str] = field(default_factory=list[str])


@dataclass(slots=True)
class DataSource:
    """A table: properties and rows."""

    id: str
    database: str
    title: list[Json]
    created: str
    created_by: str
    edited: str
    edited_by: str
    visible_at: datetime
    """From when searches see it."""
    properties: dict[str, Property] = field(default_factory=dict[str, Property])
    """By id, in the order of the columns."""
    rows: dict[str, Page] = field(default_factory=dict[str, Page])
    description: list[Json] = field(default_factory=list[Json])
    icon: Json | None = None
    in_trash: bool = False
    count: int = 0
    """Rows ever made."""


@dataclass(slots=True)
class Database:
    """The container that a person sees: one or more data sources."""

    id: str
    parent: Parent
    title: list[Json]
    created: str
    created_by: str
    edited: str
    edited_by: str
    sources: list[str]
    description: list[Json] = field(default_factory=list[Json])
    icon: Json | None = None
    cover: Json | None = None
    is_inline: bool = False
    is_locked: bool = False
    in_trash: bool = False


@dataclass(slots=True)
class Block:
    """A piece of a page's body; `content` is what its type adds."""

    id: str
    parent: Parent
    page: str
    type: str
    content: Json
    created: str
    created_by: str
    edited: str
    edited_by: str
    in_trash: bool = False
    children: list[str] = field(default_factory=list[str])


@dataclass(slots=True)
class Comment:
    """A remark in a discussion on a page or a block."""

    id: str
    parent: Parent
    discussion: str
    rich_text: list[Json]
    created: str
    edited: str
    created_by: str
