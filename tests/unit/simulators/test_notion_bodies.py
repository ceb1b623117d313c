"""Bodies of pages and comments of the simulated Notion: blocks, Markdown, discussions."""

import re
from typing import Any

import pytest
from notion_client import APIResponseError, Client

from onefirm.simulators.notion import Notion
from onefirm.simulators.notion.bodies import DEFAULTS, REQUIRED
from onefirm.simulators.notion.moments import Dial
from onefirm.simulators.notion.objects import DataSource
from support.notion import client


def words(content: str) -> list[Any]:
    return [{"text": {"content": content}}]


def paragraph(content: str, **more: Any) -> dict[str, Any]:
    return {"paragraph": {"rich_text": words(content), **more}}


def read(answer: Any) -> list[str]:
    return [block[block["type"]]["rich_text"][0]["plain_text"] for block in answer["results"]]


ROW = {"table_row": {"cells": [words("a")]}}
COLUMN = {"column": {"children": [paragraph("a")]}}
NEEDED: dict[str, Any] = {
    **{kind: {"rich_text": words("x")} for kind, needed in REQUIRED.items() if needed == ("rich_text",)},
    "code": {"rich_text": words("x = 1"), "language": "python"},
    "equation": {"expression": "x"},
    "bookmark": {"url": "https://example.com"},
    "embed": {"url": "https://example.com"},
    "table": {"table_width": 1, "children": [ROW]},
    "table_row": ROW["table_row"],
    "column_list": {"children": [COLUMN]},
    "column": COLUMN["column"],
    "synced_block": {"synced_from": None},
    "link_to_page": {"page_id": "6f1f5a52-0f0c-4a53-9d3e-5e6c0f9a7b11", "type": "page_id"},
    **{kind: {"external": {"url": "https://example.com/x"}} for kind in ("image", "video", "pdf", "audio", "file")},
}


@pytest.fixture
def page(notion: Notion, projects: DataSource) -> str:
    return notion.phone.row(projects, {"Name": "Acme"}).id


@pytest.mark.parametrize("kind", DEFAULTS)
def test_a_block_of_every_type_is_appended(api: Client, page: str, kind: str) -> None:
    made = api.blocks.children.append(page, children=[{kind: NEEDED.get(kind, {})}])
    assert [block["type"] for block in api.blocks.children.list(page)["results"]] == [kind]
    assert api.blocks.retrieve(made["results"][0]["id"])["type"] == kind


def test_blocks_go_where_each_version_says(notion: Notion, api: Client, page: str) -> None:
    first = api.blocks.children.append(page, children=[paragraph("b"), paragraph("d")])["results"][0]["id"]
    api.blocks.children.append(page, children=[paragraph("a")], position={"type": "start"})
    with client(notion, "2025-09-03") as older:
        older.blocks.children.append(page, children=[paragraph("c")], after=first)
    after = {"type": "after_block", "after_block": {"id": first}}
    api.blocks.children.append(page, children=[paragraph("b2")], position=after)
    assert read(api.blocks.children.list(page)) == ["a", "b", "b2", "c", "d"]
    with pytest.raises(APIResponseError, match=r"body\.after should be not present"):
        api.request(f"blocks/{page}/children", "PATCH", body={"children": [], "after": first})


def test_a_long_body_is_read_in_pages(api: Client, page: str) -> None:
    for begin in (0, 100):
        api.blocks.children.append(page, children=[paragraph(str(at)) for at in range(begin, begin + 100)])
    first = api.blocks.children.list(page)
    second = api.blocks.children.list(page, start_cursor=first["next_cursor"])
    assert read(first) + read(second) == [str(at) for at in range(200)]
    assert second["has_more"] is False


def test_blocks_nest_and_change_and_go(api: Client, page: str) -> None:
    nested = paragraph("out", children=[paragraph("in")])
    outer = api.blocks.children.append(page, children=[nested])["results"][0]
    assert outer["has_children"] is True
    inner = api.blocks.children.list(outer["id"])["results"][0]["id"]
    api.blocks.update(inner, paragraph={"rich_text": words("inside")})
    assert read(api.blocks.children.list(outer["id"])) == ["inside"]
    assert api.blocks.delete(inner)["in_trash"] is True
    assert api.blocks.children.list(outer["id"])["results"] == []


