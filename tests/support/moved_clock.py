"""A wall clock that is moved for some programs of a test and for nothing else: days pass between two of its sentences.

The product has no way to be told another time, and gets none: a small library (moved_clock.c) is preloaded into the
Pythons that are started by way of `env()`, and so into what they start. It answers for the system when they ask what
time it is, or when a file was written.
"""

import os
import shlex
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")
MOVE = struct.Struct("=qq")  # as in SOURCE
MOST = 64
WRAPPER = """\
#!/bin/sh
export LD_PRELOAD={library} MOVED_CLOCK={moves}
exec {python} "$@"
"""
PROBE = """
import os, sys, threading, time
threading.Event().wait(0.01)
time.sleep(0.01)
open(sys.argv[1], "w").close()
print(*(round(at / 86400) for at in (time.time() - float(sys.argv[2]), os.stat(sys.argv[1]).st_mtime - time.time())))
"""


class ClockMissing(Exception):
    """This machine can't move the clock of a program; the message says what would bring it."""


class MovedClock:
    """A clock that goes on by itself from where it is moved to. Its programs lie in `folder`. Raises ClockMissing."""

    def __init__(self, folder: Path, at: datetime) -> None:
        self._folder, self._moved = folder, 0
        folder.mkdir()
        (folder / "moves").write_bytes(bytes(MOVE.size * MOST))
        # hooks run the python3 of PATH, which has no packages of ours
        for name, python in (("python3", getattr(sys, "_base_executable", sys.executable)), ("ours", sys.executable)):
            words = {"library": _library(), "moves": folder / "moves", "python": python}
            wrapper = folder / name
            wrapper.write_text(WRAPPER.format_map({key: shlex.quote(str(word)) for key, word in words.items()}))
            wrapper.chmod(0o700)
        self.move_to(at)

    def move_to(self, at: datetime) -> None:
        """From now on it is `at`, also for the programs that run: their machine slept until then."""
        assert self._moved < MOST
        real_ns = time.time_ns()
        by_s = round(at.timestamp() - real_ns / 1e9)
        with (self._folder / "moves").open("r+b", buffering=0) as file:
            file.seek(self._moved * MOVE.size)
            # the first one holds for what was before, too
            file.write(MOVE.pack(real_ns if self._moved else 0, by_s))
        self._moved += 1
        tick = self._folder / "tick"
        tick.touch()
        while tick.stat().st_mtime_ns < real_ns:  # files are stamped by the kernel's ticks, some milliseconds behind
            tick.touch()

    def env(self, path: str) -> Mapping[str, str]:
        """What makes hooks and `bin/onefirm` live by this clock; `path` is what PATH is without it."""
        return {"PATH": f"{self._folder}{os.pathsep}{path}", "ONEFIRM_PYTHON": str(self._folder / "ours")}


@cache
def _library() -> Path:
    """The library, compiled and tried, once for a run. Raises ClockMissing."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not sys.platform.startswith("linux") or compiler is None:
        raise ClockMissing("days that pass: needs Linux and a C compiler (on Debian: apt-get install gcc libc6-dev)")
    library = Path(tempfile.mkdtemp(prefix="clock-")) / "moved_clock.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ClockMissing(f"days that pass: {compiler} can't make the clock: {done.stderr.strip()[-200:]}")
    _try(library)
    return library


def _try(library: Path) -> None:
    moves, written = library.with_name("moves"), library.with_name("written")
    moves.write_bytes(MOVE.pack(0, 3 * 86400).ljust(MOVE.size * MOST, b"\0"))
    env = {**os.environ, "LD_PRELOAD": str(library), "MOVED_CLOCK": str(moves)}
    for python in (sys.executable, getattr(sys, "_base_executable", sys.executable)):
        command = [python, "-I", "-S", "-c", PROBE, written, str(time.time())]
        with suppress(subprocess.TimeoutExpired):
            done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
            if done.stdout.split() == ["3", "0"]:
                continue
        raise ClockMissing(f"days that pass: {python} doesn't ask the system's library what time it is")
