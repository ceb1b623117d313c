"""Fixtures of the tests in which processes die."""

from collections.abc import Iterator

import pytest

from chaos.dying import Dying


@pytest.fixture
def dying() -> Iterator[Dying]:
    """Runs commands that die at the n-th change of the disk."""
    with Dying() as dying:
        yield dying
