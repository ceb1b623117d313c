"""Notion's own types as a judge: whether an answer or a request could be Notion's.

The contract is `tests/data/notion/contract.json.gz`: JSON Schema made from the types of `@notionhq/client`, which are
generated from Notion's specification. `tests/data/notion/README.md` says how it is made again.
"""

import functools
import gzip
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema

CONTRACT = Path(__file__).resolve().parent.parent / "data" / "notion" / "contract.json.gz"
Json = dict[str, Any]
ANSWERS: Sequence[tuple[str, str, str]] = (
    ("POST", r"data_sources/[^/]+/query", "QueryDataSourceResponse"),
    ("GET|PATCH", r"data_sources/[^/]+", "GetDataSourceResponse"),
    ("POST", r"data_sources", "GetDataSourceResponse"),
    ("GET|PATCH", r"databases/[^/]+", "GetDatabaseResponse"),
    ("POST", r"databases", "GetDatabaseResponse"),
    ("POST", r"pages", "PageObjectResponse"),
    ("GET|PATCH", r"pages/[^/]+", "PageObjectResponse"),
    ("GET", r"pages/[^/]+/properties/[^/]+", "GetPagePropertyResponse"),
    ("GET|PATCH", r"pages/[^/]+/markdown", "GetPageMarkdownResponse"),
    ("POST", r"search", "SearchResponse"),
    ("GET", r"users", "ListUsersResponse"),
    ("GET", r"users/me", "GetSelfResponse"),
    ("GET", r"users/[^/]+", "UserObjectResponse"),
    ("GET", r"comments", "ListCommentsResponse"),
    ("POST", r"comments", "CommentObjectResponse"),
    ("GET", r"comments/[^/]+", "CommentObjectResponse"),
    ("GET|PATCH", r"blocks/[^/]+/children", "ListBlockChildrenResponse"),
    ("GET|PATCH|DELETE", r"blocks/[^/]+", "BlockObjectResponse"),
)
"""What each address answers, by its definition in the contract."""
REQUESTS: Sequence[tuple[str, str, str]] = (
    ("POST", r"data_sources/(?P<data_source_id>[^/]+)/query", "QueryDataSourceParameters"),
    ("POST", r"pages", "CreatePageParameters"),
    ("PATCH", r"pages/(?P<page_id>[^/]+)", "UpdatePageParameters"),
    ("PATCH", r"pages/(?P<page_id>[^/]+)/markdown", "UpdatePageMarkdownParameters"),
    ("PATCH", r"blocks/(?P<block_id>[^/]+)/children", "AppendBlockChildrenParameters"),
    ("PATCH", r"blocks/(?P<block_id>[^/]+)", "UpdateBlockParameters"),
    ("POST", r"databases", "CreateDatabaseParameters"),
    ("PATCH", r"databases/(?P<database_id>[^/]+)", "UpdateDatabaseParameters"),
    ("POST", r"data_sources", "CreateDataSourceParameters"),
    ("PATCH", r"data_sources/(?P<data_source_id>[^/]+)", "UpdateDataSourceParameters"),
    ("POST", r"comments", "CreateCommentParameters"),
    ("POST", r"search", "SearchParameters"),
)
"""What each address takes; what stands in the address is a parameter too."""
SLACK: Mapping[str, str] = {
    "request_id": "on every answer, measured on the live API in October 2026, in no type",
    "database_type": "on data sources and databases, measured in October 2026, in no type",
    "archived": "required by the types, gone from answers since 2026-03-11 by the upgrade guide",
    "has_more": "on a page's relation, documented under “Retrieve a page”, in no type",
    "button, place, verification": "columns that a data source can have, in no type of a data source's schema",
}
"""Where the contract is known to be narrower than Notion, and why we side with Notion."""


@functools.cache
def definitions() -> Json:
    """All definitions of the contract."""
    return json.loads(gzip.decompress(CONTRACT.read_bytes()))["definitions"]


