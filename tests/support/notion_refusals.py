"""Requests that Notion refuses, asked of any server, so that two servers can be held against each other.

Recorded from backlot, whose words were measured on the live API: in an environment of its own,

    pip install backlot==0.1.0 httpx
    BACKLOT_TELEMETRY=0 PYTHONPATH=tests python -m support.notion_refusals > tests/data/notion/backlot.json
"""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import httpx

Json = dict[str, Any]
ABSENT = "6f1f5a52-0f0c-4a53-9d3e-5e6c0f9a7b11"
NEW, OLD = "2025-09-03", "2022-06-28"
GOOD = {"Authorization": "Bearer {token}", "Notion-Version": NEW}
DOOR = ("GET /v1/users/me", "POST /v1/search", "GET /v1/pages/{page}", "POST /v1/data_sources/{data_source}/query")
HEADERS: Sequence[Mapping[str, str]] = (
    {},
    {"Authorization": "Bearer nope"},
    {"Authorization": "Basic YTpi", "Notion-Version": NEW},
    {"Authorization": "{token}", "Notion-Version": NEW},
    {"Authorization": "Bearer {token} x", "Notion-Version": NEW},
    {"Authorization": "Bearer {token}"},
    {"Authorization": "Bearer {token}", "Notion-Version": "2099-01-01"},
    {"Authorization": "Bearer {token}", "Notion-Version": ""},
    {"Authorization": "Bearer nope", "Notion-Version": "2099-01-01"},
)
PATHS = (
    *("GET /v1/nothing", "GET /other", "DELETE /v1/users/me", "GET /v1/search", "PUT /v1/pages/{page}"),
    *("GET /v1/pages/{absent}", "GET /v1/databases/{absent}", "GET /v1/data_sources/{absent}"),
    *("GET /v1/databases/{page}", "GET /v1/pages/{database}", "GET /v1/data_sources/{database}"),
    *("GET /v1/users/{absent}", "GET /v1/blocks/{absent}", "GET /v1/blocks/{absent}/children"),
    *("GET /v1/users?page_size=abc", "GET /v1/users?foo=1", "GET /v1/users/me?foo=1&bar=x"),
    *("GET /v1/users?start_cursor=bogus", "GET /v1/databases/{database}?foo=true"),
    *("GET /v1/blocks/{page}/children?start_cursor=bogus", "GET /v1/blocks/{page}/children?start_cursor={absent}"),
    *("GET /v1/blocks/{page}/children?foo=1", "GET /v1/data_sources/{data_source}?foo=1"),
    *("GET /v1/comments", "GET /v1/comments?block_id=x", "GET /v1/comments?block_id={absent}"),
    *("GET /v1/comments?block_id={page}&page_size=0", "GET /v1/comments?block_id={page}&start_cursor=x"),
    "GET /v1/comments?block_id={page}&page_size=101",
)
QUERIES: Sequence[Json] = (
    *({"page_size": size} for size in (0, -1, 1.5, "x", None, True)),
    *({"start_cursor": cursor} for cursor in (5, "bogus", "s:", "s:x:", "s::y", "{absent}")),
    *({"sorts": sorts} for sorts in ("x", [{}], [{"property": "Nope", "direction": "ascending"}])),
    {"sorts": [{"property": "Name"}]},
    {"sorts": [{"property": "Name", "direction": "up"}]},
    {"sorts": [{"timestamp": "created", "direction": "ascending"}]},
    *({"filter": wrong} for wrong in ("x", {}, [], {"and": "x"}, {"and": [{}]}, {"property": "Name"})),
    {"filter": {"property": "Nope", "title": {"equals": "x"}}},
    {"filter": {"and": [{"property": "Nope", "title": {"equals": "x"}}]}},
    {"filter": {"or": [{"timestamp": "created_time"}]}},
    {"foo": 1},
    {"foo": "x" * 60, "bar": [1, {"a": None}]},
    {"result_type": "row"},
    {"sorts": "x", "filter": "x"},
    {"page_size": "x", "start_cursor": 5},
    {"filter": {"property": "Nope", "title": {}}, "start_cursor": "bogus"},
    {
        "sorts": [{"property": "No sort", "direction": "ascending"}],
        "filter": {"property": "No filter", "title": {"equals": "x"}},
    },
)
SEARCHES: Sequence[Json] = (
    *({"query": 1}, {"page_size": "x"}, {"start_cursor": "bogus"}, {"start_cursor": "{absent}"}, {"foo": 1}),
    *({"filter": "x"}, {"filter": {"property": "object", "value": "database"}}, {"filter": {"value": "page"}}),
    *({"sort": "x"}, {"sort": {}}, {"sort": {"timestamp": "created_time"}}, {"sort": {"direction": "up"}}),
    *({"sort": {"property": "Name"}}, {"sort": {"timestamp": "last_edited_time"}}),
    {"filter": {"property": "object", "value": "bogus"}},
    {"sort": {"property": "relevance", "direction": "ascending"}},
)


