"""kill -9 at any step of a move to Notion, and back: the same command goes on, and no row is doubled."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from chaos.dying import Dying
from onefirm.cli.exits import run
from onefirm.simulators.notion import Notion
from support.terminal import Terminal

DIED = 9


@pytest.fixture
def desk(tmp_path: Path, notion: Notion, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A firm with a client, a project of it, and two tasks, one of them archived."""
    monkeypatch.setenv("ONEFIRM_SECRET_NOTION", notion.token)
    assert run(["init", str(tmp_path / "firm"), "--timezone", "Europe/Berlin"]) == 0
    terminal = Terminal(tmp_path / "firm")
    terminal.done("record", "create", "client", "title=Acme")
    terminal.done("record", "create", "project", "title=Launch", "client=CL-1")
    for title in ("Call Jana", "An old one"):
        terminal.done("record", "create", "task", f"title={title}", "project=P-1")
    terminal.done("record", "archive", "T-2")
    return terminal


@pytest.mark.row("STA-03")
def test_killed_ever_later_a_move_ends_whole_and_nothing_is_doubled(desk: Terminal, notion: Notion) -> None:
    before = _records(desk)
    page = notion.phone.page("My firm").id
    there = ("truth", "move", "notion", "--under", page, "--at", notion.url)
    with Dying() as dying:
        # while databases are made, while nothing is there yet, with the first rows, the last, the trash, the switch
        assert _until_done(dying, desk, (6, 20, 38, 26, 49, 51, 54, 72), *there) > 5
        assert "truth: notion" in (desk.root / "onefirm.yaml").read_text()
        assert _records(desk) == before
        assert _titles(notion) == {"Acme": 1, "Launch": 1, "Call Jana": 1, "An old one": 1, "My firm": 1}
        assert len(notion.workspace.databases) == 11
        assert _until_done(dying, desk, (20, 60), "truth", "move", "embedded") > 0
    assert "truth: embedded" in (desk.root / "onefirm.yaml").read_text()
    assert _records(desk) == before
    assert "The ledger is whole" in desk.done("ledger", "verify").out


def _until_done(dying: Dying, desk: Terminal, lives: Sequence[int], *command: str) -> int:
    """Let a command die after so many answers and steps, then live; how often it died."""
    codes = [dying.away(desk.root, left, *command) for left in lives]
    if codes[-1]:
        codes.append(dying.away(desk.root, 0, *command))
    assert codes[-1] == 0
    return codes.count(DIED)


def _records(desk: Terminal) -> object:
    found = desk.data("record", "find", "--archived")["rows"]
    return [(one["ref"], one["props"], one["archived"]) for one in found]


def _titles(notion: Notion) -> Counter[str]:
    """How many pages have each title, the trash among them."""
    workspace = notion.workspace
    shown = (page.face.values.get("title") or () for page in workspace.pages.values())
    return Counter("".join(part["plain_text"] for part in title) for title in shown)
