"""notion.yaml held against data sources that somebody changed: each gap is named, with what mends it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from contract.office import SCHEMA
from onefirm.state.truth.notion.gaps import Gap, gaps
from onefirm.state.truth.notion.mapping import Column, NotionMapping, Option, Place
from onefirm.state.truth.notion.survey import Absent, Field, Seen, Source

CLIENTS, TASKS = "c" * 32, "t" * 32
ACTIVE = Field("Status", "s", "status", (Option("Active", "o1"), Option("Paused", "o2"), Option("Former", "o3")))
STATES = Column(
    "Status",
    "s",
    "status",
    {"active": (Option("Active", "o1"),), "paused": (Option("Paused"),), "former": (Option("Former"),)},
)
CLIENT = Place(
    "client",
    CLIENTS,
    {"title": Column("Name", "title", "title"), "status": STATES, "email": Column("Email", "e", "email")},
    Column("ID", "n", "unique_id"),
    Column("onefirm key", "k", "rich_text"),
)
TASK = Place(
    "task",
    TASKS,
    {
        "title": Column("Name", "title", "title"),
        "status": Column("State", "s", "select", {"todo": (Option("To do", "o1"),)}),
        "client": Column("Client", "c", "relation"),
        "due": Column("Due", "d", "date"),
    },
)
SOURCES: dict[str, Seen] = {
    CLIENTS: Source(CLIENTS, "Clients", "db1", (
        Field("Name", "title", "title"), ACTIVE, Field("Email", "e", "email"), Field("ID", "n", "unique_id"),
        Field("onefirm key", "k", "rich_text"), Field("Turnover", "m", "number", format="dollar"),
    )),
    TASKS: Source(TASKS, "Tasks", "db2", (
        Field("Name", "title", "title"), Field("State", "s", "select", (Option("To do", "o1"),)),
        Field("Client", "c", "relation", to=CLIENTS), Field("Due", "d", "date"),
    )),
}  # fmt: skip
MAPPING = NotionMapping({"client": CLIENT, "task": TASK})


def told(found: dict[str, Seen] | None = None, mapping: NotionMapping = MAPPING) -> list[Gap]:
    return gaps(mapping, SCHEMA, found or SOURCES)


def source(id_: str) -> Source:
    found = SOURCES[id_]
    assert isinstance(found, Source)
    return found


def with_field(id_: str, old: str, new: Field | None) -> dict[str, Seen]:
    one = source(id_)
    fields = [field for field in one.fields if field.name != old] + ([new] if new else [])
    return {**SOURCES, id_: replace(one, fields=tuple(fields))}


def test_where_all_is_as_the_file_says_there_are_notes_only() -> None:
    found = told()
    assert [gap for gap in found if not gap.is_note] == []
    notes = {(gap.kind, gap.sort) for gap in found if gap.is_note}
    assert {("task", "key"), ("task", "ref"), ("task", "unmapped"), ("client", "unmapped"), ("", "unmapped")} <= notes


BROKEN: list[tuple[str, Callable[[], dict[str, Seen]], tuple[str, ...], str]] = [
    ("unseen", lambda: {**SOURCES, TASKS: Absent(TASKS)}, ("kinds", "task", "data_source"), "Share it"),
    ("unseen", lambda: {**SOURCES, TASKS: Absent(TASKS, (("x1", "Tasks"),))}, ("kinds", "task", "data_source"), "x1"),
    (
        "trashed",
        lambda: {**SOURCES, TASKS: replace(source(TASKS), in_trash=True)},
        ("kinds", "task", "data_source"),
        "Restore it",
    ),
    ("missing", lambda: with_field(TASKS, "Due", None), ("kinds", "task", "properties", "due"), "take due out"),
    (
        "missing",
        lambda: with_field(TASKS, "Due", Field("Due", "z", "date")),
        ("kinds", "task", "properties", "due"),
        "Write id: z",
    ),
    (
        "type",
        lambda: with_field(TASKS, "Due", Field("Due", "d", "rich_text")),
        ("kinds", "task", "properties", "due"),
        "Change it back",
    ),
    (
        "type",
        lambda: with_field(TASKS, "Due", Field("Due", "d", "formula")),
        ("kinds", "task", "properties", "due"),
        "Write type: formula",
    ),
    (
        "relation",
        lambda: with_field(TASKS, "Client", Field("Client", "c", "relation", to="f" * 32)),
        ("kinds", "task", "properties", "client"),
        "Map the property that leads there",
    ),
    (
        "option",
        lambda: with_field(CLIENTS, "Status", replace(ACTIVE, options=ACTIVE.options[1:])),
        ("kinds", "client", "properties", "status", "options", "active"),
        "Write one that it has",
    ),
    ("key", lambda: with_field(CLIENTS, "onefirm key", None), ("kinds", "client", "key"), "--add-key"),
    ("ref", lambda: with_field(CLIENTS, "ID", None), ("kinds", "client", "ref"), "--add-key"),
]


@pytest.mark.parametrize(("sort", "found", "at", "fix"), BROKEN)
def test_a_gap_is_named_at_its_line_with_its_fix(
    sort: str, found: Callable[[], dict[str, Seen]], at: tuple[str, ...], fix: str
) -> None:
    (gap,) = [one for one in told(found()) if not one.is_note]
    assert (gap.sort, gap.at) == (sort, at)
    assert fix in gap.fix


def test_what_was_renamed_is_a_note_with_its_new_name() -> None:
    moved = replace(ACTIVE, name="Stage", options=(Option("Live", "o1"), *ACTIVE.options[1:]))
    renamed = [gap for gap in told(with_field(CLIENTS, "Status", moved)) if gap.sort == "renamed"]
    assert [(gap.prop, gap.now, gap.is_note) for gap in renamed] == [
        ("status", "Stage", True),
        ("status", "Live", True),
    ]


def test_a_relation_to_a_kind_that_is_mapped_nowhere_is_a_gap() -> None:
    (gap,) = [one for one in told(mapping=NotionMapping({"task": TASK})) if not one.is_note]
    assert (gap.sort, gap.prop) == ("relation", "client")
    assert "Map client too" in gap.fix


def test_a_currency_that_notion_shows_otherwise_is_a_gap() -> None:
    amounts = Column("Turnover", "m", "number", currency="EUR")
    lying = replace(CLIENT, columns={**CLIENT.columns, "email": amounts})
    (gap,) = [one for one in told(mapping=NotionMapping({"client": lying})) if one.sort == "currency"]
    assert (gap.now, gap.is_note) == ("USD", False)


def test_a_value_without_an_option_is_a_gap_only_where_notion_makes_none() -> None:
    of_select = [gap for gap in told() if gap.sort == "option"]
    assert {gap.kind for gap in of_select if gap.is_note} == {"task"}
    silent = replace(CLIENT, columns={**CLIENT.columns, "status": replace(STATES, options={})})
    found = [gap for gap in told(mapping=NotionMapping({"client": silent})) if not gap.is_note]
    assert [gap.fix for gap in found] == [
        f"Write under options {ours}: {ours.title()}" for ours in ("active", "paused", "former")
    ]
