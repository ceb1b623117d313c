"""All rows of a data source that changed since an instant: through lost cursors, and beyond 10,000.

One query shows 10,000 rows and then says so. The walk goes on with those edited since the last one that it saw; where
one minute holds more than that, it walks by the minute of their creation.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from onefirm.core.clock import iso, parse_iso
from onefirm.state.truth.base import Rejected, Unreachable
from onefirm.state.truth.notion.call import Caller, CursorLost, Missing

PAGE_SIZE = 100
_RESTARTS = 5
Pages = Sequence[Mapping[str, Any]]


class Unseen(Unreachable):
    """The data source isn't shown. What it holds is out of reach, and not gone."""


async def walk(
    caller: Caller, data_source: str, *, since: str | None, trashed: bool = False, only: Sequence[str] = ()
) -> AsyncGenerator[tuple[Pages, str | None]]:
    """The pages, by when they were edited, and the minute up to which all came; each page once.

    `only` names the properties that are wanted. Raises Unreachable, and Unseen among that.
    """
    seen, low, restarts = set[str](), since, 0
    while True:
        last, whole = low, True
        try:
            async for answer in _query(caller, data_source, "last_edited_time", [_from("last_edited_time", low)],
                                       trashed, only):  # fmt: skip
                pages = _fresh(answer, seen)
                last = answer["results"][-1]["last_edited_time"] if answer["results"] else last
                whole = not _is_cut(answer)
                yield pages, last
            if whole:
                return
            if last == low and last is not None:
                async for pages in _by_creation(caller, data_source, last, trashed, only, seen):
                    yield pages, last
                last = _minute_after(last)
        except CursorLost as lost:
            restarts += 1
            if restarts > _RESTARTS:
                raise Unreachable(f"Notion keeps losing its place in a list: {lost}") from None
        low = last


async def _by_creation(
    caller: Caller, data_source: str, minute: str, trashed: bool, only: Sequence[str], seen: set[str]
) -> AsyncGenerator[Pages]:
    """The pages of one minute of editing, by the minute of their creation."""
    within = [_from("last_edited_time", minute), _from("last_edited_time", minute, "on_or_before")]
    low: str | None = None
    while True:
        last, whole = low, True
        filters = [*within, _from("created_time", low)]
        async for answer in _query(caller, data_source, "created_time", filters, trashed, only):
            pages = _fresh(answer, seen)
            last = answer["results"][-1]["created_time"] if answer["results"] else last
            whole = not _is_cut(answer)
            yield pages
        if whole:
            return
        if last == low:
            raise Unreachable("Notion shows only 10,000 of the rows that were made and edited in one minute")
        low = last


async def _query(
    caller: Caller, data_source: str, sort: str, filters: Sequence[Mapping[str, Any] | None], trashed: bool,
    only: Sequence[str],
) -> AsyncGenerator[dict[str, Any]]:  # fmt: skip
    wanted = [one for one in filters if one]
    body: dict[str, Any] = {"page_size": PAGE_SIZE, "sorts": [{"timestamp": sort, "direction": "ascending"}]}
    if wanted:
        body["filter"] = wanted[0] if len(wanted) == 1 else {"and": wanted}
    if trashed:
        body["in_trash"] = True
    query = {"filter_properties": list(only)} if only else None
    while True:
        try:
            answer = await ask(caller, data_source, body, query)
        except Rejected as error:
            if query is None:
                raise Unseen(f"Notion refuses to list the data source {data_source} in notion.yaml: {error}") from None
            query = None  # one of the properties is gone: all of them serve as well
            continue
        yield answer
        if not answer.get("has_more") or not answer.get("next_cursor"):
            return
        body["start_cursor"] = answer["next_cursor"]


async def ask(
    caller: Caller, data_source: str, body: Mapping[str, Any], query: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """One answer to one query. Raises Unseen, and as `Caller.call`."""
    try:
        return await caller.call("read", "POST", f"data_sources/{data_source}/query", query=query, body=body)
    except Missing as missing:
        raise Unseen(f"the data source {data_source} in notion.yaml can't be seen: {missing}") from None


def _from(time: str, at: str | None, test: str = "on_or_after") -> dict[str, Any] | None:
    return {"timestamp": time, time: {test: at}} if at else None


def _fresh(answer: Mapping[str, Any], seen: set[str]) -> list[Mapping[str, Any]]:
    found = [one for one in answer["results"] if one.get("object") == "page" and one["id"] not in seen]
    seen.update(one["id"] for one in found)
    return found


def _is_cut(answer: Mapping[str, Any]) -> bool:
    status: Mapping[str, Any] = answer.get("request_status") or {}
    return status.get("type") == "incomplete"


def _minute_after(minute: str) -> str:
    return iso(parse_iso(minute) + timedelta(minutes=1))
