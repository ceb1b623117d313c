"""When a pull is due, told by files alone."""

import os
import time
from pathlib import Path

import pytest

from onefirm.sessions import pulls
from onefirm.sessions.shapes import Patience

PATIENCE: Patience = {"deadline_s": 4.0, "every_s": 300.0}


@pytest.fixture
def root(tmp_path: Path) -> str:
    (tmp_path / ".onefirm").mkdir()
    pulls.declare(str(tmp_path), PATIENCE)
    return str(tmp_path)


@pytest.mark.parametrize(("ago_s", "due"), [(10, False), (400, True), (-7200, True)])
def test_a_pull_is_due_by_its_age_and_after_the_clock_was_set_back(root: str, ago_s: int, due: bool) -> None:
    assert pulls.is_due(root)
    pulls.begin(root)
    then = time.time() - ago_s
    os.utime(f"{root}/.onefirm/pull.lock", (then, then))
    assert pulls.is_due(root) is due


def test_two_that_find_a_truth_near_again_both_go_on(root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def seen(_root: str) -> Patience:  # both have looked before either has written
        return PATIENCE

    monkeypatch.setattr(pulls, "declared", seen)
    pulls.declare(root, None)
    pulls.declare(root, None)
    assert not Path(root, ".onefirm/pull.json").exists()
