"""Pages of the simulated Notion: every type of property, what is written is read, what can't be written is refused."""

import re
from typing import Any

import pytest
from notion_client import APIResponseError, Client

from onefirm.simulators.notion import Notion
from onefirm.simulators.notion.objects import DataSource

WRITABLE: list[tuple[str, Any, Any]] = [
    ("rich_text", [{"text": {"content": "why"}}], "why"),
    ("number", 2.5, 2.5),
    ("checkbox", True, True),
    ("url", "https://example.com", "https://example.com"),
    ("email", "ada@example.com", "ada@example.com"),
    ("phone_number", "+49 30 1", "+49 30 1"),
    ("select", {"name": "Low"}, "Low"),
    ("multi_select", [{"name": "a"}, {"name": "b"}], ["a", "b"]),
    ("status", {"name": "Done"}, "Done"),
    ("date", {"start": "2026-11-02"}, {"start": "2026-11-02", "end": None, "time_zone": None}),
    ("files", [{"name": "x", "external": {"url": "https://example.com/x"}}], ["x"]),
    ("place", {"lat": 1.5, "lon": 2.5}, {"lat": 1.5, "lon": 2.5}),
    ("verification", {"state": "unverified"}, "unverified"),
]
COMPUTED = ("created_time", "created_by", "last_edited_time", "last_edited_by", "unique_id", "button")


def table(notion: Notion) -> DataSource:
    """A data source with a property of every type that holds a value, named after its type."""
    named: dict[str, Any] = {kind: kind for kind, _, _ in WRITABLE}
    named |= {"title": "title", "people": "people", **{kind: kind for kind in COMPUTED}}
    named["formula"] = {"formula": {"expression": 'if(prop("number") > 2, prop("title"), "small")'}}
    return notion.phone.database("Everything", named)


def bare(value: Any) -> Any:
    """What a person would read in the cell."""
    match value:
        case [{"plain_text": _}, *_]:
            return "".join(one["plain_text"] for one in value)
        case [{"name": _}, *_]:
            return [one["name"] for one in value]
        case {"name": name} | {"state": name}:
            return name
        case _:
            return value


@pytest.mark.parametrize(("kind", "sent", "read"), WRITABLE, ids=[kind for kind, _, _ in WRITABLE])
def test_what_is_written_is_read(notion: Notion, api: Client, kind: str, sent: Any, read: Any) -> None:
    source = table(notion)
    page = api.pages.create(parent={"data_source_id": source.id}, properties={kind: {kind: sent}})
    assert bare(page["properties"][kind][kind]) == read
    assert api.pages.retrieve(page["id"])["properties"][kind] == page["properties"][kind]
    emptied = {"status": {"name": "Done"}, "checkbox": False, "verification": {"state": "unverified"}}
    nothing = emptied.get(kind, [] if isinstance(sent, list) else None)
    api.pages.update(page["id"], properties={page["properties"][kind]["id"]: {kind: nothing}})


def test_what_nobody_writes_is_computed(notion: Notion, api: Client) -> None:
    source = table(notion)
    sent = {"title": {"title": [{"text": {"content": "Big"}}]}, "number": {"number": 3}}
    page = api.pages.create(parent={"data_source_id": source.id}, properties=sent)
    read = {kind: page["properties"][kind][kind] for kind in (*COMPUTED, "formula")}
    assert read["unique_id"] == {"prefix": None, "number": 1}
    assert read["formula"] == {"type": "string", "string": "Big"}
    assert read["created_by"] == {"object": "user", "id": api.users.me()["id"]} == page["created_by"]
    assert read["created_time"] == page["created_time"]


def test_a_relation_is_seen_from_both_sides_and_rolled_up(
    notion: Notion, api: Client, projects: DataSource, clients: DataSource
) -> None:
    rollup = {"relation_property_name": "Projects", "rollup_property_name": "Value", "function": "sum"}
    api.data_sources.update(clients.id, properties={"Total": {"rollup": rollup}})
    acme = notion.phone.row(clients, {"Name": "Acme"})
    for value in (2, 3):
        notion.phone.row(projects, {"Name": f"P{value}", "Value": value, "Client": [acme.id]})
    page = api.pages.retrieve(acme.id)
    assert len(page["properties"]["Projects"]["relation"]) == 2
    assert page["properties"]["Total"]["rollup"] == {"type": "number", "number": 5, "function": "sum"}


def test_the_references_after_the_25th_are_read_in_pages(
    notion: Notion, api: Client, projects: DataSource, clients: DataSource
) -> None:
    ids = [notion.phone.row(clients, {"Name": str(at)}).id for at in range(60)]
    page = notion.phone.row(projects, {"Name": "All", "Client": ids})
    shown = api.pages.retrieve(page.id)["properties"]["Client"]
    assert len(shown["relation"]) == 25
    assert shown["has_more"] is True
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = api.pages.properties.retrieve(page.id, shown["id"], page_size=50, **cursor)
        found += [one["relation"]["id"] for one in answer["results"]]
        if not answer["has_more"]:
            break
        cursor = {"start_cursor": answer["next_cursor"]}
    assert found == ids


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"Nope": {"number": 1}}, "Nope is not a property that exists."),
        ({"Value": {"rich_text": []}}, "Value is expected to be number."),
        ({"Value": {"number": "1"}}, 'body.properties.Value.number should be a number or `null`, instead was `"1"`.'),
        ({"Status": {"status": {"name": "Lost"}}}, 'Status option "Lost" does not exist'),
        ({"Due": {"date": {"start": "soon"}}}, "should be a valid ISO 8601 date string"),
        (
            {"Name": {"title": [{"text": {"content": "x" * 2001}}]}},
            "body.properties.Name.title[0].text.content.length should be ≤ `2000`, instead was `2001`.",
        ),
        ({"Name": {"title": [{"text": {"content": "x"}}] * 101}}, "title.length should be ≤ `100`, instead was `101`."),
        ({"Client": {"relation": [{"id": "x"}]}}, "should be a valid uuid"),
    ],
)
def test_what_cannot_be_written_is_refused_in_notions_words(
    api: Client, projects: DataSource, properties: Any, words: str
) -> None:
    with pytest.raises(APIResponseError, match=re.escape(words)) as refused:
        api.pages.create(parent={"data_source_id": projects.id}, properties=properties)
    assert refused.value.code == "validation_error"


