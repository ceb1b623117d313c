"""A page's text: what is opened and what isn't, and how each kind of block reads."""

import asyncio
from typing import Any

import pytest

from onefirm.state.truth.notion import bodies
from onefirm.state.truth.notion.bodies import Reading
from onefirm.state.truth.notion.call import Missing

UNREAD = "[more stands here, which was not read]"


def block(kind: str, words: str = "", /, id_: str = "", **held: Any) -> dict[str, Any]:
    """A block; one with an id has others in it."""
    rich = {"rich_text": [{"plain_text": words}]} if words else {}
    return {"id": id_, "type": kind, "has_children": bool(id_), kind: {**rich, **held}}


class Pages:
    """Blocks by what they are in, given a hundred at a time."""

    def __init__(self, **tree: list[dict[str, Any]]) -> None:
        self.tree = tree
        self.asked = 0

    async def call(self, sort: str, method: str, path: str, *, query: dict[str, Any]) -> dict[str, Any]:
        assert (sort, method) == ("read", "GET")
        self.asked += 1
        of, start = path.split("/")[1], int(query.get("start_cursor", 0))
        if of not in self.tree:
            raise Missing("no such block")
        some = self.tree[of][start : start + query["page_size"]]
        more = len(self.tree[of]) > start + len(some)
        return {"results": some, "has_more": more, "next_cursor": str(start + len(some)) if more else None}

    def body(self) -> list[str]:
        return asyncio.run(Reading(self).body("page"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "reads"),
    [
        (block("heading_2", "Plan"), "## Plan"),
        (block("numbered_list_item", "First"), "1. First"),
        (block("quote", "So\nsaid"), "> So|said"),
        (block("to_do", "Ring", checked=False), "- [ ] Ring"),
        (block("code", "total = 0", language="python"), "```python|total = 0|```"),
        (block("equation", expression="a^2"), "$ a^2 $"),
        (block("divider"), "---"),
        (block("bookmark", url="https://example.com"), "[bookmark: https://example.com]"),
        (block("file", name="offer.pdf", file={"url": "https://example.com/?secret"}), "[file: offer.pdf]"),
        (block("child_database", title="Tasks"), "[child database: Tasks]"),
        (block("unsupported"), "[unsupported: has no text here]"),
        (block("unsupported", block_type="form"), "[form: has no text here]"),
        (block("of tomorrow", "words"), "[of tomorrow: has no text here]"),
        (block("paragraph", "a\x1b[31m\u202eb"), "a[31mb"),
    ],
)
def test_a_block_reads_as_what_it_says_or_is_named(one: dict[str, Any], reads: str) -> None:
    assert "|".join(Pages(page=[one]).body()) == reads


def test_what_is_in_a_block_stands_below_it_and_a_frame_shows_only_what_is_in_it() -> None:
    row = block("table_row", cells=[[{"plain_text": "When"}], [{"plain_text": "Who"}]])
    page = [block("toggle", "Steps", id_="a"), block("paragraph", "After")]
    pages = Pages(page=page, a=[block("paragraph", "Ring"), block("table", id_="t")], t=[row])
    assert pages.body() == ["- Steps", "  Ring", "  When | Who", "After"]


def test_what_lies_too_deep_or_is_not_shared_or_belongs_to_another_page_is_said_to_be_there() -> None:
    deep = {f"d{n}": [block("toggle", f"{n}", id_=f"d{n + 1}")] for n in range(1, 9)}
    page = [block("toggle", "0", id_="d1"), block("synced_block", id_="elsewhere"), block("child_page", id_="p")]
    assert Pages(page=page, **deep).body() == [
        "- 0", "  - 1", "    - 2", "      - 3", f"        {UNREAD}", UNREAD, "[child page: ]",
    ]  # fmt: skip


def test_a_huge_page_costs_so_many_requests_and_lines_and_says_what_is_left() -> None:
    many = Pages(page=[block("paragraph", f"Line {n}") for n in range(1_000)])
    assert many.body()[-2:] == ["Line 399", "[600 more lines]"]
    assert many.asked == 10
    wide = Pages(page=[block("toggle", "x", id_="in")] * 100, **{"in": [block("paragraph", "y")]})
    assert wide.body().count(f"  {UNREAD}") == 100 - (bodies.REQUESTS - 1)
    assert wide.asked == bodies.REQUESTS
