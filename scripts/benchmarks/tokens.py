"""What tools and rows cost a model, in tokens of o200k_base: our server beside Notion's own on the same rows."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from mcp import StdioServerParameters
from mcp.client import Client
from mcp.types import CallToolResult, TextContent, Tool

from benchmarks import firms, notion
from benchmarks.bench import PROJECT, Bench
from benchmarks.processes import Failed
from benchmarks.rows import Goal, NotMeasured, Report, Row
from benchmarks.samples import Sample
from onefirm import bootstrap
from onefirm.state.mirror import Record

NODE = PROJECT / "tests" / "node" / "node_modules"
SIZES = (10, 25, 50)
_FEWER = Goal("saving", "at least", 10)


@dataclass(frozen=True, slots=True)
class Costs:
    """Tokens: of each tool's definition, of a query's answer by number of rows, of one row read, of one value set."""

    tools: tuple[int, ...]
    queries: Mapping[int, int]
    reading: int
    setting: int


def measure(bench: Bench) -> Report:
    """Ask both servers for the same tasks."""
    root = firms.of_size(bench.folder / "firm", 200)
    ours, listed = asyncio.run(_ours(root))
    why = ""
    theirs: Costs | None = None
    _check_shown(root, listed)
    try:
        node(), program()  # before a firm moves for nothing
        with notion.moved(root) as tasks:
            theirs = asyncio.run(_theirs(tasks, listed.refs))
    except NotMeasured as absent:
        why = str(absent)
    counted = (
        "tokens of o200k_base, over what a model is shown: of a tool everything but its title, of a result its "
        "structured content as compact JSON, or its text where it has none."
    )
    served = (
        f"peer: @notionhq/notion-mcp-server {_version()} over stdio, on the simulated Notion that this firm was moved "
        "to; both show the same tasks with the same ten properties."
    )
    notes = (counted, f"peer not measured: {why}." if why else served)
    return Report(
        "tokens", "what tools and rows cost a model", "Notion's own server", tuple(rows(ours, theirs, why)), notes
    )


def rows(ours: Costs, theirs: Costs | None, why: str) -> Iterator[Row]:
    """The table's rows; without the peer ours are told, and `why` says what is missing."""

    def row(what: str, of: Callable[[Costs], float], goal: Goal | None = None) -> Row:
        peer = Sample.of(of(theirs)) if theirs else None
        return Row(what, "tok", Sample.of(of(ours)), peer, goal, "" if theirs else f"peer not measured: {why}")

    yield row("the dearest tool's definition", lambda costs: max(costs.tools), Goal("ours", "at most", 140))
    yield row("all tools' definitions", lambda costs: sum(costs.tools))
    for size in SIZES:
        yield row(f"a query of {size} tasks, each row", lambda costs, size=size: costs.queries[size] / size, _FEWER)
    yield row("one task, read", lambda costs: costs.reading)
    yield row("one value set: call and answer", lambda costs: costs.setting)


# -- the two servers ---------------------------------------------------------------------------------------------------


class _Listed(NamedTuple):
    """What our server listed: tasks in their order, and which of their properties."""

    refs: list[str]
    columns: list[str]


async def _ours(root: Path) -> tuple[Costs, _Listed]:
    """Our costs, and what they were for."""
    place = StdioServerParameters(command=str(PROJECT / "bin" / "onefirm"), args=["mcp"], cwd=root)
    async with Client(place) as client:
        queries: dict[int, int] = {}
        refs: list[str] = []
        for size in SIZES:
            found = shown(await _called(client, "record_find", {"kind": "task", "limit": size}))
            table = json.loads(found)
            queries[size], refs = count(found), _refs(table, size)
        reading = count(shown(await _called(client, "record_get", {"refs": refs[:1]})))
        change = {"changes": [{"op": "update", "ref": refs[0], "set": {"priority": "urgent"}}]}
        setting = count(_json(change)) + count(shown(await _called(client, "record_write", change)))
        return Costs(await _definitions(client), queries, reading, setting), _Listed(refs, table["columns"])


