"""`/v1/search`: pages and data sources by words of their titles, as far as the index knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onefirm.simulators.notion import questions, shapes, text
from onefirm.simulators.notion.call import Call
from onefirm.simulators.notion.forms import demand
from onefirm.simulators.notion.objects import Face, Json, Page, Parent

Hit = tuple[str, str, Json]
"""When it was edited, its id, the answer's object."""


def search(call: Call) -> Json:
    """Search by title."""
    call.need("read")
    call.asked(keeps=True)
    demand(questions.search(call.version < shapes.SOURCES_SINCE), call.body, "body")
    if "sort" in call.body:
        questions.check_search_sort(call.body["sort"])
    hits = list(_hits(call, _wanted(call), call.body.get("query", "").strip().casefold()))
    ascending = call.body.get("sort", {}).get("direction") == "ascending"
    hits.sort(key=lambda hit: hit[0], reverse=not ascending)
    start, end, cursor = call.cut([hit[1] for hit in hits], call.body)
    return shapes.listed([hit[2] for hit in hits[start:end]], cursor, _kind(call))


def _kind(call: Call) -> str:
    return "page_or_data_source" if call.version >= shapes.SOURCES_SINCE else "page_or_database"


def _wanted(call: Call) -> Sequence[str]:
    value = call.body.get("filter", {}).get("value")
    return [value] if value else ("page", "data_source")


def _hits(call: Call, wanted: Sequence[str], words: str) -> Iterator[Hit]:
    call.workspace.index.settle(call.workspace.clock.now())
    if "page" in wanted:
        yield from _pages(call, words)
    if set(wanted) & {"data_source", "database"}:
        yield from _sources(call, words)


def _pages(call: Call, words: str) -> Iterator[Hit]:
    keep = call.keep()
    for page in call.workspace.pages.values():
        face = page.indexed
        if not face or face.in_trash or words not in title(call, page, face).casefold():
            continue
        at = Parent("page", page.id)
        if call.workspace.sees(call.connection, at) and not call.workspace.trashed(page.parent):
            yield face.edited, page.id, shapes.page(call.workspace, call.version, page, face, keep)


def title(call: Call, page: Page, face: Face) -> str:
    """The words of a page's title."""
    column = next(one for one in call.workspace.columns(page).values() if one.type == "title")
    return text.plain(face.values.get(column.id) or ())


def _sources(call: Call, words: str) -> Iterator[Hit]:
    workspace, now = call.workspace, call.workspace.clock.now()
    for source in workspace.sources.values():
        at = Parent("data_source", source.id)
        if source.visible_at > now or words not in text.plain(source.title).casefold():
            continue
        if not workspace.sees(call.connection, at) or workspace.trashed(at):
            continue
        if call.version >= shapes.SOURCES_SINCE:
            yield source.edited, source.id, shapes.data_source(workspace, call.version, source)
        else:
            database = workspace.databases[source.database]
            yield source.edited, database.id, shapes.database(workspace, call.version, database)
