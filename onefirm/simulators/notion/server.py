"""The server: reads requests off loopback, opens the door or not, and sends what the endpoints answer."""

from __future__ import annotations

import json
import secrets
import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

from onefirm.core.clock import Clock
from onefirm.simulators.notion import control, snapshot
from onefirm.simulators.notion.call import Call
from onefirm.simulators.notion.connections import Connection
from onefirm.simulators.notion.endpoints import route
from onefirm.simulators.notion.faults import ERRORS, Fault, Faults
from onefirm.simulators.notion.limits import Limits
from onefirm.simulators.notion.moments import Dial
from onefirm.simulators.notion.objects import Json
from onefirm.simulators.notion.phone import Phone
from onefirm.simulators.notion.queries import Queries
from onefirm.simulators.notion.refusals import (
    VERSIONS,
    Refusal,
    TooLarge,
    no_such_url,
    should_be,
    unauthorized,
    wrong_version,
)
from onefirm.simulators.notion.webhooks import Webhooks
from onefirm.simulators.notion.workspace import Workspace

TOKEN = "ntn_simulated"  # noqa: S105 - opens nothing but this simulator
KEPT_MOST = 20_000
LOOKS = ("/query", "/search")
"""Requests that post and change nothing."""
PAYLOAD_MOST_BYTES = 500 * 1024
HTML = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>502 Bad Gateway</body>\r\n</html>\r\n"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, as a test wants to look at them afterwards."""

    method: str
    path: str
    version: str | None
    body: Json
    status: int
    """0: the connection was dropped."""
    answer: Json | str


@dataclass(frozen=True, slots=True)
class Reply:
    """What a request brought: JSON, or HTML where something before Notion answers."""

    status: int
    headers: Mapping[str, str]
    answer: Json | str


