"""Connecting a firm to its operator's Notion, from the token to the first record, through the command line."""

import importlib
import io
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from onefirm.cli.exits import run
from onefirm.simulators.notion import Notion
from onefirm.simulators.notion.objects import DataSource
from support.terminal import PROJECT, Answer, Terminal

pytestmark = pytest.mark.row("STA-03")


@cache
def _new_firm() -> Path:
    root = Path(tempfile.mkdtemp(prefix="firm-")) / "firm"
    assert run(["init", str(root), "--timezone", "Europe/Berlin"]) == 0
    return root


def options(type_: str, *names: str) -> dict[str, Any]:
    return {type_: {"options": [{"name": name} for name in names]}}


def leads_to(source: DataSource) -> dict[str, Any]:
    return {"relation": {"data_source_id": source.id, "single_property": {}}}


@dataclass
class Desk:
    """An operator who keeps clients, projects and tasks in Notion, and a firm that has nothing yet."""

    notion: Notion
    terminal: Terminal
    clients: DataSource
    projects: DataSource
    tasks: DataSource

    def connect(self, *arguments: str) -> Answer:
        return self.terminal("connect", "notion", *arguments)

    def connected(self, *arguments: str) -> Answer:
        return self.terminal.done("connect", "notion", *arguments)

    @property
    def file(self) -> Path:
        return self.terminal.root / "notion.yaml"

    @property
    def mapped(self) -> Any:
        return yaml.safe_load(self.file.read_text())["kinds"]

    def line(self, words: str, after: int = 0) -> int:
        """The number of the first line that begins with these words."""
        lines = self.file.read_text().split("\n")
        return next(n for n, text in enumerate(lines, 1) if n > after and text.strip().startswith(words))


@pytest.fixture
def notion() -> Iterator[Notion]:
    """Unjudged: the contract tests hold the same requests and answers against Notion's types."""
    with Notion() as running:
        yield running


