"""Our server keeps the Model Context Protocol, in both its eras, as the protocol's own suite judges it."""

from pathlib import Path

from conformance import suite
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


def test_every_requirement_of_2026_07_28_is_met(url: str, tmp_path: Path) -> None:
    verdict = suite.run(node.CONFORMANCE_NEXT, url, tmp_path, "--requirements", "2026-07-28")
    assert not verdict.failing & verdict.required, verdict.output
    assert len(verdict.required) == 37


def test_what_else_fails_of_2026_07_28_is_only_the_tasks_extension(url: str, tmp_path: Path) -> None:
    verdict = suite.run(node.CONFORMANCE_NEXT, url, tmp_path, "--requirements", "2026-07-28")
    assert all(name.startswith(EXTENSIONS) for name in verdict.failing)
    assert {verdict.unscored[name] for name in verdict.failing} == {"extension"}
