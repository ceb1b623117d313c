"""What one token sees of Notion as it is now: data sources with their properties, and pages to put databases under."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, TypeVar
from urllib.parse import unquote

from onefirm.state.truth.notion import values
from onefirm.state.truth.notion.call import Caller, Missing
from onefirm.state.truth.notion.loop import Loop
from onefirm.state.truth.notion.mapping import Option
from onefirm.state.truth.notion.pace import RATE, Pace

COUNTED_MOST = 20
"""Of so many data sources the rows are counted: a request each, and all of them go at once."""
_PAGE_SIZE = 100
_ROOMS_MOST = 3  # answers of a search for pages, in which rows stand too
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Field:
    """One property of a data source.

    `groups` has the group of a status's options by their ids, `to` the data source that a relation leads to, `format`
    how a number is shown.
    """

    name: str
    id: str
    type: str
    options: tuple[Option, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict[str, str])
    to: str | None = None
    format: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One data source. `database` is what its database is called, `rows` how many it holds: `12`, or `100+`."""

    id: str
    title: str
    database_id: str
    fields: tuple[Field, ...]
    in_trash: bool = False
    database: str = ""
    rows: str = ""

    def field(self, id_: str) -> Field | None:
        """The property of this id, in whichever spelling."""
        return next((one for one in self.fields if unquote(one.id) == unquote(id_)), None)

    def named(self, name: str) -> Field | None:
        """The property of this name, whatever its case."""
        return next((one for one in self.fields if one.name.casefold() == name.casefold()), None)


@dataclass(frozen=True, slots=True)
class Absent:
    """No data source that this token sees. `instead` has those of the database whose id it is: (id, title)."""

    id: str
    instead: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Acting:
    """Whom a token acts as: the integration's name, and the workspace's."""

    name: str
    workspace: str


@dataclass(frozen=True, slots=True)
class Room:
    """A page that databases may be made under."""

    id: str
    title: str


Seen: TypeAlias = "Source | Absent"


@dataclass(frozen=True, slots=True)
class Sight:
    """All that a token sees. `is_cut`: there are more pages than were looked through."""

    acting: Acting
    sources: tuple[Source, ...]
    rooms: tuple[Room, ...]
    is_cut: bool = False


