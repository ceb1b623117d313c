"""The command line: `onefirm …`. It translates words into calls, and answers into text; it decides nothing.

Data goes to stdout, talk to stderr. Heavy imports (the rooms, rich) happen inside the commands that need them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code (cli/exits.py)."""
    from onefirm.cli.exits import run

    sys.exit(run(sys.argv[1:] if arguments is None else arguments))
