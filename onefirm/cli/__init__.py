"""The command line: `onefirm …`. It translates words into calls, and answers into text; it decides nothing.

Data goes to stdout, talk to stderr. Heavy imports (the rooms, rich) happen inside the commands that need them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code (cli/exits.py)."""
    _open_closed()
    from onefirm.cli.exits import run

    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def _open_closed() -> None:
    """Open the standard streams that the caller closed, else the next file opened, a database, would be one."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
    for name, number in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "w", encoding="utf-8", closefd=False))
