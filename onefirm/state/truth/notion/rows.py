"""From Notion's pages to rows and back: refs for page ids, names for users, and nothing that we can't read is lost."""

from __future__ import annotations

import functools
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from urllib.parse import unquote

from sqlalchemy import Connection

from onefirm.core import canonical
from onefirm.core.clock import iso, parse_iso
from onefirm.state.schema import Kind, Property, Schema
from onefirm.state.truth.base import TruthRow, TruthWrite
from onefirm.state.truth.notion import pages, questions, values
from onefirm.state.truth.notion.mapping import Column, NotionMapping, Place
from onefirm.state.truth.notion.values import Unfit
from onefirm.store.engine import Store

if TYPE_CHECKING:
    from onefirm.state.truth.notion.people import People

Page: TypeAlias = Mapping[str, Any]
_TOLD = "`onefirm connect notion --check` names all that has no place there yet"


def place_of(mapping: NotionMapping, page: Page) -> Place | None:
    """Where a page belongs; None for one that was moved out of every data source that is mapped."""
    parent: Mapping[str, Any] = page.get("parent") or {}
    source = parent.get("data_source_id")
    return mapping.place(str(source)) if source else None


def value_of(page: Page, column: Column | None) -> Mapping[str, Any] | None:
    """A page's value of one property; None where it has no such property any more."""
    return _found(page, column)[1]


def _found(page: Page, column: Column | None) -> tuple[str, Mapping[str, Any] | None]:
    """What a property is called on a page, and its value there."""
    wanted = _bare(column.id) if column else None
    properties = cast("Mapping[str, Mapping[str, Any]]", page.get("properties") or {})
    return next(((name, one) for name, one in properties.items() if _bare(str(one.get("id"))) == wanted), ("", None))


@functools.cache
def _bare(id_: str) -> str:
    """A property's id in one spelling: Notion writes some of its characters in two."""
    return unquote(id_)


def is_trashed(page: Page) -> bool:
    """Whether a page lies in the trash, in the words of any version."""
    return bool(page.get("in_trash", page.get("archived", False)))


