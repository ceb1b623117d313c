"""The simulated Notion answers or refuses whatever it is sent: a 500 is only ever a fault that somebody asked for."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onefirm.simulators.notion import Notion
from onefirm.simulators.notion.refusals import Refusal

TEXT = [{"text": {"content": "x", "link": {"url": "https://example.com"}}, "annotations": {"bold": True}}]
MENTION = {"mention": {"type": "date", "date": {"start": "2026-11-02"}}}
CELLS: dict[str, Any] = {
    "Name": {"title": TEXT},
    "Text": {"rich_text": [MENTION, {"equation": {"expression": "x"}}]},
    "Number": {"number": 1},
    "Status": {"status": {"name": "Done"}},
    "Select": {"select": {"name": "a"}},
    "Many": {"multi_select": [{"name": "a"}]},
    "Date": {"date": {"start": "2026-11-02", "end": None}},
    "People": {"people": [{"id": "PERSON"}]},
    "Other": {"relation": [{"id": "PAGE"}]},
    "Files": {"files": [{"name": "x", "external": {"url": "https://example.com"}}]},
    "Mail": {"email": "ada@example.com"},
    "Place": {"place": {"lat": 1, "lon": 2}},
    "Verified": {"verification": {"state": "verified", "date": {"start": "2026-11-02"}}},
}
BLOCKS = [{"paragraph": {"rich_text": TEXT, "children": [{"to_do": {"rich_text": TEXT, "checked": True}}]}}]
CONDITIONS: list[Any] = [
    {"property": "Name", "title": {"contains": "x"}},
    {"property": "Number", "number": {"greater_than": 1}},
    {"property": "Status", "status": {"equals": "Done"}},
    {"property": "Many", "multi_select": {"contains": "a"}},
    {"property": "Date", "date": {"past_week": {}}},
    {"property": "Formula", "formula": {"number": {"equals": 1}}},
    {"property": "Sum", "rollup": {"number": {"greater_than": 0}}},
    {"property": "Each", "rollup": {"any": {"number": {"equals": 1}}}},
    {"timestamp": "last_edited_time", "last_edited_time": {"on_or_after": "2026-11-02"}},
]
SORTS = [{"property": "Number", "direction": "ascending"}, {"timestamp": "created_time", "direction": "descending"}]
COLUMNS: dict[str, Any] = {
    "Kind": {"select": {"options": [{"name": "a", "color": "red"}]}},
    "Stand": {"status": {"options": [{"name": "a"}]}},
    "Back": {"relation": {"data_source_id": "SOURCE", "dual_property": {}}},
    "Total": {"rollup": {"relation_property_name": "Other", "rollup_property_name": "Number", "function": "sum"}},
    "Twice": {"formula": {"expression": 'prop("Number") * 2'}},
    "Key": {"unique_id": {"prefix": "P"}},
    "Cost": {"number": {"format": "euro"}},
}
PARENT = {"type": "data_source_id", "data_source_id": "SOURCE"}
REQUESTS: list[tuple[str, str, Any]] = [
    ("POST", "pages", {"parent": PARENT, "properties": CELLS, "children": BLOCKS, "icon": None}),
    ("POST", "pages", {"parent": {"page_id": "PAGE"}, "properties": {"title": {"title": TEXT}}, "markdown": "# x"}),
    ("PATCH", "pages/PAGE", {"properties": CELLS, "in_trash": False, "is_locked": False}),
    ("POST", "data_sources/SOURCE/query", {"filter": {"and": CONDITIONS}, "sorts": SORTS, "page_size": 3}),
    ("POST", "data_sources/SOURCE/query", {"filter": {"or": [{"and": CONDITIONS}]}, "start_cursor": "s:x:y"}),
    ("PATCH", "data_sources/SOURCE", {"title": TEXT, "properties": COLUMNS}),
    ("POST", "data_sources", {"parent": {"database_id": "BASE"}, "properties": COLUMNS, "title": TEXT}),
    (
        "POST",
        "databases",
        {"parent": {"page_id": "HOME"}, "title": TEXT, "initial_data_source": {"properties": COLUMNS}},
    ),
    ("PATCH", "databases/BASE", {"title": TEXT, "description": TEXT, "is_locked": True, "in_trash": False}),
    ("PATCH", "blocks/PAGE/children", {"children": BLOCKS, "position": {"type": "start"}}),
    ("PATCH", "blocks/BLOCK", {"paragraph": {"rich_text": TEXT}, "in_trash": False}),
    ("PATCH", "pages/PAGE/markdown", {"type": "replace_content", "replace_content": {"new_str": "- a\n  - b"}}),
    ("PATCH", "pages/PAGE/markdown", {"type": "insert_content", "insert_content": {"content": "a", "after": "b"}}),
    (
        "PATCH",
        "pages/PAGE/markdown",
        {"type": "update_content", "update_content": {"content_updates": [{"old_str": "a", "new_str": "b"}]}},
    ),
    ("POST", "comments", {"parent": {"page_id": "PAGE"}, "rich_text": TEXT}),
    ("POST", "comments", {"discussion_id": "PAGE", "rich_text": TEXT}),
    ("POST", "search", {"query": "x", "filter": {"property": "object", "value": "page"}, "page_size": 2}),
    ("GET", "users?page_size=2&start_cursor=PERSON", {}),
    ("GET", "comments?block_id=PAGE&page_size=1", {}),
    ("GET", "pages/PAGE/properties/title?page_size=1", {}),
]
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "x", "PAGE", "SOURCE", "2026-13-01", "9999-12-31", "x" * 3000, "\ud800", "...", "s:a:b"]),
    st.sampled_from([[], {}, [None], [[]], [{}], {"id": None}, {"name": ""}, {"": {}}, {"type": 5}, {"type": "title"}]),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    nested = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in nested:
        yield from places(one, (*path, key))


@st.composite
def spoilt(draw: Any) -> tuple[str, str, Any]:
    """A good request with one or two of its parts replaced, or left out."""
    method, path, body = copy.deepcopy(draw(st.sampled_from(REQUESTS)))
    for _ in range(draw(st.integers(0, 2))):
        *above, last = draw(st.sampled_from([place for place in places(body) if place] or [("new",)]))
        holder = body
        for key in above:
            holder = holder[key]
        if isinstance(holder, dict) and last in holder and draw(st.integers(0, 5)) == 0:
            del holder[last]
        else:
            holder[last] = copy.deepcopy(draw(JUNK))
    return method, path, body


@pytest.fixture(scope="module")
def own() -> Iterator[tuple[Notion, dict[str, str]]]:
    """A workspace with everything that the requests name; each example adds to it."""
    notion = Notion()
    phone = notion.phone
    home = phone.page("Home")
    kinds = {
        "Name": "title",
        "Text": "rich_text",
        "Number": "number",
        "Status": {"status": {"options": [{"name": "Done"}]}},
    }
    plain = {"Select": "select", "Many": "multi_select", "Date": "date", "People": "people", "Files": "files"}
    source = phone.database(
        "Everything", kinds | plain | {"Mail": "email", "Place": "place", "Verified": "verification"}
    )
    phone.add_property(source, "Other", {"relation": {"data_source_id": source.id, "single_property": {}}})
    phone.add_property(source, "Formula", {"formula": {"expression": 'prop("Number") + 1'}})
    rolled = {"relation_property_name": "Other", "rollup_property_name": "Number"}
    phone.add_property(source, "Sum", {"rollup": rolled | {"function": "sum"}})
    phone.add_property(source, "Each", {"rollup": rolled | {"function": "show_original"}})
    page = phone.row(source, {"Name": "x", "Number": 1})
    phone.edit(page.id, {"Other": [page.id]})
    phone.write(page.id, "a")
    yield (
        notion,
        {
            "SOURCE": source.id,
            "BASE": source.database,
            "PAGE": page.id,
            "HOME": home.id,
            "PERSON": phone.user.id,
            "BLOCK": page.children[0],
        },
    )
    notion.stop()


@given(spoilt())
def test_whatever_is_sent_is_answered_or_refused(own: tuple[Notion, dict[str, str]], asked: Any) -> None:
    notion, ids = own
    words = json.dumps(asked)
    for name, one in ids.items():
        words = words.replace(name, one)
    method, path, body = json.loads(words)
    headers = {"authorization": f"Bearer {notion.token}", "notion-version": "2026-03-11"}
    assert 200 <= status(notion, method, f"/v1/{path}", headers, body) < 500


def status(notion: Notion, method: str, path: str, headers: dict[str, str], body: Any) -> int:
    try:
        json.dumps(notion.answer(method, path, headers, body))
    except Refusal as refusal:
        json.dumps(refusal.body("x"))
        return refusal.status
    return 200
