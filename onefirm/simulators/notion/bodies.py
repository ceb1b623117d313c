"""Bodies of pages: blocks under blocks, what a request may append, and where it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from onefirm.simulators.notion import text
from onefirm.simulators.notion.forms import BOOLEAN, OBJECT, STRING, demand, items, members
from onefirm.simulators.notion.moments import shown
from onefirm.simulators.notion.objects import Block, Json, Page, Parent
from onefirm.simulators.notion.refusals import MISSING, invalid, should_be, too_long
from onefirm.simulators.notion.workspace import Workspace

CHILDREN_MOST = 100
BLOCKS_MOST = 1000
NESTED_MOST = 2
_WORDS: Json = {"color": "default"}
_HEADING: Json = {**_WORDS, "is_toggleable": False}
_MEDIA: Json = {"caption": []}
DEFAULTS: Mapping[str, Json] = {
    "paragraph": {**_WORDS, "icon": None},
    "heading_1": _HEADING,
    "heading_2": _HEADING,
    "heading_3": _HEADING,
    "heading_4": _HEADING,
    "bulleted_list_item": _WORDS,
    "numbered_list_item": _WORDS,
    "quote": _WORDS,
    "toggle": _WORDS,
    "to_do": {**_WORDS, "checked": False},
    "callout": {**_WORDS, "icon": None},
    "code": {"caption": []},
    "equation": {},
    "divider": {},
    "breadcrumb": {},
    "table_of_contents": {"color": "default"},
    "bookmark": _MEDIA,
    "embed": _MEDIA,
    "image": _MEDIA,
    "video": _MEDIA,
    "pdf": _MEDIA,
    "audio": _MEDIA,
    "file": {**_MEDIA, "name": "file"},
    "table": {"has_column_header": False, "has_row_header": False},
    "table_row": {},
    "column_list": {},
    "column": {},
    "link_to_page": {},
    "synced_block": {},
}
"""The types that a request may send, and what their content has when it isn't sent."""
TEXTS = ("quote", "toggle", "to_do", "callout", "paragraph", "bulleted_list_item", "numbered_list_item")
REQUIRED: Mapping[str, Sequence[str]] = {
    **dict.fromkeys((*TEXTS, "heading_1", "heading_2", "heading_3", "heading_4"), ("rich_text",)),
    **dict.fromkeys(("image", "video", "pdf", "audio", "file"), ("external",)),
    "code": ("rich_text", "language"),
    "equation": ("expression",),
    "bookmark": ("url",),
    "embed": ("url",),
    "table": ("table_width", "children"),
    "table_row": ("cells",),
    "column_list": ("children",),
    "column": ("children",),
    "synced_block": ("synced_from",),
}
"""What a request has to send of a new block."""
CONTENT = members(
    optional={
        "cells": items(items(OBJECT)),
        "external": members({"url": STRING}, whole=False),
        "checked": BOOLEAN,
        "color": STRING,
        "language": STRING,
        "url": STRING,
        "expression": STRING,
    },
    whole=False,
)
"""What a block's content may look like, as far as it matters here."""
PLACE = members(
    optional={
        "after": STRING,
        "position": members(optional={"type": STRING, "after_block": members({"id": STRING})}),
    },
    whole=False,
)
"""Where a request may want its blocks."""
Holder = Page | Block


class Draft(NamedTuple):
    """A block of a request, checked and not made yet."""

    kind: str
    content: Json
    children: list[Draft]


def holder(workspace: Workspace, at: str) -> Holder | None:
    """The page or block with this id: both have children."""
    return workspace.pages.get(at) or workspace.blocks.get(at)


def parent_of(of: Holder) -> Parent:
    """The parent that a child of it has."""
    return Parent("page" if isinstance(of, Page) else "block", of.id)


def page_of(of: Holder) -> str:
    """The page whose body it is in."""
    return of.id if isinstance(of, Page) else of.page


def drafted(sent: object, path: str = "body.children") -> list[Draft]:
    """The blocks of a request, checked whole before any of them is made. Raises Refusal."""
    drafts = _drafted(sent, path, 0)
    if _count(drafts) > BLOCKS_MOST:
        raise invalid(f"body failed validation: {path} holds more than {BLOCKS_MOST} blocks.")
    return drafts


