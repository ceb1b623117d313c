"""Making a firm's databases in Notion: typed, related, made once, wherever it was cut off."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from contract.stores import sqlite_url
from onefirm.core.errors import FirmError, InvalidInput, NotFound, Refused, Unavailable
from onefirm.simulators.notion import Notion
from onefirm.simulators.notion.faults import Kind
from onefirm.state.schema import Schema, shipped
from onefirm.state.truth.base import TruthWrite
from onefirm.state.truth.notion import found, mapping, mapping_text
from onefirm.state.truth.notion.call import Caller
from onefirm.state.truth.notion.found import Plot
from onefirm.state.truth.notion.mapping import NotionMapping
from onefirm.state.truth.notion.pace import Pace
from onefirm.state.truth.notion.truth import NotionTruth
from onefirm.store.engine import Store
from support.clock import FixedClock

SCHEMA = shipped()
SMALL = Schema(1, {name: SCHEMA.kinds[name] for name in ("client", "prospect", "contact")})


@dataclass
class Ground:
    """An empty page in Notion, and a store to note things in."""

    notion: Notion
    store: Store
    clock: FixedClock
    page: str

    def caller(self, transport: httpx.AsyncBaseTransport | None = None) -> Caller:
        async def sleep(seconds: float) -> None:
            self.clock.advance(seconds=seconds)

        pace = Pace(time=lambda: self.clock.now().timestamp())
        return Caller(self.notion.token, self.notion.url, pace, sleep, transport)

    def found(self, schema: Schema = SMALL, transport: httpx.AsyncBaseTransport | None = None) -> NotionMapping:
        return found.create_databases(
            self.caller(transport), self.store, schema, self.clock, Plot(self.page, "EUR"), base_url=self.notion.url,
            pause=lambda seconds: self.clock.advance(seconds=seconds) and None,
        )  # fmt: skip


@pytest.fixture
def ground(notion: Notion, clock: FixedClock, tmp_path: Path) -> Iterator[Ground]:
    store = Store.open(sqlite_url(tmp_path))
    yield Ground(notion, store, clock, notion.phone.page("My firm").id)
    store.close()


def test_every_kind_gets_a_database_that_holds_all_of_its_properties(ground: Ground, tmp_path: Path) -> None:
    made = ground.found(SCHEMA)
    assert len(ground.notion.workspace.databases) == len(SCHEMA.kinds)
    mapping_text.write(tmp_path, mapping_text.text(made))
    assert mapping.read(tmp_path, SCHEMA) == made
    truth = NotionTruth(ground.store, SCHEMA, ground.clock, made, ground.caller())
    status = SCHEMA.kinds["client"].initial
    (client,) = truth.apply([TruthWrite("create", "client", props={"title": "Acme", "status": status})], "a")
    props = {
        "title": "Bill", "status": "disputed", "client": client.ref, "due": "2026-12-01",
        "amount": {"minor": 125050, "currency": "EUR"},
    }  # fmt: skip
    (invoice,) = truth.apply([TruthWrite("create", "invoice", props=props)], "b")
    truth.close()
    assert (client.ref, invoice.ref, invoice.props) == ("CL-1", "INV-1", props)
    types = {
        one.name: one.type
        for one in ground.notion.workspace.sources[made.places["invoice"].data_source].properties.values()
    }
    assert types == {
        "Name": "title", "Status": "status", "Client": "relation", "Project": "relation", "Contract": "relation",
        "Amount": "number", "Issued on": "date", "Due": "date", "ID": "unique_id", "onefirm key": "rich_text",
    }  # fmt: skip


def test_wherever_it_is_cut_off_the_same_call_goes_on_and_makes_nothing_twice(ground: Ground) -> None:
    cuts: list[tuple[Kind, int]] = [("after", 0), ("after", 2), ("drop", 1), ("drop", 3)]
    for kind, after in cuts:
        ground.notion.faults.add(kind, method="POST|PATCH", times=1, after_times=after)
        ground.page = ground.notion.phone.page("Another").id
        before = len(ground.notion.workspace.databases)
        made = _until_done(ground)
        assert len(ground.notion.workspace.databases) - before == len(SMALL.kinds)
        assert ground.found() == made
        ground.notion.faults.clear()


def _until_done(ground: Ground) -> NotionMapping:
    for _ in range(3):
        try:
            return ground.found()
        except Unavailable:
            ground.clock.advance(seconds=121)
    raise AssertionError


def test_another_store_finds_what_was_made(ground: Ground, tmp_path: Path) -> None:
    made = ground.found()
    (tmp_path / "other").mkdir()
    ground.store.close()
    ground.store = Store.open(sqlite_url(tmp_path / "other"))
    assert ground.found() == made


def test_a_database_of_somebody_else_is_left_alone(ground: Ground) -> None:
    ground.notion.phone.database("Clients", {"Name": "title"}, under=ground.page)
    with pytest.raises(Refused, match="“Clients” that onefirm didn't make"):
        ground.found()
    assert len(ground.notion.workspace.databases) == 1


def test_a_page_that_is_not_shared_says_how_to_share_it(ground: Ground) -> None:
    ground.notion.phone.unshare(ground.page, ground.notion.token)
    with pytest.raises(NotFound) as told:
        ground.found()
    assert "Connections" in str(told.value.hint)


class Older(httpx.AsyncHTTPTransport):
    """A Notion that makes no status properties, as its guide says of them."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/databases" and b'"status"' in await request.aread():
            told = {"object": "error", "status": 400, "code": "validation_error", "message": "status can't be created"}
            return httpx.Response(400, content=json.dumps(told))
        return await super().handle_async_request(request)


def test_where_notion_makes_no_status_a_select_holds_the_same(ground: Ground) -> None:
    made = ground.found(transport=Older())
    status = made.places["client"].columns["status"]
    assert (status.type, sorted(status.options)) == ("select", ["active", "former", "paused"])


@pytest.mark.parametrize("text", ["https://www.notion.so/My-firm-{id}?pvs=4", "{id}", "https://notion.so/ws/{id}"])
def test_a_page_is_named_by_its_link_or_its_id(text: str) -> None:
    id_ = "1f0c" * 8
    assert found.page_id(text.format(id=id_)) == id_


def test_what_names_no_page_is_refused() -> None:
    with pytest.raises(InvalidInput) as told:
        found.page_id("My firm")
    assert isinstance(told.value, FirmError)
    assert "Copy link" in str(told.value.hint)