class Survey:
    """Asks for one token, from any thread. `close` gives the connection back. Everything raises as `Caller.call`."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._loop = Loop()

    @classmethod
    def connect(cls, token: str, base_url: str, pace: float = RATE) -> Survey:
        """With a connection of its own."""
        return cls(Caller(token, base_url, Pace(pace)))

    def close(self) -> None:
        """Give the connection back."""
        if self._loop.started:
            self._loop.run(self._caller.close())
            self._loop.close()

    def acting(self) -> Acting:
        """Whom the token acts as: the cheapest question that only a good token can ask."""
        return self._run(acting(self._caller))

    def sight(self) -> Sight:
        """All that the token sees."""
        return self._run(sight(self._caller))

    def sources(self, ids: Iterable[str]) -> dict[str, Seen]:
        """These data sources as they are, by the ids as they were given."""
        return self._run(sources(self._caller, ids))

    def add(self, source: str, properties: Mapping[str, Any]) -> Source:
        """Add properties to a data source, which is returned. One that is there already stays as it is."""
        body = {"properties": dict(properties)}
        return source_of(self._run(self._caller.call("write", "PATCH", f"data_sources/{source}", body=body)))

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        return self._loop.run(work)


async def sources(caller: Caller, ids: Iterable[str]) -> dict[str, Seen]:
    """These data sources as they are, by the ids as they were given. Raises Unreachable."""
    wanted = list(dict.fromkeys(ids))
    found = await asyncio.gather(*(_source(caller, one) for one in wanted))
    return dict(zip(wanted, found, strict=True))


async def _source(caller: Caller, id_: str) -> Seen:
    try:
        return source_of(await caller.call("read", "GET", f"data_sources/{id_}"))
    except Missing:
        pass
    try:  # the id in a database's address is the database's
        database = await caller.call("read", "GET", f"databases/{id_}")
    except Missing:
        return Absent(id_)
    return Absent(id_, tuple((str(one["id"]), str(one["name"])) for one in database.get("data_sources", ())))


async def acting(caller: Caller) -> Acting:
    """Whom a token acts as."""
    me = await caller.call("read", "GET", "users/me")
    bot: Mapping[str, Any] = me.get("bot") or {}
    return Acting(str(me.get("name") or "an integration"), str(bot.get("workspace_name") or ""))


async def sight(caller: Caller) -> Sight:
    """All that a token sees; data sources by their titles."""
    who = await acting(caller)
    found = [source_of(one) async for answer in _search(caller, "data_source") for one in answer]
    found = [one for one in found if not one.in_trash]
    rooms, is_cut = await _rooms(caller)
    counted = await asyncio.gather(*(_rows(caller, one) for one in found[:COUNTED_MOST]))
    named = await _named([*counted, *found[COUNTED_MOST:]], caller)
    return Sight(who, tuple(sorted(named, key=lambda one: (one.title.casefold(), one.id))), rooms, is_cut)


async def _search(caller: Caller, what: str) -> AsyncGenerator[Sequence[Mapping[str, Any]]]:
    body: dict[str, Any] = {"filter": {"property": "object", "value": what}, "page_size": _PAGE_SIZE}
    while True:
        answer = await caller.call("read", "POST", "search", body=body)
        yield [one for one in answer["results"] if one.get("object") == what]
        if not answer.get("has_more") or not answer.get("next_cursor"):
            return
        body["start_cursor"] = answer["next_cursor"]


async def _rooms(caller: Caller) -> tuple[tuple[Room, ...], bool]:
    """Pages that are no rows, those edited last; and whether there may be more."""
    found, answers = list[Room](), 0
    async for some in _search(caller, "page"):
        found += [Room(str(one["id"]), _page_title(one)) for one in some if _is_room(one)]
        answers += 1
        if answers == _ROOMS_MOST:
            break
    return tuple(found), answers == _ROOMS_MOST


def _is_room(page: Mapping[str, Any]) -> bool:
    parent: Mapping[str, Any] = page.get("parent") or {}
    return parent.get("type") in ("workspace", "page_id", "block_id")


def _page_title(page: Mapping[str, Any]) -> str:
    properties: Mapping[str, Mapping[str, Any]] = page.get("properties") or {}
    title = next((one for one in properties.values() if one.get("type") == "title"), None)
    return (values.show(title) if title else None) or "Untitled"


async def _rows(caller: Caller, source: Source) -> Source:
    title = next((one.id for one in source.fields if one.type == "title"), "title")
    query, body = {"filter_properties": [title]}, {"page_size": _PAGE_SIZE}
    try:
        answer = await caller.call("read", "POST", f"data_sources/{source.id}/query", query=query, body=body)
    except Missing:  # it went between the search and this
        return source
    return replace(source, rows=f"{len(answer['results'])}{'+' if answer.get('has_more') else ''}")


async def _named(found: Sequence[Source], caller: Caller) -> list[Source]:
    """With the names of the databases: asked for only where the titles alone don't tell two apart."""
    titles = Counter(one.title.casefold() for one in found)
    shared = Counter(one.database_id for one in found)
    unclear = {one.database_id for one in found if titles[one.title.casefold()] > 1 or shared[one.database_id] > 1}
    asked = sorted(unclear)
    answers = await asyncio.gather(*(_database_title(caller, id_) for id_ in asked))
    names = dict(zip(asked, answers, strict=True))
    return [replace(one, database=names.get(one.database_id) or one.title) for one in found]


async def _database_title(caller: Caller, id_: str) -> str:
    try:
        return _title(await caller.call("read", "GET", f"databases/{id_}"))
    except Missing:
        return ""


def source_of(answer: Mapping[str, Any]) -> Source:
    """A data source from Notion's own form."""
    parent: Mapping[str, Any] = answer.get("parent") or {}
    properties: Mapping[str, Mapping[str, Any]] = answer.get("properties") or {}
    fields = tuple(_field(name, one) for name, one in properties.items())
    trashed = bool(answer.get("in_trash", answer.get("archived", False)))
    return Source(str(answer["id"]), _title(answer), str(parent.get("database_id") or ""), fields, trashed)


def _title(answer: Mapping[str, Any]) -> str:
    return values.show({"type": "title", "title": answer.get("title") or []}) or "Untitled"


def _field(name: str, answer: Mapping[str, Any]) -> Field:
    type_ = str(answer.get("type"))
    config: Mapping[str, Any] = answer.get(type_) or {}
    options = tuple(Option(str(one["name"]), str(one["id"])) for one in config.get("options", ()))
    groups = {str(id_): str(one["name"]) for one in config.get("groups", ()) for id_ in one.get("option_ids", ())}
    to = str(config["data_source_id"]) if type_ == "relation" and config.get("data_source_id") else None
    format_ = str(config["format"]) if type_ == "number" and config.get("format") else None
    return Field(name, str(answer.get("id")), type_, options, groups, to, format_)
