"""The forms of queries, searches and lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onefirm.simulators.notion.forms import (
    AT_LEAST_ONE,
    AT_MOST_A_HUNDRED,
    BOOLEAN,
    ID,
    NUMBER,
    OBJECT,
    STRING,
    WHOLE,
    Form,
    any_of,
    both,
    items,
    members,
    one_of,
)
from onefirm.simulators.notion.refusals import invalid

BY_PROPERTY = (
    *("title", "rich_text", "number", "checkbox", "select", "multi_select", "status", "date", "people", "files"),
    *("url", "email", "phone_number", "relation", "created_by", "created_time", "last_edited_by", "last_edited_time"),
    *("formula", "unique_id", "rollup", "verification"),
)
"""The types of a filter's condition, in the order in which a refusal lists them."""
STAMPS = ("created_time", "last_edited_time")
DIRECTION = one_of("ascending", "descending")
CONDITIONS = (
    *(members({kind: OBJECT, "property": STRING}, {"type": STRING}) for kind in BY_PROPERTY),
    *(members({stamp: OBJECT, "timestamp": STRING}, {"type": STRING}) for stamp in STAMPS),
)


def _compounds(inner: Form) -> tuple[Form, Form]:
    return members({"or": items(inner)}, whole=False), members({"and": items(inner)}, whole=False)


INNER = any_of(*CONDITIONS, *_compounds(any_of(*CONDITIONS)))
FILTER = any_of(*_compounds(INNER), *CONDITIONS)
SORT = any_of(
    members({"property": STRING, "direction": DIRECTION}, whole=False),
    members({"timestamp": one_of(*STAMPS), "direction": DIRECTION}, whole=False),
)
QUERY = members(
    optional={
        "sorts": items(SORT),
        "filter": FILTER,
        "start_cursor": STRING,
        "page_size": both(WHOLE, AT_LEAST_ONE),
        "result_type": one_of("page", "data_source"),
        "in_trash": BOOLEAN,
        "archived": BOOLEAN,
    }
)
SEARCH_SORT = any_of(
    members({"timestamp": one_of("last_edited_time")}, {"direction": DIRECTION}),
    members({"property": one_of("relevance")}),
    members(optional={"property": STRING, "timestamp": STRING, "direction": DIRECTION}),
)


def search(old: bool) -> Form:
    """A search's body; `old` versions know databases, and don't list them."""
    value = one_of("page", "data_source", unnamed=("database",) if old else ())
    wanted = any_of(
        members({"property": one_of("object"), "value": value}, {"in_trash": BOOLEAN}),
        members({"in_trash": BOOLEAN}),
    )
    kinds = {"sort": SEARCH_SORT, "query": STRING, "start_cursor": ID, "page_size": NUMBER, "filter": wanted}
    return members(optional=kinds)


def check_search_sort(sort: Mapping[str, Any]) -> None:
    """Refuse a sort that the form lets through and no search can do, in words that name no failed validation."""
    if not sort:
        raise invalid(
            'body.sort should specify either `{ "property": "relevance" }` or '
            '`{ "timestamp": "last_edited_time", "direction": "ascending" | "descending" }`.'
        )
    if "property" in sort:
        _check_relevance(sort)
    elif sort.get("timestamp") != "last_edited_time":
        raise invalid('body.sort.timestamp should be "last_edited_time" when sorting by timestamp.')
    elif "direction" not in sort:
        raise invalid('body.sort.direction should be defined when body.sort.timestamp is "last_edited_time".')


def _check_relevance(sort: Mapping[str, Any]) -> None:
    if sort["property"] != "relevance":
        raise invalid(f'body.sort.property should be "relevance", instead was `{sort["property"]}`.')
    if len(sort) > 1:
        raise invalid('body.sort with `{ "property": "relevance" }` cannot include `timestamp` or `direction`.')


USERS = members(optional={"start_cursor": STRING, "page_size": NUMBER})
CHILDREN = members(optional={"start_cursor": ID, "page_size": NUMBER})
COMMENTS = members(
    {"block_id": ID},
    {"start_cursor": ID, "page_size": both(NUMBER, both(AT_LEAST_ONE, AT_MOST_A_HUNDRED))},
    whole=False,
)
