"""What a machine lacks is told, and never looks like a pass."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from client.driver import ClientMissing, binary
from support import node
from support.node import NodeMissing
from support.unmeasured import not_measured, told


def skipped(reason: str) -> SimpleNamespace:
    return SimpleNamespace(longrepr=("test_x.py", 1, f"Skipped: {reason}"))


def test_each_reason_is_told_once_with_its_tests_counted() -> None:
    reports = [skipped("not measured: no Node"), skipped("not measured: no Node"), skipped("not measured: no Postgres")]
    assert list(told(reports)) == ["not measured: no Node (2 tests)", "not measured: no Postgres (1 test)"]


def test_an_ordinary_skip_is_not_told() -> None:
    assert list(told([skipped("only root does this")])) == []


def test_not_measured_skips_the_test_with_its_reason() -> None:
    with pytest.raises(pytest.skip.Exception, match="not measured: no Node"):
        not_measured("no Node")


def test_a_machine_without_node_or_the_packages_says_what_brings_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(node, "find_node", node.find_node.__wrapped__)  # past its cache
    monkeypatch.setattr(node, "MODULES", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NodeMissing, match="npm ci"):
        node.command(node.CONFORMANCE)


def test_a_machine_without_the_client_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(binary, "_bundled", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClientMissing, match="claude-agent-sdk"):
        binary.find_claude()
