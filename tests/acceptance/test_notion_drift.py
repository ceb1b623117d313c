"""What happens when Notion changes under the firm: asked once, nothing lost, gone when it is mended."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from contract import notions
from contract.office import SCHEMA
from onefirm.cli.exits import run
from onefirm.simulators.notion import Notion
from onefirm.simulators.notion.objects import Page
from onefirm.state.truth.notion.mapping import NotionMapping
from support.clock import FixedClock
from support.terminal import Terminal

KINDS = ("client", "project", "task")


class Firm:
    """A workspace on a Notion of its own: the operator's terminal, the databases, and the phone."""

    def __init__(self, root: Path, notion: Notion) -> None:
        self.notion, self.phone = notion, notion.phone
        self.desk = notions.office(notion, SCHEMA, FixedClock())
        mapping = NotionMapping({kind: self.desk.mapping.places[kind] for kind in KINDS}, notion.url, pace=1000)
        root.mkdir()
        assert run(["init", str(root), "--timezone", "Europe/Berlin"]) == 0
        self.onefirm = Terminal(root)
        self.file = root / "notion.yaml"
        self.file.write_text(yaml.safe_dump(mapping.to_dict(), sort_keys=False) + "# the operator's own\n")
        with (root / "onefirm.yaml").open("a") as file:
            file.write("\ntruth: notion\n")

    def task(self, title: str = "Call Jana", **more: str) -> Page:
        """A new task; its page."""
        before = set(self.notion.workspace.pages)
        self.onefirm.done("record", "create", "task", f"title={title}", *(f"{k}={v}" for k, v in more.items()))
        (new,) = set(self.notion.workspace.pages) - before
        return self.notion.workspace.pages[new]

    def edit(self, page: str, cells: dict[str, str]) -> None:
        """An edit on the phone, so much later that it is no race."""
        self.notion.clock.advance(hours=1)
        self.phone.edit(page, cells)

    def props(self, ref: str) -> Any:
        return self.onefirm.data("record", "get", ref)["props"]

    def asked(self) -> list[Any]:
        """The open questions, after a pull."""
        self.onefirm.done("sync")
        return self.onefirm.data("record", "conflicts")

    def answer(self, keep: str) -> str:
        """Answer the only question."""
        (item,) = self.asked()
        return self.onefirm.done("record", "resolve", item["id"], "--keep", keep).out

    @property
    def tasks(self) -> Any:
        return self.desk.sources["task"]

    def mapped(self, name: str) -> Any:
        """What notion.yaml says of a task's property."""
        text = self.file.read_text()
        assert text.endswith("# the operator's own\n")
        return yaml.safe_load(text)["kinds"]["task"]["properties"].get(name)


@pytest.fixture
def firm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Firm]:
    with Notion() as notion:
        monkeypatch.setenv("ONEFIRM_SECRET_NOTION", notion.token)
        yield Firm(tmp_path / "firm", notion)


@pytest.mark.row("STA-05")
def test_a_property_that_is_renamed_goes_on_working_and_its_new_name_is_taken_on_one_word(firm: Firm) -> None:
    page = firm.task(owner="Anna")
    firm.phone.rename_property(firm.tasks, "owner", "Responsible")
    firm.edit(page.id, {"Responsible": "Ben"})
    (item,) = firm.asked()
    assert "“owner” is called “Responsible” in Notion now" in item["title"]
    lines = firm.file.read_text().splitlines()
    line = lines.index("      owner:", lines.index("  task:")) + 1
    assert item["title"].startswith(f"notion.yaml line {line}, task:")
    assert firm.props("T-1")["owner"] == "Ben"
    firm.onefirm.done("record", "update", "T-1", "owner=Cleo")
    assert item["id"] in firm.onefirm.done("brief").out
    assert firm.asked() == [item], "asked once"
    assert "Responsible" in firm.answer("theirs")
    assert firm.mapped("owner")["name"] == "Responsible"
    assert firm.asked() == []
    assert firm.props("T-1")["owner"] == "Cleo"


