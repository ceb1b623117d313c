"""`python -m mcp_server`: stdio, or `--http PORT` on the loopback interface only."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from mcp_server import logs, workspace
from mcp_server.server import FirmServer, build

# Claude Code sends SIGINT, SIGTERM a tenth of a second later, and SIGKILL after half a second.
_SETTLE_S = 0.08


def main(argv: list[str] | None = None) -> int:
    """Serve until the client closes stdin or sends a signal."""
    options = _options(argv)
    root = workspace.find(os.environ, str(Path.cwd()))
    server = build(root, log_place=logs.set_up(root))
    _end_on_signals(server)
    if options.http is None:
        server.run("stdio")
    else:
        server.run("streamable-http", host="127.0.0.1", port=options.http)
    if isinstance(server, FirmServer) and server.workspace:
        server.workspace.close()
    return 0


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="onefirm mcp", description="Serve the firm in this folder over MCP.")
    parser.add_argument("--http", type=int, metavar="PORT", help="streamable HTTP on 127.0.0.1 instead of stdio")
    return parser.parse_args(argv)


def _end_on_signals(server: object) -> None:
    """End at once and quietly, after the calls under way had their moment.

    The event loop is not asked: it would wait for the thread that reads stdin, which only the client can end. What a
    call had not committed yet is rolled back, as after a power cut.
    """

    def end(_number: int, _frame: FrameType | None) -> None:
        serving = server.workspace if isinstance(server, FirmServer) else None
        if serving:
            serving.settle(_SETTLE_S)
        os._exit(0)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)


if __name__ == "__main__":
    sys.exit(main())
