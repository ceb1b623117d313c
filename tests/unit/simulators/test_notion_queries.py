"""Queries of the simulated Notion: filters, sorts, cursors, the cap, and an index that is late."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from notion_client import APIResponseError, Client

from onefirm.simulators.notion import Notion, queries
from onefirm.simulators.notion.moments import Dial
from onefirm.simulators.notion.objects import DataSource

NINE = datetime(2026, 11, 2, 9, 0, 42, tzinfo=UTC)


def standing(notion: Notion, at: datetime = NINE) -> Dial:
    """Stop the simulator's clock."""
    assert isinstance(notion.clock, Dial)
    notion.clock.stop(at)
    return notion.clock


def titles(answer: Any) -> list[str]:
    return [page["properties"]["Name"]["title"][0]["plain_text"] for page in answer["results"]]


@pytest.fixture
def four(notion: Notion, projects: DataSource) -> DataSource:
    for name, status, value, due in (
        ("a", "Discovery", 1, "2026-11-01"),
        ("b", "Delivery", 3, "2026-11-02"),
        ("c", "Delivery", 2, "2026-11-03T10:00:00Z"),
        ("d", None, None, None),
    ):
        notion.phone.row(projects, {"Name": name, "Status": status, "Value": value, "Due": due})
    return projects


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({"property": "Status", "status": {"equals": "Delivery"}}, "bc"),
        ({"property": "Status", "status": {"does_not_equal": "Delivery"}}, "ad"),
        ({"property": "Status", "status": {"is_empty": True}}, "d"),
        ({"property": "Value", "number": {"greater_than": 1}}, "bc"),
        ({"property": "Value", "number": {"is_not_empty": True}}, "abc"),
        ({"property": "Name", "title": {"contains": "A"}}, "a"),
        ({"property": "Due", "date": {"before": "2026-11-02"}}, "a"),
        ({"property": "Due", "date": {"on_or_before": "2026-11-03"}}, "abc"),
        ({"property": "Due", "date": {"on_or_after": "2026-11-03"}}, "c"),
        ({"property": "Due", "date": {"equals": "2026-11-03"}}, "c"),
        (
            {"or": [{"property": "Name", "title": {"equals": "a"}}, {"property": "Value", "number": {"equals": 2}}]},
            "ac",
        ),
        (
            {
                "and": [
                    {"property": "Status", "status": {"equals": ["Delivery", "Discovery"]}},
                    {"or": [{"property": "Value", "number": {"less_than": 3}}]},
                ]
            },
            "ac",
        ),
        ({"property": "Client", "relation": {"is_empty": True}}, "abcd"),
    ],
)
def test_a_filter_finds_its_rows(api: Client, four: DataSource, condition: Any, found: str) -> None:
    assert titles(api.data_sources.query(four.id, filter=condition)) == list(found)


@pytest.mark.parametrize(
    ("sorts", "order"),
    [
        ([{"property": "Value", "direction": "ascending"}], "acbd"),
        ([{"property": "Value", "direction": "descending"}], "bcad"),
        ([{"property": "Status", "direction": "descending"}, {"property": "Name", "direction": "descending"}], "cbad"),
        ([{"timestamp": "created_time", "direction": "ascending"}], "abcd"),
    ],
)
def test_sorts_decide_the_order_and_what_is_empty_comes_last(
    api: Client, four: DataSource, sorts: Any, order: str
) -> None:
    assert titles(api.data_sources.query(four.id, sorts=sorts)) == list(order)


def test_times_have_no_seconds_and_are_filtered_so(notion: Notion, api: Client, projects: DataSource) -> None:
    clock = standing(notion)
    early = notion.phone.row(projects, {"Name": "early"})
    clock.advance(seconds=30)
    notion.phone.row(projects, {"Name": "late"})
    assert api.pages.retrieve(early.id)["last_edited_time"] == "2026-11-02T09:00:00.000Z"
    condition = {"timestamp": "last_edited_time", "last_edited_time": {"on_or_after": "2026-11-02T09:01:00Z"}}
    assert titles(api.data_sources.query(projects.id, filter=condition)) == ["late"]
    condition["last_edited_time"] = {"after": "2026-11-02T09:00:30Z"}
    assert titles(api.data_sources.query(projects.id, filter=condition)) == ["late"]


