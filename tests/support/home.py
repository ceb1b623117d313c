"""Keeps tests out of the operator's home: a home of their own, and an error for whoever finds the real one anyway."""

import os
import pwd
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

REAL = Path(pwd.getpwuid(os.getuid()).pw_dir).resolve()
FOREIGN = ("ANTHROPIC_", "CLAUDE", "GIT_", "MCP_", "NOTION_", "ONEFIRM_", "XDG_")
"""Settings of the machine that would change what a test sees."""
KEPT = ("ONEFIRM_ACCEPT_GOLDEN",)
"""What the person who runs the tests says to them: golden files are written instead of compared."""
GITCONFIG = """\
[user]
\tname = Test Operator
\temail = operator@firm.example
[init]
\tdefaultBranch = main
[gc]
\tauto = 0
"""
FILE_EVENTS = frozenset({"open", "os.listdir", "os.scandir", "os.mkdir", "os.remove", "os.rename", "os.rmdir"})


class RealHomeTouched(Exception):
    """A test opened, listed or changed something in the home of the person who runs it."""


def environment(home: Path) -> Mapping[str, str]:
    """The variables that tests and their children run with, on top of what is left of the machine's."""
    return {
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
    }


def furnish(home: Path) -> None:
    """What a home needs for a test: git knows who commits."""
    (home / ".gitconfig").write_text(GITCONFIG)


def move_into(home: Path) -> None:
    """Point this process and its children at another home, and drop the machine's own settings."""
    furnish(home)
    for name in [n for n in os.environ if n.startswith(FOREIGN) and n not in KEPT]:
        del os.environ[name]
    os.environ.update(environment(home))


def guard(project: Path) -> None:
    """From now on, touching the real home raises RealHomeTouched; this can't be undone in a process.

    Python itself, the environment, the project and temporary folders stay allowed where they lie below the home.
    """
    allowed = [project, sys.prefix, sys.base_prefix, tempfile.gettempdir(), *sys.path]
    permitted = tuple(f"{Path(p).resolve()}{os.sep}" for p in allowed if p and Path(p).resolve() != REAL)
    forbidden = f"{REAL}{os.sep}"

    def watch(event: str, args: tuple[object, ...]) -> None:
        if event in FILE_EVENTS and args and isinstance(args[0], str | os.PathLike):
            path = os.path.abspath(os.fspath(args[0])) + os.sep
            if isinstance(path, str) and path.startswith(forbidden) and not path.startswith(permitted):
                raise RealHomeTouched(f"a test touched {path.rstrip(os.sep)}, in the real home")

    sys.addaudithook(watch)
