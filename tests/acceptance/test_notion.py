"""A firm whose truth is Notion, through the command line."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from contract import notions
from contract.office import SCHEMA
from onefirm.cli.exits import run
from onefirm.simulators.notion import Notion
from onefirm.simulators.notion.objects import Page
from onefirm.simulators.notion.refusals import invalid
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


def own_kind(terminal: Terminal, kind: str, properties: str, statuses: str = "{}") -> None:
    (terminal.root / "schema").mkdir(exist_ok=True)
    text = f"kind: {kind}\nproperties:\n  {properties}\nstatuses: {statuses}\n"
    (terminal.root / "schema" / f"{kind}.yaml").write_text(text)


def dies_in(step: str, connected: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """An apply that comes as far as this step."""
    with monkeypatch.context() as dying:
        dying.setattr(step, lambda *given: sys.exit())
        with pytest.raises(SystemExit):
            connected("schema", "apply")


@pytest.mark.row("STA-01", "STA-02")
def test_a_new_schema_gets_its_properties_and_options_in_notion_and_no_row_is_touched(
    connected: Terminal, notion: Notion, desk: notions.Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected.done("record", "create", "task", "title=Call Jana", "status=waiting", "waiting_on=the range")
    file = connected.root / "notion.yaml"
    file.write_text(file.read_text().replace("\n  task:\n", "\n  task:  # mine\n") + "# the operator's own\n")
    own_kind(
        connected,
        "task",
        "effort: {type: choice, options: [small, large]}\n  held_by: {type: text, was: waiting_on}",
        "{on_hold: {group: waiting, moves: [todo], was: waiting}, parked: {group: paused, moves: [todo]}}",
    )
    told = connected.done("schema", "diff").out
    assert "In Notion task gets the property “Effort”, unless it is there." in told
    assert "In Notion status of task gets the option “Parked”." in told
    assert "In Notion it stays “WAITING”: notion.yaml says that this means on_hold now." in told
    assert not [one for one in desk.sources["task"].properties.values() if one.name == "Effort"]

    dies_in("onefirm.state.schema_change.apply", connected, monkeypatch)
    assert len(connected.data("schema", "log")) == 1
    asked = len(notion.exchanges)
    connected.done("schema", "apply")
    assert "the operator's own" in file.read_text()
    assert "# mine" in file.read_text()
    assert not [one for one in notion.exchanges[asked:] if one.method == "PATCH"], "what was added before is found"
    assert [one.name for one in desk.sources["task"].properties.values()].count("Effort") == 1
    props = connected.data("record", "get", "T-1")["props"]
    assert (props["status"], props["held_by"]) == ("on_hold", "the range")
    connected.done("record", "create", "task", "title=Second", "status=parked", "effort=large", "held_by=Jana")
    assert connected.done("sync").code == 0
    assert connected.data("record", "get", "T-2")["props"]["effort"] == "large"
    assert "outside" not in connected.done("record", "timeline", "T-1").out
    assert "0 gap(s)" in connected.done("connect", "notion", "--check").out

    def refuse(*given: object) -> None:
        raise invalid("Status options can't be updated.")

    schema = connected.root / "schema/task.yaml"
    schema.write_text(schema.read_text().replace("parked: {", "frozen: {group: paused, moves: []}, parked: {"))
    monkeypatch.setattr("onefirm.simulators.notion.schemas._status", refuse)
    left = connected.done("schema", "apply").out
    assert "Notion refuses to add “Frozen” to “status” (Status options can't be updated.): add it there by hand" in left
    assert connected.data("schema", "log")[0]["version"] == 4


@pytest.mark.row("STA-02")
def test_who_dies_before_notion_yaml_is_told_leaves_it_to_the_next_command(
    connected: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected.done("record", "create", "task", "title=Call Jana", "waiting_on=the range")
    own_kind(connected, "task", "held_by: {type: text, was: waiting_on}")
    dies_in("onefirm.day.schema._tell", connected, monkeypatch)
    assert "waiting_on:" in (connected.root / "notion.yaml").read_text()
    assert connected.data("record", "get", "T-1")["props"]["held_by"] == "the range"
    assert "waiting_on:" not in (connected.root / "notion.yaml").read_text()


@pytest.mark.row("STA-02")
def test_what_a_schema_adds_here_only_is_told_to_have_no_place_in_notion_yet(connected: Terminal) -> None:
    own_kind(connected, "project", "margin: {type: number}")
    assert "`onefirm connect notion --check` names it" in connected.done("schema", "apply", "--here-only").err
    assert "project: kept nowhere, and refused when somebody sets them: margin" in (
        connected.done("connect", "notion", "--check").out
    )
    refused = connected("record", "create", "project", "title=Showreel", "margin=0.25")
    assert refused.code == 1
    assert "no property of Notion for margin of a project" in refused.err
    connected.done("record", "create", "project", "title=Showreel")


@pytest.mark.row("STA-02")
def test_a_property_that_left_the_schema_keeps_its_values_and_nothing_else_stops(
    connected: Terminal, notion: Notion, desk: notions.Office
) -> None:
    connected.done("record", "create", "task", "title=Call Jana", "waiting_on=the range")
    own_kind(connected, "task", "waiting_on: null")
    connected.done("schema", "apply")
    connected.done("record", "update", "T-1", "status=doing")
    props = connected.data("record", "get", "T-1")["props"]
    assert (props["status"], props["waiting_on"]) == ("doing", "the range")
    notion.phone.rename_property(desk.sources["task"], "owner", "Responsible")
    connected.done("record", "get", "T-1")
    connected.done("sync")
    assert "Responsible" in connected.done("record", "resolve", "I-1", "--keep", "theirs").out
