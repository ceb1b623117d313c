"""Runs a command that changes context files and dies at the n-th change of the disk: `dying.py ROOT N COMMAND…`."""

import os
import sys
from typing import Any

from onefirm.cli.exits import run

CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.copystat"}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
OURS = ("closing.json", "context.draft")


def main(root: str, left: str, *command: str) -> int:
    """Run the command; the exit code is 9 where it died."""
    waiting = int(left)

    def count(event: str, given: tuple[Any, ...]) -> None:
        nonlocal waiting
        place = str(given[0]) if given else ""
        is_ours = place.startswith(f"{root}/context") or place.endswith(OURS)
        if is_ours and (event in CHANGES or (event == "open" and given[2] & WRITES)):
            waiting -= 1
            if not waiting:
                os._exit(9)  # before the change is made

    sys.addaudithook(count)
    return run(["-C", root, *command])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
