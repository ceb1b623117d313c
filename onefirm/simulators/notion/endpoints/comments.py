"""`/v1/comments`: discussions on pages and blocks."""

from __future__ import annotations

from typing import cast

from onefirm.simulators.notion import bodies, questions, shapes, text
from onefirm.simulators.notion.call import Call
from onefirm.simulators.notion.ids import canonical
from onefirm.simulators.notion.objects import Comment, Json, Parent
from onefirm.simulators.notion.refusals import MISSING, should_be


def all_of_them(call: Call) -> Json:
    """List the comments on a page or a block."""
    call.need("read_comments")
    asked = call.asked(questions.COMMENTS)
    at = _place(call, asked["block_id"], "query.block_id")
    listed = [one for one in call.workspace.comments.values() if one.parent == at]
    start, end, cursor = call.cut([one.id for one in listed], asked)
    shown = [shapes.comment(call.workspace, call.version, one) for one in listed[start:end]]
    return shapes.listed(shown, cursor, "comment")


def _place(call: Call, asked: object, path: str) -> Parent:
    found = canonical(asked) if isinstance(asked, str) else None
    if not found:
        raise should_be(path, "a valid uuid", asked)
    under = bodies.holder(call.workspace, found)
    if not under:
        raise call.missing("block", found)
    at = bodies.parent_of(under)
    call.seen("block", at)
    return at


def create(call: Call) -> Json:
    """Comment on a page or a block, or answer in a discussion."""
    call.need("insert_comments")
    call.only("parent", "discussion_id", "rich_text", "markdown", "display_name")
    at, discussion = _discussion(call)
    words = text.accepted(call.body.get("rich_text", MISSING), "body.rich_text")
    comment = call.workspace.add_comment(at, discussion, words, call.by)
    return shapes.comment(call.workspace, call.version, comment)


def _discussion(call: Call) -> tuple[Parent, str]:
    asked = call.body.get("discussion_id")
    if asked:
        of = next((one for one in call.workspace.comments.values() if one.discussion == canonical(asked)), None)
        if not of:
            raise call.missing("discussion", asked)
        return of.parent, of.discussion
    sent = call.body.get("parent", MISSING)
    if not isinstance(sent, dict):
        raise should_be("body.parent", "defined" if sent is MISSING else "an object", sent)
    wanted = cast("Json", sent)
    key = "block_id" if "block_id" in wanted else "page_id"
    return _place(call, wanted.get(key, MISSING), f"body.parent.{key}"), call.workspace.ids.uuid()


def retrieve(call: Call) -> Json:
    """Retrieve a comment."""
    call.need("read_comments")
    return shapes.comment(call.workspace, call.version, _found(call))


def _found(call: Call) -> Comment:
    comment = call.workspace.comments.get(call.id("comment"))
    if not comment:
        raise call.missing("comment", call.at[0])
    call.seen("comment", comment.parent)
    return comment
