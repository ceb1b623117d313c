"""A simulated Notion for the demo firm. The month is lived in it by the story's clock, the day by the real one."""

from __future__ import annotations

import json
import os
import urllib.request
from datetime import datetime
from pathlib import Path

from onefirm import git, settings, workspace
from onefirm.core.clock import Clock, SystemClock
from onefirm.core.errors import NotFound, Unavailable
from onefirm.demo.client import command
from onefirm.demo.clock import StoryClock
from onefirm.demo.telling import NotSo
from onefirm.secrets import ENVIRONMENT_PREFIX, PLUGIN_OPTIONS
from onefirm.simulators.notion import Notion
from onefirm.simulators.notion.objects import Json
from onefirm.simulators.notion.snapshot import Unreadable
from onefirm.state.truth.notion import mapping
from onefirm.state.truth.notion.call import VERSION

UNPACED = 1000
"""Requests a second: this Notion has no limit."""
TOKENS = (f"{ENVIRONMENT_PREFIX}NOTION", PLUGIN_OPTIONS["notion"], "NOTION_TOKEN")
STATE = f"{workspace.HIDDEN}/simulated-notion.json"


def kept(root: Path) -> Notion:
    """The Notion that a demo firm was left with. Raises NotFound, Unavailable."""
    state = root / STATE
    if not state.exists():
        raise NotFound(
            f"{root} was not left with a Notion.", hint="Make one that is: `onefirm demo --notion --keep DIR`."
        )
    try:
        return Notion(state=state)
    except (Unreadable, OSError) as error:
        raise Unavailable(
            f"The simulated Notion can't be started: {error}.", hint="Perhaps it runs already, in another terminal."
        ) from None


class Borrowed:
    """Keeps `core.clock.Clock`: the time of whichever clock was lent last."""

    def __init__(self) -> None:
        self.lender: Clock = SystemClock()

    def now(self) -> datetime:
        """The lender's moment."""
        return self.lender.now()


class Elsewhere:
    """A Notion that runs as long as this process, in which the records of a firm are."""

    def __init__(self) -> None:
        self._clock = Borrowed()
        self.notion = Notion(self._clock)

    def __enter__(self) -> Elsewhere:
        for name in TOKENS:  # those of the operator's own Notion
            os.environ.pop(name, None)
        self.notion.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.notion.stop()

    def ground(self, root: Path, clock: StoryClock) -> None:
        """Connect a new firm as an operator does; its month is told by the story's clock. Raises NotSo."""
        self._clock.lender = clock
        page = settings.load(root).firm
        self.notion.phone.page(page)
        (root / mapping.FILE).write_text(f"version: 1\npace: {UNPACED}\nkinds: {{}}\n", encoding="utf-8")
        for words in (("--under", page, "--at", self.notion.url), ("--switch",)):
            done = command(root, "connect", "notion", *words, "--yes", NOTION_TOKEN=self.notion.token)
            if done.returncode:
                raise NotSo(f"`onefirm connect notion {' '.join(words)}` ended with {done.returncode}: {done.stderr}")
        git.commit_paths(root, [settings.FILE, mapping.FILE], "Keep the records in Notion")

    def stay(self, root: Path) -> None:
        """The month is over: time goes by itself from now on, and every change is kept with the firm."""
        self._clock.lender = SystemClock()
        self.notion.state = root / STATE
        self.notion.keep()

    # -- what the day does with it -------------------------------------------------------------------------------------

    def page(self, ref: str) -> Json:
        """A record's page, as Notion's API answers it."""
        return self._asked("GET", f"pages/{self.notion.phone.find(ref).id}")

    def rows(self) -> list[Json]:
        """The pages of all records that aren't in the trash, as Notion's API lists them."""
        sources = list(self.notion.workspace.sources)
        return [page for one in sources for page in self._asked("POST", f"data_sources/{one}/query")["results"]]

    def _asked(self, method: str, path: str) -> Json:
        head = {"Authorization": f"Bearer {self.notion.token}", "Notion-Version": VERSION}
        request = urllib.request.Request(f"{self.notion.url}/v1/{path}", method=method, headers=head)  # noqa: S310
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
            return json.load(answer)

    def unplug(self) -> None:
        """Let nothing reach Notion any more; a phone in another network still does."""
        self.notion.faults.add("drop", times=None)  # for those who are connected
        self.notion.stop()

    def plug_in(self) -> None:
        """Let Notion be reached again, as it is by now."""
        self.notion.keep()
        self.notion = Notion(self._clock, state=self.notion.state).start()