def test_the_index_hears_of_a_write_after_its_lag_and_a_page_is_always_fresh(
    notion: Notion, api: Client, projects: DataSource
) -> None:
    clock = standing(notion)
    page = notion.phone.row(projects, {"Name": "old"})
    notion.workspace.index.lag_s = 20
    notion.phone.rename(page.id, "new")
    fresh = notion.phone.row(projects, {"Name": "second"})
    assert titles(api.data_sources.query(projects.id)) == ["old"]
    assert [hit["id"] for hit in api.search(query="second")["results"]] == []
    assert api.pages.retrieve(page.id)["properties"]["Name"]["title"][0]["plain_text"] == "new"
    assert api.pages.retrieve(fresh.id)["id"] == fresh.id
    clock.advance(seconds=20)
    assert titles(api.data_sources.query(projects.id)) == ["new", "second"]
    assert [hit["id"] for hit in api.search(query="second")["results"]] == [fresh.id]


def test_a_query_walks_its_pages_over_the_rows_it_found_first(
    notion: Notion, api: Client, projects: DataSource
) -> None:
    made = [notion.phone.row(projects, {"Name": str(at)}).id for at in range(250)]
    first = api.data_sources.query(projects.id, page_size=500)
    assert len(first["results"]) == 100
    notion.phone.row(projects, {"Name": "later"})
    notion.phone.trash(made[150])
    found = [one["id"] for one in first["results"]]
    while first["has_more"]:
        first = api.data_sources.query(projects.id, start_cursor=first["next_cursor"])
        found += [one["id"] for one in first["results"]]
    assert found == made
    assert "request_status" not in first


def test_a_cursor_that_is_over_or_anothers_is_refused(
    notion: Notion, api: Client, projects: DataSource, clients: DataSource
) -> None:
    for at in range(3):
        notion.phone.row(projects, {"Name": str(at)})
    cursor = api.data_sources.query(projects.id, page_size=1)["next_cursor"]
    for source, sent in ((clients, cursor), (projects, "s:x"), (projects, "no")):
        with pytest.raises(APIResponseError, match="The start_cursor provided is invalid"):
            api.data_sources.query(source.id, start_cursor=sent)
    notion.queries.expire()
    with pytest.raises(APIResponseError, match="The start_cursor provided is invalid"):
        api.data_sources.query(projects.id, page_size=1, start_cursor=cursor)


def test_a_query_ends_at_its_cap_and_says_so(notion: Notion, api: Client, projects: DataSource) -> None:
    notion.queries.cap = 5
    for at in range(7):
        notion.phone.row(projects, {"Name": str(at)})
    first = api.data_sources.query(projects.id, page_size=3)
    last = api.data_sources.query(projects.id, page_size=3, start_cursor=first["next_cursor"])
    assert titles(first) + titles(last) == list("01234")
    assert last["has_more"] is False
    assert last["request_status"] == {"type": "incomplete", "incomplete_reason": "query_result_limit_reached"}


def test_the_trash_is_asked_for_by_itself(notion: Notion, api: Client, four: DataSource) -> None:
    notion.phone.trash(next(iter(four.rows)))
    assert titles(api.data_sources.query(four.id)) == list("bcd")
    assert titles(api.data_sources.query(four.id, in_trash=True)) == ["a"]


def test_only_the_properties_asked_for_are_sent(api: Client, four: DataSource) -> None:
    answer = api.data_sources.query(four.id, filter_properties=["title", "Value"])
    assert set(answer["results"][0]["properties"]) == {"Name", "Value"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"page_size": 0}, "body.page_size should be ≥ `1`"),
        ({"filter": {"property": "Nope", "number": {"equals": 1}}}, "Could not find property with name or id: Nope"),
        ({"filter": {"property": "Value", "checkbox": {"equals": True}}}, "does not match filter checkbox"),
        (
            {"sorts": [{"property": "Nope", "direction": "ascending"}]},
            "Could not find sort property with name or id: Nope",
        ),
        ({"sorts": [{"property": "Value"}]}, "body.sorts[0].direction should be defined"),
    ],
)
def test_a_query_that_means_nothing_is_refused(api: Client, projects: DataSource, body: Any, words: str) -> None:
    with pytest.raises(APIResponseError, match=re.escape(words)):
        api.data_sources.query(projects.id, **body)


def test_of_very_many_queries_only_the_last_can_be_gone_on_with(
    notion: Notion, api: Client, projects: DataSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "SESSIONS_MOST", 2)
    for at in range(3):
        notion.phone.row(projects, {"Name": str(at)})
    cursors = [api.data_sources.query(projects.id, page_size=1)["next_cursor"] for _ in range(3)]
    assert titles(api.data_sources.query(projects.id, page_size=1, start_cursor=cursors[2])) == ["1"]
    with pytest.raises(APIResponseError, match="The start_cursor provided is invalid"):
        api.data_sources.query(projects.id, page_size=1, start_cursor=cursors[0])
