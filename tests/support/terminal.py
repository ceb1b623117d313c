"""The command line as a test uses it: in this process for what it prints, as a program for how it behaves."""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onefirm.cli.exits import run

PROJECT = Path(__file__).resolve().parents[2]
LAUNCHER = PROJECT / "bin" / "onefirm"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command did: its exit code, its data and its talk."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Its standard output as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal in a workspace."""

    root: Path

    def __call__(self, *arguments: str) -> Answer:
        """Run `onefirm -C ROOT ARGUMENTS` in this process; it is not a terminal, so nothing is coloured or cut."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(["-C", str(self.root), *arguments])
        return Answer(code, out.getvalue(), err.getvalue())

    def done(self, *arguments: str) -> Answer:
        """As a call, for a command that must succeed."""
        answer = self(*arguments)
        assert answer.code == 0, answer.err
        return answer

    def data(self, *arguments: str) -> Any:
        """The JSON of a command that must succeed."""
        return self.done(*arguments, "--json").data


def environment(**more: str) -> Mapping[str, str]:
    """The environment of a child that runs the launcher with this interpreter."""
    return {**os.environ, "ONEFIRM_PYTHON": sys.executable, **more}


def program(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the launcher as a program of its own."""
    env = environment(**options.pop("env", {}))
    return subprocess.run(
        [LAUNCHER, *arguments], env=env, capture_output=True, text=True, timeout=60, check=False, **options
    )
