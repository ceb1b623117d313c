"""The addresses of the API, a file per noun: each function reads a request, acts on the workspace, shapes an answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from onefirm.simulators.notion.call import Call
from onefirm.simulators.notion.endpoints import (
    blocks,
    comments,
    data_sources,
    databases,
    markdown,
    pages,
    search,
    users,
)
from onefirm.simulators.notion.objects import Json

Endpoint = Callable[[Call], Json]
ROUTES: Mapping[tuple[str, str], Endpoint] = {
    ("GET", "users"): users.all_of_them,
    ("GET", "users/me"): users.me,
    ("GET", "users/{}"): users.one,
    ("POST", "search"): search.search,
    ("POST", "pages"): pages.create,
    ("GET", "pages/{}"): pages.retrieve,
    ("PATCH", "pages/{}"): pages.update,
    ("GET", "pages/{}/properties/{}"): pages.property_item,
    ("GET", "pages/{}/markdown"): markdown.retrieve,
    ("PATCH", "pages/{}/markdown"): markdown.update,
    ("GET", "blocks/{}"): blocks.retrieve,
    ("PATCH", "blocks/{}"): blocks.update,
    ("DELETE", "blocks/{}"): blocks.delete,
    ("GET", "blocks/{}/children"): blocks.children,
    ("PATCH", "blocks/{}/children"): blocks.append,
    ("GET", "comments"): comments.all_of_them,
    ("POST", "comments"): comments.create,
    ("GET", "comments/{}"): comments.retrieve,
    ("POST", "databases"): databases.create,
    ("GET", "databases/{}"): databases.retrieve,
    ("PATCH", "databases/{}"): databases.update,
    ("POST", "databases/{}/query"): data_sources.query_database,
    ("POST", "data_sources"): data_sources.create,
    ("GET", "data_sources/{}"): data_sources.retrieve,
    ("PATCH", "data_sources/{}"): data_sources.update,
    ("POST", "data_sources/{}/query"): data_sources.query,
}
_PATTERNS = [(method, re.compile(path.replace("{}", "([^/]+)")), found) for (method, path), found in ROUTES.items()]


def route(method: str, path: str) -> tuple[Endpoint, tuple[str, ...]] | None:
    """The endpoint of an address below `/v1/`, and the parts of it that vary; None if there is none."""
    for wanted, pattern, endpoint in _PATTERNS:
        if wanted == method and (match := pattern.fullmatch(path)):
            return endpoint, match.groups()
    return None