@pytest.fixture
def desk(notion: Notion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    shutil.copytree(_new_firm(), tmp_path / "firm", symlinks=True)
    home = notion.phone.page("Lighthouse").id
    clients = notion.phone.database(
        "👥 Clients",
        {"Company": "title", "Stage": options("select", "Active", "Paused", "Past"), "E-mail": "email"},
        home,
    )
    projects = notion.phone.database("Client projects", {
        "Name": "title", "Status": options("status", "Planning", "In progress", "Done"), "Client": leads_to(clients),
        "Budget": {"number": {"format": "euro"}}, "Deadline": "date", "Lead": "people",
    }, home)  # fmt: skip
    tasks = notion.phone.database("Aufgaben", {
        "Task": "title", "Status": options("status", "Offen", "In Arbeit", "Parked", "Erledigt"),
        "Projekt": leads_to(projects), "Fällig": "date", "Hours: #1\u2028\n": "number",
    }, home)  # fmt: skip
    notion.phone.database("Contacts", {"Name": "title", "Email": "email"}, home)
    notion.phone.database("Holiday ideas", {"Name": "title"}, home)
    monkeypatch.setenv("NOTION_TOKEN", notion.token)
    yield Desk(notion, Terminal(tmp_path / "firm"), clients, projects, tasks)
    for path in (tmp_path / "firm").rglob("*"):
        assert path.name == "secrets.json" or not path.is_file() or notion.token.encode() not in path.read_bytes(), path


def test_a_firm_is_connected_from_a_token_to_its_first_record_in_notion(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = desk.connected("--at", desk.notion.url)
    assert "acts as “onefirm” in the workspace “Simulated”" in told.out
    assert "Wrote notion.yaml" in told.out
    assert "onefirm connect notion --switch" in told.err
    assert desk.notion.token not in told.out + told.err
    monkeypatch.delenv("NOTION_TOKEN")
    added = desk.connected("--add-key")
    assert "Added in Notion and named in notion.yaml: 6 properties" in added.out
    assert "0 gap(s)" in desk.connected("--check").out
    desk.connected("--switch")
    assert "T-1" in desk.terminal.done("record", "create", "task", "title=Call Jana", "status=doing").out
    (page,) = [one for one in desk.notion.workspace.pages.values() if one.parent.id == desk.tasks.id]
    key = next(one.id for one in desk.tasks.properties.values() if one.name == "onefirm key")
    assert page.face.values[key]


def test_databases_are_recognised_by_names_types_options_and_relations(desk: Desk) -> None:
    proposed = desk.terminal.data("connect", "notion", "--at", desk.notion.url)
    assert {one["title"] for one in proposed["sources"]} >= {"Aufgaben", "Holiday ideas"}
    found = {kind: (one["data_source"], list(one["properties"])) for kind, one in desk.mapped.items()}
    assert found == {
        "client": (desk.clients.id, ["title", "status", "email"]),
        "project": (desk.projects.id, ["title", "status", "client", "owner", "due", "budget"]),
        "task": (desk.tasks.id, ["title", "status", "project", "due"]),
    }
    status = desk.mapped["task"]["properties"]["status"]["options"]
    assert {ours: theirs["name"] for ours, theirs in status.items()} == {
        "todo": "Offen", "doing": "In Arbeit", "done": "Erledigt",
    }  # fmt: skip
    assert desk.mapped["project"]["properties"]["budget"]["currency"] == "EUR"


def test_what_has_no_counterpart_is_named_with_what_mends_it(desk: Desk) -> None:
    told = desk.connected("--at", desk.notion.url).out
    assert "“Contacts” has no property for the status of a contact: add one of the type Status or Select" in told
    assert "“Status” has no option for waiting, blocked, dropped" in told
    text = desk.file.read_text()
    assert "# blocked has no counterpart: add an option “blocked” in Notion" in text
    assert "# client has no counterpart: add a property of the type Relation to “👥 Clients” in Notion" in text
    assert "no value of ours: “Parked”" in text
    desk.notion.phone.add_property(desk.tasks, "Client", leads_to(desk.clients))
    assert 'client: {name: "Client"' in desk.connect("--propose").out  # a proposal anew has it


def test_a_mapping_that_stands_is_replaced_only_with_a_yes(desk: Desk) -> None:
    desk.connected("--at", desk.notion.url)
    mine = desk.file.read_text().replace("  client:\n", "  # my own words\n  client:\n", 1)
    desk.file.write_text(mine)
    refused = desk.connect("--propose")
    assert (refused.code, desk.file.read_text()) == (1, mine)
    assert "-  # my own words" in refused.out
    assert "notion.yaml stays as it is" in refused.err
    assert desk.connected().code == 0
    assert desk.file.read_text() == mine
    desk.connected("--propose", "--yes")
    assert "my own words" not in desk.file.read_text()


def test_nothing_is_added_in_notion_without_consent_and_what_is_lost_is_said(desk: Desk) -> None:
    told = desk.connected("--at", desk.notion.url)
    assert "no key is named: when the answer to a new record is lost" in told.out
    assert {one.method for one in desk.notion.exchanges} == {"GET", "POST"}
    assert "key" not in desk.mapped["task"]


def test_a_property_of_ours_never_takes_the_place_of_one_that_is_called_the_same(desk: Desk) -> None:
    desk.notion.phone.add_property(desk.tasks, "onefirm key", {"number": {}})
    desk.connected("--at", desk.notion.url, "--add-key")
    assert desk.mapped["task"]["key"]["name"] == "onefirm key (text)"
    kept = next(one for one in desk.tasks.properties.values() if one.name == "onefirm key")
    assert kept.type == "number"


def test_every_gap_is_named_with_its_line_and_its_fix(desk: Desk) -> None:
    desk.connected("--at", desk.notion.url, "--add-key")
    phone = desk.notion.phone
    phone.delete_property(desk.tasks, "Fällig")
    phone.change_type(desk.projects, "Budget", {"date": {}})
    phone.change_type(desk.projects, "Client", leads_to(desk.tasks))
    phone.rename_property(desk.projects, "Deadline", "Until")
    phone.delete_property(desk.tasks, "onefirm key")
    phone.delete_database(desk.clients.database)
    found = desk.connect("--check")
    assert found.code == 1
    told = [line for line in found.out.splitlines() if line.startswith("gap:")]
    gaps = {int(line.split(":")[1].removeprefix(" line ")): line for line in told}
    expected = {
        desk.line("data_source: " + desk.clients.id): "lies in Notion's trash. → Restore it",
        desk.line("client: {"): "and client is kept in",
        desk.line("budget:"): "of the type date in Notion, and the file says number. → Change it back",
        desk.line('due: {name: "Fällig"'): "has no property “Fällig”",
        desk.line("key: {", after=desk.line("task:")): "adds it again",
    }
    assert gaps.keys() == expected.keys()
    assert [where for where, said in expected.items() if said not in gaps[where]] == []
    assert "“Deadline” is called “Until” in Notion now" in found.out
    assert len(desk.connect("--check", "--json").data["gaps"]) == 5
    assert "Nothing was switched while there are gaps" in desk.connect("--switch").err


def test_a_mapping_that_lies_is_seen_through(desk: Desk) -> None:
    desk.connected("--at", desk.notion.url)
    honest = desk.file.read_text()
    task = desk.mapped["task"]
    desk.file.write_text(honest.replace(desk.tasks.id, desk.tasks.database))  # as it stands in the page's address
    assert f"Write the one that is meant: {desk.tasks.id} (“Aufgaben”)" in desk.connect("--check").out
    desk.file.write_text(honest.replace(task["properties"]["due"]["id"], "nope"))
    assert f"Write id: {task['properties']['due']['id']}" in desk.connect("--check").out
    desk.file.write_text(honest.replace(desk.tasks.id, "f" * 32))
    assert "was deleted, or isn't shared with it. → Share it in Notion" in desk.connect("--check").out
    desk.file.write_text(honest.replace("\n  task:", "\n  tsak:"))
    assert "there is no kind “tsak”" in desk.connect("--check").err


def test_a_token_that_is_none_or_is_refused_is_not_kept_and_never_shown(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOTION_TOKEN")
    for typed, said in (
        ("", "nobody can be asked"),
        ("my token", "no token of Notion's"),
        ("ntn_wrong", "refuses the token"),
    ):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{typed}\n"))
        refused = desk.connect("--at", desk.notion.url)
        assert refused.code == 1
        assert said in refused.err
        assert not typed or typed not in refused.out + refused.err
    assert "No credential" in desk.terminal("secret", "list").err
    assert not desk.file.exists()


def test_a_token_that_was_revoked_is_replaced_by_a_new_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.connected("--at", desk.notion.url)
    monkeypatch.delenv("NOTION_TOKEN")
    desk.notion.phone.revoke(desk.notion.token)
    refused = desk.connect("--check")
    assert refused.code == 1
    assert refused.err.startswith("onefirm: Notion refuses the token (API token is invalid.).\n")
    assert "The token came from the file" in refused.err
    assert "onefirm connect notion --new-token" in refused.err
    desk.notion.workspace.connect("ntn_another", "Another", whole_workspace=True)
    monkeypatch.setattr("sys.stdin", io.StringIO("ntn_another\n"))
    desk.connected("--new-token")
    desk.notion.workspace.connect("ntn_of_another_tool", "Tool", whole_workspace=True)
    monkeypatch.setenv("NOTION_TOKEN", "ntn_of_another_tool")
    assert "another token than the one that is kept, which stays" in desk.connect().err
    assert "0 gap(s)" in desk.connected("--check").out  # by the firm's own token


def test_a_firm_with_records_is_not_switched_and_loses_none(desk: Desk) -> None:
    desk.terminal.done("record", "create", "task", "title=Call Jana")
    told = desk.connected("--at", desk.notion.url)
    assert "onefirm truth move notion" in told.err
    refused = desk.connect("--switch")
    assert refused.code == 1
    assert "1 record(s) of its own, which would be left behind" in refused.err
    assert "Call Jana" in desk.terminal.done("record", "find", "task").out


def test_databases_are_made_under_a_page_and_the_smoke_test_of_the_real_notion_passes_on_a_simulated_one(
    notion: Notion, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(PROJECT / "scripts")
    smoke = importlib.import_module("smoke.notion")
    monkeypatch.delenv("NOTION_TOKEN", raising=False)
    assert smoke.main(["0" * 32]) == 2
    monkeypatch.setenv("NOTION_TOKEN", notion.token)
    sandbox = notion.phone.page("Sandbox")
    ended = smoke.main([sandbox.id, "--at", notion.url])
    told = capsys.readouterr()
    assert ended == 0, told.err
    assert "All of it stands" in told.out
    assert len(notion.workspace.databases) == 11
    (page,) = [one for one in notion.workspace.pages.values() if one.parent.id == sandbox.id]
    assert page.face.in_trash


def test_a_page_for_databases_must_be_one_and_be_seen(desk: Desk) -> None:
    desk.notion.phone.page("Firm")
    desk.notion.phone.page("Firm")
    at = ("--at", desk.notion.url, "--under")
    assert "2 pages are called “Firm”" in desk.connect(*at, "Firm").err
    assert "names no page of Notion" in desk.connect(*at, "Nowhere").err
    assert "Notion shows no such page" in desk.connect(*at, "f" * 32).err
    assert not desk.file.exists()
    desk.file.write_text("version: 1\nkinds: {}\n")
    assert "notion.yaml stands already; nothing was made" in desk.connect(*at, "Lighthouse").err
    assert {one.method for one in desk.notion.exchanges} == {"GET", "POST"}
    assert [one for one in desk.notion.exchanges if one.path.endswith("/v1/databases")] == []


def test_claude_may_check_the_mapping_and_do_nothing_else(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.connected("--at", desk.notion.url)
    monkeypatch.setenv("CLAUDECODE", "1")
    assert desk.connect("--check").code == 0
    refused = desk.connect("--add-key")
    assert refused.code == 1
    assert "operator's own decision" in refused.err
