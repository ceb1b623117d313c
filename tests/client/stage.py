"""One conversation with the client in which case after case is played: a client and a server cost seconds to start.

Each case has the firm as it was founded, and a conversation of its own: files are put back, then comes a `/clear`.
"""

import os
import shutil
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from client.driver import Asked, Host, Lab, Session, ToolResult, Turn
from client.firm import PLUGIN, Firm
from support.firms import Made, copied

QUIET_S = 30.0


class Stage:
    """A client in a lab of its own. With a host somebody can be asked; without one it is plain -p."""

    def __init__(self, claude: Path, founded: Made, *, hosted: bool) -> None:
        self._lab, self._founded = Lab(claude), founded
        self.host = Host() if hosted else None
        self.firm = Firm(self._lab)
        self._session: Session | None = None

    def close(self) -> None:
        """End the client; nothing of it may be left."""
        try:
            if self._session:
                self._session.finish()
            assert self._lab.settle(), "a process of the session still runs"
        finally:
            self._lab.__exit__()

    def drop(self) -> None:
        """End the client at once: a test has failed on it, and says more."""
        if self._session:
            self._session.kill()
        self._lab.__exit__()

    def set(self) -> None:
        """Put the firm back, and begin a conversation."""
        project = self._lab.project
        for entry in project.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        copied(self._founded, project)
        if self._session:
            self.clear()
        else:
            options = {"plugins": [PLUGIN], "permission_mode": "default", "host": self.host}
            self._session = self._lab.session(**options).__enter__()

    def clear(self) -> None:
        """End the conversation, and begin the next one."""
        assert self._session
        self._session.clear()
        self.settle()

    def ask(self, prompt: str, *script: Turn) -> tuple[Asked, Sequence[ToolResult]]:
        """What the model was first shown at this prompt, and what its calls were told."""
        assert self._session
        model, known = self._session.model, {result.id for result in self._session.results}
        before = len(model.asked)
        self._session.ask(prompt, *script)
        self.settle()
        assert (model.unused, model.beyond) == ({}, []), "the script did not fit"
        first = next(asked for asked in model.asked[before:] if asked.lane == "main")
        return first, tuple(result for result in self._session.results if result.id not in known)

    def settle(self) -> None:
        """Wait until what hooks have left behind them is done: it is no child of the client."""
        assert self._session
        end = time.monotonic() + QUIET_S
        while any(_group(pid) != self._session.pid for pid in self._lab.running()):
            assert time.monotonic() < end, "a process of the session still runs"
            time.sleep(0.02)


class Stages:
    """A stage of either kind, made when it is wanted first, and anew after a case that failed on it."""

    def __init__(self, claude: Path, founded: Made) -> None:
        self._claude, self._founded = claude, founded
        self._stages: dict[bool, Stage] = {}

    @contextmanager
    def on(self, *, hosted: bool) -> Generator[Stage]:
        """A stage that is set, for one case."""
        if hosted not in self._stages:
            self._stages[hosted] = Stage(self._claude, self._founded, hosted=hosted)
        try:
            self._stages[hosted].set()
            yield self._stages[hosted]
        except BaseException:
            self._stages.pop(hosted).drop()
            raise

    def close(self) -> None:
        for stage in self._stages.values():
            stage.close()


def _group(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return 0
