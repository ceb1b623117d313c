"""`onefirm mcp` while its environment is still being made: a server whose one tool waits for the others.

A client that fails to connect remembers that for a quarter of an hour and doesn't even try meanwhile, so the connection
must be good at once, however long the packages take. Standard library only, run by path by `bin/onefirm`.

    client ⇄ this process                  initialize, ping, tools/list, setup_wait
    client ⇄ this process ⇄ onefirm mcp    from the moment the environment is there; the client is told to list again
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, cast

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from onefirm import __version__, environment

PATIENCE_S = 45.0
"""How long one call waits: clients and people take a call that says nothing for much longer to be stuck."""
LOOK_S = 0.5
ANSWER_S = 60.0
"""By when the real server has answered its first message, on a slow machine."""
PROTOCOLS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
INSTRUCTIONS = (
    "onefirm is setting up its environment (once for each version, about a minute), so its tools are missing. They "
    "come by themselves when it is ready; setup_wait waits for them. Should they not come, the next session has them, "
    "and `onefirm record get P-1` in a terminal waits too, and answers."
)
TOOL: Mapping[str, Any] = {
    "name": "setup_wait",
    "description": "Wait until onefirm's environment is made and its tools are there; says why if it can't be made.",
    "inputSchema": {"type": "object", "properties": {}, "additionalProperties": False},
}
NO_METHOD = -32601

Message = dict[str, Any]


class StandIn:
    """One connection over stdin and stdout, a JSON message a line."""

    def __init__(self, place: environment.Place) -> None:
        self.place = place
        self.builder: subprocess.Popen[bytes] | None = None
        self.trouble = ""
        self.hello: Message = {}  # the client's initialize, as agreed on
        self.greeted = False
        self.waiting: list[tuple[Any, float]] = []  # calls of setup_wait: id, and when their patience ends
        self.rest = b""

    def serve(self) -> int:
        """Until the client closes stdin."""
        self.build()
        while True:
            if self.greeted and not self.trouble and environment.ready(self.place):
                server = self.start()
                if server:
                    return self.pass_on(server)
            self.report()
            if select.select([0], [], [], LOOK_S)[0]:
                read = os.read(0, 65536)
                if not read:
                    return 0
                *lines, self.rest = (self.rest + read).split(b"\n")
                for line in lines:
                    self.take(line)

    # -- the environment -----------------------------------------------------------------------------------------------

    def build(self) -> None:
        """Have the environment made, again if that failed before."""
        if self.builder and self.builder.poll() is None:
            return
        self.trouble = ""
        try:
            self.builder = environment.start(self.place)
        except OSError as failed:
            self.trouble = environment.told(failed, self.place)

    def report(self) -> None:
        """Answer those calls of setup_wait that wait for nothing any more."""
        if self.builder and self.builder.poll() and not self.trouble:
            self.trouble = environment.why(self.place, self.builder.returncode)
        if self.trouble:
            text = f"onefirm's tools are missing. {self.trouble} When that is mended, call setup_wait again."
            self.settle(text, failed=True)
        self.settle("onefirm's tools are not there yet. Call setup_wait again.", until=time.monotonic())

    def settle(self, text: str, *, failed: bool = False, until: float = float("inf")) -> None:
        """Answer the calls whose patience has ended by then."""
        for call, end in self.waiting:
            if end <= until:
                _send(1, {"id": call, "result": {"content": [{"type": "text", "text": text}], "isError": failed}})
        self.waiting = [(call, end) for call, end in self.waiting if end > until]

    # -- the client ----------------------------------------------------------------------------------------------------

    def take(self, line: bytes) -> None:
        """Answer one message; what is no request needs no answer."""
        message = _message(line)
        method = message.get("method")
        if method == "notifications/initialized":
            self.greeted = True
        if method is None or "id" not in message:
            return
        if method == "tools/call" and _tool(message) == TOOL["name"]:
            self.build()
            self.waiting.append((message["id"], time.monotonic() + PATIENCE_S))
            return
        answer = self.answer(message)
        known = {"error": {"code": NO_METHOD, "message": INSTRUCTIONS}} if answer is None else {"result": answer}
        _send(1, {"id": message["id"], **known})

    def answer(self, message: Message) -> Message | None:
        """The result of a request; None for what waits for the real server."""
        match message["method"]:
            case "initialize":
                return self.agree(message)
            case "ping":
                return {}
            case "tools/list":
                return {"tools": [TOOL]}
            case "tools/call" if _tool(message) in (
                "session_bind",
                "prompt_remind",
            ):  # our hooks, which wait for nothing
                return {"content": [{"type": "text", "text": "{}"}]}
            case _:
                return None

    def agree(self, hello: Message) -> Message:
        """The answer to initialize, which is kept for the real server."""
        asked = _params(hello).get("protocolVersion")
        agreed = asked if asked in PROTOCOLS else PROTOCOLS[0]
        hello["params"] = {**_params(hello), "protocolVersion": agreed}
        self.hello = hello
        trouble = self.trouble or environment.last_failure(self.place)
        return {
            "protocolVersion": agreed,
            "capabilities": {"tools": {"listChanged": True}},
            "serverInfo": {"name": "onefirm", "version": __version__},
            "instructions": f"{INSTRUCTIONS} The last try failed: {trouble}" if trouble else INSTRUCTIONS,
        }

    # -- the real server -----------------------------------------------------------------------------------------------

    def start(self) -> subprocess.Popen[bytes] | None:
        """The real server, greeted as the client greeted us; None when it ends instead of answering."""
        server = subprocess.Popen(
            ["/bin/sh", str(self.place.root / "bin" / "onefirm"), "mcp"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        if self.greet(server):
            return server
        server.kill()
        server.wait()
        self.trouble = "The environment is there, but the server doesn't start in it. Run: onefirm doctor."
        return None

    def greet(self, server: subprocess.Popen[bytes]) -> bool:
        """Whether the real server takes the client's greeting."""
        assert server.stdin
        with suppress(OSError, EOFError):
            _send(server.stdin.fileno(), self.hello)
            while (answer := _message(_line(server))).get("id") != self.hello["id"]:
                pass
            _send(server.stdin.fileno(), {"method": "notifications/initialized"})
            return "result" in answer
        return False

    def pass_on(self, server: subprocess.Popen[bytes]) -> int:
        """Hand every byte through, both ways, until one side ends; then the other one does.

        Who waits is answered behind the server's first word, which is the list that the client has been told to fetch:
        else the model would go on before it has the tools.
        """
        assert server.stdin
        assert server.stdout
        _send(1, {"method": "notifications/tools/list_changed"})
        _write(server.stdin.fileno(), self.rest)
        threading.Thread(target=_feed, args=(server.stdin,), daemon=True).start()
        if self.waiting:
            with suppress(OSError, EOFError):
                _write(1, _line(server, 5))
            self.settle("onefirm's tools are there. Begin with brief_get.")
        _pump(server.stdout.fileno(), 1)
        return server.wait()


