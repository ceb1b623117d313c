"""State planes: on the embedded truth, and on one that is far away."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.office import Office, agree, sqlite_office
from support.clock import FixedClock


@pytest.fixture(params=["embedded", "slow"])
def office(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> Iterator[Office]:
    """A state plane on each truth; at its end truth, mirror and ledger must agree."""
    made = sqlite_office(tmp_path, clock, request.param)
    yield made
    made.records.sync()
    agree(made)
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
