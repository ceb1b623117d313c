"""What to type to run this copy."""

import os
from pathlib import Path

import pytest

from onefirm import shipped


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_a_program_on_path_is_typed_by_its_name(programs: Path) -> None:
    (programs / "onefirm").write_text("#!/bin/sh\n")
    (programs / "onefirm").chmod(0o755)
    assert shipped.program() == "onefirm"
    assert shipped.putting_on_path() == ""


@pytest.mark.usefixtures("programs")
def test_any_other_is_typed_by_a_path_that_holds_wherever_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = shipped.program()
    monkeypatch.chdir(shipped.path())
    assert shipped.program() == here
    assert os.access(shipped.launcher(), os.X_OK)
    assert shipped.launcher().is_absolute()
    assert f"ln -s {here} ~/.local/bin/onefirm" in shipped.putting_on_path()


@pytest.mark.usefixtures("programs")
def test_a_path_with_a_space_is_quoted_for_the_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "my firm" / "python"))
    (tmp_path / "my firm").mkdir()
    (tmp_path / "my firm" / "onefirm").write_text("")
    assert shipped.program() == f"'{tmp_path}/my firm/onefirm'"
