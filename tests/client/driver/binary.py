"""Where the client's executable is."""

import importlib.util
import os
import shutil
from pathlib import Path


class ClientMissing(Exception):
    """No Claude Code executable on this machine; the message says what was looked for."""


def find_claude() -> Path:
    """The copy bundled with claude-agent-sdk, else `claude` on PATH.

    The bundled one comes first: its version is in the lock, so that a test means the same everywhere.
    Raises ClientMissing.
    """
    for candidate in (_bundled(), _on_path()):
        if candidate is not None:
            return candidate
    raise ClientMissing("no Claude Code client: claude-agent-sdk carries none for this platform, and none is on PATH")


def _bundled() -> Path | None:
    # find_spec, because importing the SDK costs a second and nothing of it is used
    spec = importlib.util.find_spec("claude_agent_sdk")
    if spec is None or not spec.origin:
        return None
    claude = Path(spec.origin).parent / "_bundled" / "claude"
    return claude if os.access(claude, os.X_OK) else None


def _on_path() -> Path | None:
    found = shutil.which("claude")
    return Path(found) if found else None
