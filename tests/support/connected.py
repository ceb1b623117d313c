"""A firm whose truth is a simulated Notion with few databases, so that a pull is a handful of requests."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from contract import notions
from contract.office import SCHEMA
from onefirm.cli.exits import run
from onefirm.simulators.notion import Notion
from onefirm.simulators.notion.objects import Page
from support.clock import FixedClock
from support.terminal import Terminal

KINDS = ("project", "task")


@dataclass
class Connected:
    """The firm, and the Notion that it is connected to."""

    terminal: Terminal
    notion: Notion
    desk: notions.Office

    @property
    def root(self) -> Path:
        return self.terminal.root

    def source(self, kind: str) -> str:
        return self.desk.sources[kind].id

    def row(self, kind: str, title: str, **cells: Any) -> Page:
        """A row that somebody makes in the app."""
        return self.notion.phone.row(self.desk.sources[kind], {"title": title, "status": "TODO", **cells})

    def pages(self, kind: str) -> list[Page]:
        return [page for page in self.notion.workspace.pages.values() if page.parent.id == self.source(kind)]

    def settle(self, **settings: Any) -> None:
        """Further settings in onefirm.yaml."""
        with (self.root / "onefirm.yaml").open("a") as file:
            file.write(f"\n{yaml.safe_dump(settings)}")


@contextmanager
def connected(folder: Path, notion: Notion) -> Iterator[Connected]:
    """A new workspace below a folder; its token lies in the secrets room, where other processes find it too."""
    terminal = Terminal(folder / "firm")
    assert run(["init", str(terminal.root), "--timezone", "Europe/Berlin"]) == 0
    desk = notions.office(notion, SCHEMA, FixedClock())
    few = replace(desk.mapping, places={kind: desk.mapping.places[kind] for kind in KINDS})
    (terminal.root / "notion.yaml").write_text(yaml.safe_dump(few.to_dict(), sort_keys=False))
    from onefirm.secrets import Secrets

    Secrets(terminal.root).set("notion", notion.token)
    firm = Connected(terminal, notion, desk)
    firm.settle(truth="notion")
    yield firm
