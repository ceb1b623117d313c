"""`/v1/pages/{id}/markdown`: a page's body as one text; since 2026-03-11."""

from __future__ import annotations

from typing import cast

from onefirm.simulators.notion import bodies, markdown, shapes
from onefirm.simulators.notion.call import Call
from onefirm.simulators.notion.endpoints import pages
from onefirm.simulators.notion.forms import BOOLEAN, STRING, demand, items, members, one_of
from onefirm.simulators.notion.objects import Json, Page, Parent
from onefirm.simulators.notion.refusals import invalid, no_such_url

UPDATE = members({"old_str": STRING, "new_str": STRING}, {"replace_all_matches": BOOLEAN})
DELETING = {"allow_deleting_content": BOOLEAN}
KINDS = {
    "insert_content": members({"content": STRING}, {"after": STRING, "position": members({"type": STRING})}),
    "replace_content_range": members({"content": STRING, "content_range": STRING}, DELETING),
    "update_content": members({"content_updates": items(UPDATE)}, DELETING),
    "replace_content": members({"new_str": STRING}, DELETING),
}
"""The ways to change a body, and what each takes."""


def retrieve(call: Call) -> Json:
    """Read a body."""
    _known(call)
    call.need("read")
    return _shown(call, pages.found(call))


def _known(call: Call) -> None:
    if call.version < shapes.TRASH_SINCE:
        raise no_such_url()


def _shown(call: Call, page: Page) -> Json:
    words, unknown = markdown.written(call.workspace, page)
    head = {"object": "page_markdown", "id": page.id, "markdown": words}
    return {**head, "truncated": False, "unknown_block_ids": unknown}


def update(call: Call) -> Json:
    """Insert into a body, replace a part of it, or all of it."""
    _known(call)
    call.need("update")
    page = pages.found(call)
    if call.workspace.trashed(Parent("page", page.id)):
        raise invalid("Can't edit block that is archived. You must unarchive the block before editing.")
    demand(members({"type": one_of(*KINDS)}, whole=False), call.body, "body")
    kind = cast("str", call.body["type"])
    demand(members({kind: KINDS[kind]}, whole=False), call.body, "body")
    old, _ = markdown.written(call.workspace, page)
    replace(call, page, _changed(old, kind, call.body[kind]))
    return _shown(call, page)


def replace(call: Call, page: Page, words: str) -> None:
    """Make this the page's body; pages and databases on it stay."""
    drafts = markdown.drafted(words)
    page.children = [one for one in page.children if one not in call.workspace.blocks]
    bodies.append(call.workspace, page, drafts, call.by)
    call.workspace.edited_body(page.id, call.by)


def _changed(old: str, kind: str, sent: Json) -> str:
    match kind:
        case "replace_content":
            return sent["new_str"]
        case "insert_content":
            return _inserted(old, sent)
        case "replace_content_range":
            return _once(old, sent["content_range"], sent["content"])
        case _:
            for one in sent["content_updates"]:
                every = one.get("replace_all_matches")
                old = (
                    old.replace(one["old_str"], one["new_str"]) if every else _once(old, one["old_str"], one["new_str"])
                )
            return old


def _inserted(old: str, sent: Json) -> str:
    position: Json = sent.get("position") or {}
    if position.get("type") == "start":
        return f"{sent['content']}\n{old}"
    if "after" in sent:
        return _once(old, sent["after"], f"{sent['after']}\n{sent['content']}")
    return f"{old}\n{sent['content']}" if old else sent["content"]


def _once(old: str, part: str, new: str) -> str:
    """Replace the one place where it stands; `start...end` names a range by its ends. Raises Refusal."""
    first, dots, last = part.partition("...")
    if dots and part not in old:
        begin = old.find(first)
        end = old.find(last, begin) + len(last) if begin >= 0 and last in old[begin:] else -1
        part = old[begin:end] if end >= 0 else part
    if old.count(part) != 1:
        raise invalid(f"Could not find exactly one place that matches: {part[:80]}")
    return old.replace(part, new)
