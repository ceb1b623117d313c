"""A lock on a file: who holds it, and that it is free the moment its holder is gone."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from onefirm.lock import Holder, Lock


def test_it_is_held_once_and_says_by_whom_and_since_when(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "a.lock")
    assert lock.holder() is None
    hold = lock.take("2026-11-21T10:00:00Z")
    assert hold
    assert Lock(tmp_path / "a.lock").take("later", wait_s=0) is None
    assert lock.holder() == Holder(os.getpid(), "2026-11-21T10:00:00Z")
    hold.release()
    assert lock.holder() is None


def test_a_dead_ones_lock_is_free_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    script = "import sys, pathlib; from onefirm.lock import Lock; l = Lock(pathlib.Path(sys.argv[1])).take('long ago')"
    holding = subprocess.Popen(
        [sys.executable, "-c", f"{script}; print('held', flush=True); sys.stdin.read()", str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert holding.stdout
    assert holding.stdout.readline() == b"held\n"
    assert Lock(path).holder() == Holder(holding.pid, "long ago")
    os.kill(holding.pid, signal.SIGKILL)
    holding.communicate()
    hold = Lock(path).take("now", wait_s=0)
    assert hold
    hold.release()


def test_whoever_has_not_yet_said_who_it_is_holds_it_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    hold = Lock(path).take("now")
    path.write_bytes(b"{")
    assert Lock(path).holder() == Holder(0, "")
    assert hold
    hold.release()
