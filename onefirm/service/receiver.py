"""The server that webhooks come to: on loopback, one path, one request a connection, everything bounded.

Its limits hold against whoever reaches it through the tunnel: eight connections, ten seconds for each however slowly it
speaks, a body of 256 KB. Answers say nothing but their status.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from onefirm.core.errors import Unavailable
from onefirm.service.webhooks import STATUS, Webhooks

PATH = "/notion"
LARGEST_BYTES = 256 * 1024
CONNECTIONS_MOST = 8
DEADLINE_S = 10.0
_HOST = "127.0.0.1"


class Receiver:
    """Listens from its making on, in a thread of its own."""

    def __init__(self, webhooks: Webhooks, port: int, deadline_s: float = DEADLINE_S) -> None:
        try:
            self._server = _Server(webhooks, port, deadline_s)
        except OSError as error:
            raise Unavailable(
                f"Webhooks can't be heard on {_HOST}:{port}: {error.strerror}.",
                hint="Another program may have that port: change `webhook_port` under `service:` in onefirm.yaml.",
            ) from None
        self._thread = threading.Thread(target=self._server.serve_forever, name="webhooks", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Where a tunnel or a reverse proxy has to lead."""
        return f"http://{_HOST}:{self._server.server_address[1]}{PATH}"

    def close(self) -> None:
        """Hear nothing more."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 16

    def __init__(self, webhooks: Webhooks, port: int, deadline_s: float) -> None:
        self.webhooks = webhooks
        self.deadline_s = deadline_s
        self._places = threading.BoundedSemaphore(CONNECTIONS_MOST)
        super().__init__((_HOST, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """A connection beyond the most is closed; Notion sends again what wasn't taken."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Whoever isn't done by the deadline is cut off: a byte now and then would outlive any time-out of reads."""
        cut = threading.Timer(self.deadline_s, _cut, [request])
        cut.daemon = True
        cut.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            cut.cancel()
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke off is no news."""


def _cut(request: socket.socket) -> None:
    with suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Judge what was sent."""
        webhooks = cast("_Server", self.server).webhooks
        status = self._unfit()
        if status:
            webhooks.pass_over()
        else:
            raw = self.rfile.read(int(self.headers["content-length"]))
            status = STATUS[webhooks.judge(raw, self.headers.get("x-notion-signature"))]
        self._answer(status)

    def _unfit(self) -> int:
        """The status for what isn't even read; 0 for what is."""
        length = self.headers.get("content-length", "")
        if self.path.partition("?")[0] != PATH:
            return 404
        if self.headers.get_content_type() != "application/json":
            return 415  # what a page in somebody's browser may send unasked is something else
        if "transfer-encoding" in self.headers or not (length.isascii() and length.isdigit()):
            return 411
        return 413 if len(length) > 9 or int(length) > LARGEST_BYTES else 0

    def _answer(self, status: int) -> None:
        self.send_response_only(status)
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the parser refuses is told no more about than anything else."""
        self.close_connection = True
        self._answer(code)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what came is counted."""
