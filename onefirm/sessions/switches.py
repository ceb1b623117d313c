"""Switches in the workspace's own Claude Code settings that turn the hooks off: without hooks there is no guard."""

from __future__ import annotations

import os.path

from onefirm.sessions import jsons

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SETTINGS = (".claude/settings.json", ".claude/settings.local.json")
_PLUGIN = "onefirm@"


def off(root: str) -> str:
    """Which switch is off and in which file; "" where none is."""
    for path in SETTINGS:
        found = _read(root, path)
        if found.get("disableAllHooks") is True:
            return f"`disableAllHooks` in {path} turns every hook off"
        plugins: dict[str, Any] = found.get("enabledPlugins") or {}
        if isinstance(plugins, dict) and False in [plugins[name] for name in plugins if name.startswith(_PLUGIN)]:  # pyright: ignore[reportUnnecessaryIsInstance] - a file may say anything
            return f"`enabledPlugins` in {path} turns the plugin off"
    return ""


def is_inside(root: str, path: str) -> bool:
    """Whether a file of the workspace is one, and no link to what lies elsewhere."""
    return os.path.realpath(f"{root}/{path}").startswith(os.path.realpath(root).rstrip("/") + "/")


def _read(root: str, path: str) -> dict[str, Any]:
    if not is_inside(root, path):
        return {}
    try:
        with open(f"{root}/{path}", encoding="utf-8", errors="replace") as file:
            found = jsons.loads(file.read())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}  # pyright: ignore[reportUnknownVariableType]
