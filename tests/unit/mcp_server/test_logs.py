"""The log: private, rotated, and never on stdout."""

import logging
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcp_server import logs


@pytest.fixture(autouse=True)
def own_handlers() -> Iterator[None]:
    """Gives the root logger back as it was."""
    before, level = list(logging.root.handlers), logging.root.level
    yield
    for handler in set(logging.root.handlers) - set(before):
        handler.close()
    logging.root.handlers[:] = before
    logging.root.setLevel(level)


def crash(word: str = "boom") -> None:
    logging.getLogger("onefirm.mcp").error("record_get failed", exc_info=RuntimeError(word))


def test_the_log_is_the_owners_alone_and_holds_the_traceback(workspace_root: Path) -> None:
    assert logs.set_up(workspace_root) == ".onefirm/log/mcp.log"
    crash()
    file = workspace_root / ".onefirm/log/mcp.log"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert "RuntimeError: boom" in file.read_text(encoding="utf-8")


def test_stderr_gets_one_line_and_stdout_nothing(workspace_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up(workspace_root)
    crash()
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "record_get failed" in err
    assert "boom" not in err


def test_a_full_log_is_rotated_and_its_successor_is_private_too(
    workspace_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_SIZE_BYTES", 2_000)
    logs.set_up(workspace_root)
    for _ in range(20):
        crash("x" * 500)
    files = sorted((workspace_root / ".onefirm/log").iterdir())
    assert [file.name for file in files] == ["mcp.log", "mcp.log.1", "mcp.log.2"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_log_that_cannot_be_made_is_said_once_and_stderr_is_named(
    workspace_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (workspace_root / ".onefirm" / "log").touch()
    assert logs.set_up(workspace_root) == "the server's stderr"
    crash()
    err = capsys.readouterr().err
    assert "no log file" in err
    assert "RuntimeError: boom" in err


def test_outside_a_workspace_nothing_is_written(tmp_path: Path) -> None:
    assert logs.set_up(None) == "the server's stderr"
    assert list(tmp_path.iterdir()) == []
