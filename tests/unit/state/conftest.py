"""State planes: on the embedded truth, and on one that is far away."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.notions import LAG
from contract.notions import office as office_in
from contract.office import Office, agree, sqlite_office
from onefirm.simulators.notion import Notion
from onefirm.state.truth.notion.truth import NotionTruth
from support.clock import FixedClock
from support.notion_wire import Wire


@pytest.fixture(params=["embedded", "slow", "notion"])
def office(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> Iterator[Office]:
    """A state plane on each truth; at its end truth, mirror and ledger must agree."""
    if request.param == "notion":
        yield from in_notion(tmp_path, clock)
        return
    made = sqlite_office(tmp_path, clock, request.param)
    yield made
    made.records.sync()
    agree(made)
    made.store.close()


def in_notion(folder: Path, clock: FixedClock) -> Iterator[Office]:
    """A state plane on a simulated Notion whose lists lag behind."""
    with Notion(clock=clock, index_lag_s=LAG.total_seconds()) as notion:
        wire = Wire(notion)
        made = sqlite_office(
            folder, clock, lambda store, schema, clock: office_in(notion, schema, clock).truth(store, transport=wire)
        )
        yield made
        clock.advance(hours=1)
        made.records.sync()
        agree(made)
        assert isinstance(made.truth, NotionTruth)
        made.truth.close()
        made.store.close()


@pytest.fixture
def remote(tmp_path: Path, clock: FixedClock) -> Iterator[Office]:
    """A state plane on the truth that can be made to fail; what is true, mirrored and told agrees at the end."""
    made = sqlite_office(tmp_path, clock, "slow")
    yield made
    made.slow.down, made.slow.lagging, made.slow.faults = False, False, []
    clock.advance(hours=1)
    made.records.sync()
    agree(made)
    made.store.close()
