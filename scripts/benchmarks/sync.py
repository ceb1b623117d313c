"""What pulling from Notion costs: requests, and time beside what its budget allows, on the simulated Notion.

Time is the simulated Notion's, which passes with every request and every wait: a busy machine changes nothing in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
from notion_client import Client
from notion_client.helpers import collect_paginated_api

from benchmarks.bench import Bench
from benchmarks.rows import Goal, Report, Row
from benchmarks.samples import Sample
from onefirm.core.attribution import By
from onefirm.ledger.append import Ledger
from onefirm.simulators.notion import Notion
from onefirm.simulators.notion.moments import Dial
from onefirm.state import schema as schemas
from onefirm.state.records import Records
from onefirm.state.truth.notion import found
from onefirm.state.truth.notion.call import Caller
from onefirm.state.truth.notion.mapping import NotionMapping
from onefirm.state.truth.notion.pace import Pace
from onefirm.state.truth.notion.truth import NotionTruth
from onefirm.store.engine import Store
from onefirm.store.migrate import migrate

BUDGET = 180
"""Requests a minute that the simulated Notion lets through."""
LATENCY_S = 0.25
CHANGES = 50
_SCHEMA = schemas.shipped()


class _Way(httpx.AsyncBaseTransport):
    """The way to Notion, which takes its time."""

    def __init__(self, clock: Dial) -> None:
        self._clock = clock
        self._through = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._clock.advance(seconds=LATENCY_S)
        return await self._through.handle_async_request(request)

    async def aclose(self) -> None:
        await self._through.aclose()


@dataclass
class _Firm:
    """A firm on a simulated Notion, with a database for each kind."""

    notion: Notion
    clock: Dial
    mapping: NotionMapping
    records: Records

    def row(self, number: int) -> str:
        """One more task, by somebody in the app; its page."""
        place = self.mapping.places["task"]
        title, status = place.columns["title"], place.columns["status"]
        cells = {title.name: f"Task {number}", status.name: status.options["todo"][0].name}
        return self.notion.phone.row(self.notion.workspace.sources[place.data_source], cells).id

    def spent(self, work: Callable[[], object]) -> tuple[int, float]:
        """Requests and seconds that some work takes."""
        asked, began = len(self.notion.exchanges), self.clock.now()
        work()
        return len(self.notion.exchanges) - asked, (self.clock.now() - began).total_seconds()

    def read_all(self) -> None:
        """What a program does that knows no watermark: it reads every task, with Notion's own client."""
        with httpx.Client(event_hooks={"request": [self._late]}) as http:
            client = Client(auth=self.notion.token, base_url=self.notion.url, notion_version="2026-03-11", client=http)
            collect_paginated_api(
                client.data_sources.query, data_source_id=self.mapping.places["task"].data_source, page_size=100
            )

    def _late(self, request: httpx.Request) -> None:
        self.clock.advance(seconds=LATENCY_S)


def measure(bench: Bench) -> Report:
    """Pull everything, then what changed, then nothing."""
    rows = 1_000 if bench.quick else 10_000
    with _firm(bench.folder) as firm:
        bench.tell(f"{rows:,} tasks")
        pages = [firm.row(number) for number in range(rows)]
        firm.clock.advance(hours=1)
        first = firm.spent(firm.records.sync)
        firm.clock.advance(hours=1)
        for number, page in enumerate(pages[:: rows // CHANGES]):
            firm.notion.phone.rename(page, f"Changed {number}")
        firm.clock.advance(hours=1)
        changed = firm.spent(firm.records.sync)
        firm.clock.advance(hours=1)
        idle = firm.spent(firm.records.sync)
        firm.clock.advance(hours=1)
        peer = firm.spent(firm.read_all)
    notes = (
        f"{len(_SCHEMA.kinds)} data sources, {rows:,} rows in one of them; each request takes {LATENCY_S} s, and "
        f"{BUDGET} a minute are let through. The seconds are the simulated Notion's.",
        "peer: notion-client reads that one data source to its end. It sees neither trash nor what is related.",
    )
    told = tuple(rows_of(rows, len(_SCHEMA.kinds), first, changed, idle, peer))
    return Report("sync", "what pulling from Notion costs", "reading it all with notion-client", told, notes)


def rows_of(
    rows: int,
    sources: int,
    first: tuple[int, float],
    changed: tuple[int, float],
    idle: tuple[int, float],
    peer: tuple[int, float],
) -> Iterator[Row]:
    """The table's rows, from requests and seconds."""
    all_, one = Sample.of(peer[0]), Sample.of(peer[1])
    pace = first[0] / (BUDGET / 60) / first[1]
    yield Row(
        f"first pull of {rows:,}: pace, of the budget's", "×", Sample.of(pace), goal=Goal("ours", "at least", 0.9)
    )
    yield Row("its time", "s", Sample.of(first[1]), one)
    yield Row("its requests", "req", Sample.of(first[0]), all_)
    each = Goal("ours", "at most", 2)
    yield Row(f"{CHANGES} changes, each data source", "req", Sample.of(changed[0] / sources), all_, each)
    yield Row("its time, all data sources", "s", Sample.of(changed[1]), one)
    yield Row("no change, each data source", "req", Sample.of(idle[0] / sources), all_, each)


@contextmanager
def _firm(folder: Path) -> Iterator[_Firm]:
    clock = Dial(datetime(2026, 11, 2, 8, 0, tzinfo=UTC))
    url = f"sqlite:///{folder / 'firm.db'}"
    migrate(url, folder / "backup", "never")
    with Notion(clock, per_connection=BUDGET) as notion, closing(Store.open(url)) as store:
        page = notion.phone.page("Firm").id
        mapping = found.create_databases(
            _caller(notion, clock), store, _SCHEMA, clock, found.Plot(page, "EUR"), base_url=notion.url,
            pause=lambda seconds: clock.advance(seconds=seconds) and None,
        )  # fmt: skip
        clock.advance(hours=1)
        truth = NotionTruth(store, _SCHEMA, clock, mapping, _caller(notion, clock))
        ledger = Ledger(clock, "i0123456789ab")
        with store.write() as conn:
            ledger.found(conn, "host.example")
            schemas.apply(conn, _SCHEMA, ledger, By("operator"), clock.now())
        with closing(truth):
            records = Records(store, ledger, truth, _SCHEMA, clock, timezone="UTC", currency="EUR")
            yield _Firm(notion, clock, mapping, records)


def _caller(notion: Notion, clock: Dial) -> Caller:
    async def sleep(seconds: float) -> None:
        clock.advance(seconds=seconds)

    pace = Pace(time=lambda: clock.now().timestamp())
    return Caller(notion.token, notion.url, pace, sleep, _Way(clock))
