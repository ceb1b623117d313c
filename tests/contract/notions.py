"""A firm's databases in a simulated Notion, and the truth over them, on the clock of the test."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx

from onefirm.simulators.notion import Notion
from onefirm.simulators.notion.objects import DataSource
from onefirm.state.schema import Kind, Property, Schema
from onefirm.state.truth.notion.call import Caller
from onefirm.state.truth.notion.mapping import HOLDS, Column, NotionMapping, Option, Place
from onefirm.state.truth.notion.pace import Pace
from onefirm.state.truth.notion.truth import NotionTruth
from onefirm.store.engine import Store
from support.clock import FixedClock

LAG = timedelta(seconds=20)
"""How far the simulated lists lag behind, and how long this truth waits before it says that something isn't there."""


@dataclass
class Office:
    """One Notion, with a database for each kind of record."""

    notion: Notion
    sources: dict[str, DataSource]
    mapping: NotionMapping
    schema: Schema
    clock: FixedClock

    def truth(
        self, store: Store, *, key: bool = True, lag: timedelta = LAG, transport: httpx.AsyncBaseTransport | None = None
    ) -> NotionTruth:
        """The firm's truth, as one process has it; without `key` the operator did not consent to a key property.

        Without a `transport` it goes to the simulator's server.
        """
        places = self.mapping.places
        if not key:
            places = {name: replace(place, key=None) for name, place in places.items()}

        async def sleep(seconds: float) -> None:
            self.clock.advance(seconds=seconds)
            await asyncio.sleep(0)  # others go on meanwhile

        pace = Pace(time=lambda: self.clock.now().timestamp())
        caller = Caller(self.notion.token, self.notion.url, pace, sleep, transport)
        mapping = NotionMapping(places, self.notion.url)
        return NotionTruth(store, self.schema, self.clock, mapping, caller, timezone="Europe/Berlin", lag=lag)

    def page(self, truth: NotionTruth, ref: str) -> str:
        """The id of a row's page."""
        return truth._page_ids([ref])[ref]

    def asked(self, since: int = 0) -> list[str]:
        """The requests so far, one word each for method and path."""
        return [f"{one.method} {one.path.removeprefix('/v1/')}" for one in self.notion.exchanges[since:]]


def office(notion: Notion, schema: Schema, clock: FixedClock, only: Sequence[str] = ()) -> Office:
    """Databases under one page, related as the schema says, and a whole mapping; of `only` some kinds, if asked for."""
    home = notion.phone.page("Firm")
    kinds = [kind for kind in schema.kinds.values() if not only or kind.name in only]
    sources = {kind.name: notion.phone.database(kind.plural, dict(_plain(kind)), under=home.id) for kind in kinds}
    for kind in kinds:
        for prop in kind.properties.values():
            if prop.type == "relation" and prop.to in sources:
                to = {"data_source_id": sources[prop.to or ""].id, "single_property": {}}
                notion.phone.add_property(sources[kind.name], prop.name, {"relation": to})
    places = {kind.name: _place(kind, sources[kind.name]) for kind in kinds}
    return Office(notion, sources, NotionMapping(places, notion.url), schema, clock)


def _plain(kind: Kind) -> "list[tuple[str, Any]]":
    config: dict[str, Any] = {"ID": {"unique_id": {"prefix": None}}, "onefirm key": "rich_text"}
    for prop in kind.properties.values():
        if prop.type in ("status", "choice"):
            names = kind.statuses if prop.type == "status" else prop.options
            config[prop.name] = {_type(prop.name, prop.type): {"options": [{"name": name.upper()} for name in names]}}
        elif prop.type != "relation":
            config[prop.name] = _type(prop.name, prop.type)
    return list(config.items())


def _type(name: str, type_: Any) -> Any:
    return "title" if name == "title" else "rich_text" if type_ == "money" else HOLDS[type_][0]


def _place(kind: Kind, source: DataSource) -> Place:
    ids = {one.name: one.id for one in source.properties.values()}
    columns = {
        prop.name: Column(prop.name, ids[prop.name], _type(prop.name, prop.type), _options(kind, prop, source))
        for prop in kind.properties.values() if prop.name in ids
    }  # fmt: skip
    return Place(
        kind.name, source.id, columns, Column("ID", ids["ID"], "unique_id"),
        Column("onefirm key", ids["onefirm key"], "rich_text"),
    )  # fmt: skip


def _options(kind: Kind, prop: Property, source: DataSource) -> dict[str, tuple[Option, ...]]:
    names = kind.statuses if prop.type == "status" else prop.options
    if not names:
        return {}
    column = next(one for one in source.properties.values() if one.name == prop.name)
    ids = {one["name"]: one["id"] for one in column.config["options"]}
    return {name: (Option(name.upper(), ids[name.upper()]),) for name in names}
