"""Our server keeps the Model Context Protocol, in both its eras, as the protocol's own suite judges it."""

from pathlib import Path

import pytest

from conformance import suite
from conformance.suite import Verdict
from support import node

EXTENSIONS = "tasks-"
"""Scenarios of an optional extension that the SDK does not implement; the suite never scores them."""


def test_the_released_suite_passes_whole(url: str, tmp_path: Path) -> None:
    verdict = suite.run(node.CONFORMANCE, url, tmp_path, "--suite", "all")
    assert not verdict.failing, verdict.output
    assert verdict.passed == 44


def test_every_requirement_of_2025_11_25_is_met(url: str, tmp_path: Path) -> None:
    verdict = suite.run(node.CONFORMANCE_NEXT, url, tmp_path, "--requirements", "2025-11-25")
    assert not verdict.failing, verdict.output
    assert verdict.passed == 84


@pytest.fixture(scope="module")
def latest(url: str, tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    return suite.run(node.CONFORMANCE_NEXT, url, tmp_path_factory.mktemp("latest"), "--requirements", "2026-07-28")


def test_every_requirement_of_2026_07_28_is_met(latest: Verdict) -> None:
    assert not latest.failing & latest.required, latest.output
    assert len(latest.required) == 37


def test_what_else_fails_of_2026_07_28_is_only_the_tasks_extension(latest: Verdict) -> None:
    assert all(name.startswith(EXTENSIONS) for name in latest.failing)
    assert {latest.unscored.get(name) for name in latest.failing} == {"extension"}
