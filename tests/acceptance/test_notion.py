"""A firm whose truth is Notion, through the command line."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from contract import notions
from contract.office import SCHEMA
from onefirm.cli.exits import run
from onefirm.simulators.notion import Notion
from onefirm.simulators.notion.objects import Page
from support.clock import FixedClock
from support.terminal import Terminal


@pytest.fixture
def notion() -> Iterator[Notion]:
    with Notion() as running:
        yield running


@pytest.fixture
def desk(notion: Notion) -> notions.Office:
    return notions.office(notion, SCHEMA, FixedClock())


@pytest.fixture
def connected(tmp_path: Path, notion: Notion, desk: notions.Office, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A new workspace with a mapping onto the databases, its token in the environment."""
    terminal = Terminal(tmp_path / "firm")
    tmp_path.joinpath("firm").mkdir()
    made = run(["init", str(terminal.root), "--timezone", "Europe/Berlin"])
    assert made == 0
    (terminal.root / "notion.yaml").write_text(yaml.safe_dump(desk.mapping.to_dict(), sort_keys=False))
    with (terminal.root / "onefirm.yaml").open("a") as file:
        file.write("\ntruth: notion\n")
    monkeypatch.setenv("ONEFIRM_SECRET_NOTION", notion.token)
    return terminal


def tasks(notion: Notion, desk: notions.Office) -> list[Page]:
    source = desk.sources["task"].id
    return [page for page in notion.workspace.pages.values() if page.parent.id == source]


@pytest.mark.row("STA-06")
def test_a_write_goes_to_notion_first_and_is_answered_by_it(
    connected: Terminal, notion: Notion, desk: notions.Office
) -> None:
    made = connected.done("record", "create", "task", "title=Call Jana", "due=2026-12-01").out
    assert "T-1" in made
    assert len(tasks(notion, desk)) == 1
    connected.done("record", "update", "T-1", "status=doing")
    assert connected.data("record", "get", "T-1")["props"]["status"] == "doing"


@pytest.mark.row("STA-06")
def test_an_edit_on_the_phone_is_seen_before_anything_is_written_over_it(
    connected: Terminal, notion: Notion, desk: notions.Office
) -> None:
    connected.done("record", "create", "task", "title=Call Jana", "due=2026-12-01")
    (page,) = tasks(notion, desk)
    notion.phone.edit(page.id, {"due": "2026-12-24"})
    connected.done("record", "update", "T-1", "status=doing")
    props = connected.data("record", "get", "T-1")["props"]
    assert (props["due"], props["status"]) == ("2026-12-24", "doing")


@pytest.mark.row("STA-07")
def test_what_notion_could_not_take_waits_and_goes_there_once(
    connected: Terminal, notion: Notion, desk: notions.Office
) -> None:
    connected.done("record", "create", "task", "title=Call Jana")
    notion.phone.revoke(notion.token)
    told = connected.done("record", "update", "T-1", "status=doing")
    assert "waits" in told.out + told.err
    notion.workspace.connect(notion.token)
    connected.done("brief")
    connected.done("brief")
    patched = [one for one in notion.exchanges if one.method == "PATCH" and one.status == 200]
    assert len(patched) == 1
    assert connected.data("record", "get", "T-1")["props"]["status"] == "doing"


@pytest.mark.row("STA-07")
def test_a_conflict_waits_with_both_values_and_nothing_is_overwritten(
    connected: Terminal, notion: Notion, desk: notions.Office
) -> None:
    connected.done("record", "create", "task", "title=Call Jana", "due=2026-12-01")
    notion.phone.revoke(notion.token)
    connected.done("record", "update", "T-1", "due=2026-12-09")
    notion.workspace.connect(notion.token)
    (page,) = tasks(notion, desk)
    notion.phone.edit(page.id, {"due": "2026-12-24"})
    connected.done("brief")
    told = connected.done("record", "conflicts").out
    assert "2026-12-09" in told
    assert "2026-12-24" in told
    connected.done("record", "resolve", "I-1", "--keep", "theirs")
    assert connected.data("record", "get", "T-1")["props"]["due"] == "2026-12-24"


@pytest.mark.row("STA-06")
def test_without_a_token_it_says_how_to_give_one(connected: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ONEFIRM_SECRET_NOTION")
    refused = connected("record", "find")
    assert refused.code == 1
    assert "onefirm connect notion" in refused.err


@pytest.mark.row("STA-06")
def test_a_mapping_with_mistakes_is_told_with_its_lines(connected: Terminal) -> None:
    mapping = connected.root / "notion.yaml"
    mapping.write_text(mapping.read_text().replace("  task:", "  tsak:"))
    refused = connected("record", "find")
    assert refused.code == 1
    assert "there is no kind “tsak”" in refused.err


def own_kind(terminal: Terminal, kind: str, properties: str) -> None:
    (terminal.root / "schema").mkdir(exist_ok=True)
    (terminal.root / "schema" / f"{kind}.yaml").write_text(f"kind: {kind}\nproperties:\n  {properties}\n")


@pytest.mark.row("STA-02")
def test_what_a_schema_adds_is_told_to_have_no_place_in_notion_yet(connected: Terminal) -> None:
    own_kind(connected, "project", "margin: {type: number}")
    assert "`onefirm connect notion --check` names it" in connected.done("schema", "apply").err
    assert "project: kept nowhere, and refused when somebody sets them: margin" in (
        connected.done("connect", "notion", "--check").out
    )
    refused = connected("record", "create", "project", "title=Showreel", "margin=0.25")
    assert refused.code == 1
    assert "no property of Notion for margin of a project" in refused.err
    connected.done("record", "create", "project", "title=Showreel")


@pytest.mark.row("STA-02")
def test_a_property_that_left_the_schema_keeps_its_values_and_nothing_else_stops(connected: Terminal) -> None:
    connected.done("record", "create", "task", "title=Call Jana", "waiting_on=the range")
    own_kind(connected, "task", "waiting_on: null")
    connected.done("schema", "apply")
    connected.done("record", "update", "T-1", "status=doing")
    props = connected.data("record", "get", "T-1")["props"]
    assert (props["status"], props["waiting_on"]) == ("doing", "the range")
