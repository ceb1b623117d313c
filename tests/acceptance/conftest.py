"""Terminals in the demo firm, and which tests are about a truth."""

from pathlib import Path

import pytest

from support import hook
from support.firms import demo_firm
from support.terminal import Terminal

ABOUT_THE_TRUTH = ("STA", "LED", "NAR")
"""Rows of state, ledger and narrative: what they promise must hold wherever the records are kept."""
ABOUT_FILES = ("NAR-01", "NAR-02", "NAR-06")
"""Rows of narrative that speak of files alone."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Let the ids of the tests say that their firms were on Notion."""
    if metafunc.config.getoption("--truth") == "notion":
        metafunc.fixturenames.append("truth")
        metafunc.parametrize("truth", ["notion"])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is about the truth."""
    for item in items:
        if isinstance(item, pytest.Function) and is_about_the_truth(item):
            item.add_marker("truth")


def is_about_the_truth(item: pytest.Function) -> bool:
    """Whether its promise is, and its firm stands on the run's truth: a workspace as hooks find it knows none."""
    rows = {row for mark in item.iter_markers("row") for row in mark.args} - {*ABOUT_FILES}
    own = getattr(item.module, "Firm", None) is hook.Firm or hasattr(item.module, "Notion")
    return any(row.startswith(ABOUT_THE_TRUTH) for row in rows) and not own


@pytest.fixture
def onefirm(tmp_path: Path) -> Terminal:
    """A terminal in a demo firm of the test's own."""
    return demo_firm(tmp_path)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A terminal in a demo firm for tests that change nothing."""
    return demo_firm(tmp_path_factory.mktemp("shared"))
