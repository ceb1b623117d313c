"""What wires Claude Code to this firm: hooks, permissions and MCP servers, in the workspace's own settings and in the
plugin. A change that didn't come with a new version of onefirm is shown until a person accepts it.

The ledger knows the hash of every file as it was accepted; `.onefirm/wiring.json` keeps the texts, for the difference.
What lies outside of the workspace and the plugin is the operator's own, and neither read nor written.
"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from onefirm import __version__
from onefirm.core.attribution import By
from onefirm.core.canonical import sha256_hex
from onefirm.day.planes import Planes
from onefirm.day.texts import swap
from onefirm.sessions import switches

KIND = "wiring.accepted"
_FILE = "wiring.json"
_OWN = (*switches.SETTINGS, ".mcp.json")
_PLUGINS = ("hooks/*.json", "hooks/*.sh", "hooks/*.py", ".claude-plugin/plugin.json")
_OF_PLUGIN = "plugin/"


@dataclass(frozen=True, slots=True)
class Change:
    """One file that isn't as it was accepted: `how` in a word, and its difference line by line."""

    name: str
    how: str
    diff: tuple[str, ...]


def changes(planes: Planes) -> list[Change]:
    """What differs from what was accepted; nothing before the first session, which takes it down as it is."""
    with planes.store.read() as conn:
        accepted = _accepted(planes, conn)
    return list(_compared(planes, accepted)) if accepted else []


def accept(planes: Planes, by: By) -> list[Change]:
    """Take the wiring as it is for right, and have the ledger say so. Gives what changed."""
    with planes.store.read() as conn:
        accepted = _accepted(planes, conn) or {}
    found = list(_compared(planes, accepted)) if accepted else []
    _take_down(planes, by, _loaded(accepted) or planes.plugin, [change.name for change in found])
    return found


def begin(planes: Planes, by: By) -> None:
    """At a session's start: take the wiring down where it never was, and the plugin's own files with a new version."""
    with planes.store.read() as conn:
        accepted = _accepted(planes, conn)
    if accepted is None:
        _take_down(planes, by, planes.plugin, [])
    elif planes.plugin and _loaded(accepted) != planes.plugin:
        # What changed in the workspace's own files still waits to be accepted.
        own = {name: sha for name, sha in accepted["files"].items() if not name.startswith(_OF_PLUGIN)}
        texts = {name: text for name, text in _kept(planes).items() if name in own}
        plugins = _plugins(planes.plugin)
        _write(planes, by, planes.plugin, own | _hashes(plugins), texts | plugins, [])


def told(found: list[Change]) -> str:
    """The changes in one line."""
    said = ", ".join(f"{change.name} {change.how}" for change in found)
    return f"hooks, permissions or MCP servers were changed outside of onefirm: {said}"


def _accepted(planes: Planes, conn: Connection) -> Mapping[str, Any] | None:
    found = planes.ledger.events(
        conn, kinds=[KIND], chain_id=planes.ledger.chain_id, newest_first=True, limit=1
    )  # fmt: skip
    return found[0].payload if found else None


def _compared(planes: Planes, accepted: Mapping[str, Any]) -> Iterator[Change]:
    known: Mapping[str, str] = accepted["files"]
    texts, present = _kept(planes), _present(planes.root)
    if plugin := _loaded(accepted):
        present |= _plugins(plugin)
    else:
        known = {name: sha for name, sha in known.items() if not name.startswith(_OF_PLUGIN)}
    for name in sorted({*known, *present}):
        old, new = known.get(name), present.get(name)
        if new is None or old != sha256_hex(new):
            how = "is new" if old is None else "is gone" if new is None else "changed"
            before = texts.get(name) if old else ""
            unkept = before is None or (old is not None and sha256_hex(before) != old)
            yield Change(name, how, () if unkept else _diff(before or "", new or "", planes.secrets_check))


def _loaded(accepted: Mapping[str, Any]) -> Path | None:
    """Where the sessions load the plugin, as long as it is of this version: another copy of onefirm may be asking."""
    plugin = Path(str(accepted.get("plugin") or ""))
    return plugin if accepted.get("version") == __version__ and plugin.is_absolute() and plugin.is_dir() else None


def _diff(old: str, new: str, secret: Callable[[str], str | None]) -> tuple[str, ...]:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm="")
    changed = [line for line in list(lines)[2:] if not line.startswith("@@")]
    return tuple(f"{line[0]} (a line that holds {what})" if (what := secret(line)) else line for line in changed)


def _present(root: Path) -> dict[str, str]:
    """The workspace's own files that wire Claude Code. A link to elsewhere counts as what it is."""
    found: dict[str, str] = {}
    for path in _OWN:
        if not switches.is_inside(str(root), path):
            found[path] = f"(a link to {(root / path).resolve()})"
        elif (root / path).is_file():
            found[path] = _text(root / path)
    return found


def _plugins(plugin: Path) -> dict[str, str]:
    paths = (path for glob in _PLUGINS for path in sorted(plugin.glob(glob)) if path.is_file())
    return {f"{_OF_PLUGIN}{path.relative_to(plugin).as_posix()}": _text(path) for path in paths}


def _text(path: Path) -> str:
    """What a file says; JSON with its keys in order, as only its sense counts."""
    try:
        text = path.read_bytes().decode("utf-8", "replace")
    except OSError as error:
        return f"(can't be read: {error.strerror})"
    if path.suffix == ".json":
        with suppress(ValueError):
            text = json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False)
    return text.encode("utf-8", "replace").decode()


def _take_down(planes: Planes, by: By, plugin: Path | None, changed: list[str]) -> None:
    texts = _present(planes.root) | (_plugins(plugin) if plugin else {})
    _write(planes, by, plugin, _hashes(texts), texts, changed)


def _write(
    planes: Planes, by: By, plugin: Path | None, files: Mapping[str, str], texts: Mapping[str, str], changed: list[str]
) -> None:
    source = {"plugin": str(plugin) if plugin else None, "version": __version__}
    said = {"files": dict(files), "changed": changed, **source}
    with planes.store.write() as conn:
        planes.ledger.append(conn, KIND, said, subjects=(), by=by)
    path = planes.root / ".onefirm" / _FILE
    swap(path, json.dumps(texts, ensure_ascii=False), draft=path.with_name(f".{_FILE}.{os.getpid()}"))


def _hashes(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: sha256_hex(text) for name, text in texts.items()}


def _kept(planes: Planes) -> dict[str, str]:
    try:
        found = json.loads((planes.root / ".onefirm" / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}  # pyright: ignore[reportUnknownVariableType]
