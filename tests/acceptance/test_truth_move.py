"""A firm that moves to Notion and back, through the command line: the same records, the same refs, nothing lost."""

import fcntl
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from onefirm.cli.exits import run
from onefirm.secrets import Secrets
from onefirm.simulators.notion import Notion
from onefirm.simulators.notion.objects import DataSource, Page
from support.terminal import PROJECT, Answer, Terminal


@pytest.fixture
def desk(tmp_path: Path, notion: Notion, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A small firm in the embedded store, and the token of a Notion."""
    monkeypatch.setenv("ONEFIRM_SECRET_NOTION", notion.token)
    assert run(["init", str(tmp_path / "firm"), "--timezone", "Europe/Berlin"]) == 0
    terminal = Terminal(tmp_path / "firm")
    for line in (
        ["client", "title=Acme", "website=https://acme.example"],
        ["project", "title=Launch", "client=CL-1"],
        ["task", "title=Call Jana", "project=P-1", "due=2026-12-01"],
        ["task", "title=An old one"],
        ["task", "title=Write it up", "project=P-1", "priority=high"],
        ["invoice", "title=First bill", "client=CL-1", "project=P-1", "amount=1250.50 EUR"],
    ):
        terminal.done("record", "create", *line)
    terminal.done("record", "archive", "T-2")
    return terminal


@pytest.fixture
def page(notion: Notion) -> str:
    return notion.phone.page("My firm").id


def moved(desk: Terminal, notion: Notion, page: str) -> Answer:
    return desk.done("truth", "move", "notion", "--under", page, "--at", notion.url)


def records(desk: Terminal) -> dict[str, Any]:
    """What the records say, by ref."""
    found = desk.data("record", "find", "--archived")["rows"]
    return {one["ref"]: (one["props"], one["archived"]) for one in found}


def source(desk: Terminal, notion: Notion, kind: str) -> DataSource:
    mapping = yaml.safe_load((desk.root / "notion.yaml").read_text())
    return notion.workspace.sources[mapping["kinds"][kind]["data_source"]]


def cells(desk: Terminal, notion: Notion, kind: str, name: str) -> dict[str, Page]:
    """The pages of a kind, by what one of their plain properties says."""
    place = source(desk, notion, kind)
    column = next(one for one in place.properties.values() if one.name == name)
    return {"".join(part["plain_text"] for part in row.face.values[column.id]): row for row in place.rows.values()}


def seen_from_another_machine(desk: Terminal) -> dict[str, Any]:
    """What the records say in a workspace with a store of its own, on the same Notion."""
    other = Terminal(desk.root.parent / "other")
    assert run(["init", str(other.root), "--timezone", "Europe/Berlin"]) == 0
    for name in ("notion.yaml", "onefirm.yaml"):
        (other.root / name).write_bytes((desk.root / name).read_bytes())
    other.done("brief")
    return records(other)


def written(notion: Notion, since: int) -> list[str]:
    """What was written to rows since: lists are read by POST too."""
    some = notion.exchanges[since:]
    return [f"{one.method} {one.path}" for one in some if one.method == "PATCH" or one.path == "/v1/pages"]


@pytest.mark.row("STA-01")
@pytest.mark.row("STA-03")
def test_a_firm_moves_to_notion_and_back_and_nothing_is_lost(desk: Terminal, notion: Notion, page: str) -> None:
    desk.done("record", "update", "T-1", "status=doing")
    before = records(desk)

    planned = desk.done("truth", "move", "notion", "--under", page, "--plan")
    assert "Tasks: 3, 1 of them archived" in planned.out
    assert "at the pace that Notion allows" in planned.err
    assert not notion.exchanges

    assert "Moved 6 records to Notion" in moved(desk, notion, "my firm").out, "a page may be named by its title"
    assert "  # onefirm's own mark on each row" in (desk.root / "notion.yaml").read_text()
    assert "truth: notion" in (desk.root / "onefirm.yaml").read_text()
    assert records(desk) == before
    keys = cells(desk, notion, "task", "onefirm key")
    assert sorted(key.partition("@")[0] for key in keys) == ["ref:T-1", "ref:T-2", "ref:T-3"]
    assert sorted(row.number for row in source(desk, notion, "task").rows.values()) == [1, 2, 3]
    assert seen_from_another_machine(desk) == before

    desk.done("record", "undo", "T-1")
    assert records(desk)["T-1"][0]["status"] == "todo"
    assert "T-4" in desk.done("record", "create", "task", "title=Made in Notion").out
    notion.phone.edit(cells(desk, notion, "task", "Name")["Write it up"].id, {"Due": "2026-12-24"})
    notion.phone.add_property(source(desk, notion, "task"), "Mood", {"rich_text": {}})
    notion.phone.edit(cells(desk, notion, "task", "Name")["Write it up"].id, {"Mood": "fine"})

    asked = len(notion.exchanges)
    back = desk.done("truth", "move", "embedded")
    assert "Moved 7 records to the embedded store" in back.out
    assert "Tasks: “Mood” of 1 rows" in back.out
    assert written(notion, asked) == []
    assert "truth: embedded" in (desk.root / "onefirm.yaml").read_text()
    after = records(desk)
    assert after["T-3"][0] == {**before["T-3"][0], "due": "2026-12-24"}
    unchanged = ("CL-1", "P-1", "T-2", "INV-1")
    assert [after[ref] for ref in unchanged] == [before[ref] for ref in unchanged]
    assert "T-5" in desk.done("record", "create", "task", "title=Made here").out
    desk.done("record", "restore", "T-2")
    assert "The ledger is whole" in desk.done("ledger", "verify").out
    assert "moved 7 records from Notion to the embedded store" in desk.done("brief").out

    asked = len(notion.exchanges)
    desk.done("truth", "move", "notion")
    assert len(written(notion, asked)) == 2, "one row is made, one comes out of the trash"
    assert records(desk)["T-3"] == ({**before["T-3"][0], "due": "2026-12-24"}, False)


@pytest.mark.row("STA-01")
def test_what_stands_against_a_move_is_said_and_nothing_is_changed(
    desk: Terminal, notion: Notion, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*arguments: str) -> str:
        answer = desk("truth", "move", *arguments)
        assert answer.code == 1
        return answer.err

    assert "--under PAGE" in refused("notion")
    assert "The records are in the embedded store already" in refused("embedded")
    with (desk.root / ".onefirm" / "move.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "Another process is moving" in refused("notion", "--under", page, "--at", notion.url)
    monkeypatch.setenv("CLAUDECODE", "1")
    assert "the operator's own decision" in refused("notion", "--under", page, "--at", notion.url)
    monkeypatch.delenv("CLAUDECODE")
    with (desk.root / "onefirm.yaml").open("a") as file:
        file.write("truth: notion # by hand\n")
    by_hand = desk("record", "find", "task")
    assert by_hand.code == 1
    assert "the firm's records are in the embedded store" in by_hand.err
    assert "onefirm truth move notion" in by_hand.err

    moved(desk, notion, page)
    assert "truth: notion # by hand" in (desk.root / "onefirm.yaml").read_text()
    notion.phone.revoke(notion.token)
    desk.done("record", "update", "T-1", "status=doing")
    assert "Notion can't be asked now" in refused("embedded")
    notion.workspace.connect(notion.token)
    notion.clock.advance(hours=1)  # so that it is no race
    notion.phone.edit(cells(desk, notion, "task", "Name")["Call Jana"].id, {"Status": "Done"})
    assert "1 conflict is open" in refused("embedded")
    desk.done("record", "resolve", "I-1", "--keep", "theirs")
    desk.done("truth", "move", "embedded")

    notion.phone.edit(cells(desk, notion, "task", "Name")["Write it up"].id, {"Priority": "Low"})
    assert "Somebody edited 1 of the records in Notion meanwhile: T-3 priority is “low”, here “high”" in refused(
        "notion"
    )
    desk.done("record", "update", "T-3", "priority=low")
    notion.phone.row(source(desk, notion, "task"), {"Name": "Whose?"})
    assert "rows that this firm doesn't know: Tasks 1" in refused("notion")


@pytest.mark.row("STA-03")
def test_values_that_notion_can_t_hold_are_told_and_only_left_behind_when_that_is_said(
    desk: Terminal, notion: Notion, page: str
) -> None:
    desk.done("record", "create", "invoice", "title=In dollars", "client=CL-1", "amount=99.00 USD")
    moved(desk, notion, page)
    assert desk.data("record", "get", "INV-2")["props"]["amount"] == "99.00 USD"
    desk.done("truth", "move", "embedded")
    mapping = desk.root / "notion.yaml"
    told: dict[str, Any] = yaml.safe_load(mapping.read_text())
    del told["kinds"]["client"]["properties"]["website"]
    mapping.write_text(yaml.safe_dump(told))
    refused = desk("truth", "move", "notion")
    assert refused.code == 1
    assert "CL-1 website: notion.yaml names no property of Notion for it" in refused.err
    assert "left behind: CL-1 website" in desk.done("truth", "move", "notion", "--leave-behind").out
    assert "website" not in desk.data("record", "get", "CL-1")["props"]
    assert "https://acme.example" in desk.done("record", "timeline", "CL-1").out


@pytest.mark.row("STA-01")
def test_a_move_is_undone_as_the_howto_says(desk: Terminal, notion: Notion, page: str) -> None:
    before = records(desk)
    there = moved(desk, notion, page)
    desk.done("record", "update", "T-1", "status=doing")
    desk.done("record", "create", "task", "title=Made in Notion")
    in_notion = records(desk)
    back = desk.done("truth", "move", "embedded")

    undo(desk, back, "notion")
    assert "truth: notion" in (desk.root / "onefirm.yaml").read_text()
    assert records(desk) == in_notion
    undo(desk, there, "embedded")
    assert "truth: embedded" in (desk.root / "onefirm.yaml").read_text()
    assert records(desk) == before
    assert "T-4" in desk.done("record", "create", "task", "title=Made here").out
    assert "The ledger is whole" in desk.done("ledger", "verify").out
    assert "The operator put a backup back" in desk.done("brief").out


def undo(desk: Terminal, move: Answer, to: str) -> None:
    """Do what docs/howto/move-truth.md says, with the copy that the move named."""
    said = (PROJECT / "docs" / "howto" / "move-truth.md").read_text().partition("## Undo a move")[2]
    block = re.sub(r"\S+/firm-before-move-\S+", move.err.split()[-1], said.split("```")[1].removeprefix("sh\n"))
    shutil.rmtree(desk.root / ".onefirm" / "moved", ignore_errors=True)
    for line in block.replace("truth move embedded", f"truth move {to}").splitlines():
        words = shlex.split(line, comments=True)
        if words[0] == "onefirm":
            desk.done(*words[1:])
        else:
            subprocess.run(line, shell=True, cwd=desk.root, check=True)


@pytest.mark.postgres
@pytest.mark.row("STA-03")
def test_machines_that_share_a_server_move_their_one_store_and_whoever_has_the_old_setting_is_refused(
    tmp_path: Path, notion: Notion, page: str, monkeypatch: pytest.MonkeyPatch, migrated_postgres: str
) -> None:
    monkeypatch.setenv("ONEFIRM_SECRET_NOTION", notion.token)
    laptop, server = (on_server(tmp_path / name, migrated_postgres) for name in ("laptop", "server"))
    laptop.done("record", "create", "client", "title=Acme")
    laptop.done("record", "create", "invoice", "title=First bill", "client=CL-1", "amount=1250.50 EUR")
    server.done("record", "create", "task", "title=An old one")
    server.done("record", "archive", "T-1")
    before = records(laptop)

    there = moved(laptop, notion, page)
    assert "Moved 3 records to Notion" in there.out
    assert "The database's server keeps the backups" in there.err
    assert records(laptop) == before
    behind = server("record", "find")
    assert behind.code == 1
    assert "the firm's records are in Notion" in behind.err
    for name in ("notion.yaml", "onefirm.yaml"):
        (server.root / name).write_bytes((laptop.root / name).read_bytes())
    assert records(server) == before
    assert "T-2" in server.done("record", "create", "task", "title=Made in Notion").out

    assert "Moved 4 records to the embedded store" in laptop.done("truth", "move", "embedded").out
    assert "the firm's records are in the embedded store" in server("record", "find").err
    assert (
        "The records are in the embedded store; onefirm.yaml says so now"
        in server.done("truth", "move", "embedded").out
    )
    assert "T-3" in server.done("record", "create", "task", "title=Made here").out
    laptop.done("record", "restore", "T-1")
    assert records(laptop) == records(server)
    assert "The ledger is whole" in laptop.done("ledger", "verify").out


def on_server(root: Path, url: str) -> Terminal:
    """A workspace of a firm that is kept on a Postgres server."""
    (root / ".onefirm").mkdir(mode=0o700, parents=True)
    (root / "onefirm.yaml").write_text("version: 1\nfirm: Northlight\nstore: secret:database\n")
    Secrets(root).set("database", url)
    assert run(["init", str(root)]) == 0
    return Terminal(root)
