"""What a token sees of Notion, asked of a simulated one."""

from collections.abc import Iterator
from typing import Any

import pytest

from onefirm.simulators.notion import Notion
from onefirm.state.truth.base import Unreachable
from onefirm.state.truth.notion.survey import Absent, Source, Survey


@pytest.fixture
def survey(notion: Notion) -> Iterator[Survey]:
    asked = Survey.connect(notion.token, notion.url)
    yield asked
    asked.close()


def test_all_that_a_token_sees_is_told(notion: Notion, survey: Survey) -> None:
    home = notion.phone.page("Firm")
    clients = notion.phone.database("Clients", {"Name": "title", "Value": {"number": {"format": "euro"}}}, home.id)
    state = {"status": {"options": [{"name": "To do"}, {"name": "Doing"}, {"name": "Done"}]}}
    to_clients: dict[str, Any] = {"relation": {"data_source_id": clients.id, "single_property": {}}}
    tasks = notion.phone.database("Tasks", {"State": state, "Client": to_clients}, home.id)
    old = notion.phone.source(notion.workspace.databases[tasks.database], "Old tasks", {})
    gone = notion.phone.database("Gone", {}, home.id)
    notion.phone.delete_database(gone.database)
    for number in range(101):
        notion.phone.row(clients, {"Name": f"Client {number}"})

    seen = survey.sight()

    assert (seen.acting.workspace, [room.title for room in seen.rooms], seen.is_cut) == (
        notion.workspace.name, ["Firm"], False,
    )  # fmt: skip
    listed = [(one.title, one.database, one.rows) for one in seen.sources]
    assert listed == [("Clients", "Clients", "100+"), ("Old tasks", "Tasks", "0"), ("Tasks", "Tasks", "0")]
    found = survey.sources([clients.id, tasks.id, old.id, tasks.database, gone.id, home.id])
    client, task = found[clients.id], found[tasks.id]
    assert isinstance(client, Source)
    assert isinstance(task, Source)
    assert [(one.name, one.format) for one in client.fields] == [("Name", None), ("Value", "euro")]
    status, leads = task.named("state"), task.named("Client")
    assert status
    assert [status.groups[one.id or ""] for one in status.options] == ["To-do", "In progress", "Complete"]
    assert leads
    assert leads.to == clients.id
    assert found[tasks.database] == Absent(tasks.database, ((tasks.id, "Tasks"), (old.id, "Old tasks")))
    assert found[home.id] == Absent(home.id)
    trashed = found[gone.id]
    assert isinstance(trashed, Source)
    assert trashed.in_trash


def test_a_property_is_added_once(notion: Notion, survey: Survey) -> None:
    source = notion.phone.database("Clients", {"Name": "title"})
    key: dict[str, Any] = {"onefirm key": {"rich_text": {}}}
    first, second = survey.add(source.id, key).named("onefirm key"), survey.add(source.id, key).named("onefirm key")
    assert first is not None
    assert first == second


def test_a_token_that_was_revoked_sees_nothing_and_says_so(notion: Notion, survey: Survey) -> None:
    notion.phone.revoke(notion.token)
    with pytest.raises(Unreachable, match="refuses the token"):
        survey.sight()
