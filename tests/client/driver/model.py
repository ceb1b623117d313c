"""A scripted stand-in for the Messages API on 127.0.0.1.

Every lane (client.driver.lanes) has its own script. A request beyond its script is answered `BEYOND` and counted, so
that a run ends and the test can say what was asked too much. Nothing else of the API is served but a token count.
"""

import itertools
import json
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from client.driver import wire
from client.driver.asked import Asked
from client.driver.lanes import lane_of
from client.driver.turns import Fail, Reply, Turn

BEYOND = "(the script has no further turn)"
SUMMARY = "<summary>The conversation so far, as the scripted model sums it up.</summary>"
UNSCRIPTED: Mapping[str, str] = {"compact": SUMMARY, "aux": "{}"}
"""Lanes that need no script: what they are answered."""
HOLD_S = 60.0


class FakeModel:
    """The server; `asked` grows with each request. Used as a context manager."""

    def __init__(self, script: Iterable[Turn] = (), agents: Mapping[str, Iterable[Turn]] | None = None) -> None:
        self._scripts: dict[str, deque[Turn]] = {"main": deque(script)}
        self._agents = tuple(agents or ())
        for key, turns in (agents or {}).items():
            self._scripts[f"agent:{key}"] = deque(turns)
        self.asked: list[Asked] = []
        self.beyond: list[Asked] = []
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.model = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def add(self, turns: Iterable[Turn], lane: str = "main") -> None:
        """Append to a lane's script while the client runs."""
        with self._lock:
            self._scripts.setdefault(lane, deque()).extend(turns)

    @property
    def unused(self) -> dict[str, int]:
        """Scripted turns that nothing asked for, by lane."""
        with self._lock:
            return {lane: len(turns) for lane, turns in self._scripts.items() if turns}

    def answer(self, headers: Mapping[str, str], body: Mapping[str, Any]) -> tuple[Asked, Reply | Fail]:
        """Record a request and take its turn from the script."""
        nameless = Asked("", headers, body, time.monotonic())
        asked = Asked(lane_of(nameless, self._agents), headers, body, nameless.at_s)
        with self._lock:
            self.asked.append(asked)
            turn = self._next(asked)
        settled = turn(asked) if callable(turn) else turn
        return asked, Reply(text=settled) if isinstance(settled, str) else settled

    def _next(self, asked: Asked) -> Turn:
        if script := self._scripts.get(asked.lane):
            return script.popleft()
        if asked.lane in UNSCRIPTED:
            return UNSCRIPTED[asked.lane]
        self.beyond.append(asked)
        return BEYOND

    def message(self, reply: Reply, asked: Asked) -> wire.Message:
        """The reply on the wire, once it is released."""
        if reply.until is not None:
            reply.until.wait(HOLD_S)
        return wire.message(reply, asked, self._ids)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a held reply must not hold up the end of a test
    model: FakeModel


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: object) -> None:
        """Say nothing: a test's output is the test's."""

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True  # the client was killed or interrupted: nobody to tell

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = self.path.partition("?")[0]
        if path == "/v1/messages":
            self._message({k.lower(): v for k, v in self.headers.items()}, json.loads(raw))
        elif path == "/v1/messages/count_tokens":
            self._json(200, {"input_tokens": max(1, len(raw) // 4)})
        else:
            self._nothing()

    def do_GET(self) -> None:
        self._nothing()

    def do_HEAD(self) -> None:
        self._nothing()

    def _nothing(self) -> None:
        self._json(404, wire.error(Fail(404, "not_found_error", f"the fake model has no {self.path}")))

    def _message(self, headers: Mapping[str, str], body: Mapping[str, Any]) -> None:
        asked, reply = self.server.model.answer(headers, body)
        if isinstance(reply, Fail):
            self._json(reply.status, wire.error(reply))
            return
        whole = self.server.model.message(reply, asked)
        if body.get("stream"):
            self._stream(whole)
        else:
            self._json(200, whole)

    def _json(self, status: int, body: Mapping[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _stream(self, whole: wire.Message) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        for event in wire.events(whole):
            self.wfile.write(event)
            self.wfile.flush()
