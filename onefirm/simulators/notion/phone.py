"""A person in Notion's own app: edits that no connection made, with plain values as one types them into cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onefirm.simulators.notion import bodies, columns, markdown, schemas, text, values
from onefirm.simulators.notion.objects import WORKSPACE, Database, DataSource, Json, Page, Parent, Property
from onefirm.simulators.notion.people import User
from onefirm.simulators.notion.workspace import TITLE, Workspace


class Phone:
    """Acts as one user. Rows are named by their ids; properties by their names. Raises Refusal as Notion would."""

    def __init__(self, workspace: Workspace, user: User) -> None:
        self.workspace, self.user = workspace, user

    def page(self, title: str, under: str | None = None) -> Page:
        """A new page, at the top or under another page."""
        with self.workspace.lock:
            parent = Parent("page", under) if under else WORKSPACE
            return self.workspace.add_page(parent, {"title": text.of(title)}, self.user.id)

    def database(self, title: str, properties: Mapping[str, Any], under: str | None = None) -> DataSource:
        """A new database with one data source, which is returned.

        Properties are as the API takes them, `{"Status": {"status": {"options": […]}}}`; a bare type's name will do.
        """
        with self.workspace.lock:
            parent = Parent("page", under) if under else WORKSPACE
            made = self.workspace.add_database(parent, text.of(title), self.user.id)
            source = self.source(made, title, properties)
            self.workspace.tell("database.created", made, self.user.id)
            return source

    def source(self, database: Database, title: str, properties: Mapping[str, Any]) -> DataSource:
        """Another data source in a database."""
        with self.workspace.lock:
            made = self.workspace.add_source(database, text.of(title), self.user.id)
            full: Json = {name: {one: {}} if isinstance(one, str) else one for name, one in properties.items()}
            columns.begin(self.workspace, made, full, self.user.id, "properties")
            return made

    def row(self, source: DataSource, cells: Mapping[str, Any]) -> Page:
        """A new row."""
        with self.workspace.lock:
            accepted = self._accepted(source.properties, cells)
            return self.workspace.add_page(Parent("data_source", source.id), accepted, self.user.id)

    def edit(self, row: str, cells: Mapping[str, Any]) -> None:
        """Type into cells; None empties one."""
        with self.workspace.lock:
            page = self.workspace.pages[row]
            accepted = self._accepted(self.workspace.columns(page), cells)
            self.workspace.write_page(page, self.user.id, accepted)

    def find(self, number: str) -> Page:
        """The row that a unique id names, `T-48`. Raises KeyError."""
        prefix, _, count = number.rpartition("-")
        for source in self.workspace.sources.values():
            if any(one.type == "unique_id" and one.config["prefix"] == prefix for one in source.properties.values()):
                for page in source.rows.values():
                    if str(page.number) == count:
                        return page
        raise KeyError(f"no row is called {number} by a number of Notion's")

    def write(self, row: str, words: str) -> None:
        """Write into a page's body, in Markdown, after what is there."""
        with self.workspace.lock:
            bodies.append(self.workspace, self.workspace.pages[row], markdown.drafted(words), self.user.id)
            self.workspace.edited_body(row, self.user.id)

    def comment(self, row: str, words: str) -> None:
        """Begin a discussion on a page."""
        with self.workspace.lock:
            at = Parent("page", row)
            self.workspace.add_comment(at, self.workspace.ids.uuid(), text.of(words), self.user.id)

    def rename(self, row: str, title: str) -> None:
        """Give a page another title."""
        page = self.workspace.pages[row]
        column = next(one for one in self.workspace.columns(page).values() if one.type == "title")
        self.edit(row, {column.name: title})

    def trash(self, row: str) -> None:
        """Put a page into the trash."""
        with self.workspace.lock:
            self.workspace.write_page(self.workspace.pages[row], self.user.id, in_trash=True)

    def restore(self, row: str) -> None:
        """Take a page out of the trash."""
        with self.workspace.lock:
            self.workspace.write_page(self.workspace.pages[row], self.user.id, in_trash=False)

    def unshare(self, thing: str, token: str) -> None:
        """Take a page, a database or a data source away from a connection."""
        with self.workspace.lock:
            connection = self.workspace.connections[token]
            connection.unshared.add(thing)
            connection.shared.discard(thing)

    def share(self, thing: str, token: str) -> None:
        """Share it with a connection."""
        with self.workspace.lock:
            connection = self.workspace.connections[token]
            connection.shared.add(thing)
            connection.unshared.discard(thing)

    def revoke(self, token: str) -> None:
        """Take the connection out of the workspace: its token is good for nothing any more."""
        with self.workspace.lock:
            self.workspace.connections.pop(token, None)

    def rename_property(self, source: DataSource, old: str, new: str) -> None:
        """Give a property another name; its id stays."""
        self._change(source, {old: {"name": new}})

    def rename_option(self, source: DataSource, name: str, old: str, new: str) -> None:
        """Give an option another name; rows that have it show the new one, as nobody edited them."""
        with self.workspace.lock:
            column = self._column(source, name)
            option = next(one for one in column.config["options"] if one["name"] == old)
            option["name"] = new
            self.workspace.touch(source, self.user.id)
            changed = {"id": column.id, "name": column.name, "action": "updated"}
            self.workspace.tell("data_source.schema_updated", source, self.user.id, updated_properties=[changed])

    def add_property(self, source: DataSource, name: str, config: Mapping[str, Any]) -> None:
        """Add a property, configured as the API takes it."""
        self._change(source, {name: config})

    def change_type(self, source: DataSource, name: str, config: Mapping[str, Any]) -> None:
        """Make another type of a property; values that the new type can't hold are gone."""
        self._change(source, {name: config})

    def delete_property(self, source: DataSource, name: str) -> None:
        """Delete a property with its values."""
        self._change(source, {name: None})

    def delete_database(self, database: str) -> None:
        """Put a database into the trash, with all that is in it."""
        self._trash_database(database, True)

    def restore_database(self, database: str) -> None:
        """Take a database out of the trash."""
        self._trash_database(database, False)

    def _trash_database(self, database: str, in_trash: bool) -> None:
        with self.workspace.lock:
            found = self.workspace.databases[database]
            found.in_trash = in_trash
            self.workspace.touch(found, self.user.id)
            self.workspace.tell("database.deleted" if in_trash else "database.undeleted", found, self.user.id)

    def _change(self, source: DataSource, sent: Mapping[str, Any]) -> None:
        with self.workspace.lock:
            columns.change(self.workspace, source, sent, self.user.id, "properties")

    def _column(self, source: DataSource, name: str) -> Property:
        column = schemas.find(source, name)
        assert column, f"{name} is not a property of {text.plain(source.title)}"
        return column

    def _accepted(self, known: Mapping[str, Property], cells: Mapping[str, Any]) -> dict[str, Any]:
        named = {one.name: one for one in known.values()} or {"title": TITLE}
        accepted: dict[str, Any] = {}
        for name, cell in cells.items():
            column = named.get(name)
            if column is None:
                raise ValueError(f"there is no property “{name}”; there are {', '.join(named)}")
            sent = values.in_words(column.type, "" if cell is None and column.type in ("title", "rich_text") else cell)
            accepted[column.id] = values.accepted(column, {column.type: sent}, name, self.workspace)
        return accepted