class Notion:
    """A running simulator. `url` is what a client takes as its base; `/v1/` is below it."""

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        token: str = TOKEN,
        port: int = 0,
        seed: int = 0,
        index_lag_s: float = 0,
        query_cap: int = 10_000,
        per_connection: int | None = None,
        per_workspace: int | None = None,
        state: Path | None = None,
    ) -> None:
        """What the file `state` holds comes back, with its token and its port. Raises Unreadable, OSError."""
        kept = snapshot.read(state) if state and state.exists() else None
        self.clock: Clock = clock or Dial()
        self.workspace = Workspace(self.clock, seed=seed, index_lag_s=index_lag_s)
        self.queries = Queries(self.workspace, query_cap)
        self.limits = Limits(per_connection, per_workspace)
        self.faults = Faults(seed)
        self.token = token
        self.connection = self.workspace.connect(token)
        self.phone = Phone(self.workspace, self.workspace.add_person("Ada Phone", "ada@example.com"))
        self.webhooks = Webhooks(self.workspace, seed)
        self.control_key = secrets.token_urlsafe(16)
        """What `/simulator/…` wants to hear; see control."""
        self.exchanges: list[Exchange] = []
        """What was asked and answered, oldest first; of a long run the last KEPT_MOST."""
        self.crashes: list[str] = []
        """Tracebacks of what the simulator itself got wrong; the client saw a 500."""
        self.state = state
        """The file that every change is kept in before it is answered."""
        if kept:
            snapshot.restore(self, kept)
        self._server = _Server(("127.0.0.1", port or (kept["port"] if kept else 0)), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """The address of the server, without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        """Where it serves on loopback."""
        return int(self._server.server_address[1])

    def keep(self) -> None:
        """Write the workspace into its file, if it has one. Raises OSError."""
        if self.state:
            snapshot.write(self, self.state)

    def start(self) -> Notion:
        """Serve from now on, in a thread that ends with the process. Raises OSError."""
        self.keep()
        self._thread.start()
        return self

    def stop(self) -> None:
        """Serve no longer, and give the port back."""
        self.webhooks.stop()
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()
        self.keep()

    def __enter__(self) -> Notion:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def serve(self, method: str, address: str, headers: Mapping[str, str], raw: bytes) -> Reply | None:
        """What one request meets, faults among it; None when the connection ends without an answer.

        Names of headers come in lower case. The server sends what is said here; a client in this process needs none.
        """
        fault = self.faults.strike(method, urlsplit(address).path.removeprefix("/v1/"))
        if fault and fault.kind == "slow":
            self.faults.wait(fault)
        if fault and fault.kind == "drop":
            self._note(Exchange(method, address, headers.get("notion-version"), {}, 0, {}))
            return None
        reply, body = self._replied(method, address, headers, raw, fault)
        if fault and fault.kind == "after":
            self._note(Exchange(method, address, headers.get("notion-version"), body, 0, {}))
            return None
        self._note(Exchange(method, address, headers.get("notion-version"), body, reply.status, reply.answer))
        return reply

    def _replied(
        self, method: str, address: str, headers: Mapping[str, str], raw: bytes, fault: Fault | None
    ) -> tuple[Reply, Json]:
        request_id = self.workspace.ids.uuid()
        told = {"x-notion-request-id": request_id}
        body: Json = {}
        try:
            body = _parsed(raw)
            if fault and fault.kind == "502":
                return Reply(502, told, HTML), body
            answer = self.answer(method, address, headers, body, fault)
            if method != "GET" and not urlsplit(address).path.endswith(LOOKS):
                self.keep()
        except Refusal as refusal:
            return Reply(refusal.status, {**told, **refusal.headers}, refusal.body(request_id)), body
        except Exception:  # noqa: BLE001 - the client gets an answer, the test a traceback
            self.crashes.append(traceback.format_exc())
            refusal = Refusal(500, "internal_server_error", "Unexpected error occurred.")
            return Reply(refusal.status, told, refusal.body(request_id)), body
        else:
            return Reply(200, told, {**answer, "request_id": request_id}), body

    def _note(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
        if len(self.exchanges) > KEPT_MOST:
            del self.exchanges[: KEPT_MOST // 2]

    def answer(
        self, method: str, address: str, headers: Mapping[str, str], body: object, fault: Fault | None = None
    ) -> Json:
        """The answer to one request, or to the fault that met it. Raises Refusal."""
        if fault and fault.kind in ERRORS:
            raise ERRORS[fault.kind](fault.retry_after_s)
        parts = urlsplit(address)
        path = parts.path.removeprefix("/v1/").rstrip("/")
        found = route(method, path) if parts.path.startswith("/v1/") else None
        if not found:
            raise no_such_url()
        with self.workspace.lock:
            connection = self._credential(headers.get("authorization"))
            version = headers.get("notion-version")
            if version not in VERSIONS:
                raise wrong_version(version)
            if not isinstance(body, dict):
                raise should_be("body", "an object", body)
            sent = cast("Json", body)
            self.limits.spend(connection.token, self.clock.now())
            endpoint, at = found
            query = parse_qs(parts.query, keep_blank_values=True)
            asked = tuple(unquote(one) for one in at)
            return endpoint(Call(self.workspace, self.queries, connection, version, asked, query, sent))

    def _credential(self, header: str | None) -> Connection:
        words = (header or "").split()
        if len(words) != 2 or words[0].lower() != "bearer":
            raise unauthorized(form=True)
        connection = self.workspace.connections.get(words[1])
        if not connection:
            raise unauthorized(form=False)
        return connection


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a client that keeps its connection open can't keep the server
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], notion: Notion) -> None:
        self.notion = notion
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; what goes wrong in an answer is in `crashes`."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    @property
    def notion(self) -> Notion:
        """Whom this connection reached."""
        return cast("_Server", self.server).notion

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def do_PATCH(self) -> None:
        self._serve("PATCH")

    def do_DELETE(self) -> None:
        self._serve("DELETE")

    def do_PUT(self) -> None:
        self._serve("PUT")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: `exchanges` keeps what was said."""

    def _serve(self, method: str) -> None:
        notion = self.notion
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path.startswith(control.PREFIX):
            self._control(method, raw)
            return
        asked = {key.lower(): value for key, value in self.headers.items()}
        reply = notion.serve(method, self.path, asked, raw)
        if reply is None:
            self.close_connection = True
            return
        self._send(reply.status, reply.headers, reply.answer)

    def _control(self, method: str, raw: bytes) -> None:
        path, key = urlsplit(self.path).path, self.headers.get("x-simulator-key")
        try:
            with self.notion.workspace.lock:
                answer = control.answered(self.notion, method, path, key, _parsed(raw))
                if method != "GET":
                    self.notion.keep()
                self._send(200, {}, answer)
        except Refusal as refusal:
            self._send(refusal.status, {}, refusal.body(""))

    def _send(self, status: int, headers: Mapping[str, str], answer: Json | str) -> None:
        kind = "text/html" if isinstance(answer, str) else "application/json; charset=utf-8"
        sent = (answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)).encode(
            "utf-8", "replace"
        )
        self.send_response(status)
        for key, value in {"Content-Type": kind, "Content-Length": str(len(sent)), **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(sent)
        self.wfile.flush()


def _no_number(word: str) -> None:
    """NaN and Infinity are Python's idea of JSON. Raises ValueError."""
    raise ValueError(word)


def _parsed(raw: bytes) -> Json:
    if len(raw) > PAYLOAD_MOST_BYTES:
        raise TooLarge
    if not raw:
        return {}
    try:
        found: object = json.loads(raw, parse_constant=_no_number)
    except ValueError:
        raise Refusal(400, "invalid_json", "Error parsing JSON body.") from None
    if not isinstance(found, dict | list):
        raise Refusal(400, "invalid_json", "Error parsing JSON body.")
    return cast("Json", found)  # a list is refused behind the door