def _drafted(sent: object, path: str, depth: int) -> list[Draft]:
    if not isinstance(sent, list):
        raise should_be(path, "defined" if sent is MISSING else "an array", sent)
    blocks = cast("list[object]", sent)
    if len(blocks) > CHILDREN_MOST:
        raise too_long(path, CHILDREN_MOST, len(blocks))
    return [_draft(block, f"{path}[{at}]", depth) for at, block in enumerate(blocks)]


def _draft(sent: object, path: str, depth: int) -> Draft:
    if not isinstance(sent, dict):
        raise should_be(path, "an object", sent)
    block = cast("Json", sent)
    kind = next((key for key in block if key in DEFAULTS), None)
    if kind is None:
        raise should_be(f"{path}.paragraph", "defined", MISSING)
    demand(members({kind: OBJECT}, whole=False), block, path)
    inner = cast("Json", block[kind])
    missing = next((key for key in REQUIRED.get(kind, ()) if key not in inner), None)
    if missing:
        raise should_be(f"{path}.{kind}.{missing}", "defined", MISSING)
    children: object = inner.get("children") or block.get("children") or []
    if children and depth >= NESTED_MOST:
        raise should_be(f"{path}.{kind}.children", "not present", children)
    under = f"{path}.{kind}"
    return Draft(kind, content(kind, inner, under), _drafted(children, f"{under}.children", depth + 1))


def _count(drafts: Sequence[Draft]) -> int:
    return len(drafts) + sum(_count(draft.children) for draft in drafts)


def content(kind: str, sent: Mapping[str, Any], path: str, old: Mapping[str, Any] | None = None) -> Json:
    """A block's content from a request, with what wasn't sent from `old` or from the defaults. Raises Refusal."""
    demand(CONTENT, sent, path)
    found: Json = {**DEFAULTS[kind], **(old or {})}
    for key, value in sent.items():
        if key in ("rich_text", "caption"):
            found[key] = text.accepted(value, f"{path}.{key}")
        elif key == "cells":
            found[key] = [text.accepted(cell, f"{path}.{key}[{at}]") for at, cell in enumerate(value)]
        elif key != "children":
            found[key] = value
    if "external" in found:
        found["type"] = "external"
    return found


def append(workspace: Workspace, under: Holder, drafts: Sequence[Draft], by: str, at: int | None = None) -> list[Block]:
    """Make blocks under a page or a block; `at` is their place among the children, the end if it is None."""
    made = [_made(workspace, under, draft, by) for draft in drafts]
    place = len(under.children) if at is None else at
    under.children[place:place] = [block.id for block in made]
    return made


def _made(workspace: Workspace, under: Holder, draft: Draft, by: str) -> Block:
    now = shown(workspace.clock.now())
    block = Block(workspace.ids.uuid(), parent_of(under), page_of(under), draft.kind, draft.content, now, by, now, by)
    workspace.blocks[block.id] = block
    append(workspace, block, draft.children, by)
    return block


def place(under: Holder, sent: Mapping[str, Any]) -> int | None:
    """Where a request wants its blocks: `after` (older versions) or `position`; None is the end. Raises Refusal."""
    demand(PLACE, sent, "body")
    position: Json = sent.get("position") or {}
    if position.get("type") == "start":
        return 0
    block: Json = position.get("after_block") or {}
    after = sent.get("after") or block.get("id")
    if after is None:
        return None
    if after not in under.children:
        raise invalid(f"Block with ID {after} is not a child of {under.id}.")
    return under.children.index(after) + 1


def remove(workspace: Workspace, block: Block, in_trash: bool, by: str) -> None:
    """Put a block into the trash, or take it out."""
    block.in_trash = in_trash
    block.edited, block.edited_by = shown(workspace.clock.now()), by


def standing(workspace: Workspace, under: Holder) -> Sequence[str]:
    """The ids of children that are not in the trash: blocks, pages, databases."""
    return [one for one in under.children if not _gone(workspace, one)]


def _gone(workspace: Workspace, one: str) -> bool:
    if one in workspace.blocks:
        return workspace.blocks[one].in_trash
    if one in workspace.pages:
        return workspace.pages[one].face.in_trash
    return workspace.databases[one].in_trash