@functools.cache
def _validator(name: str) -> jsonschema.Draft7Validator:
    schema = {"definitions": definitions(), "$ref": f"#/definitions/{name}"}
    return jsonschema.Draft7Validator(schema)


def named(table: Sequence[tuple[str, str, str]], method: str, path: str) -> tuple[str, Mapping[str, str]] | None:
    """The definition for an address below `/v1/`, and what stands in the address; None if the contract has none."""
    for methods, pattern, name in table:
        if method in methods.split("|") and (match := re.fullmatch(pattern, path)):
            return name, match.groupdict()
    return None


def answer_fault(method: str, path: str, answer: Json) -> str | None:
    """Why Notion could not have answered this; None if it could."""
    found = named(ANSWERS, method, path)
    return _fault(found[0], _allowed(answer)) if found else f"the contract says nothing of {method} {path}"


def request_fault(method: str, path: str, body: Json) -> str | None:
    """Why a request of ours isn't one that Notion's types allow; None if it is, or if they have no such request."""
    found = named(REQUESTS, method, path)
    return _fault(found[0], {**found[1], **body}) if found else None


def event_fault(event: Json) -> str | None:
    """Why no webhook of Notion's could have brought this; None if one could."""
    words = re.split(r"[._]", event["type"])
    return _fault("".join(word.capitalize() for word in words) + "WebhookPayload", event)


def _fault(name: str, value: Json) -> str | None:
    error = jsonschema.exceptions.best_match(_validator(name).iter_errors(value))
    return f"{name}: {error.message[:300]} at {error.json_path}" if error else None


def _allowed(answer: Json) -> Json:
    """The answer without what SLACK lists."""
    kept = {key: value for key, value in answer.items() if key not in ("request_id", "database_type")}
    if kept.get("object") in ("page", "database", "data_source", "block"):
        kept.setdefault("archived", kept.get("in_trash"))
    if "results" in kept:
        kept["results"] = [_allowed(one) for one in kept["results"]]
    if "properties" in kept:
        kept["properties"] = dict(_columns(kept))
    return kept


def _columns(of: Json) -> Iterator[tuple[str, Json]]:
    for name, column in of["properties"].items():
        if of["object"] == "page":
            yield name, {key: value for key, value in column.items() if key != "has_more"}
        elif column["type"] not in ("button", "place", "verification"):
            yield name, column


def shape(value: Any) -> Any:
    """What kind of thing it is: the same for two answers that differ only in words, numbers and lengths of lists."""
    if isinstance(value, dict):
        kinds = value.get("type"), value.get("function")
        return kinds, frozenset((key if _fixed(key) else "*", shape(one)) for key, one in value.items())
    if isinstance(value, list):
        return frozenset(shape(one) for one in value)
    return type(value).__name__


def _fixed(key: str) -> bool:
    return bool(re.fullmatch(r"[a-z_0-9]+", key))  # the names of properties are whatever people call them


class Judge:
    """Validates each distinct shape once, so that thousands of like answers cost one."""

    def __init__(self) -> None:
        self._seen: dict[Any, str | None] = {}

    def answer(self, method: str, path: str, answer: Json) -> str | None:
        """Why Notion could not have answered this; None if it could."""
        key = (named(ANSWERS, method, path) or (method, path))[0], shape(answer)
        return self._once(key, lambda: answer_fault(method, path, answer))

    def request(self, method: str, path: str, body: Json) -> str | None:
        """Why Notion's types don't allow this request; None if they do, or say nothing of it."""
        found = named(REQUESTS, method, path)
        return self._once((found[0], shape(body)), lambda: request_fault(method, path, body)) if found else None

    def event(self, event: Json) -> str | None:
        """Why no webhook of Notion's could have brought this; None if one could."""
        return self._once((event["type"], shape(event)), lambda: event_fault(event))

    def _once(self, key: Any, look: Callable[[], str | None]) -> str | None:
        if key not in self._seen:
            self._seen[key] = look()
        return self._seen[key]
