"""A throw-away home and project for the client, and the environment it runs in."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from client.driver import processes
from client.driver.run import Run
from client.driver.session import Session
from client.driver.turns import Turn

DUMMY_KEY = "sk-ant-dummy"
QUIET: Mapping[str, str] = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_TELEMETRY": "1",
    "ENABLE_CLAUDEAI_MCP_SERVERS": "false",
    # port 9 discards: whatever still tried to leave the machine would fail, and a test would show it
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "127.0.0.1,localhost",
}
"""Every switch that keeps the client from talking to anything but the fake model."""
STEADY: Mapping[str, str] = {
    "CLAUDE_CODE_MAX_RETRIES": "0",
    # the first request waits for MCP servers, however slow the machine: otherwise tools come and go between runs
    "MCP_CONNECTION_NONBLOCKING": "0",
    "MCP_CONNECT_TIMEOUT_MS": "30000",
    # MCP tools stand in the tool list itself, so that a test sees what the model sees of them
    "ENABLE_TOOL_SEARCH": "false",
    # a start waits for its fresh brief, where a person on a busy machine would rather see the last one
    "ONEFIRM_START_DEADLINE_S": "18",
}
"""What makes two runs alike."""


class Lab:
    """A fresh HOME and project for the client. Used as a context manager; everything goes at its end."""

    def __init__(self, claude: Path) -> None:
        self.claude = claude
        # short, because the client makes sockets below TMPDIR and a socket's path ends at 107 characters
        self.root = Path(tempfile.mkdtemp(prefix="lab-"))
        self.home, self.project, self.tmp, self._bin = (self.root / n for n in ("home", "project", "tmp", "bin"))
        for folder in (self.home, self.project, self.tmp, self._bin):
            folder.mkdir()
        # the interpreter behind this venv, so that hooks' `python3` is one we know, and not the venv's packages
        (self._bin / "python3").symlink_to(Path(getattr(sys, "_base_executable", sys.executable)).resolve())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self.settle(5):
            for pid in self.running():
                processes.end(pid, signal.SIGKILL)
        shutil.rmtree(self.root, ignore_errors=True)

    # -- the folders ------------------------------------------------------------------------------------------------

    def write(self, relative: str, text: str) -> Path:
        """Write a file of the project, folders included."""
        path = self.project / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def user_settings(self, settings: Mapping[str, Any]) -> None:
        """The operator's own `~/.claude/settings.json`."""
        path = self.home / ".claude" / "settings.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings), encoding="utf-8")

    def plugin_data(self, plugin_id: str) -> Path:
        """`${CLAUDE_PLUGIN_DATA}` of a plugin: `onefirm@inline` under --plugin-dir, `onefirm@market` when installed."""
        slug = "".join(c if c.isalnum() or c in "_-" else "-" for c in plugin_id)
        return self.home / ".claude" / "plugins" / "data" / slug

    # -- the client -------------------------------------------------------------------------------------------------

    def env(self, **extra: str) -> dict[str, str]:
        """The client's whole environment: nothing is inherited, so nothing of the machine can leak in."""
        return {
            "HOME": str(self.home),
            "TMPDIR": str(self.tmp),
            "PATH": f"{self._bin}:/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "GIT_CONFIG_NOSYSTEM": "1",
            "ANTHROPIC_API_KEY": DUMMY_KEY,
            "ANTHROPIC_BASE_URL": "http://127.0.0.1:9",
            **QUIET,
            **STEADY,
            **extra,
        }

    def cli(self, *args: str, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
        """A plain `claude ARGS`, such as `plugin validate DIR --json`. The exit code is the test's to judge."""
        return subprocess.run(
            [self.claude, *args],
            cwd=self.project,
            env=self.env(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def run(self, prompt: str, *script: Turn, **options: Any) -> Run:
        """One `claude -p PROMPT` to its end; options as Session's. Raises ScriptMismatch as that does."""
        with Session(self, script, prompt=prompt, **options) as session:
            session.finish()
        return session.run

    def session(self, *script: Turn, **options: Any) -> Session:
        """A conversation: `with lab.session(plugins=[P]) as s: s.ask("one", "answer")`; then `s.run`."""
        return Session(self, script, **options)

    # -- what it started --------------------------------------------------------------------------------------------

    def running(self) -> Sequence[int]:
        """Processes that still run under this HOME: detached workers of hooks, MCP servers of a killed client."""
        return processes.with_home(self.home)

    def settle(self, timeout_s: float = 20) -> bool:
        """Wait until nothing runs under this HOME any more; False when something still does."""
        end = time.monotonic() + timeout_s
        while self.running():
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def is_empty(self) -> bool:
        """Whether the project holds nothing: an inert plugin leaves no file behind."""
        return not any(os.scandir(self.project))
