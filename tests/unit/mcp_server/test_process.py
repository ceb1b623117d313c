"""The server as a process: what the client that starts and ends it sees."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[3]
BOUNDED_S = 30
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}


class Process:
    """A server on stdio, spoken to in lines of JSON."""

    def __init__(self, cwd: Path, *arguments: str, **environ: str) -> None:
        env = {**os.environ, "PYTHONPATH": str(PROJECT), **environ}
        env.pop("CLAUDE_PROJECT_DIR", None)
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "mcp_server", *arguments],
            cwd=cwd, env={**env, **environ}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def say(self, message: dict[str, Any] | bytes) -> None:
        assert self.popen.stdin
        self.popen.stdin.write(message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n")
        self.popen.stdin.flush()

    def hear(self) -> dict[str, Any]:
        assert self.popen.stdout
        return json.loads(self.popen.stdout.readline())

    def begin(self) -> dict[str, Any]:
        self.say(HELLO)
        answer = self.hear()["result"]
        self.say({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return answer

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        params = {"name": tool, "arguments": arguments}
        self.say({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params})
        return self.hear()["result"]

    def end(self) -> tuple[str, str]:
        """stdout and stderr that were left, after EOF."""
        out, err = self.popen.communicate(timeout=BOUNDED_S)
        return out.decode(), err.decode()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def bare_workspace(tmp_path: Path) -> Path:
    """A folder that says it is a workspace, with nothing behind it."""
    (tmp_path / "onefirm.yaml").write_text("version: 1\nfirm: Acme Rockets\n", encoding="utf-8")
    (tmp_path / ".onefirm").mkdir(mode=0o700)
    return tmp_path


@pytest.fixture
def server(bare_workspace: Path) -> Iterator[Process]:
    process = Process(bare_workspace)
    yield process
    process.popen.kill()
    process.popen.communicate()


def test_outside_a_workspace_it_is_inert(elsewhere: Path) -> None:
    process = Process(elsewhere)
    assert process.begin()["instructions"].startswith("No onefirm workspace here")
    process.say({"jsonrpc": "2.0", "id": 2, "method": "tools/list"})
    assert process.hear()["result"]["tools"] == []
    assert process.end() == ("", "")
    assert list(elsewhere.iterdir()) == []


def test_the_workspace_of_the_clients_project_folder_is_served(elsewhere: Path, bare_workspace: Path) -> None:
    process = Process(Path("/"), CLAUDE_PROJECT_DIR=str(bare_workspace))
    assert "record_get" in process.begin()["instructions"]
    process.end()


def test_it_ends_when_stdin_closes_quietly(server: Process) -> None:
    server.begin()
    assert server.end() == ("", "")
    assert server.popen.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_on_a_signal_quietly_and_at_once(server: Process, number: signal.Signals) -> None:
    server.begin()
    started = time.monotonic()
    server.popen.send_signal(number)
    server.popen.wait(BOUNDED_S)
    assert time.monotonic() - started < 5  # the client waits half a second; a busy test machine needs longer
    assert server.popen.returncode == 0
    assert server.popen.stderr is not None
    assert server.popen.stderr.read() == b""


@pytest.mark.parametrize(
    "line",
    [b"not json\n", b"[]\n", b'{"jsonrpc":"2.0"}\n', b"\xff\xfe\n", b"[" * 100_000 + b"\n", b"x" * 1_000_000 + b"\n"],
    ids=["words", "empty list", "no method", "no utf-8", "nested", "a megabyte"],
)
def test_a_line_that_is_no_message_does_not_stop_it(server: Process, line: bytes) -> None:
    server.begin()
    server.say(line)
    server.say({"jsonrpc": "2.0", "id": 9, "method": "tools/list"})
    while (answer := server.hear()).get("id") != 9:
        assert "error" in answer
    assert len(answer["result"]["tools"]) > 5


def test_a_firm_that_cannot_be_opened_is_told_by_each_tool_and_the_server_stays(server: Process) -> None:
    server.begin()
    for _ in range(2):
        answer = server.call("brief_get")
        assert answer["isError"]
        assert "was not initialised on this machine. Run `onefirm init" in answer["content"][0]["text"]


def test_http_is_served_on_the_loopback_interface_and_only_to_it(bare_workspace: Path) -> None:
    port = _free_port()
    process = Process(bare_workspace, "--http", str(port))
    try:
        assert _post(port, {})["result"]["serverInfo"]["name"] == "onefirm"
        with pytest.raises(urllib.error.HTTPError, match="421"):
            _post(port, {"Host": "evil.example"})
        with pytest.raises(urllib.error.HTTPError, match="403"):
            _post(port, {"Origin": "https://evil.example"})
        listening = subprocess.run(
            ["cat", f"/proc/{process.popen.pid}/net/tcp"], capture_output=True, text=True, check=True
        ).stdout
        addresses = {line.split()[1] for line in listening.splitlines()[1:] if line.split()[1].endswith(f":{port:04X}")}
        assert addresses == {f"0100007F:{port:04X}"}
    finally:
        process.popen.send_signal(signal.SIGINT)
        process.popen.communicate(timeout=BOUNDED_S)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _post(port: int, headers: dict[str, str]) -> dict[str, Any]:
    accept = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/mcp", json.dumps(HELLO).encode(), {**accept, **headers}, method="POST"
    )
    deadline = time.monotonic() + BOUNDED_S
    while True:
        try:
            with urllib.request.urlopen(request, timeout=BOUNDED_S) as answer:
                return json.loads(answer.read().decode().partition("data: ")[2].splitlines()[0])
        except urllib.error.HTTPError:
            raise
        except urllib.error.URLError:  # it does not listen yet
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
