"""The session behind a call, and what memory says to its prompts: tools for onefirm's own hooks, not for a model."""

from __future__ import annotations

import json
import logging
import sqlite3
from typing import Any

from mcp.server.mcpserver import Context

from mcp_server.calls import Calls, tool_use_id
from onefirm.core.errors import FirmError, Refused

log = logging.getLogger("onefirm.mcp")


def session_bind(
    call: tuple[Calls, Context[Any, Any]], session_id: str, tool_use_id: str, agent: str | None = None
) -> str:
    """For onefirm's own hook; a model's call is refused."""
    calls, request = call
    if made_by_model(request):
        raise Refused("session_bind is for onefirm's own hook.", hint="Go on: sessions are bound without you.")
    calls.bindings.put(session_id, tool_use_id, agent or "")
    return "{}"


def prompt_remind(call: tuple[Calls, Context[Any, Any]], session_id: str, prompt: str) -> str:
    """For onefirm's own hook; a model's call is refused."""
    calls, request = call
    if made_by_model(request):
        raise Refused("prompt_remind is for onefirm's own hook.", hint="Ask memory_recall.")
    try:
        with calls.of_session(session_id) as (firm, session):
            text = firm.day.remind(session, prompt, firm.recall) if session else ""
    except (FirmError, OSError, sqlite3.Error) as error:
        log.warning("nothing recalled for a prompt: %s", error)
        text = ""
    told = {"hookEventName": "UserPromptSubmit", "additionalContext": text}
    return json.dumps({"hookSpecificOutput": told} if text else {}, ensure_ascii=False)


def made_by_model(request: Context[Any, Any]) -> bool:
    """A model's call carries the client's tool use id; a hook's call of a tool does not."""
    return tool_use_id(request) is not None