def requests() -> list[Json]:
    """All requests; what stands in braces is the asked server's own."""

    def one(line: str, headers: Mapping[str, str] = GOOD, **sent: Any) -> Json:
        method, _, path = line.partition(" ")
        return {"method": method, "path": path, "headers": dict(headers), **sent}

    query, search = "POST /v1/data_sources/{data_source}/query", "POST /v1/search"
    absent = "POST /v1/data_sources/{absent}/query"
    old = {**GOOD, "Notion-Version": OLD}
    return [
        *(one(line, headers) for line in DOOR for headers in HEADERS),
        *(one(line) for line in PATHS),
        *(one(query, body=body) for body in QUERIES),
        *(one(absent, body=body) for body in ({}, {"page_size": 0}, {"sorts": [{}]}, {"start_cursor": "bogus"})),
        *(one(search, body=body) for body in SEARCHES),
        *(one(line, old) for line in (query, absent, "GET /v1/data_sources/{data_source}")),
        *(one(f"{query}?{asked}") for asked in ("filter_properties=Nope", "foo=1", "filter_properties[x]=a")),
        one("POST /v1/databases/{database}/query"),
        one("POST /v1/databases/{absent}/query", old),
        *(one(search, raw=raw) for raw in ("{", '"x"', "NaN", '{"a":1,}', "[]", "[1]")),
        *(one(search, {"Notion-Version": NEW}, raw=raw) for raw in ("{", "[]")),
        one("GET /v1/nothing", {}, raw="{"),
    ]


def answers(base: str, own: Mapping[str, str]) -> list[Json]:
    """What a server at `base` answers to each; its own ids and token are put back into braces."""
    with httpx.Client() as client:
        return [_answer(client, base, own, asked) for asked in requests()]


def _answer(client: httpx.Client, base: str, own: Mapping[str, str], asked: Json) -> Json:
    filled = json.loads(_filled(json.dumps(asked), own))
    headers = {**filled["headers"], "Content-Type": "application/json"}
    raw = filled.get("raw") or (json.dumps(filled["body"]) if "body" in filled else None)
    got = client.request(filled["method"], base + filled["path"], headers=headers, content=raw)
    answer = got.json()
    answer.pop("request_id", None)
    return {"status": got.status_code, "answer": json.loads(_emptied(json.dumps(answer), own))}


def _filled(words: str, own: Mapping[str, str]) -> str:
    for name, value in own.items():
        words = words.replace("{" + name + "}", value)
    return words


def _emptied(words: str, own: Mapping[str, str]) -> str:
    for name, value in own.items():
        words = words.replace(value, "{" + name + "}")
    return words


def main() -> None:
    """Record backlot's answers to standard output."""
    import backlot  # installed for this only; no dependency of the project

    records = [
        {"source_type": "notion", "doc_id": "db", "subtype": "database", "title": "Projects", "content": "All of them"},
        {"source_type": "notion", "doc_id": "row", "parent": "db", "title": "Launch site", "content": "A row"},
        {"source_type": "notion", "doc_id": "page", "title": "Home", "content": "A page"},
    ]
    common = {
        "teamspace": "Firm",
        "author_email": "ada@example.com",
        "visibility": "public",
        "created": "2026-11-02T09:00:00Z",
        "updated": "2026-11-02T09:00:00Z",
    }
    with backlot.serve(records=[common | one for one in records], telemetry=False) as server:
        base = f"{server.base_url}/notion"
        own = {"token": server.token, "absent": ABSENT, **_ids(base, server.token)}
        found = [asked | told for asked, told in zip(requests(), answers(base, own), strict=True)]
    refused = [one for one in found if one["status"] != 200]
    head = {"from": f"backlot {version('backlot')}", "on": datetime.now(UTC).date().isoformat()}
    json.dump({**head, "refusals": refused}, sys.stdout, indent=1, ensure_ascii=False)


def _ids(base: str, token: str) -> Mapping[str, str]:
    headers = {"Authorization": f"Bearer {token}", "Notion-Version": NEW}
    found = httpx.post(f"{base}/v1/search", headers=headers, json={}).json()["results"]
    source = next(one for one in found if one["object"] == "data_source")
    page = next(one for one in found if one["object"] == "page" and one["parent"]["type"] == "workspace")
    return {"data_source": source["id"], "database": source["parent"]["database_id"], "page": page["id"]}


if __name__ == "__main__":
    main()