@pytest.mark.parametrize(
    ("children", "said"),
    [
        ([paragraph("x")] * 101, "body.children.length should be ≤ `100`, instead was `101`."),
        ([paragraph("x" * 2001)], "body.children[0].paragraph.rich_text[0].text.content.length should be ≤ `2000`"),
        ([{"poem": {}}], "body.children[0].paragraph should be defined"),
        ("x", "body.children should be an array"),
        ([{"to_do": {"checked": True}}], "body.children[0].to_do.rich_text should be defined"),
        (
            [paragraph("1", children=[paragraph("2", children=[paragraph("3", children=[paragraph("4")])])])],
            "should be not present",
        ),
    ],
)
def test_a_body_that_is_too_much_leaves_nothing_behind(
    api: Client, page: str, projects: DataSource, children: Any, said: str
) -> None:
    with pytest.raises(APIResponseError, match=re.escape(said)):
        api.blocks.children.append(page, children=children)
    with pytest.raises(APIResponseError, match=re.escape(said)):
        api.pages.create(parent={"data_source_id": projects.id}, properties={}, children=children)
    assert api.blocks.children.list(page)["results"] == []
    assert len(projects.rows) == 1


def test_pages_and_databases_are_blocks_of_the_page_they_stand_on(notion: Notion, api: Client) -> None:
    top = notion.phone.page("Home")
    api.pages.create(parent={"page_id": top.id}, properties={"title": {"title": words("Notes")}})
    notion.phone.database("Tasks", {"Name": "title"}, under=top.id)
    listed = api.blocks.children.list(top.id)["results"]
    assert [(one["type"], one[one["type"]]["title"]) for one in listed] == [
        ("child_page", "Notes"),
        ("child_database", "Tasks"),
    ]


BODY = """# Why
They count.
- one
  - deeper
- [x] done
- [ ] open
1. first
> said
---
```python
x = 1
```"""


def test_markdown_goes_in_and_comes_out_as_it_was(api: Client, page: str, projects: DataSource) -> None:
    api.pages.update_markdown(page, type="replace_content", replace_content={"new_str": BODY})
    assert api.pages.retrieve_markdown(page)["markdown"] == BODY
    kinds = [block["type"] for block in api.blocks.children.list(page)["results"]]
    assert kinds[:3] == ["heading_1", "paragraph", "bulleted_list_item"]
    made = api.pages.create(parent={"data_source_id": projects.id}, properties={}, markdown=BODY)
    assert api.pages.retrieve_markdown(made["id"])["markdown"] == BODY


@pytest.mark.parametrize(
    ("change", "result"),
    [
        ({"type": "insert_content", "insert_content": {"content": "z"}}, "a\nb\na\nz"),
        ({"type": "insert_content", "insert_content": {"content": "z", "position": {"type": "start"}}}, "z\na\nb\na"),
        ({"type": "insert_content", "insert_content": {"content": "z", "after": "b"}}, "a\nb\nz\na"),
        (
            {"type": "replace_content_range", "replace_content_range": {"content": "z", "content_range": "b...a"}},
            "a\nz",
        ),
        (
            {"type": "update_content", "update_content": {"content_updates": [{"old_str": "b", "new_str": "z"}]}},
            "a\nz\na",
        ),
    ],
)
def test_markdown_is_changed_in_part(api: Client, page: str, change: Any, result: str) -> None:
    api.pages.update_markdown(page, type="replace_content", replace_content={"new_str": "a\nb\na"})
    assert api.pages.update_markdown(page, **change)["markdown"] == result


def test_a_place_that_is_not_one_is_refused(api: Client, page: str) -> None:
    api.pages.update_markdown(page, type="replace_content", replace_content={"new_str": "a\nb\na"})
    twice = {"content_updates": [{"old_str": "a", "new_str": "z"}]}
    with pytest.raises(APIResponseError, match="exactly one place"):
        api.pages.update_markdown(page, type="update_content", update_content=twice)


def test_the_apis_hand_in_a_body_does_not_move_the_pages_time_and_a_persons_does(
    notion: Notion, api: Client, page: str
) -> None:
    assert isinstance(notion.clock, Dial)
    before = api.pages.retrieve(page)["last_edited_time"]
    notion.clock.advance(minutes=5)
    api.blocks.children.append(page, children=[paragraph("x")])
    assert api.pages.retrieve(page)["last_edited_time"] == before
    notion.phone.write(page, "by hand")
    assert api.pages.retrieve(page)["last_edited_time"] > before


def test_comments_are_read_and_answered(notion: Notion, api: Client, page: str) -> None:
    notion.phone.comment(page, "Is it so?")
    asked = api.comments.list(block_id=page)["results"][0]
    assert asked["rich_text"][0]["plain_text"] == "Is it so?"
    answer = api.comments.create(discussion_id=asked["discussion_id"], rich_text=words("It is."))
    assert api.comments.retrieve(answer["id"])["display_name"]["type"] == "integration"
    assert [one["discussion_id"] for one in api.comments.list(block_id=page)["results"]] == [asked["discussion_id"]] * 2
    with pytest.raises(APIResponseError, match="Could not find"):
        api.comments.create(parent={"page_id": notion.workspace.ids.uuid()}, rich_text=words("x"))
