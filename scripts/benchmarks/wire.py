"""MCP over stdio with nothing in between: the lines that Claude Code sends, and the time until the answer is read."""

from __future__ import annotations

import itertools
import json
import os
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from benchmarks import processes
from benchmarks.processes import Failed

_META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "claude-code", "version": "2.1.329"},
    "io.modelcontextprotocol/clientCapabilities": {"roots": {"listChanged": True}, "elicitation": {"form": {}}},
}
_PATIENCE_S = 60.0


class Answer(NamedTuple):
    """A result, with the instants (seconds) before its request was written and after it was read.

    `cpu_ms` is what the server's threads used meanwhile; 0 where the system doesn't tell.
    """

    result: dict[str, Any]
    began_at: float
    ended_at: float
    cpu_ms: float

    @property
    def ms(self) -> float:
        """How long it took."""
        return (self.ended_at - self.began_at) * 1000


class Wire:
    """A server that runs as a child, asked one thing after the other. A context manager: leaving it ends the server."""

    def __init__(self, command: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> None:
        self.began_at = time.perf_counter()
        self._process = subprocess.Popen(
            command, cwd=cwd, env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._ids = itertools.count(1)
        self.cpu_ms = 0.0
        """Processor time of the whole life of the server; known once it has ended."""

    def ask(
        self, method: str, params: Mapping[str, Any] | None = None, meta: Mapping[str, Any] | None = None
    ) -> Answer:
        """Send one request and wait for its answer. Raises Failed for an error, or when nothing comes for a minute."""
        number = next(self._ids)
        body = {**(params or {}), "_meta": {**_META, **(meta or {})}}
        sent = json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": body}) + "\n"
        assert self._process.stdin
        before_ms = self._used_ms()
        began = time.perf_counter()
        self._process.stdin.write(sent.encode())
        self._process.stdin.flush()
        said = self._read(number)
        ended = time.perf_counter()
        cpu_ms = self._used_ms() - before_ms
        if "result" not in said:
            raise Failed(f"{method} was answered with {said}")
        return Answer(said["result"], began, ended, cpu_ms)

    def call(self, tool: str, arguments: Mapping[str, Any], meta: Mapping[str, Any] | None = None) -> Answer:
        """Call a tool. Raises Failed when the tool refuses."""
        answer = self.ask("tools/call", {"name": tool, "arguments": arguments}, meta)
        if answer.result.get("isError"):
            raise Failed(f"{tool} refused: {answer.result['content'][0]['text']}")
        return answer

    def resident_mb(self) -> float | None:
        """The server's memory; None where the system doesn't tell."""
        return processes.status_mb("VmRSS", self._process.pid)

    def _used_ms(self) -> float:
        try:
            threads = list(Path(f"/proc/{self._process.pid}/task").iterdir())
            return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e6
        except (OSError, IndexError):
            return 0.0

    def _read(self, number: int) -> dict[str, Any]:
        assert self._process.stdout
        while True:
            # One request at a time, one line an answer: nothing can lie in the buffer while we wait for the pipe.
            ready, _, _ = select.select([self._process.stdout], [], [], _PATIENCE_S)
            line = self._process.stdout.readline() if ready else b""
            if not line:
                raise Failed("the server gave no answer" if not ready else "the server ended before it answered")
            said = json.loads(line)
            if said.get("id") == number:
                return said

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        # A client closes stdin and waits; a server that doesn't end then is killed by the timer.
        ended = _wait(self._process.pid, _PATIENCE_S)
        if ended is None:
            self._process.kill()
            ended = os.wait4(self._process.pid, 0)
        self._process.stdout.close()
        _, status, used = ended
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self.cpu_ms = (used.ru_utime + used.ru_stime) * 1000


def _wait(pid: int, patience_s: float) -> Any:
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        ended = os.wait4(pid, os.WNOHANG)
        if ended[0]:
            return ended
        time.sleep(0.005)
    return None
