"""A second client that nobody here wrote, over stdio: the MCP Inspector's command line."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from support import node


class Inspector:
    """Runs one method against our server, started as Claude Code starts it."""

    def __init__(self, firm: Path, python_path: Mapping[str, str]) -> None:
        self._firm = firm
        self._env = [part for name, value in python_path.items() for part in ("-e", f"{name}={value}")]

    def ask(self, method: str, *options: str) -> "subprocess.CompletedProcess[str]":
        server = (sys.executable, "-m", "mcp_server")
        return subprocess.run(
            node.command(node.INSPECTOR, "--cli", "--method", method, *self._env, *options, "--", *server),
            cwd=self._firm,
            env=node.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def inspector(firm: Path, python_path: Mapping[str, str]) -> Inspector:
    return Inspector(firm, python_path)


def answer(done: "subprocess.CompletedProcess[str]") -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_every_tool_has_a_portable_schema(inspector: Inspector, era: str) -> None:
    listed = answer(inspector.ask("tools/list", "--strict", "--protocol-era", era))
    assert "record_write" in {tool["name"] for tool in listed["tools"]}


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_a_tool_answers_in_words(inspector: Inspector, era: str) -> None:
    told = answer(inspector.ask("tools/call", "--tool-name", "brief_get", "--protocol-era", era))
    assert told["content"][0]["text"].strip()


def test_an_unknown_argument_is_refused_with_a_sentence(inspector: Inspector) -> None:
    done = inspector.ask("tools/call", "--tool-name", "record_get", "--tool-arg", "ref=T-1", "colour=green")
    assert done.returncode != 0
    assert "colour" in done.stdout + done.stderr
