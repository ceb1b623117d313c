"""The session behind a call: a tool for onefirm's own hook, of no use to a model."""

from __future__ import annotations

from typing import Any

from mcp.server.mcpserver import Context

from mcp_server.calls import Calls, tool_use_id
from onefirm.core.errors import Refused


def session_bind(
    call: tuple[Calls, Context[Any, Any]], session_id: str, tool_use_id: str, agent: str | None = None
) -> str:
    """For onefirm's own hook; a model's call is refused."""
    calls, request = call
    if made_by_model(request):
        raise Refused("session_bind is for onefirm's own hook.", hint="Go on: sessions are bound without you.")
    calls.bindings.put(session_id, tool_use_id, agent or "")
    return "{}"


def made_by_model(request: Context[Any, Any]) -> bool:
    """A model's call carries the client's tool use id; a hook's call of a tool does not."""
    return tool_use_id(request) is not None
