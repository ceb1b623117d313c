"""The reference of tools and resources, written from the server itself: `python -m mcp_server.reference`; and what a
model is shown of it.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mcp.types import Tool

from mcp_server import answers, arguments
from mcp_server.registry import TOOLS
from mcp_server.sdk import Offer
from mcp_server.server import INSTRUCTIONS, build
from onefirm.narrative.compile import TOOL_PREFIX

_HEAD = f"""\
# Tools

<!-- Written by `python -m mcp_server.reference`; a test holds it to the server. -->

The plugin's MCP server is called `firm`; in Claude Code a tool is `mcp__plugin_onefirm_firm__<tool>`.

**Answers** are compact JSON: `columns` and `rows`, and where there is more: `total`, `cursor` and a `hint` how to
narrow. Empty columns are left out. No answer is longer than {answers.TOKENS:,} tokens; a text that had to be cut
says how much is missing.

**Refusals** are sentences: what happened, then what to do next. Unknown arguments are refused with the known ones.
One text may have {arguments.LONGEST_TEXT:,} characters, one call {arguments.MOST_REFS} refs and
{arguments.MOST_CHANGES} changes.

**Receipts.** `record_get` (without `as_of` and `timeline`) and `record_write` give the session a receipt for the
record. A call that no hook announced gives none, and its answer says so in `note`.
"""


def markdown() -> str:
    """The whole reference."""
    return "\n".join([_HEAD, *(line for offer in TOOLS for line in _tool(offer)), *_resources()]) + "\n"


def shown() -> list[str]:
    """What the client shows every session of this server: its instructions, then each tool's definition."""
    tools = asyncio.run(build(Path("workspace")).list_tools())
    return [INSTRUCTIONS, *map(_definition, tools)]


def _definition(tool: Tool) -> str:
    """The definition as a model is shown it: under the client's name, without the title, which is for people."""
    said = tool.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"title"})
    return json.dumps({**said, "name": f"{TOOL_PREFIX}{tool.name}"}, separators=(",", ":"), ensure_ascii=False)


def _tool(offer: Offer) -> Iterator[str]:
    yield f"## {offer.run.__name__}\n"
    yield f"{' '.join((offer.run.__doc__ or '').split())}\n"
    yield f"*{'; '.join(_traits(offer))}.*\n"
    parameters = [
        item for item in inspect.signature(offer.run, eval_str=True).parameters.values() if item.name != "call"
    ]
    if parameters:
        yield "| argument | takes | default |\n|---|---|---|"
        yield (
            "\n".join(f"| `{item.name}` | {_type(item.annotation)} | {_default(item)} |" for item in parameters) + "\n"
        )


def _traits(offer: Offer) -> Iterator[str]:
    hints, meta = offer.annotations, offer.meta or {}
    if offer.internal:
        yield "internal: not listed to models"
    yield "reads" if hints.read_only_hint else "writes"
    if hints.idempotent_hint:
        yield "the same call twice does nothing more"
    if "anthropic/requiresUserInteraction" in meta:
        yield "the client asks a person each time"
    if "anthropic/alwaysLoad" in meta:
        yield "always loaded"


_TYPES: dict[object, str] = {
    str: "text",
    int: "number",
    bool: "true or false",
    arguments.Refs: "list of refs",
    arguments.SomeRefs: "list of refs",
    arguments.Texts: "list of texts",
    arguments.Object: "object",
    arguments.Limit: "1 to 200",
    arguments.Changes: "list of `{op, kind, ref, set, if_match}`; op is create, update or archive",
}


def _type(annotation: Any) -> str:
    if annotation in _TYPES:
        return _TYPES[annotation]
    if typing.get_origin(annotation) is typing.Literal:
        return ", ".join(f"`{choice}`" for choice in typing.get_args(annotation))
    return " or ".join(_type(kind) for kind in typing.get_args(annotation) if kind is not type(None))


def _default(item: inspect.Parameter) -> str:
    if item.default is inspect.Parameter.empty:
        return "required"
    return "" if item.default in (None, False) else f"`{item.default}`"


def _resources() -> Iterator[str]:
    server = build(Path("workspace"))
    listed = [(str(item.uri), item.description) for item in asyncio.run(server.list_resources())]
    listed += [(item.uri_template, item.description) for item in asyncio.run(server.list_resource_templates())]
    yield "## Resources\n"
    yield "\n".join(f"- `{uri}`: {description}" for uri, description in listed)
    yield "\nReading a resource gives no receipt.\n"
    yield f"## Instructions\n\n{INSTRUCTIONS}"


if __name__ == "__main__":
    print(markdown(), end="")
