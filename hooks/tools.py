"""Whether the plugin's tools can be there at all: nobody should be sent to a tool that is still being set up."""

from __future__ import annotations

import os

_PLUGIN = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def missing(said: str) -> str:
    """What to add to a text that names a tool: nothing, unless there is no environment yet to run one."""
    if _are_set_up():
        return ""
    import re

    ref = re.search(r"\b[A-Z]{1,4}-(?:[1-9][0-9]*|x[0-9a-z]{4,12})\b", said)
    return (
        " (onefirm's tools are still being set up, about a minute: call setup_wait first. Where that is missing, run "
        f"`onefirm record get {ref[0] if ref else 'P-1'}` in the shell, which waits too, or says why it can't)"
    )


def _are_set_up() -> bool:
    """As bin/onefirm looks for the environment."""
    if os.environ.get("ONEFIRM_PYTHON") or _PLUGIN.endswith("/onefirm/_shipped"):
        return True
    return _holds_packages(_PLUGIN + "/.venv") or any(map(_is_current, _data()))


def _holds_packages(environment: str) -> bool:
    lib = environment + "/lib/"
    return os.access(environment + "/bin/python", os.X_OK) and any(
        os.path.isdir(f"{lib}{python}/site-packages/mcp") for python in _names(lib) if python.startswith("python3")
    )


def _data() -> list[str]:
    made = (os.environ.get("CLAUDE_CONFIG_DIR") or os.environ.get("HOME", "") + "/.claude") + "/plugins/data/"
    return [
        os.environ.get("CLAUDE_PLUGIN_DATA") or _PLUGIN + "/.data",
        _PLUGIN + "/.data",
        *(made + name for name in _names(made) if name.startswith("onefirm-")),
    ]


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _is_current(data: str) -> bool:
    environment = data + "/env/current"
    return os.access(environment + "/bin/python", os.X_OK) and _lock(environment) == _lock(_PLUGIN)


def _lock(folder: str) -> bytes | None:
    try:
        with open(folder + "/requirements.txt", "rb") as file:
            return file.read()
    except OSError:
        return None
