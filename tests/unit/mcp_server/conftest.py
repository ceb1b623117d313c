"""A server on a firm that isn't there, with a client beside it."""

import asyncio
import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from mcp.client import Client

from mcp_server.binding import TOOL_USE_ID
from mcp_server.server import build
from support.fake_firm import FakeFirm, Opener


@dataclasses.dataclass
class Desk:
    """A server, what it opened, and a client beside it."""

    server: Any
    opener: Opener
    root: Path

    @property
    def rooms(self) -> FakeFirm:
        """What every firm that is opened here is made of."""
        return self.opener.rooms

    def ask(self, tool: str, arguments: dict[str, Any] | None = None, tool_use_id: str | None = None) -> Any:
        """The result of one call; `tool_use_id` is what Claude Code sends with a model's call."""

        async def once() -> Any:
            async with Client(self.server) as client:
                meta: Any = {TOOL_USE_ID: tool_use_id} if tool_use_id else None
                return await client.call_tool(tool, arguments or {}, meta=meta)

        return asyncio.run(once())

    def answer(self, tool: str, arguments: dict[str, Any] | None = None, tool_use_id: str | None = None) -> Any:
        """The answer of a call that must succeed, read from its JSON."""
        result = self.ask(tool, arguments, tool_use_id)
        assert not result.is_error, result.content[0].text
        return json.loads(result.content[0].text)

    def refusal(self, tool: str, arguments: dict[str, Any] | None = None, tool_use_id: str | None = None) -> str:
        """The sentence of a call that must be refused."""
        result = self.ask(tool, arguments, tool_use_id)
        assert result.is_error, result.content[0].text
        return result.content[0].text


@pytest.fixture
def workspace_root(tmp_path: Path) -> Path:
    (tmp_path / "onefirm.yaml").write_text("version: 1\nfirm: Acme Rockets\n", encoding="utf-8")
    (tmp_path / ".onefirm").mkdir(mode=0o700)
    (tmp_path / ".onefirm" / "firm.db").touch()
    return tmp_path


@pytest.fixture
def desk(workspace_root: Path) -> Desk:
    opener = Opener()
    return Desk(build(workspace_root, open_firm=opener), opener, workspace_root)
