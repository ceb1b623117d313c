"""Asking Notion from any thread: pages with all that they hold, lists, users. It knows pages, and no records."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from onefirm.core.clock import Clock
from onefirm.state.schema import Kind
from onefirm.state.truth.notion import values
from onefirm.state.truth.notion.bodies import Reading
from onefirm.state.truth.notion.call import Caller, Missing, Sort
from onefirm.state.truth.notion.found import Plot, more_databases
from onefirm.state.truth.notion.loop import Loop
from onefirm.state.truth.notion.mapping import NotionMapping, Place
from onefirm.state.truth.notion.rows import Page, place_of, value_of
from onefirm.state.truth.notion.survey import Seen, sources
from onefirm.state.truth.notion.walk import Pages, ask, walk
from onefirm.store.engine import Store

_AT_ONCE = 16
"""Pages that are asked for together: at the slowest pace, the last of more would wait longer than one request may."""
Step: TypeAlias = "tuple[Pages, str | None] | None"


class Asking:
    """One connection on a thread of its own."""

    def __init__(self, caller: Caller, mapping: NotionMapping) -> None:
        self._caller = caller
        self._mapping = mapping
        self._loop = Loop()

    def close(self) -> None:
        """End what is under way and give the connections back."""
        if self._loop.started:
            self._loop.run(self._caller.close())
        self._loop.close()

    def call(self, sort: Sort, method: str, path: str, body: Mapping[str, Any]) -> Page:
        """The page that a write leaves. Raises as `Caller.call`."""
        return self._loop.run(self._caller.call(sort, method, path, body=body))

    def read(self, path: str) -> dict[str, Any]:
        """What stands at an address."""
        return self._loop.run(self._caller.call("read", "GET", path))

    def more_databases(
        self, store: Store, clock: Clock, page: str, plot: Plot, kinds: Sequence[Kind], homes: Mapping[str, str]
    ) -> list[Place]:
        """Databases for further kinds; `homes` has the data sources of the others."""
        return more_databases(self._caller, self._loop, store, clock, replace(plot, page=page), kinds, homes)

    def query(self, place: Place, body: Mapping[str, Any]) -> dict[str, Any]:
        """One answer to one query."""
        return self._loop.run(ask(self._caller, place.data_source, body))

    def pages(self, ids: Sequence[str]) -> dict[str, Page]:
        """Those of the pages that are there, whole, by their ids."""
        found = self._loop.run(self._pages(ids)) if ids else []
        return {id_: page for id_, page in zip(ids, found, strict=True) if page is not None}

    def whole(self, page: Page) -> Page:
        """The page with every reference that its mapped properties hold, beyond those that it shows."""
        return self._loop.run(self._whole(page))

    def body(self, page_id: str) -> list[str]:
        """A page's text, line by line."""
        return self._loop.run(Reading(self._caller).body(page_id))

    def comments(self, page_id: str, names: Mapping[str, str]) -> list[str]:
        """What was said about a page, a line for each comment."""
        return self._loop.run(Reading(self._caller).comments(page_id, names))

    def sources(self, ids: Sequence[str]) -> dict[str, Seen]:
        """These data sources as they are, by their ids as they were given."""
        return self._loop.run(sources(self._caller, ids))

    def users(self) -> tuple[dict[str, str], str]:
        """What everybody is called, by their ids; and which of them this connection is."""

        async def both() -> tuple[dict[str, str], str]:
            names, me = await asyncio.gather(self._users(), self._caller.call("read", "GET", "users/me"))
            return names, str(me["id"])

        return self._loop.run(both())

    def ahead(
        self, place: Place, since: str | None, *, trashed: bool = False, only: Sequence[str] = (), whole: bool = True
    ) -> Ahead:
        """A walk that has begun: the next pages are asked for while the last ones are worked on."""
        walking = walk(self._caller, place.data_source, since=since, trashed=trashed, only=only)

        async def step() -> Step:
            found = await anext(walking, None)
            if found is None or not whole:
                return found
            return await asyncio.gather(*(self._whole(page) for page in found[0])), found[1]

        return Ahead(self._loop, walking, step)

    async def _pages(self, ids: Sequence[str]) -> list[Page | None]:
        few = asyncio.Semaphore(_AT_ONCE)

        async def one(id_: str) -> Page | None:
            async with few:
                return await self._page(id_)

        asked = [asyncio.ensure_future(one(id_)) for id_ in ids]
        try:
            return await asyncio.gather(*asked)
        finally:  # where one has failed, the others are asked for no more
            for task in asked:
                task.cancel()

    async def _page(self, page_id: str) -> Page | None:
        try:
            return await self._whole(await self._caller.call("read", "GET", f"pages/{page_id}"))
        except Missing:
            return None

    async def _whole(self, page: Page) -> Page:
        """The page with every reference that its mapped properties hold, beyond those that it shows."""
        place = place_of(self._mapping, page)
        cut = [
            value for one in (place.columns.values() if place else ())
            if (value := value_of(page, one)) and values.is_cut(value)
        ]  # fmt: skip
        if not cut:
            return page
        properties = dict(page["properties"])
        for name, value in page["properties"].items():
            if value in cut:
                items = await self._items(str(page["id"]), value)
                properties[name] = {**value, value["type"]: items, "has_more": False}
        return {**page, "properties": properties}

    async def _items(self, page_id: str, value: Mapping[str, Any]) -> list[Any]:
        items, query = list[Any](), dict[str, Any](page_size=100)
        while True:
            path = f"pages/{page_id}/properties/{value['id']}"
            answer = await self._caller.call("read", "GET", path, query=query)
            items += [one[one["type"]] for one in answer["results"]]
            if not answer.get("has_more") or not answer.get("next_cursor"):
                return items
            query["start_cursor"] = answer["next_cursor"]

    async def _users(self) -> dict[str, str]:
        names, query = dict[str, str](), dict[str, Any](page_size=100)
        while True:
            answer = await self._caller.call("read", "GET", "users", query=query)
            names |= {str(one["id"]): name for one in answer["results"] if (name := values.name_of(one))}
            if not answer.get("has_more") or not answer.get("next_cursor"):
                return names
            query["start_cursor"] = answer["next_cursor"]


class Ahead:
    """Pages of a walk and the minute up to which all came, to be gone through once. `close` ends it wherever it is."""

    def __init__(self, loop: Loop, walking: AsyncGenerator[Any], step: Callable[[], Coroutine[Any, Any, Step]]) -> None:
        self._loop = loop
        self._walking = walking
        self._step = step
        self._coming = loop.start(step())

    def __iter__(self) -> Iterator[tuple[Pages, str | None]]:
        while (found := self._coming.result()) is not None:
            self._coming = self._loop.start(self._step())
            yield found

    def close(self) -> None:
        """Ask for nothing more."""
        if not self._coming.done():
            self._coming.cancel()
        self._loop.run(_closed(self._walking))


async def _closed(walking: AsyncGenerator[Any]) -> None:
    with contextlib.suppress(RuntimeError):  # what was given up is on its way out of it at this moment
        await walking.aclose()
