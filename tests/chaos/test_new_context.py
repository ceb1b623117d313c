"""`onefirm context new` by several at once, killed at any change of the disk, and on a full disk: no word is lost."""

import errno
import os
import subprocess
from itertools import count
from pathlib import Path

import pytest

from chaos.dying import Dying
from onefirm.day import texts
from support.firms import demo_firm
from support.terminal import LAUNCHER, Terminal, environment

KNOWLEDGE = "context/knowledge/CLAUDE.md"
TOGETHER = 6


def new(onefirm: Terminal, name: str) -> subprocess.Popen[str]:
    command = [LAUNCHER, "-C", onefirm.root, "context", "new", f"context/knowledge/{name}.md", f"what {name} is"]
    return subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def is_clean(onefirm: Terminal) -> bool:
    return onefirm("context", "check").err == "The context tree is clean.\n"


@pytest.mark.slow
@pytest.mark.row("NAR-01")
def test_six_at_once_are_all_named_and_the_parent_keeps_every_line(tmp_path: Path) -> None:
    onefirm = demo_firm(tmp_path)
    before = (onefirm.root / KNOWLEDGE).read_text().splitlines()
    made: list[str] = []
    for turn in range(3):
        running = {f"note{turn}{number}": new(onefirm, f"note{turn}{number}") for number in range(TOGETHER)}
        for name, one in running.items():
            _, err = one.communicate(timeout=60)
            assert (one.returncode, err) == (0, f"Named in {KNOWLEDGE}.\n")
            made.append(name)
    after = (onefirm.root / KNOWLEDGE).read_text().splitlines()
    assert set(before) <= set(after)
    assert sorted(line for line in after if "what note" in line) == [
        f"- [{name.capitalize()}]({name}.md): what {name} is" for name in made
    ]
    assert is_clean(onefirm)


@pytest.mark.slow
@pytest.mark.row("NAR-01")
def test_of_two_that_make_the_same_file_one_is_told_that_it_is_there(tmp_path: Path) -> None:
    onefirm = demo_firm(tmp_path)
    both = [new(onefirm, "twice") for _ in range(2)]
    told = sorted((one.communicate(timeout=60)[1], one.returncode) for one in both)
    assert [code for _, code in told] == [0, 1]
    assert "context/knowledge/twice.md is there already." in told[1][0]
    assert is_clean(onefirm)


@pytest.mark.slow
@pytest.mark.row("NAR-01")
def test_one_that_dies_anywhere_loses_no_word_and_the_same_again_ends_it(tmp_path: Path, dying: Dying) -> None:
    for number in count(1):
        onefirm = demo_firm(tmp_path / str(number))
        parent, child = onefirm.root / KNOWLEDGE, onefirm.root / "context/knowledge/boards/CLAUDE.md"
        before = parent.read_text()
        given = ("context", "new", "context/knowledge/boards", "how a group decides")
        died = dying.run(onefirm.root, number, *given)
        assert died in (0, 9)
        line = "- [Boards](boards/CLAUDE.md): how a group decides\n"
        assert parent.read_text().replace(line, "") == before
        if died == 0:
            assert number > 5
            break
        onefirm.done(*given)
        assert (parent.read_text().count(line), child.read_text().startswith("# Boards\n")) == (1, True)
        assert is_clean(onefirm)
        assert not (onefirm.root / ".onefirm/context.draft").exists()


class FullDisk:
    """A disk that takes `room` more files to its end, and then no word more until somebody makes room."""

    def __init__(self, room: int) -> None:
        self.room = room

    def fsync(self, _handle: int) -> None:
        self.room -= 1
        if self.room < 0:
            self.room = 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.row("NAR-01")
@pytest.mark.parametrize("room", [0, 1])
def test_on_a_full_disk_everything_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    onefirm = demo_firm(tmp_path)
    before = {path: path.read_bytes() for path in onefirm.root.rglob("*.md")}
    with monkeypatch.context() as patched:
        patched.setattr(texts.os, "fsync", FullDisk(room).fsync)
        answer = onefirm("context", "new", "context/knowledge/ropes.md", "how a group decides")
    assert (answer.code, "No space left on device" in answer.err) == (1, True), answer.err
    assert {path: path.read_bytes() for path in onefirm.root.rglob("*.md")} == before
    assert not (onefirm.root / ".onefirm/context.draft").exists()
    onefirm.done("context", "new", "context/knowledge/ropes.md", "how a group decides")
    assert is_clean(onefirm)
