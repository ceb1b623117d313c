"""The firm as Claude Code reaches it: the server as a process, the SDK's own client, calls announced by a hook."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import anyio.from_thread
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

PROJECT = Path(__file__).resolve().parents[2]
TOOL_USE_ID = "claudecode/toolUseId"
_CALLS = count(1)


class Refusal(Exception):
    """A tool refused; its sentence is the text."""


class Firm:
    """One connection. `session` is the client's session that announces the calls; None announces none."""

    def __init__(self, ask: Callable[..., Any], session: str | None) -> None:
        self._ask = ask
        self.session = session

    def unannounced(self) -> "Firm":
        """The same connection, as a client speaks that isn't Claude Code."""
        return Firm(self._ask, None)

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The answer of a tool. Raises Refusal."""
        meta: dict[str, Any] = {}
        if self.session:
            meta = {TOOL_USE_ID: f"toolu_{next(_CALLS)}"}
            self._text("session_bind", {"session_id": self.session, "tool_use_id": meta[TOOL_USE_ID]}, {})
        return json.loads(self._text(tool, arguments, meta))

    def rows(self, tool: str, **arguments: Any) -> list[dict[str, Any]]:
        """The rows of an answer, each with its columns' names."""
        answer = self.call(tool, **arguments)
        return [dict(zip(answer.get("columns", ()), row, strict=True)) for row in answer["rows"]]

    def row(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The only row of an answer."""
        (row,) = self.rows(tool, **arguments)
        return row

    def create(self, kind: str, **properties: Any) -> str:
        """The ref of a new record."""
        return self.row("record_write", changes=[{"op": "create", "kind": kind, "set": properties}])["ref"]

    def update(self, ref: str, **properties: Any) -> dict[str, Any]:
        """What became of a change of one record."""
        return self.row("record_write", changes=[{"op": "update", "ref": ref, "set": properties}])

    def get(self, ref: str, **more: Any) -> dict[str, Any]:
        """One record."""
        return self.row("record_get", refs=[ref], **more)

    def read(self, uri: str) -> str:
        """The text of a resource."""
        return self._ask("read_resource", uri).contents[0].text

    def _text(self, tool: str, arguments: Mapping[str, Any], meta: Mapping[str, Any]) -> str:
        result = self._ask("call_tool", tool, dict(arguments), meta=dict(meta) or None)
        assert result.structured_content is None
        if result.is_error:
            raise Refusal(result.content[0].text)
        return result.content[0].text


@contextmanager
def connected(root: Path, session: str | None = "client-1") -> Iterator[Firm]:
    """A connection to a server of its own, over stdio."""
    env = {**os.environ, "PYTHONPATH": str(PROJECT), "CLAUDE_PROJECT_DIR": str(root)}
    server = StdioServerParameters(command=sys.executable, args=["-m", "mcp_server"], env=env, cwd=str(root))
    with (
        anyio.from_thread.start_blocking_portal() as portal,
        open(os.devnull, "w") as nowhere,
        portal.wrap_async_context_manager(Client(stdio_client(server, errlog=nowhere))) as client,
    ):

        async def ask(method: str, *positional: Any, **named: Any) -> Any:
            return await getattr(client, method)(*positional, **named)

        def blocking(method: str, *positional: Any, **named: Any) -> Any:
            return portal.start_task_soon(lambda: ask(method, *positional, **named)).result(60)

        yield Firm(blocking, session)
