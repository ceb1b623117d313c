"""Terminals in the demo firm."""

from pathlib import Path

import pytest

from support.terminal import Terminal, demo_firm


@pytest.fixture
def onefirm(tmp_path: Path) -> Terminal:
    """A terminal in a demo firm of the test's own."""
    return demo_firm(tmp_path)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A terminal in a demo firm for tests that change nothing."""
    return demo_firm(tmp_path_factory.mktemp("shared"))
