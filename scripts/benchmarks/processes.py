"""Running a program as its caller would, and what the operating system counted of it."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.bench import PROJECT

PYTHON = (sys.executable, "-I", "-X", "utf8")
"""This interpreter, isolated: how the product runs, and how everything it is compared with must."""

_PATHS = f"import sys; sys.path[:0] = [{str(PROJECT)!r}, {str(PROJECT / 'scripts')!r}]; "


class Failed(Exception):
    """A program that is to be measured didn't do its work."""


@dataclass(frozen=True, slots=True)
class Run:
    """One finished run. `cpu_ms` counts the program and the children that it waited for."""

    wall_ms: float
    cpu_ms: float
    code: int
    out: bytes


def run(
    command: Sequence[str], *, stdin: bytes = b"", cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Run:
    """Run to the end. What is sent must fit into a pipe (64 KB); what is printed goes to a file, so that none waits."""
    with tempfile.TemporaryFile() as out, _piped(stdin) as sent:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdin=sent, stdout=out, stderr=subprocess.DEVNULL, cwd=cwd, env=env)
        _, status, used = os.wait4(process.pid, 0)
        wall_ms = (time.perf_counter() - began) * 1000
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        return Run(wall_ms, (used.ru_utime + used.ru_stime) * 1000, process.returncode, out.read())


@contextmanager
def _piped(data: bytes) -> Iterator[int]:
    """A pipe that holds these bytes already: the program may read them, or end without."""
    reading, writing = os.pipe()
    try:
        os.write(writing, data)
        os.close(writing)
        yield reading
    finally:
        os.close(reading)


def alone(function: str, *arguments: str) -> dict[str, Any]:
    """Call `module:function` of the benchmarks in a fresh process and return the JSON object that it gives.

    What one measurement leaves in memory is then not counted for the next. Raises Failed.
    """
    module, _, name = function.partition(":")
    code = f"{_PATHS}import json; from benchmarks.{module} import {name} as f; print(json.dumps(f(*sys.argv[1:])))"
    done = subprocess.run([*PYTHON, "-c", code, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{function} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def peak_mb() -> float:
    """The most memory that this process has had resident, in MB (10^6 bytes)."""
    # Unlike getrusage, Linux's own figure doesn't begin with the size of the process that started this one.
    if (found := status_mb("VmHWM", os.getpid())) is not None:
        return found
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def status_mb(name: str, pid: int) -> float | None:
    """A size out of Linux's status of a process, in MB; None where there is no such thing."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(f"{name}:")), None)