def _refs(table: Mapping[str, Any], size: int) -> list[str]:
    """The refs of a full answer. Raises Failed when rows are missing: fewer rows would look cheap."""
    if len(table["rows"]) != size:
        raise Failed(f"record_find gave {len(table['rows'])} of {size} rows")
    return [row[table["columns"].index("ref")] for row in table["rows"]]


async def _theirs(tasks: notion.Tasks, refs: Sequence[str]) -> Costs:
    """Notion's costs for the same tasks: the longest list first, as nothing comes back from the trash."""
    env = {"NOTION_TOKEN": tasks.notion.token, "BASE_URL": tasks.notion.url}
    place = StdioServerParameters(command=node(), args=[str(program())], env=env)
    async with Client(place) as client:
        queries: dict[int, int] = {}
        for size in sorted(SIZES, reverse=True):
            tasks.leave(refs[:size])
            asked = {"data_source_id": tasks.place.data_source, "page_size": size}
            found = shown(await _called(client, "API-query-data-source", asked))
            if len(json.loads(found).get("results", ())) != size:
                raise Failed(f"Notion's server gave {found[:200]}")
            queries[size] = count(found)
        one = {"page_id": tasks.pages[refs[0]]}
        reading = count(shown(await _called(client, "API-retrieve-a-page", one)))
        change = {**one, "properties": tasks.urgent()}
        setting = count(_json(change)) + count(shown(await _called(client, "API-patch-page", change)))
        return Costs(await _definitions(client), queries, reading, setting)


async def _called(client: Client, tool: str, arguments: dict[str, Any]) -> CallToolResult:
    result = await client.call_tool(tool, arguments)
    if not isinstance(result, CallToolResult) or result.is_error:
        raise Failed(f"{tool} refused: {result}")
    return result


async def _definitions(client: Client) -> tuple[int, ...]:
    return tuple(definition(tool) for tool in (await client.list_tools()).tools)


def _check_shown(root: Path, listed: _Listed) -> None:
    """Raise Failed when ours left out a property that has a value: fewer values would look cheap."""
    with bootstrap.open_firm(root) as firm:
        held: list[Record] = [firm.records.get(ref) for ref in listed.refs]
    if missing := {name for record in held for name in record.props} - set(listed.columns):
        raise Failed(f"record_find left out {', '.join(sorted(missing))}")


# -- counting ----------------------------------------------------------------------------------------------------------


def count(text: str) -> int:
    """Tokens of a text."""
    return len(_encoding().encode_ordinary(text))


@cache
def _encoding() -> Any:
    from bpe_openai import get_encoding  # half a second and 75 MB

    return get_encoding("o200k_base")


def definition(tool: Tool) -> int:
    """Tokens of a tool's definition: all of it but the title, which is for people."""
    said = tool.model_dump(mode="json", by_alias=True, exclude_none=True)
    return count(_json({name: value for name, value in said.items() if name != "title"}))


def shown(result: CallToolResult) -> str:
    """What Claude Code shows a model of a result."""
    if result.structured_content is not None:
        return _json(result.structured_content)
    return "\n".join(part.text for part in result.content if isinstance(part, TextContent))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# -- Notion's program --------------------------------------------------------------------------------------------------


def node() -> str:
    """The Node of tests/node, else the system's. Raises NotMeasured."""
    found = shutil.which("node", path=str(NODE / ".bin")) or shutil.which("node")
    if found is None:
        raise NotMeasured("there is no Node on PATH; install Node 22, then `npm ci` in tests/node")
    return found


def program() -> Path:
    """The server's entry. Raises NotMeasured."""
    entry = NODE / "@notionhq" / "notion-mcp-server" / "bin" / "cli.mjs"
    if not entry.exists():
        raise NotMeasured("Notion's server is not installed; run `npm ci` in tests/node")
    return entry


def _version() -> str:
    package = NODE / "@notionhq" / "notion-mcp-server" / "package.json"
    return json.loads(package.read_text(encoding="utf-8"))["version"] if package.exists() else ""
