"""What stands on a page beside its properties, read on demand as lines of text: its blocks, and the comments on it.

Nothing here writes. What has no text is named in brackets, and what isn't read is counted or said to be there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from onefirm.state.truth.notion import values
from onefirm.state.truth.notion.call import Caller, Missing

Block: TypeAlias = Mapping[str, Any]

DEPTH = 3
"""So deep blocks are opened that hold others."""
REQUESTS = 24
"""So many one reading may cost."""
LINES = 400
"""So many are shown."""
_INDENT = "  "
_UNREAD: Block = {"type": "unread"}
_MARKS = {
    "paragraph": "", "heading_1": "# ", "heading_2": "## ", "heading_3": "### ", "heading_4": "#### ",
    "bulleted_list_item": "- ", "numbered_list_item": "1. ", "quote": "> ", "toggle": "- ", "callout": "> ",
}  # fmt: skip
_FRAMES = ("table", "column_list", "column", "synced_block")
"""Blocks that show nothing but what is in them."""
_MEDIA = ("image", "video", "pdf", "audio", "file", "bookmark", "embed", "link_preview")
_APART = ("child_page", "child_database")
"""Blocks that stand for a page of its own."""


class Reading:
    """One reading of one page."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._left = REQUESTS

    async def body(self, page_id: str) -> list[str]:
        """The page's text, a line for a line. Raises Unreachable, Missing."""
        return _bounded(await self._lines(await self._listed(f"blocks/{page_id}/children", {}), 0))

    async def comments(self, page_id: str, names: Mapping[str, str]) -> list[str]:
        """The open comments on the page as a whole, the oldest first. Raises Unreachable, Missing."""
        found = await self._listed("comments", {"block_id": page_id})
        return _bounded([_comment(one, names) for one in found])

    async def _listed(self, path: str, asked: Mapping[str, str]) -> list[Block]:
        found, query = list[Block](), dict[str, Any](asked, page_size=100)
        while self._left > 0:
            self._left -= 1
            answer = await self._caller.call("read", "GET", path, query=query)
            found += answer["results"]
            if not answer.get("has_more") or not answer.get("next_cursor"):
                return found
            query["start_cursor"] = answer["next_cursor"]
        return [*found, _UNREAD]

    async def _lines(self, blocks: Sequence[Block], depth: int) -> list[str]:
        inner = await asyncio.gather(*(self._inner(block, depth) for block in blocks))
        lines = list[str]()
        for block, within in zip(blocks, inner, strict=True):
            lines += [f"{_INDENT * depth}{line}" for line in _text(block).split("\n") if line or not _is_frame(block)]
            lines += within
        return lines

    async def _inner(self, block: Block, depth: int) -> list[str]:
        if not block.get("has_children") or block["type"] in _APART:
            return []
        deeper = depth + (not _is_frame(block))
        if deeper > DEPTH:
            return [f"{_INDENT * deeper}{_text(_UNREAD)}"]
        try:
            blocks = await self._listed(f"blocks/{block['id']}/children", {})
        except Missing:  # a copy of what stands on a page that isn't shared
            blocks = [_UNREAD]
        return await self._lines(blocks, deeper)


def _is_frame(block: Block) -> bool:
    return block["type"] in _FRAMES


def _text(block: Block) -> str:
    """What one block says by itself."""
    type_ = str(block["type"])
    held: Mapping[str, Any] = block.get(type_) or {}
    words = _words(held.get("rich_text"))
    if type_ in _MARKS:
        return _MARKS[type_] + words
    if type_ == "to_do":
        return f"- [{'x' if held.get('checked') else ' '}] {words}"
    if type_ == "code":
        return f"```{held.get('language', '')}\n{words}\n```"
    if type_ == "table_row":
        return " | ".join(_words(cell) for cell in held.get("cells", ()))
    return "" if type_ in _FRAMES else _named(type_, held)


def _named(type_: str, held: Mapping[str, Any]) -> str:
    """A block that has no text of its own, by what it is."""
    if type_ == "divider":
        return "---"
    if type_ == "unread":
        return "[more stands here, which was not read]"
    if type_ == "equation":
        return f"$ {_clean(held.get('expression'))} $"
    what = type_.replace("_", " ")
    if type_ in _APART:
        return f"[{what}: {_clean(held.get('title'))}]"
    if type_ in _MEDIA:
        said = " ".join(filter(None, (_clean(held.get("name") or held.get("url")), _words(held.get("caption")))))
        return f"[{what}: {said}]" if said else f"[{what}]"
    return f"[{_clean(held.get('block_type')) or what}: has no text here]"


def _comment(one: Block, names: Mapping[str, str]) -> str:
    if one is _UNREAD:
        return _text(one)
    author: Mapping[str, Any] = one.get("created_by") or {}
    shown: Mapping[str, Any] = one.get("display_name") or {}
    who = names.get(str(author.get("id"))) or shown.get("resolved_name") or "somebody"
    return f"{str(one['created_time'])[:16].replace('T', ' ')} {_clean(who)}: {_words(one.get('rich_text'))}"


def _words(items: Any) -> str:
    return values.show({"type": "rich_text", "rich_text": items or []}) or ""


def _clean(text: Any) -> str:
    return " ".join(_words([{"plain_text": str(text or "")}]).split())


def _bounded(lines: Sequence[str]) -> list[str]:
    split = [part for line in lines for part in line.split("\n")]
    return split if len(split) <= LINES else [*split[:LINES], f"[{len(split) - LINES} more lines]"]
