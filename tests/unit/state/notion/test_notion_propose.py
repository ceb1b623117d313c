"""What is proposed for notion.yaml, of data sources as people make them."""

import random
from dataclasses import replace
from pathlib import Path

import pytest

from onefirm import yamlfile
from onefirm.state.schema import Schema, shipped
from onefirm.state.truth.notion import mapping, mapping_text, words
from onefirm.state.truth.notion.mapping import Column, NotionMapping, Option
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


def test_what_the_file_says_is_kept_and_only_what_it_leaves_open_is_added() -> None:
    states = status("Not started", "Checking", "Running", "Done", groups=("To-do", *["In progress"] * 2, "Complete"))
    fields = (
        states,
        Field("Deadline", "d", "date"),
        Field("Day", "e", "date"),
        Field("Client", "c", "relation", to="z"),
    )
    tasks, clients = source("a", "Tasks", *fields[:3]), source("b", "Clients", status("Active"))
    first = proposed(tasks, clients)
    assert propose(SCHEMA, [tasks, clients], "EUR", first.places) == first
    guessed = first.places["task"]
    mine = dict(guessed.columns["status"].options) | {"doing": (Option("Running"), Option("Checking"))}
    columns = {
        "title": guessed.columns["title"], "status": replace(guessed.columns["status"], options=mine),
        "due": Column("Day", "e", "date"), "client": Column("Client", "hidden", "relation"),
    }  # fmt: skip
    stands = {**first.places, "task": replace(guessed, columns=columns)}
    later = source("a", "Tasks", *fields[:3], Field("Waiting on", "w", "rich_text"))
    again = propose(SCHEMA, [later, source("f", "Projects", status("Done"))], "EUR", stands)
    assert again.places["client"] == first.places["client"]  # not seen now, and not forgotten
    assert set(again.places) == {"client", "task", "project"}
    found = again.places["task"].columns
    assert {name: one.id for name, one in found.items()} == {
        "title": "title", "status": "s", "waiting_on": "w", "due": "e", "client": "hidden",
    }  # fmt: skip
    assert found["status"].options["doing"] == (Option("Running", "o2"), Option("Checking", "o1"))


def test_that_somebody_waits_is_never_guessed() -> None:
    tasks = status("In progress", "Odd", groups=("In progress", "In progress"))
    assert list(proposed(source("a", "Tasks", tasks)).places["task"].columns["status"].options) == ["doing"]


def test_a_choice_without_counterparts_is_laid_out_to_be_filled_in() -> None:
    prio = Field("Prio", "p", "select", (Option("A", "o1"), Option("B", "o2")))
    draft = proposed(source("a", "Tasks", status("Done"), prio))
    text = mapping_text.text(NotionMapping(draft.places), draft.remarks, draft.lacking)
    path = Path("notion.yaml")
    assert mapping.check(yamlfile.parse(path, text.encode()), SCHEMA).places == draft.places
    at = "          # low has no counterpart"
    filled = mapping.check(yamlfile.parse(path, text.replace(at, f"          low: B\n{at}").encode()), SCHEMA)
    assert filled.places["task"].columns["priority"].options == {"low": (Option("B"),)}
    answered = yamlfile.changed(path, text, [(("kinds", "task", "properties", "priority", "options"), {"low": "B"})])
    assert mapping.check(yamlfile.parse(path, answered.encode()), SCHEMA).places == filled.places


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
