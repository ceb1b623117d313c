"""Everything that leans on the MCP SDK's insides (written for 2.3; a test fails when they move).

The SDK ignores unknown arguments, publishes schemas full of titles and defaults, and puts its own words round an
error. Here a tool becomes strict, its definition short, and its errors sentences of ours.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp.types import ToolAnnotations
from pydantic import ConfigDict, Field

from mcp_server import answers, arguments, errors
from mcp_server.calls import Calls
from onefirm.core.errors import FirmError

SDK = "2.3"
_CALL = "call"


@dataclass(frozen=True, slots=True)
class Offer:
    """A tool as it is offered: a function that takes a Call and gives an Answer; its docstring is the description.

    An `internal` one is for onefirm's own hooks: it can be called, but isn't listed, so that no model meets it. Its
    function takes `Calls` and the request instead, and gives the text itself.
    """

    run: Callable[..., Any]
    title: str
    annotations: ToolAnnotations
    meta: Mapping[str, Any] | None = None
    internal: bool = False


class FirmTool(Tool):
    """A tool whose arguments are checked first and whose every failure is a sentence."""

    log_place: str = Field(default="", exclude=True)

    async def run(self, arguments: dict[str, Any], context: Context[Any, Any], convert_result: bool = False) -> Any:
        """As the SDK's; raises ToolError with a sentence for everything but a protocol error."""
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            _check(given)
            return await super().run(given, context, convert_result)
        except ToolError as error:
            told = errors.sentence(self.name, self.parameters, error.__cause__ or error, self.log_place)
            raise ToolError(told) from None


def _check(given: dict[str, Any]) -> None:
    try:
        arguments.check(given)
    except FirmError as error:
        raise ToolError(str(error)) from None


def firm_tool(offer: Offer, calls: Calls, log_place: str) -> FirmTool:
    """The SDK's tool for an offer."""
    bound = _internal(offer.run, calls) if offer.internal else _answering(offer.run, calls)
    meta = dict(offer.meta) if offer.meta else None
    tool = FirmTool.from_function(
        bound, title=offer.title, description=_description(offer.run), context_kwarg=_CALL,
        annotations=offer.annotations, meta=meta, structured_output=False,
    )  # fmt: skip
    _tighten(tool)
    return cast("FirmTool", tool).model_copy(update={"log_place": log_place})


def _answering(run: Callable[..., answers.Answer], calls: Calls) -> Callable[..., str]:
    @functools.wraps(run)
    def answer(call: Context[Any, Any], **given: Any) -> str:
        with calls.begin(call) as begun:
            return answers.text(run(begun, **given))

    return answer


def _internal(run: Callable[..., str], calls: Calls) -> Callable[..., str]:
    @functools.wraps(run)
    def answer(call: Context[Any, Any], **given: Any) -> str:
        return run((calls, call), **given)

    return answer


def _description(run: Callable[..., Any]) -> str:
    return " ".join((run.__doc__ or "").split())


def _tighten(tool: Tool) -> None:
    """Refuse unknown arguments, and publish a schema without what a model has no use for."""
    model = tool.fn_metadata.arg_model
    model.model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")
    model.model_rebuild(force=True)
    schema = model.model_json_schema(by_alias=True)
    tool.parameters = _slim(schema, schema.get("$defs", {}))


_NOISE = frozenset(
    {"title", "default", "description", "$defs", "minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum"}
)


def _slim(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> dict[str, Any]:
    """A schema without titles, defaults, limits (they are checked, and told when missed), null and references."""
    if "$ref" in schema:
        return _slim(defs[schema["$ref"].rpartition("/")[2]], defs)
    if "anyOf" in schema:
        kinds = [kind for kind in schema["anyOf"] if kind.get("type") != "null"]
        if len(kinds) == 1:
            return _slim(kinds[0], defs)
    slim: dict[str, Any] = {}
    for name, value in schema.items():
        if name in _NOISE or (name == "additionalProperties" and value is True):
            continue
        slim[name] = _slimmed(name, value, defs)
    if "enum" in slim:
        slim.pop("type", None)
    return slim


def _slimmed(name: str, value: Any, defs: Mapping[str, Any]) -> Any:
    if name == "properties":
        return {key: _slim(inner, defs) for key, inner in value.items()}
    if name == "items":
        # A change's own required and unknown names are checked, and told when missed: no need to pay for them here.
        return {
            key: inner for key, inner in _slim(value, defs).items() if key not in ("additionalProperties", "required")
        }
    return value
