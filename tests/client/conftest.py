"""Fixtures of the tests that drive the real Claude Code client."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from client.driver import ClientMissing, Lab, find_claude
from client.firm import Firm, found
from support.firms import Made, copied, kept
from support.unmeasured import not_measured


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything below this folder drives the client, so nobody has to remember the mark."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.client)


@pytest.fixture(scope="session")
def claude() -> Path:
    """The client's executable; without one the test is skipped, and the summary says so."""
    try:
        return find_claude()
    except ClientMissing as missing:
        not_measured(str(missing))


@pytest.fixture
def lab(claude: Path) -> Iterator[Lab]:
    """A throw-away home and project for the client."""
    with Lab(claude) as lab:
        yield lab


@pytest.fixture(scope="session")
def founded(claude: Path) -> Iterator[Made]:
    """A firm that is made once."""
    with Lab(claude) as lab:
        yield kept(found(lab).lab.project)


@pytest.fixture
def firm(lab: Lab, founded: Made) -> Firm:
    """That firm, in a copy for this test alone."""
    copied(founded, lab.project)
    return Firm(lab)
