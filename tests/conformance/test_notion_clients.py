"""The simulated Notion, driven by three programs that nobody here wrote: two clients and Notion's own MCP server."""

import json
import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest
from mcp import Client as McpClient
from mcp.client.stdio import StdioServerParameters
from mcp.types import CallToolResult
from notion_client import APIResponseError
from notion_client.helpers import iterate_paginated_api

from onefirm.simulators.notion import Notion
from onefirm.simulators.notion.moments import Dial
from onefirm.simulators.notion.objects import DataSource
from support import node
from support.notion import client, faults

NINE = datetime(2026, 11, 2, 9, 0, 42, tzinfo=UTC)


def seeded(notion: Notion) -> DataSource:
    """A hundred rows, and one refusal that waits for whoever lists the users."""
    status = {"status": {"options": [{"name": "Discovery"}, {"name": "Delivery"}]}}
    source = notion.phone.database("Projects", {"Name": "title", "Status": status, "Value": "number"})
    for at in range(100):
        notion.phone.row(source, {"Name": f"Row {at:03}", "Value": at % 7})
    notion.faults.add("429", "users$", retry_after_s=3)
    return source


def words(page: Any) -> str:
    return "".join(one["plain_text"] for one in page["properties"]["Name"]["title"])


def refused(doing: Any) -> str:
    try:
        doing()
    except APIResponseError as error:
        return f"{getattr(error.code, 'value', error.code)}: {error}"
    return "done"


def scenario(notion: Notion, source: str) -> list[list[Any]]:
    """What `tests/node/notion.mjs` does, through Python's client."""
    with client(notion) as api:
        me = api.users.me()
        told: list[list[Any]] = [["me", me["type"], me["name"]]]
        sent = {"Name": {"title": [{"text": {"content": "Neu — ü 🚀"}}]}}
        page = api.pages.create(parent={"data_source_id": source}, properties=sent)
        told.append(["created", words(page), page["created_time"], page["parent"]["type"]])
        values = {"Value": {"number": 7}, "Status": {"status": {"name": "Delivery"}}}
        changed = api.pages.update(page["id"], properties=values)["properties"]
        told.append(["changed", changed["Value"]["number"], changed["Status"]["status"]["name"]])
        again = api.pages.retrieve(page["id"])
        told.append(["again", again["id"] == page["id"], again["in_trash"], "archived" in again])
        sorts = [{"property": "Name", "direction": "ascending"}]
        rows = iterate_paginated_api(api.data_sources.query, data_source_id=source, page_size=40, sorts=sorts)
        found = [words(row) for row in rows]
        told.append(["all", len(found), found[0], found[-1]])
        both = [{"property": "Value", "number": {"greater_than": 5}}, {"property": "Name", "title": {"contains": "ü"}}]
        some = api.data_sources.query(source, filter={"and": both})
        told.append(["some", [words(row) for row in some["results"]], some["has_more"]])
        told.append(["schema", sorted(api.data_sources.retrieve(source)["properties"])])
        item = api.pages.properties.retrieve(page["id"], page["properties"]["Name"]["id"])
        told.append(["item", item["object"], len(item["results"])])
        paragraph = {"paragraph": {"rich_text": [{"text": {"content": "Why"}}]}}
        api.blocks.children.append(page["id"], children=[paragraph])
        told.append(["body", [one["type"] for one in api.blocks.children.list(page["id"])["results"]]])
        told.append(["markdown", api.pages.retrieve_markdown(page["id"])["markdown"]])
        api.comments.create(parent={"page_id": page["id"]}, rich_text=[{"text": {"content": "So?"}}])
        told.append(["comments", len(api.comments.list(block_id=page["id"])["results"])])
        told.append(["search", [words(one) for one in api.search(query="neu")["results"]]])
        told.append(["trashed", api.pages.update(page["id"], in_trash=True)["in_trash"]])
        told.append(["gone", refused(lambda: api.pages.retrieve("6f1f5a52-0f0c-4a53-9d3e-5e6c0f9a7b11"))])
        wrong = {"No": {"number": 1}}
        told.append(["wrong", refused(lambda: api.pages.create(parent={"data_source_id": source}, properties=wrong))])
        told.append(["busy", refused(api.users.list), "rate_limited"])
        return told


def test_both_clients_live_the_same_story() -> None:
    stories: list[Any] = []
    for play in (scenario, in_javascript):
        with Notion(Dial(NINE)) as notion:
            stories.append(play(notion, seeded(notion).id))
            assert faults(notion) == []
    assert stories[0] == stories[1]
    assert [step[0] for step in stories[0]][-3:] == ["gone", "wrong", "busy"]
    assert stories[0][1] == ["created", "Neu — ü 🚀", "2026-11-02T09:00:00.000Z", "data_source_id"]


def in_javascript(notion: Notion, source: str) -> Any:
    done = subprocess.run(
        node.command(node.NOTION_SCENARIO, notion.url, notion.token, source),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.anyio
async def test_notions_own_mcp_server_works_on_it(notion: Notion) -> None:
    source = seeded(notion)
    notion.faults.clear()
    program, *arguments = node.command(node.NOTION_SERVER)
    env = {"NOTION_TOKEN": notion.token, "BASE_URL": notion.url}
    async with McpClient(StdioServerParameters(command=program, args=arguments, env=env)) as server:
        listed = await tool(server, "query-data-source", data_source_id=source.id, page_size=5)
        assert len(listed["results"]) == 5
        title = {"Name": {"title": [{"text": {"content": "By a model"}}]}}
        page = await tool(server, "post-page", parent={"data_source_id": source.id}, properties=title)
        assert words(await tool(server, "retrieve-a-page", page_id=page["id"])) == "By a model"
        changed = await tool(server, "patch-page", page_id=page["id"], properties={"Value": {"number": 4}})
        assert changed["properties"]["Value"]["number"] == 4
        found = await tool(server, "post-search", query="by a model")
        assert [one["id"] for one in found["results"]] == [page["id"]]
        assert (await tool(server, "get-self"))["type"] == "bot"
        assert (await tool(server, "retrieve-a-data-source", data_source_id=source.id))["object"] == "data_source"
        assert (await tool(server, "retrieve-a-database", database_id=source.database))["object"] == "database"
        notion.phone.write(page["id"], "# Why")
        assert (await tool(server, "retrieve-page-markdown", page_id=page["id"]))["markdown"] == "# Why"
        missing = await tool(server, "retrieve-a-page", page_id="6f1f5a52-0f0c-4a53-9d3e-5e6c0f9a7b11")
        assert missing["code"] == "object_not_found"


async def tool(server: McpClient, name: str, **arguments: Any) -> Any:
    result = await server.call_tool(f"API-{name}", arguments)
    assert isinstance(result, CallToolResult)
    return json.loads(result.content[0].text)  # type: ignore[union-attr]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
