"""An MCP client of a hundred lines: JSON-RPC over a child's standard input and output, one call at a time."""

from __future__ import annotations

import json
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, cast

PROTOCOL = "2025-06-18"
ANSWER_S = 60.0


class NoAnswer(Exception):
    """The server ended, or didn't answer in time."""


class ToolRefused(Exception):
    """A tool answered with an error; the message is its text, as a model reads it."""


class Server:
    """A server that runs as long as this object is open."""

    def __init__(self, command: Sequence[str], cwd: Path, env: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(env),
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._number = 0
        hello = {
            "protocolVersion": PROTOCOL,
            "capabilities": {},
            "clientInfo": {"name": "onefirm-demo", "version": "1"},
        }
        self.hello = self._ask("initialize", hello)
        self._send({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def tools(self) -> list[str]:
        """The names of its tools."""
        return [tool["name"] for tool in self._ask("tools/list", {})["tools"]]

    def call(self, tool: str, arguments: Mapping[str, Any], tool_use_id: str | None = None) -> dict[str, Any]:
        """Call a tool, as Claude Code does with the id of the tool use. Raises ToolRefused, NoAnswer."""
        meta = {"_meta": {"claudecode/toolUseId": tool_use_id}} if tool_use_id else {}
        result = self._ask("tools/call", {"name": tool, "arguments": dict(arguments), **meta})
        text = "".join(part.get("text", "") for part in result.get("content", []))
        if result.get("isError"):
            raise ToolRefused(text)
        return result.get("structuredContent") or _object(text)

    def kill(self) -> None:
        """End it as a crash does."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End it as a client does: close its input, then insist."""
        assert self._process.stdin
        self._process.stdin.close()
        try:
            self._process.wait(3)
        except subprocess.TimeoutExpired:
            self.kill()

    def _ask(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        self._number += 1
        self._send({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        end = time.monotonic() + ANSWER_S
        while True:
            message = self._receive(end)
            if message.get("id") == self._number and "method" not in message:
                if "error" in message:
                    raise NoAnswer(f"{method}: {message['error'].get('message')}")
                return message["result"]

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()

    def _receive(self, end: float) -> dict[str, Any]:
        assert self._process.stdout
        while not select.select([self._process.stdout], [], [], 0.1)[0]:
            if time.monotonic() > end:
                raise NoAnswer(f"no answer in {ANSWER_S:.0f} s")
        line = self._process.stdout.readline()
        if not line:
            raise NoAnswer(f"the server ended ({self._process.wait()})")
        return json.loads(line)


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {"text": text}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {"text": text}
