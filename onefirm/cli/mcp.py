"""`onefirm mcp`: the MCP server that the plugin starts."""

from __future__ import annotations

import importlib
import os

import click

from onefirm.cli.invocation import Invocation, pass_invocation


@click.command(short_help="Serve the tools over stdio (MCP).")
@click.option("--http", metavar="PORT", type=click.IntRange(1, 65535), help="Streamable HTTP on 127.0.0.1 instead.")
@pass_invocation
def mcp(invocation: Invocation, http: int | None) -> int:
    """Serve the firm's tools over standard input and output (MCP), until the client closes them.

    \b
    Examples:
      onefirm mcp
      onefirm -C ~/firm mcp --http 8765
    """
    if invocation.is_named:  # what the operator says goes before what the client says
        os.environ["CLAUDE_PROJECT_DIR"] = str(invocation.start)
    # By name: the server is an interface beside this one, and neither is built on the other.
    serve = importlib.import_module("mcp_server.__main__").main
    return int(serve(["--http", str(http)] if http else []))
