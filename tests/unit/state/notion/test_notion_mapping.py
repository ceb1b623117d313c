"""notion.yaml: what it may say, and that every mistake in it is told at once."""

from pathlib import Path

import pytest

from contract.office import SCHEMA
from onefirm import yamlfile
from onefirm.core.errors import InvalidInput
from onefirm.state.truth.notion import mapping
from onefirm.state.truth.notion.mapping import Column, NotionMapping, Option, Place
from onefirm.state.truth.notion.pace import RATE

SOURCE = "1f0c7a10-0000-4000-8000-000000000001"
GOOD = f"""\
version: 1
kinds:
  task:
    data_source: {SOURCE}
    ref: {{name: ID, id: "x%3Ay"}}
    key: {{name: onefirm key, id: k}}
    properties:
      title: {{name: Name, id: title}}
      status:
        name: Status
        id: s
        options: {{todo: Not started, doing: [In progress, {{name: Review, id: o9}}]}}
      due: {{name: Due, id: d}}
      owner: {{name: Owner, id: o, type: people}}
"""


def check(text: str) -> NotionMapping:
    return mapping.check(yamlfile.parse(Path("notion.yaml"), text.encode()), SCHEMA)


def test_a_whole_one_is_read() -> None:
    assert check(GOOD) == NotionMapping({
        "task": Place(
            "task",
            SOURCE,
            {
                "title": Column("Name", "title", "title"),
                "status": Column("Status", "s", "status", {
                    "todo": (Option("Not started"),), "doing": (Option("In progress"), Option("Review", "o9")),
                }),
                "due": Column("Due", "d", "date"),
                "owner": Column("Owner", "o", "people"),
            },
            Column("ID", "x%3Ay", "unique_id"),
            Column("onefirm key", "k", "rich_text"),
        )
    })  # fmt: skip


def test_what_is_written_is_read_again() -> None:
    import yaml

    whole = check(GOOD)
    assert check(yaml.safe_dump(whole.to_dict())) == whole


def test_a_data_source_is_known_by_any_spelling_of_its_id() -> None:
    whole = check(GOOD)
    assert whole.place(SOURCE.replace("-", "").upper()) == whole.places["task"]
    assert whole.place(SOURCE[:-1] + "2") is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("  task:", "  tsak:"), "line 3: there is no kind “tsak”; closest: task"),
        (("      due:", "      deu:"), "line 13: task has no property “deu”; closest: due"),
        (("id: d}", "id: d, type: number}"), "line 13: due (date) can't be kept in number"),
        (("{todo:", "{tdo:"), "status has no value “tdo”; closest: todo"),
        (("id: d}", "id: s}"), "task names the property with the id s twice"),
        (("title: {", "waiting_on: {"), "line 7: task names no property for its title"),
        (("id: k}", "id: k, type: number}"), "line 6: key must be a property of type rich_text, not number"),
        ((SOURCE, "nonsense"), "line 4: kinds.task.data_source"),
        (("version: 1", "version: 1\nbase_url: https://evil.example"), "must be http://127.0.0.1:PORT"),
        (("version: 1", "version: 1\npace: 0"), "line 2: pace: input should be greater than"),
        (("version: 1", "version: 1\ntoken: ntn_x"), "line 2: token: no such setting"),
        (("id: d}", "id: a/../b}"), "line 13: kinds.task.properties.due.id"),
    ],
)
def test_a_mistake_is_told_with_its_line(change: tuple[str, str], told: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check(GOOD.replace(*change))
    assert told in refused.value.message


def test_amounts_in_a_number_need_a_currency() -> None:
    text = GOOD.replace("task:", "invoice:").replace("todo:", "draft:").replace("doing:", "sent:")
    text = text.replace("      owner: {name: Owner, id: o, type: people}", "      amount: {name: Sum, id: a}")
    with pytest.raises(InvalidInput, match="amount is an amount in a number: name its currency"):
        check(text)
    assert check(text.replace("id: a}", "id: a, currency: EUR}")).places["invoice"].columns["amount"].currency == "EUR"


def test_two_kinds_can_not_share_a_data_source() -> None:
    second = GOOD.partition("kinds:\n")[2].replace("task:", "client:").replace("todo:", "active:")
    second = second.replace("doing:", "paused:").replace("due:", "waiting_on:")
    with pytest.raises(InvalidInput, match="name the same data source"):
        check(GOOD + second.replace("waiting_on: {name: Due, id: d}", "notes: {name: Due, id: d, type: rich_text}"))


def test_a_simulated_notion_on_this_machine_may_be_named() -> None:
    assert check(GOOD.replace("version: 1", "base_url: http://127.0.0.1:8123")).base_url == "http://127.0.0.1:8123"


def test_a_pace_of_ones_own_may_be_named() -> None:
    assert check(GOOD).pace == RATE
    whole = check(GOOD.replace("version: 1", "version: 1\npace: 1.5"))
    assert whole.pace == whole.to_dict()["pace"] == 1.5