class Rows:
    """Translates pages of mapped data sources. It reads and writes the store's own tables, and asks nobody."""

    def __init__(self, store: Store, schema: Schema, mapping: NotionMapping, people: People, timezone: str) -> None:
        self._store = store
        self._schema = schema
        self._mapping = mapping
        self._people = people
        self._timezone = timezone
        self.noticed: set[str] = set()

    # -- reading -------------------------------------------------------------------------------------------------------

    def read(self, some: Sequence[Page]) -> list[TruthRow]:
        """The rows that these pages are, in their order; a page that belongs nowhere is left out."""
        placed = [(page, place) for page in some if (place := place_of(self._mapping, page)) is not None]
        with self._store.read() as conn:
            found = pages.known(conn, self._mentioned(placed))
        fresh = [(page, place) for page, place in placed if page["id"] not in found]
        if fresh:
            with self._store.write() as conn:
                refs = {str(page["id"]): self._name(conn, page, place) for page, place in fresh}
            found |= {id_: pages.Known(id_, ref, "", None, None) for id_, ref in refs.items()}
        return self._decode(placed, found)

    def name(self, some: Sequence[Page]) -> list[str]:
        """The refs of pages of which only the number is shown."""
        with self._store.read() as conn:
            found = pages.known(conn, (str(page["id"]) for page in some))
        fresh = [(page, place) for page in some if page["id"] not in found and (place := place_of(self._mapping, page))]
        refs = {id_: one.ref for id_, one in found.items()}
        if fresh:
            with self._store.write() as conn:
                refs |= {str(page["id"]): self._name(conn, page, place) for page, place in fresh}
        return [refs[str(page["id"])] for page in some if str(page["id"]) in refs]

    def strange(self, some: Sequence[Page], place: Place, firm: str) -> int:
        """How many of these pages are no record's: without a ref, and not moved here by this firm."""
        with self._store.read() as conn:
            found = pages.known(conn, (str(page["id"]) for page in some))
        keys = [self._key(page, place) or "" for page in some if page["id"] not in found]
        return sum(not (key.startswith("ref:") and key.partition("@")[2].partition("#")[0] == firm) for key in keys)

    @contextmanager
    def resolved(self) -> Generator[list[TruthRow]]:
        """Rows that led to pages which were not known when they were read, and are now.

        They are so until the block has ended: whoever dies in it finds them again.
        """
        with self._store.read() as conn:
            waiting = pages.aside(conn)
            wanted = {id_ for one in waiting for ids in (one.aside or {})["relations"].values() for id_ in ids}
            found = pages.known(conn, wanted)
        related = [(one, *self._relate(one, found)) for one in waiting]
        changed = [(one, row, left) for one, row, left in related if left != (one.aside or {})["relations"]]
        yield [row for _, row, _ in changed]
        if changed:
            with self._store.write() as conn:
                now = pages.known(conn, (one.page_id for one, _, _ in changed))
                for one, row, left in changed:
                    if (kept := now.get(one.page_id)) and kept.aside == one.aside:  # else it was read again meanwhile
                        aside = {"row": asdict(row), "relations": left} if left else None
                        pages.note(conn, one.page_id, aside, kept.also)

    def _relate(self, one: pages.Known, found: Mapping[str, pages.Known]) -> tuple[TruthRow, dict[str, list[str]]]:
        held = one.aside or {}
        row, left = TruthRow(**held["row"]), dict[str, list[str]]()
        kind, props = self._schema.kinds[row.kind], dict(row.props)
        for name, ids in held["relations"].items():
            refs, unknown = _refs(self._schema, kind.properties[name], ids, found)
            if unknown:
                left[name] = ids
            if refs is not None:
                props[name] = refs
        return _sealed(replace(row, props=props)), left

    def _mentioned(self, placed: Iterable[tuple[Page, Place]]) -> set[str]:
        wanted = set[str]()
        for page, place in placed:
            wanted.add(str(page["id"]))
            for value in (value_of(page, one) for one in place.columns.values() if one.type == "relation"):
                wanted.update(values.ids_of(value) if value else ())
        return wanted

    def _name(self, conn: Connection, page: Page, place: Place) -> str:
        number: Mapping[str, Any] = (value_of(page, place.ref) or {}).get("unique_id") or {}
        prefix = self._schema.kinds[place.kind].prefix
        return pages.name(conn, str(page["id"]), place.kind, prefix, number.get("number"), self._key(page, place))

    def _decode(self, placed: Sequence[tuple[Page, Place]], found: Mapping[str, pages.Known]) -> list[TruthRow]:
        rows, notes = list[TruthRow](), list[tuple[str, Any, Any]]()
        for page, place in placed:
            known = found[str(page["id"])]
            row, relations = self._row(page, place, known.ref, found)
            aside = {"row": asdict(row), "relations": relations} if relations else None
            also = self._also(page, place) or None
            if (aside, also) != (known.aside, known.also):
                notes.append((known.page_id, aside, also))
            rows.append(row)
        if notes:
            with self._store.write(durable=False) as conn:
                for one in notes:
                    pages.note(conn, *one)
        return rows

    def _row(
        self, page: Page, place: Place, ref: str, found: Mapping[str, pages.Known]
    ) -> tuple[TruthRow, dict[str, list[str]]]:
        kind, props, relations = self._schema.kinds[place.kind], dict[str, Any](), dict[str, list[str]]()
        unsaid = list[str]()
        for name, column in place.columns.items():
            called, value = _found(page, column)
            self.noticed.update(questions.shown(kind, name, column, called, value))
            held = values.read(kind.properties[name], column, value, self._timezone) if value else None
            if held is None and (value is None or value.get("type") != column.type):
                unsaid.append(name)
            if held is not None and kind.properties[name].type == "relation":
                ids, (held, unknown) = held, _refs(self._schema, kind.properties[name], held, found)
                if unknown:
                    relations[name] = ids
            if held is not None:
                props[name] = held
        made_by, me = self._key(page, place), self._people.me
        by: Mapping[str, Any] = page.get("last_edited_by") or {}
        editor = str(by.get("id") or "")
        row = TruthRow(
            ref, kind.name, props, "", is_trashed(page), _instant(page["created_time"]),
            _instant(page["last_edited_time"]), self._people.names.get(editor),
            made_by.rpartition("#")[0] if made_by else None, unsaid, editor == me if me else None,
        )  # fmt: skip
        return _sealed(row), relations

    def _key(self, page: Page, place: Place) -> str | None:
        value = value_of(page, place.key)
        return values.show(value) if value else None

    def _also(self, page: Page, place: Place) -> dict[str, str]:
        """What nothing maps and there is something to read of."""
        ours = {_bare(one.id) for one in (*place.columns.values(), place.ref, place.key) if one}
        properties = cast("Mapping[str, Mapping[str, Any]]", page.get("properties") or {})
        shown = {
            name: values.show(value) for name, value in properties.items() if _bare(str(value.get("id"))) not in ours
        }
        return {name: text for name, text in shown.items() if text}

    # -- writing -------------------------------------------------------------------------------------------------------

    def place(self, write: TruthWrite) -> Place:
        """Where a write goes. Raises Unfit."""
        place = self._mapping.places.get(write.kind)
        if place is None:
            raise Unfit(f"notion.yaml names no data source for {write.kind}; {_TOLD}")
        return place

    def body(self, write: TruthWrite, key: str | None, page: Page | None) -> dict[str, Any]:
        """The properties to send, by their ids. `page` is what an update changes. Raises Unfit."""
        place = self.place(write)
        kind = self._schema.kinds[write.kind]
        sent: dict[str, Any] = {}
        for name, stored in (write.props or {}).items():
            column = place.columns.get(name)
            if column is None:
                if stored is None or (page is None and stored == kind.properties[name].default):
                    continue
                raise Unfit(f"notion.yaml names no property of Notion for {name} of a {kind.label}; {_TOLD}")
            self._check_form(place, name, column, page)
            sent[column.id] = self._sent(kind, kind.properties[name], column, stored, page)
        if key is not None and place.key is not None:
            sent[place.key.id] = {"rich_text": values.text_items(key)}
        return sent

    def _check_form(self, place: Place, name: str, column: Column, page: Page | None) -> None:
        """Refuse what the page shows to have another form now, before Notion does so in words of its own."""
        if page is None:
            return
        value, at = value_of(page, column), self._mapping.where(("kinds", place.kind, "properties", name))
        if value is None:
            raise Unfit(f"{name}: “{column.name}” was deleted in Notion ({at})")
        if value.get("type") != column.type:
            raise Unfit(f"{name}: “{column.name}” is of the type {value.get('type')} in Notion now ({at})")

    def _sent(self, kind: Kind, prop: Property, column: Column, stored: Any, page: Page | None) -> dict[str, Any]:
        now = value_of(page, column) if page else None
        if column.type == "people":
            stored = self._users(prop, stored)
        elif prop.type == "relation":
            stored = self._pages(prop, stored, values.ids_of(now) if now else [])
        return values.write(prop, column, stored, now)

    def _users(self, prop: Property, stored: Any) -> list[str]:
        by_name = {name.casefold(): id_ for id_, name in self._people.names.items()}
        wanted = [name.strip() for name in str(stored or "").split(",") if name.strip()]
        if unknown := [name for name in wanted if name.casefold() not in by_name]:
            there = ", ".join(sorted(self._people.names.values())[:8]) or "nobody"
            raise Unfit(f"{prop.name}: Notion knows nobody called “{unknown[0][:60]}”; it knows {there}")
        return [by_name[name.casefold()] for name in wanted]

    def _pages(self, prop: Property, stored: Any, now: Sequence[str]) -> list[str]:
        """The pages that a relation shall lead to: ours, and after them those that we can't see and so never drop."""
        refs = [str(stored)] if isinstance(stored, str) else [str(one) for one in cast("list[Any]", stored or [])]
        with self._store.read() as conn:
            ids, there = pages.ids_of(conn, refs), pages.known(conn, now)
        if lost := [ref for ref in refs if ref not in ids]:
            raise Unfit(f"{prop.name}: {lost[0]} has no page in Notion")
        seen = _refs(self._schema, prop, now, there)[1]
        kept = [id_ for id_ in now if id_ in seen]
        if not prop.many and refs:  # of several, only the one that is shown is exchanged
            kept = [id_ for id_ in now if id_ in seen or there[id_].ref != _shown(self._schema, prop, now, there)]
        wanted = [ids[ref] for ref in refs]
        return [*wanted, *(id_ for id_ in kept if id_ not in wanted)]


def _shown(schema: Schema, prop: Property, ids: Sequence[str], found: Mapping[str, pages.Known]) -> str | None:
    return _refs(schema, prop, ids, found)[0]


def _refs(
    schema: Schema, prop: Property, ids: Sequence[str], found: Mapping[str, pages.Known]
) -> tuple[Any, frozenset[str]]:
    """What a relation is in stored form, and the pages that can't be a part of it (yet)."""
    prefix = schema.kinds[prop.to or ""].prefix
    refs = [one.ref for id_ in ids if (one := found.get(id_)) and one.ref.partition("-")[0] == prefix]
    unknown = frozenset(id_ for id_ in ids if id_ not in found or found[id_].ref.partition("-")[0] != prefix)
    if not refs:
        return None, unknown
    return (refs if prop.many else refs[0]), unknown


def _sealed(row: TruthRow) -> TruthRow:
    """The row with the etag that its content gives it."""
    said = [row.props, row.archived, *([list(row.unsaid)] if row.unsaid else [])]
    return replace(row, etag=canonical.sha256_hex(canonical.dumps(said))[:16])


def _instant(text: str) -> str:
    return iso(parse_iso(text))