def test_a_page_in_the_trash_is_read_and_not_edited(notion: Notion, api: Client, projects: DataSource) -> None:
    page = notion.phone.row(projects, {"Name": "Old"})
    assert api.pages.update(page.id, in_trash=True)["in_trash"] is True
    with pytest.raises(APIResponseError, match="unarchive"):
        api.pages.update(page.id, properties={"Value": {"number": 1}})
    assert api.pages.retrieve(page.id)["in_trash"] is True
    assert api.pages.update(page.id, in_trash=False)["in_trash"] is False


def test_a_new_option_of_a_select_is_learned_and_a_renamed_one_is_renamed_everywhere(
    notion: Notion, api: Client, projects: DataSource
) -> None:
    page = notion.phone.row(projects, {"Name": "X", "Status": "Delivery"})
    notion.phone.rename_option(projects, "Status", "Delivery", "Shipping")
    assert api.pages.retrieve(page.id)["properties"]["Status"]["status"]["name"] == "Shipping"
    api.data_sources.update(projects.id, properties={"Kind": {"select": {"options": []}}})
    api.pages.update(page.id, properties={"Kind": {"select": {"name": "Site"}}})
    options = api.data_sources.retrieve(projects.id)["properties"]["Kind"]["select"]["options"]
    assert [one["name"] for one in options] == ["Site"]


def test_what_happens_on_the_phone_is_somebody_elses(notion: Notion, api: Client, projects: DataSource) -> None:
    page = notion.phone.row(projects, {"Name": "X"})
    notion.phone.rename(page.id, "Y")
    read = api.pages.retrieve(page.id)
    assert read["properties"]["Name"]["title"][0]["plain_text"] == "Y"
    assert read["last_edited_by"]["id"] == notion.phone.user.id != api.users.me()["id"]


def test_a_property_that_changes_its_type_loses_what_it_cannot_hold(
    notion: Notion, api: Client, projects: DataSource
) -> None:
    page = notion.phone.row(projects, {"Name": "X", "Status": "Done", "Value": 3})
    notion.phone.change_type(projects, "Status", {"select": {}})
    notion.phone.change_type(projects, "Value", {"rich_text": {}})
    notion.phone.rename_property(projects, "Due", "Deadline")
    read = api.pages.retrieve(page.id)["properties"]
    assert read["Status"]["select"]["name"] == "Done"
    assert read["Value"]["rich_text"] == []
    assert "Due" not in read
    assert read["Deadline"]["date"] is None


def test_a_schema_that_is_refused_halfway_leaves_nothing_behind(
    notion: Notion, api: Client, projects: DataSource, clients: DataSource
) -> None:
    home = notion.phone.page("Home")
    page = notion.phone.row(projects, {"Name": "X", "Value": 3})
    dual = {"relation": {"data_source_id": clients.id, "dual_property": {}}}
    wrong = {"rollup": {"relation_property_name": "Nope", "rollup_property_name": "Name", "function": "count"}}
    with pytest.raises(APIResponseError, match="has no relation Nope"):
        api.databases.create(
            parent={"page_id": home.id, "type": "page_id"},
            title=[],
            initial_data_source={"properties": {"Name": {"title": {}}, "Of": dual, "Count": wrong}},
        )
    with pytest.raises(APIResponseError, match="has no relation Nope"):
        api.data_sources.update(projects.id, properties={"Value": {"rich_text": {}}, "Of": dual, "Count": wrong})
    assert set(api.data_sources.retrieve(clients.id)["properties"]) == {"Name", "Projects"}
    assert api.pages.retrieve(page.id)["properties"]["Value"]["number"] == 3
    assert api.blocks.children.list(home.id)["results"] == []
    assert len(notion.workspace.databases) == 2


def test_a_schema_is_changed_by_the_api(api: Client, projects: DataSource) -> None:
    kinds = {"select": {"options": [{"name": "Site", "color": "red"}]}}
    api.data_sources.update(projects.id, properties={"Kind": kinds, "Due": {"name": "Deadline"}, "Value": None})
    read = api.data_sources.retrieve(projects.id)["properties"]
    assert set(read) == {"Name", "Status", "Client", "Kind", "Deadline"}
    assert read["Kind"]["select"]["options"][0]["color"] == "red"
    own = read["Kind"]["select"]["options"][0]["id"]
    more = {"select": {"options": [{"name": "Site"}, {"name": "Shop"}]}}
    changed = api.data_sources.update(projects.id, properties={"Kind": more})["properties"]["Kind"]
    assert [one["name"] for one in changed["select"]["options"]] == ["Site", "Shop"]
    assert changed["select"]["options"][0]["id"] == own
    with pytest.raises(APIResponseError, match="already exists"):
        api.data_sources.update(projects.id, properties={"Deadline": {"name": "Status"}})
