"""`/v1/blocks`: the bodies of pages; a page and a database are blocks of the page that they stand on, too."""

from __future__ import annotations

from onefirm.simulators.notion import bodies, questions, shapes, text
from onefirm.simulators.notion.call import Call
from onefirm.simulators.notion.endpoints.search import title
from onefirm.simulators.notion.objects import Block, Json, Page, Parent
from onefirm.simulators.notion.refusals import MISSING, invalid, should_be


def found(call: Call) -> bodies.Holder:
    """The page or block of the address, shared with the connection. Raises Refusal."""
    under = bodies.holder(call.workspace, call.id("block"))
    if not under:
        raise call.missing("block", call.at[0])
    call.seen("block", Parent("page" if isinstance(under, Page) else "block", under.id))
    return under


def retrieve(call: Call) -> Json:
    """Retrieve a block."""
    call.need("read")
    call.asked()
    return _shown(call, found(call).id)


def _shown(call: Call, one: str) -> Json:
    workspace = call.workspace
    if one in workspace.blocks:
        return shapes.block(workspace, call.version, workspace.blocks[one])
    return _as_block(call, one)


def _as_block(call: Call, one: str) -> Json:
    """A page or a database as the block that stands for it on its page."""
    workspace = call.workspace
    if one in workspace.pages:
        page = workspace.pages[one]
        content = {"title": title(call, page, page.face)}
        made = Block(one, page.parent, one, "child_page", content, page.created, page.created_by, "", "")
        made.edited, made.edited_by, made.in_trash = page.face.edited, page.face.edited_by, page.face.in_trash
        made.children = page.children
    else:
        base = workspace.databases[one]
        content = {"title": text.plain(base.title)}
        made = Block(one, base.parent, one, "child_database", content, base.created, base.created_by, "", "")
        made.edited, made.edited_by, made.in_trash = base.edited, base.edited_by, base.in_trash
    return shapes.block(workspace, call.version, made)


def children(call: Call) -> Json:
    """List the children of a page or a block."""
    call.need("read")
    asked = call.asked(questions.CHILDREN)
    standing = bodies.standing(call.workspace, found(call))
    start, end, cursor = call.cut(standing, asked)
    return shapes.listed([_shown(call, one) for one in standing[start:end]], cursor, "block")


def append(call: Call) -> Json:
    """Append children: at the end, at the start, or after one of them."""
    call.need("insert")
    new = call.version >= shapes.TRASH_SINCE
    call.only("children", "position" if new else "after")
    under = found(call)
    _editable(call, under)
    drafts = bodies.drafted(call.body.get("children", MISSING))
    made = bodies.append(call.workspace, under, drafts, call.by, bodies.place(under, call.body))
    call.workspace.edited_body(bodies.page_of(under), call.by)
    return shapes.listed([_shown(call, block.id) for block in made], None, "block")


def _editable(call: Call, under: bodies.Holder) -> None:
    if call.workspace.trashed(bodies.parent_of(under)):
        raise invalid("Can't edit block that is archived. You must unarchive the block before editing.")


def update(call: Call) -> Json:
    """Change a block's content, or its place in the trash."""
    call.need("update")
    block = found(call)
    if not isinstance(block, Block):
        raise invalid("A page is changed by its own address.")
    in_trash = call.in_trash()
    if block.in_trash and in_trash is not False:
        _editable(call, block)
    if block.type in call.body:
        block.content = bodies.content(block.type, call.body[block.type], f"body.{block.type}", block.content)
    elif in_trash is None:
        raise should_be(f"body.{block.type}", "defined", MISSING)
    bodies.remove(call.workspace, block, block.in_trash if in_trash is None else in_trash, call.by)
    call.workspace.edited_body(block.page, call.by)
    return _shown(call, block.id)


def delete(call: Call) -> Json:
    """Put a block into the trash."""
    call.need("update")
    block = found(call)
    if isinstance(block, Page):
        call.workspace.write_page(block, call.by, in_trash=True)
    else:
        bodies.remove(call.workspace, block, True, call.by)
        call.workspace.edited_body(block.page, call.by)
    return _shown(call, block.id)