@pytest.mark.row("STA-05")
def test_a_question_goes_by_itself_when_notion_is_as_it_was(firm: Firm) -> None:
    page = firm.task()
    firm.phone.rename_property(firm.tasks, "owner", "Responsible")
    firm.edit(page.id, {"Responsible": "Ben"})
    assert len(firm.asked()) == 1
    firm.phone.rename_property(firm.tasks, "Responsible", "owner")
    assert firm.asked() == []
    firm.phone.rename_property(firm.tasks, "owner", "Responsible")
    assert firm.props("T-1")["owner"] == "Ben"
    assert firm.answer("mine")
    assert firm.asked() == [], "an answer holds as long as things stay so"


@pytest.mark.row("STA-05")
def test_a_property_that_is_deleted_keeps_what_was_known_and_refuses_only_its_own_writes(firm: Firm) -> None:
    page = firm.task(owner="Anna")
    firm.phone.delete_property(firm.tasks, "owner")
    refused = firm.onefirm("record", "update", "T-1", "owner=Ben")
    assert refused.code == 1
    assert "“owner” was deleted in Notion (notion.yaml line" in refused.err
    firm.onefirm.done("record", "update", "T-1", "status=doing")
    firm.edit(page.id, {"due": "2026-12-24"})
    (item,) = firm.asked()
    assert "has no property “owner”" in item["title"]
    assert firm.props("T-1") == {
        "title": "Call Jana",
        "status": "doing",
        "owner": "Anna",
        "due": "2026-12-24",
        "priority": "normal",
    }
    refused = firm.onefirm("record", "create", "task", "title=Second", "owner=Ben")
    assert refused.code == 1
    assert "has no property “owner”" in refused.err
    assert len(firm.asked()) == 1
    firm.task("Third")
    assert "taken out" in firm.answer("theirs")
    assert firm.mapped("owner") is None
    assert firm.asked() == []
    assert "owner" not in firm.props("T-1")
    assert "Anna" in firm.onefirm.done("record", "timeline", "T-1").out, "it stays in the history"


@pytest.mark.row("STA-05")
def test_a_property_of_another_type_loses_nothing_and_goes_on_once_it_is_accepted(firm: Firm) -> None:
    page = firm.task(owner="Anna", due="2026-12-01")
    firm.phone.change_type(firm.tasks, "due", {"rich_text": {}})
    firm.edit(page.id, {"owner": "Ben"})
    (item,) = firm.asked()
    assert "of the type rich_text in Notion, and the file says date" in item["title"]
    assert firm.props("T-1")["due"] == "2026-12-01"
    refused = firm.onefirm("record", "update", "T-1", "due=2026-12-02")
    assert "“due” is of the type rich_text in Notion now" in refused.err
    firm.phone.change_type(firm.tasks, "due", {"date": {}})
    assert firm.asked() == []
    firm.phone.change_type(firm.tasks, "owner", {"select": {}})
    assert firm.props("T-1")["owner"] == "Ben"
    assert "owner.type: select" in firm.answer("theirs")
    assert firm.asked() == []
    firm.onefirm.done("record", "update", "T-1", "owner=Cleo")
    assert firm.props("T-1")["owner"] == "Cleo"


@pytest.mark.row("STA-05")
def test_an_option_that_only_notion_has_is_mapped_on_one_word(firm: Firm) -> None:
    page = firm.task()
    status = next(one for one in firm.tasks.properties.values() if one.name == "status")
    there = [{"id": one["id"], "name": one["name"]} for one in status.config["options"]]
    firm.phone.change_type(firm.tasks, "status", {"status": {"options": [*there, {"name": "Parked"}]}})
    assert firm.asked() == [], "as long as no row has it, it is nobody's business"
    firm.edit(page.id, {"status": "Parked"})
    (item,) = firm.asked()
    assert "Notion has an option “Parked” that no value of ours is mapped to" in item["title"]
    assert firm.props("T-1")["status"] == "Parked"
    no = firm.onefirm("record", "resolve", item["id"], "--keep", "parked")
    assert no.code == 1
    assert "waiting" in no.err
    assert "waiting: WAITING, Parked" in firm.answer("waiting")
    assert firm.asked() == []
    assert firm.onefirm.data("record", "find", "task")["rows"][0]["status"] == "waiting", "rows are read anew"


