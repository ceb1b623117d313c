"""Runs commands that die: at the n-th change of context files, or at the n-th request to Notion or step of a plane.

Each in a process of its own, forked from one that has loaded everything: a new interpreter takes longer than a command.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.copystat"}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
OURS = ("closing.json", "context.draft")
PROJECT = Path(__file__).resolve().parents[2]


class Dying:
    """The process that forks. Used as a context manager."""

    def __enter__(self) -> "Dying":
        env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(PROJECT), str(PROJECT / "tests")))}
        self._server = subprocess.Popen(
            [sys.executable, __file__], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate(timeout=60)

    def run(self, root: Path, number: int, *command: str) -> int:
        """The exit code of `onefirm -C ROOT COMMAND`; 9 where it died before the n-th change."""
        return self._ask("change", root, number, *command)

    def away(self, root: Path, number: int, *command: str) -> int:
        """As `run`, for what is done with Notion: 9 where it died at the n-th answer or step, before taking it in."""
        return self._ask("away", root, number, *command)

    def _ask(self, *what: object) -> int:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(what, default=str) + "\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline())


def serve() -> None:
    """Fork once for each line of standard input, and answer with the exit code."""
    import onefirm.bootstrap
    import onefirm.cli.context
    import onefirm.state.truth.notion.arrival  # noqa: F401 - so that no child has to

    for line in sys.stdin:
        child = os.fork()
        if not child:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            what, *how = json.loads(line)
            os._exit({"change": die, "away": die_away}[what](*how))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def die(root: str, left: int, *command: str) -> int:
    """Run the command; the exit code is 9 where it died."""
    from onefirm.cli.exits import run

    waiting = left

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


def die_away(root: str, left: int, *command: str) -> int:
    """Run the command; the exit code is 9 where it died: with an answer of Notion's in its hands, or between steps."""
    from functools import partial

    from onefirm import bootstrap
    from onefirm.cli.exits import run
    from onefirm.state.truth.notion.call import Caller

    waiting, send = left, Caller._send

    def count(name: str = "") -> None:
        nonlocal waiting
        waiting -= 1
        if not waiting:
            os._exit(9)

    async def sent(self: Caller, *request: Any) -> Any:
        answer = await send(self, *request)
        count()
        return answer

    Caller._send = sent
    bootstrap.Records = partial(bootstrap.Records, step=count)
    return run(["-C", root, *command])


if __name__ == "__main__":
    serve()
