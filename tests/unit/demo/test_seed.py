"""A demo firm is there whole or not at all."""

from pathlib import Path

import pytest

from onefirm.core.errors import InvalidInput, Refused
from onefirm.demo import seed
from onefirm.workspace import Wishes


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator presses Ctrl-C when the story has been lived and the tree is about to be written."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(seed, "_write_context", stop)
    monkeypatch.setattr(seed, "_live", lambda *_: {})


@pytest.mark.usefixtures("interrupted")
@pytest.mark.parametrize("is_there", [True, False])
def test_an_interrupted_demo_leaves_the_folder_as_it_was(tmp_path: Path, is_there: bool) -> None:
    target = tmp_path / "firm"
    if is_there:
        target.mkdir()
        target.chmod(0o710)
    with pytest.raises(KeyboardInterrupt):
        seed.found(target, Wishes())
    assert target.exists() == is_there
    assert not is_there or not list(target.iterdir())
    assert not is_there or target.stat().st_mode & 0o777 == 0o710


def test_a_demo_refused_inside_a_workspace_leaves_the_empty_folder_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "onefirm.yaml").write_text("version: 1\nfirm: Northlight\n")
    target = tmp_path / "sub"
    target.mkdir()
    target.chmod(0o710)
    before = target.stat()
    with pytest.raises(InvalidInput, match="lies inside the workspace"):
        seed.found(target, Wishes())
    assert (target.stat().st_mode, target.stat().st_ino) == (before.st_mode, before.st_ino)


@pytest.mark.usefixtures("interrupted")
def test_an_interrupted_demo_removes_nothing_of_the_operators_and_is_known_again(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(KeyboardInterrupt):
        seed.found(tmp_path, Wishes())
    assert (tmp_path / "mine.txt").read_text() == "mine"
    with pytest.raises(Refused, match="cut off") as refused:
        seed.found(tmp_path, Wishes())
    assert "if nothing of yours is in this" in refused.value.hint
