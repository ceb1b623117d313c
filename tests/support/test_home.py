"""Tests can't reach the machine's own settings, whatever they try."""

import os
import subprocess
from pathlib import Path

import pytest

from support import home
from support.home import RealHomeTouched


def test_home_is_a_fresh_folder() -> None:
    assert Path.home() != home.REAL
    assert Path("~").expanduser() == Path(os.environ["HOME"])


def test_looking_into_the_real_home_raises() -> None:
    with pytest.raises(RealHomeTouched):
        (home.REAL / ".claude.json").read_text()
    with pytest.raises(RealHomeTouched):
        os.listdir(home.REAL / ".config")


def test_writing_into_the_real_home_raises_before_anything_is_written() -> None:
    target = home.REAL / ".onefirm-was-here"
    with pytest.raises(RealHomeTouched):
        target.write_text("x")
    with pytest.raises(RealHomeTouched):
        target.mkdir()


def test_no_setting_of_the_machine_is_left() -> None:
    ours = home.environment(Path("/"))
    left = [n for n in os.environ if n.startswith(home.FOREIGN) and n not in (*ours, *home.KEPT)]
    assert left == []


def test_git_commits_as_a_fictional_operator(tmp_path: Path) -> None:
    for command in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    shown = subprocess.run(["git", "log", "--format=%ae %D"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert shown.stdout.strip() == "operator@firm.example HEAD -> main"
