"""Serves our own server build, with the suite's fixtures mounted, over HTTP on a free loopback port.

    PYTHONPATH=.:tests python -m conformance.serve WORKSPACE

The first line on stdout is the server's URL. It ends with its stdin, so that a killed test leaves no server behind.
"""

import os
import socket
import sys
import threading
from pathlib import Path

import uvicorn

from conformance.fixtures import MemoryEvents, mount
from mcp_server.server import build

RETRY_MS = 100


def main(workspace: str) -> None:
    """Serve until stdin ends."""
    server = build(Path(workspace))
    mount(server)
    app = server.streamable_http_app(event_store=MemoryEvents(), retry_interval=RETRY_MS)
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(f"http://127.0.0.1:{listening.getsockname()[1]}/mcp", flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listening])


def _end_with_stdin() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
