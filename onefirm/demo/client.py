"""What Claude Code does around a session, done here without it: hooks as subprocesses, tools over MCP, files edited.

Hooks are read from the plugin's own hooks.json and get the JSON that the client sends, so that this plays what runs.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from onefirm import shipped
from onefirm.demo.wire import Server

HOOK_S = 60.0
_CLIENTS = ("CLAUDE", "ANTHROPIC_", "MCP_", "ONEFIRM_")


class HookFailed(Exception):
    """A hook ended otherwise than the client expects."""


class Client:
    """One session of a client that doesn't exist: a stand-in process lends it the id that the hooks see."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.plugin = shipped.path()
        self.id = str(uuid.uuid4())
        # it lives until its input ends, and so not longer than this process, whatever ends that
        self._stand_in = subprocess.Popen(
            [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._server: Server | None = None
        self._calls = 0

    # -- the session ---------------------------------------------------------------------------------------------------

    def start(self, source: str = "startup") -> str:
        """SessionStart; the text that Claude gets to read."""
        answer = self.hook("SessionStart", {"source": source}) or {}
        return str(answer.get("hookSpecificOutput", {}).get("additionalContext", ""))

    def stop(self) -> str:
        """Stop, at the end of a turn; why it was blocked, or nothing."""
        return str((self.hook("Stop", {"stop_hook_active": False}) or {}).get("reason", ""))

    def end(self) -> None:
        """The operator leaves: the server first, then SessionEnd, then the process."""
        self._close_server()
        self.hook("SessionEnd", {"reason": "prompt_input_exit"})
        self.kill()

    def kill(self) -> None:
        """The laptop's battery: no hook runs."""
        if self._server:
            self._server.kill()
            self._server = None
        self._stand_in.kill()
        self._stand_in.communicate()

    # -- tools ---------------------------------------------------------------------------------------------------------

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """A tool of the firm, announced by the hook that names the session. Raises ToolRefused."""
        self._calls += 1
        use = f"toolu_demo_{self._calls:04d}"
        self.server.call("session_bind", {"session_id": self.id, "tool_use_id": use})
        return self.server.call(tool, arguments, use)

    @property
    def server(self) -> Server:
        """The MCP server of this session, started at the first use."""
        if self._server is None:
            self._server = Server([str(self.plugin / "bin" / "onefirm"), "mcp"], self.root, self._env())
        return self._server

    def edit(self, path: str, old: str, new: str) -> str:
        """Claude's Edit tool: the guard's reason if it denies; else the file is changed and the change attributed."""
        target = self.root / path
        self._calls += 1
        tool = {
            "tool_name": "Edit",
            "tool_input": {"file_path": str(target), "old_string": old, "new_string": new, "replace_all": False},
            "tool_use_id": f"toolu_demo_{self._calls:04d}",
        }
        answer = (self.hook("PreToolUse", tool) or {}).get("hookSpecificOutput", {})
        if answer.get("permissionDecision") == "deny":
            return str(answer["permissionDecisionReason"])
        target.write_text(target.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
        self.hook("PostToolUse", {**tool, "tool_response": {"filePath": str(target)}})
        return ""

    # -- hooks ---------------------------------------------------------------------------------------------------------

    def hook(self, event: str, told: Mapping[str, Any]) -> dict[str, Any] | None:
        """Run the command hooks of an event and give the last answer; raises HookFailed."""
        sent = {
            "session_id": self.id, "transcript_path": "", "cwd": str(self.root), "hook_event_name": event,
            "permission_mode": "default", **told,
        }  # fmt: skip
        answers = [self._run(hook, sent) for hook in self._hooks(event, str(told.get("tool_name", "")))]
        return next((answer for answer in reversed(answers) if answer), None)

    def _hooks(self, event: str, tool: str) -> list[Mapping[str, Any]]:
        known: Mapping[str, Any] = json.loads((self.plugin / "hooks" / "hooks.json").read_text(encoding="utf-8"))[
            "hooks"
        ]
        groups = [
            group for group in known.get(event, ()) if not tool or re.fullmatch(group.get("matcher") or ".*", tool)
        ]
        return [hook for group in groups for hook in group["hooks"] if hook["type"] == "command"]

    def _run(self, hook: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any] | None:
        command = [part.replace("${CLAUDE_PLUGIN_ROOT}", str(self.plugin)) for part in (hook["command"], *hook["args"])]
        done = subprocess.run(
            command, cwd=self.root, env=self._env(), input=json.dumps(sent), capture_output=True, text=True,
            timeout=HOOK_S, check=False,
        )  # fmt: skip
        if done.returncode not in (0, 2):
            raise HookFailed(f"{command[-1]} ended with {done.returncode}: {done.stderr.strip()}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def _env(self) -> dict[str, str]:
        return operators_env() | {
            "CLAUDE_PROJECT_DIR": str(self.root),
            "CLAUDE_PLUGIN_ROOT": str(self.plugin),
            "CLAUDE_PID": str(self._stand_in.pid),
            "CLAUDE_CODE_SESSION_ID": self.id,
            "ONEFIRM_PYTHON": sys.executable,
            # On a machine that is busy or slow the story waits, where a person would rather see the last brief.
            "ONEFIRM_START_DEADLINE_S": "18",
        }

    def _close_server(self) -> None:
        if self._server:
            self._server.close()
            self._server = None


def operators_env() -> dict[str, str]:
    """The environment of a terminal outside of any client."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_CLIENTS)}


def command(root: Path, *arguments: str, columns: int = 80, **more: str) -> subprocess.CompletedProcess[str]:
    """`onefirm -C ROOT …`, as the operator types it in a terminal of so many columns with `more` in its environment."""
    return subprocess.run(
        [str(shipped.path() / "bin" / "onefirm"), "-C", str(root), *arguments],
        env=operators_env() | {"ONEFIRM_PYTHON": sys.executable, "COLUMNS": str(columns)} | more,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=HOOK_S,
        check=False,
    )