@pytest.mark.row("STA-05")
def test_an_option_that_is_renamed_is_one_question_and_writes_go_on(firm: Firm) -> None:
    firm.task()
    firm.phone.rename_option(firm.tasks, "status", "TODO", "Not yet")
    firm.props("T-1")
    (item,) = firm.asked()
    assert "Not yet" in item["title"]
    firm.answer("theirs")
    assert firm.asked() == []
    assert firm.props("T-1")["status"] == "todo"


@pytest.mark.row("STA-05")
def test_a_database_that_is_not_shared_any_more_is_asked_about_while_the_rest_goes_on(firm: Firm) -> None:
    firm.task()
    firm.phone.unshare(firm.tasks.id, firm.notion.token)
    (item,) = firm.asked()
    assert "sees no data source" in item["title"]
    firm.onefirm.done("record", "create", "client", "title=Harbour")
    assert "waits" in firm.onefirm.done("record", "update", "T-1", "status=doing").out
    assert firm.onefirm.data("record", "find", "task")["rows"][0]["archived"] is False
    firm.phone.share(firm.tasks.id, firm.notion.token)
    assert firm.asked() == []
    assert firm.props("T-1")["status"] == "doing"


@pytest.mark.row("STA-05")
def test_tasks_that_go_by_the_dozen_stay_until_the_operator_has_said_so(firm: Firm) -> None:
    pages = [firm.phone.row(firm.tasks, {"title": f"Task {n}", "status": "TODO"}) for n in range(12)]
    firm.onefirm.done("sync")
    for page in pages:
        firm.phone.trash(page.id)
    (item,) = firm.asked()
    assert "Notion shows 12 of 12 tasks no longer, such as T-1 “Task 0”" in item["title"]
    assert firm.onefirm.data("record", "find", "task")["total"] == 12
    assert "Trash" in firm.onefirm.done("record", "conflicts").out
    firm.phone.restore(pages[0].id)
    firm.answer("theirs")
    assert [row["ref"] for row in firm.onefirm.data("record", "find", "task")["rows"]] == ["T-1"]


@pytest.mark.row("STA-07")
def test_a_value_that_somebody_wrote_over_within_the_minute_is_decided_by_the_operator(firm: Firm) -> None:
    firm.notion.clock.stop()  # however slow this machine is, both write in one minute of Notion's
    page = firm.task(due="2026-12-01", owner="Anna")
    firm.onefirm.done("sync")
    firm.onefirm.done("record", "update", "T-1", "due=2026-12-09")
    firm.phone.edit(page.id, {"due": "2026-12-24"})
    (item,) = firm.asked()
    told = firm.onefirm.done("record", "conflicts").out
    assert "both sides changed it within a minute" in told
    assert "2026-12-09" in told
    assert "2026-12-24" in told
    assert "theirs: Ada Phone at" in told
    assert firm.props("T-1")["due"] == "2026-12-24"
    assert firm.asked() == [item], "asked once"
    firm.answer("mine")
    assert firm.props("T-1")["due"] == "2026-12-09"
    assert firm.asked() == []
    firm.notion.clock.advance(hours=1)
    firm.phone.edit(page.id, {"due": "2026-12-31"})
    assert firm.asked() == [], "who edits later has seen what stands there"
    history = firm.onefirm.done("record", "timeline", "T-1").out
    assert all(f"2026-12-{day}" in history for day in ("09", "24", "31"))
