"""The least MCP server that the SDK can make, the peer of ours: one tool, and one durable SQLite write when told to."""

import sqlite3
import sys

from mcp.server import MCPServer

server = MCPServer("bare")
place = sqlite3.connect(sys.argv[1], isolation_level=None, check_same_thread=False)
place.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE IF NOT EXISTS note (text TEXT)")


@server.tool()
def echo(text: str, keep: bool = False) -> str:
    """Say it again."""
    if keep:
        place.execute("INSERT INTO note VALUES (?)", (text,))
    return text


server.run("stdio")
