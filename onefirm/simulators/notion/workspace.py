"""The workspace itself: what is in it, who may see what, and the few ways in which it changes.

Both the API and a person's hand come through here; requests are read and answers are shaped elsewhere.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from onefirm.core.clock import Clock
from onefirm.simulators.notion import relations
from onefirm.simulators.notion.connections import Connection
from onefirm.simulators.notion.ids import Ids
from onefirm.simulators.notion.index import Index
from onefirm.simulators.notion.moments import exact, shown
from onefirm.simulators.notion.objects import (
    WORKSPACE,
    Block,
    Comment,
    Database,
    DataSource,
    Face,
    Json,
    Page,
    Parent,
    Property,
)
from onefirm.simulators.notion.people import User
from onefirm.simulators.notion.refusals import Refusal, not_found

TITLE = Property("title", "title", "title", {})
"""The one property of a page that stands in no data source."""
Listener = Callable[[str, "Page | DataSource | Database | Comment", str, Json], None]
"""Told of each change: its type (`page.created`), of what, by whose id, and the event's data."""


class Workspace:
    """Everything that one Notion account holds."""

    def __init__(self, clock: Clock, *, name: str = "Simulated", seed: int = 0, index_lag_s: float = 0) -> None:
        self.clock, self.name, self.ids = clock, name, Ids(seed)
        self.id = self.ids.uuid()
        self.index = Index(index_lag_s)
        self.lock = threading.RLock()
        self.users: dict[str, User] = {}
        self.connections: dict[str, Connection] = {}
        self.databases: dict[str, Database] = {}
        self.sources: dict[str, DataSource] = {}
        self.pages: dict[str, Page] = {}
        self.blocks: dict[str, Block] = {}
        self.comments: dict[str, Comment] = {}
        self.listeners: list[Listener] = []

    def add_person(self, name: str, email: str | None = None) -> User:
        """A member of the workspace."""
        user = User(self.ids.uuid(), name, "person", email)
        self.users[user.id] = user
        return user

    def connect(self, token: str, name: str = "onefirm", **limits: Any) -> Connection:
        """An integration that acts with this token; `limits` are fields of Connection."""
        bot = User(self.ids.uuid(), name, "bot")
        self.users[bot.id] = bot
        self.connections[token] = connection = Connection(token, bot, **limits)
        return connection

    # What a value may point at (values.Known)

    def missing_page(self, page_id: str) -> Refusal | None:
        """Why a relation can't point there, or None."""
        return None if page_id in self.pages else not_found("page", page_id)

    def missing_user(self, user_id: str) -> Refusal | None:
        """Why a person can't be named, or None."""
        return None if user_id in self.users else not_found("user", user_id)

    # Who sees what

    def sees(self, connection: Connection, at: Parent) -> bool:
        """Whether what stands there is shared with the connection, by itself or by what it stands under."""
        while at.kind != "workspace":
            if at.id in connection.unshared:
                return False
            if at.id in connection.shared:
                return True
            at = self.above(at)
        return connection.whole_workspace

    def above(self, at: Parent) -> Parent:
        """What something stands under."""
        match at.kind:
            case "page":
                return self.pages[at.id].parent
            case "data_source":
                return Parent("database", self.sources[at.id].database)
            case "database":
                return self.databases[at.id].parent
            case "block":
                return self.blocks[at.id].parent
            case "workspace":
                return WORKSPACE

    def trashed(self, at: Parent) -> bool:
        """Whether it, or anything it stands under, is in the trash."""
        while at.kind != "workspace":
            if self._in_trash(at):
                return True
            at = self.above(at)
        return False

    def _in_trash(self, at: Parent) -> bool:
        match at.kind:
            case "page":
                return self.pages[at.id].face.in_trash
            case "data_source":
                return self.sources[at.id].in_trash
            case "database":
                return self.databases[at.id].in_trash
            case "block":
                return self.blocks[at.id].in_trash
            case "workspace":
                return False

    def columns(self, page: Page) -> Mapping[str, Property]:
        """The properties that a page has, by their ids."""
        if page.parent.kind == "data_source":
            return self.sources[page.parent.id].properties
        return {"title": TITLE}

    # How it changes

    def add_database(self, parent: Parent, title: list[Json], by: str, **more: Any) -> Database:
        """A database without data sources yet."""
        now = shown(self.clock.now())
        made = Database(self.ids.uuid(), parent, title, now, by, now, by, [], **more)
        self.databases[made.id] = made
        self._place_on_page(parent, made.id)
        return made

    def add_source(self, database: Database, title: list[Json], by: str) -> DataSource:
        """A data source without properties yet."""
        now = self.clock.now()
        at = shown(now)
        made = DataSource(self.ids.uuid(), database.id, title, at, by, at, by, self.index.heard_at(now))
        self.sources[made.id] = made
        database.sources.append(made.id)
        return made

    def forget_source(self, source: DataSource) -> None:
        """Take back one whose properties were refused, and its database if nothing else is in it."""
        del self.sources[source.id]
        database = self.databases[source.database]
        database.sources.remove(source.id)
        if not database.sources:
            del self.databases[database.id]
            if database.parent.kind == "page":
                self.pages[database.parent.id].children.remove(database.id)

    def add_page(self, parent: Parent, values: Mapping[str, Any], by: str, **more: Any) -> Page:
        """A page whose values are already accepted."""
        now = self.clock.now()
        face = Face(values, shown(now), by, **more)
        page = Page(self.ids.uuid(), parent, shown(now), by, face)
        self.pages[page.id] = page
        if parent.kind == "data_source":
            source = self.sources[parent.id]
            source.count += 1
            page.number = source.count
            source.rows[page.id] = page
        self._place_on_page(parent, page.id)
        self.index.write(page, face, now)
        relations.mirror(self, page, {}, by)
        self.tell("page.created", page, by)
        return page

    def _place_on_page(self, parent: Parent, made: str) -> None:
        """What stands under a page is one of the blocks of its body."""
        if parent.kind == "page":
            self.pages[parent.id].children.append(made)

    def add_comment(self, at: Parent, discussion: str, words: list[Json], by: str) -> Comment:
        """A remark on a page or a block."""
        now = exact(self.clock.now())
        made = Comment(self.ids.uuid(), at, discussion, words, now, now, by)
        self.comments[made.id] = made
        self.tell("comment.created", made, by)
        return made

    def edited_body(self, page_id: str, by: str) -> None:
        """A page's body was changed. Only a person's hand moves the page's `last_edited_time`: the API's may not."""
        page = self.pages[page_id]
        if self.users[by].kind == "person":
            self.write_page(page, by)
        self.tell("page.content_updated", page, by)

    def write_page(self, page: Page, by: str, values: Mapping[str, Any] | None = None, **more: Any) -> None:
        """Give a page new values, or another state (`in_trash=True`); what isn't named stays."""
        before = page.face
        now = self.clock.now()
        merged = {**before.values, **values} if values else before.values
        self.index.write(page, replace(before, values=merged, edited=shown(now), edited_by=by, **more), now)
        if values:
            relations.mirror(self, page, before.values, by)
            self.tell("page.properties_updated", page, by, updated_properties=list(values))
        if more.get("in_trash", before.in_trash) != before.in_trash:
            self.tell("page.deleted" if more["in_trash"] else "page.undeleted", page, by)
        if more.get("is_locked", before.is_locked) != before.is_locked:
            self.tell("page.locked" if more["is_locked"] else "page.unlocked", page, by)

    def touch(self, thing: DataSource | Database, by: str) -> None:
        """Note that somebody changed it just now."""
        thing.edited, thing.edited_by = shown(self.clock.now()), by

    def tell(self, kind: str, thing: Page | DataSource | Database | Comment, by: str, **data: Any) -> None:
        """Let the listeners know of a change."""
        for listener in self.listeners:
            listener(kind, thing, by, data)
