"""What is proposed for notion.yaml, of data sources as people make them."""

import random
from pathlib import Path

import pytest

from onefirm import yamlfile
from onefirm.state.schema import Schema, shipped
from onefirm.state.truth.notion import mapping, mapping_text, words
from onefirm.state.truth.notion.mapping import NotionMapping, Option
from onefirm.state.truth.notion.propose import Draft, propose
from onefirm.state.truth.notion.survey import Field, Source

SCHEMA: Schema = shipped()
TITLE = Field("Name", "title", "title")


def status(*names: str, groups: tuple[str, ...] = ()) -> Field:
    options = tuple(Option(name, f"o{at}") for at, name in enumerate(names))
    return Field("Status", "s", "status", options, {f"o{at}": group for at, group in enumerate(groups)})


def source(id_: str, title: str, *fields: Field, rows: str = "0") -> Source:
    return Source(id_ * 32, title, "", (TITLE, *fields), rows=rows)


def proposed(*sources: Source) -> Draft:
    return propose(SCHEMA, sources, "EUR")


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Clients", "client"), ("👥 Our customers", "client"), ("Client projects", "project"), ("To-dos", "task"),
        ("Action Items", "task"), ("Verträge", "contract"), ("Sales pipeline", "prospect"), ("Rechnungen", "invoice"),
        ("Editorial Calendar", "content"), ("Companies", "client"), ("Address book", "contact"),
    ],
)  # fmt: skip
def test_a_kind_is_found_by_what_people_call_it(title: str, kind: str) -> None:
    assert set(proposed(source("a", title, status("Active"))).places) == {kind}


@pytest.mark.parametrize("title", ["Holiday ideas", "Recipes", "", "———", "Meeting notes"])
def test_what_is_called_like_nothing_of_ours_is_left_alone(title: str) -> None:
    assert proposed(source("a", title, status("Active"))).places == {}


def test_of_two_that_are_called_the_same_the_fuller_one_is_proposed_and_the_doubt_told() -> None:
    draft = proposed(source("a", "Tasks", status("Done")), source("b", "Tasks", status("Done"), rows="100+"))
    assert draft.places["task"].data_source == "b" * 32
    assert "another one is called the same" in draft.remarks[("kinds", "task", "data_source")]


def test_a_kind_is_found_by_its_properties_where_the_title_says_nothing() -> None:
    fields = [Field(name, name[0], "rich_text") for name in ("Industry", "Next step", "Owner")]
    draft = proposed(source("a", "Who we love", status("Active"), *fields, Field("Website", "w", "url")))
    assert set(draft.places) == {"client"}
    assert "its title doesn't say so" in draft.remarks[("kinds", "client", "data_source")]


def test_a_status_is_guessed_by_its_group_only_where_one_is_left() -> None:
    draft = proposed(source("a", "Contacts", status("Warm", "Somewhere else", groups=("In progress", "Complete"))))
    options = draft.places["contact"].columns["status"].options
    assert {ours: [one.name for one in theirs] for ours, theirs in options.items()} == {
        "active": ["Warm"], "left": ["Somewhere else"],
    }  # fmt: skip
    at = ("kinds", "contact", "properties", "status", "options", "active")
    assert draft.remarks[at] == "unsure: by its group alone"
    two = status("Not started", "X", "Y", groups=("To-do", "In progress", "In progress"))
    columns = proposed(source("a", "Tasks", two)).places["task"].columns
    assert list(columns["status"].options) == ["todo"]


def test_several_relations_to_one_data_source_are_told_apart_by_their_names() -> None:
    tasks = source(
        "a", "Tasks", status("Done"), Field("Blocked by", "b", "relation", to="a" * 32),
        Field("Blocking", "c", "relation", to="a" * 32), Field("Parent", "d", "relation", to="a" * 32),
    )  # fmt: skip
    assert proposed(tasks).places["task"].columns["blocked_by"].id == "b"


def test_the_order_in_which_notion_lists_them_changes_nothing() -> None:
    sources = [
        source("a", "Tasks", status("Done"), Field("Due", "d", "date"), Field("Deadline", "e", "date")),
        source("b", "To-dos", status("Done")), source("c", "Clients", status("Active")),
        source("d", "Customers", status("Active")),
    ]  # fmt: skip
    first = proposed(*sources)
    for seed in range(10):
        assert proposed(*random.Random(seed).sample(sources, len(sources))) == first


def test_hostile_names_stay_within_their_line() -> None:
    evil = 'x"} # \n\u2028\u0085  task: {data_source: y}\x7f'
    draft = proposed(
        Source("a" * 32, f"Tasks\n{evil}", "", (TITLE, status(evil, "Done"), Field(evil, "d", "date"))),
    )
    text = mapping_text.text(NotionMapping(draft.places), draft.remarks, draft.lacking, draft.left)
    read = mapping.check(yamlfile.parse(Path("notion.yaml"), text.encode()), SCHEMA)
    assert read.places == draft.places


def test_names_are_compared_by_their_words() -> None:
    assert words.plain("  ✅ Open Tasks (2026)!") == "open task 2026"
    assert words.alike("Fällig am", ("due",), ("Fällig am",)) == words.NEAR
    assert words.alike("Due-Date", ("due", "due date")) == words.EXACT
    assert words.alike("", ("due",)) == 0
