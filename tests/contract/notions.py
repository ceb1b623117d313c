"""A firm's databases in a simulated Notion, and the truth over them, on the clock of the test."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from onefirm.simulators.notion import Notion
from onefirm.simulators.notion.objects import DataSource
from onefirm.state.schema import Kind, Schema
from onefirm.state.truth.notion.call import Caller
from onefirm.state.truth.notion.mapping import HOLDS, Column, NotionMapping, Place
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

    def truth(self, store: Store, *, key: bool = True, lag: timedelta = LAG) -> NotionTruth:
        """The firm's truth, as one process has it; without `key` the operator did not consent to a key property."""
        places = self.mapping.places
        if not key:
            places = {name: replace(place, key=None) for name, place in places.items()}

        async def sleep(seconds: float) -> None:
            self.clock.advance(seconds=seconds)

        pace = Pace(time=lambda: self.clock.now().timestamp())
        caller = Caller(self.notion.token, self.notion.url, pace, sleep)
        mapping = NotionMapping(places, self.notion.url)
        return NotionTruth(store, self.schema, self.clock, mapping, caller, timezone="Europe/Berlin", lag=lag)

    def page(self, truth: NotionTruth, ref: str) -> str:
        """The id of a row's page."""
        return truth._page_ids([ref])[ref]

    def asked(self, since: int = 0) -> list[str]:
        """The requests so far, one word each for method and path."""
        return [f"{one.method} {one.path.removeprefix('/v1/')}" for one in self.notion.exchanges[since:]]


def office(notion: Notion, schema: Schema, clock: FixedClock) -> Office:
    """Databases under one page, related as the schema says, and a whole mapping."""
    home = notion.phone.page("Firm")
    sources = {
        kind.name: notion.phone.database(kind.plural, dict(_plain(kind)), under=home.id)
        for kind in schema.kinds.values()
    }
    for kind in schema.kinds.values():
        for prop in kind.properties.values():
            if prop.type == "relation":
                to = {"data_source_id": sources[prop.to or ""].id, "single_property": {}}
                notion.phone.add_property(sources[kind.name], prop.name, {"relation": to})
    places = {kind.name: _place(kind, sources[kind.name]) for kind in schema.kinds.values()}
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
        prop.name: Column(prop.name, ids[prop.name], _type(prop.name, prop.type), _options(kind, prop))
        for prop in kind.properties.values()
    }
    return Place(
        kind.name, source.id, columns, Column("ID", ids["ID"], "unique_id"),
        Column("onefirm key", ids["onefirm key"], "rich_text"),
    )  # fmt: skip


def _options(kind: Kind, prop: Any) -> dict[str, Any]:
    from onefirm.state.truth.notion.mapping import Option

    names = kind.statuses if prop.type == "status" else prop.options
    return {name: (Option(name.upper()),) for name in names}