def _tool(call: Message) -> Any:
    return _params(call).get("name")


def _params(message: Message) -> Message:
    """What a message says more; {} when that is no object."""
    given = message.get("params")
    return cast("Message", given) if isinstance(given, dict) else {}


def _message(line: bytes) -> Message:
    """A line's message; {} when it is none."""
    with suppress(ValueError):
        read = json.loads(line)
        if isinstance(read, dict):
            return cast("Message", read)
    return {}


def _line(server: subprocess.Popen[bytes], limit_s: float = ANSWER_S) -> bytes:
    """The server's next line, unbuffered, so that what follows stays in the pipe. Raises TimeoutError, EOFError."""
    assert server.stdout
    if not select.select([server.stdout], [], [], limit_s)[0]:
        raise TimeoutError(limit_s)
    line = server.stdout.readline()
    if not line:
        raise EOFError
    return line


def _feed(server: IO[bytes]) -> None:
    _pump(0, server.fileno())
    server.close()


def _pump(source: int, target: int) -> None:
    with suppress(OSError):  # the other side is gone, which is an end like any
        while read := os.read(source, 65536):
            _write(target, read)


def _send(target: int, message: Mapping[str, Any]) -> None:
    _write(target, json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")


def _write(target: int, data: bytes) -> None:
    while data:
        data = data[os.write(target, data) :]


def main(root: str, data: str) -> int:
    """`stand_in.py ROOT DATA`."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    with suppress(BrokenPipeError):
        return StandIn(environment.Place(Path(root), Path(data))).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
