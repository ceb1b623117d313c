"""guard.json: the schema's words compiled into what a hook reads in a millisecond, without YAML or the core."""

from __future__ import annotations

import json
import os

from onefirm.narrative.rules import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

TOOL_PREFIX = "mcp__plugin_onefirm_firm__"
GENERATED = ("context/index.md", "context/generated/*", "*/generated/*.md", ".claude/rules/onefirm/*")
APPEND_ONLY = ("context/decisions.md", "context/lessons.md", "context/log.md", "context/log/*")

# What people call a record besides its kind's label.
CALLED: dict[str, tuple[str, ...]] = {
    "client": ("customer",),
    "content": ("article", "post", "piece", "talk"),
    "contract": ("agreement",),
    "invoice": ("bill",),
    "project": ("engagement",),
    "proposal": ("offer", "quote"),
    "prospect": ("deal", "opportunity"),
}

# How people say a status whose name is another word. A word that also is a status of the same kind stays that status.
SAID: dict[str, tuple[str, ...]] = {
    "accepted": ("approved",),
    "active": (),
    "cancelled": ("canceled", "called off", "abandoned", "dead"),
    "declined": ("turned down",),
    "done": ("finished", "complete", "completed"),
    "doing": ("in progress", "under way", "underway", "being worked on"),
    "dropped": ("abandoned", "cancelled", "canceled"),
    "in_progress": ("under way", "underway"),
    "on_hold": ("paused", "on ice", "parked"),
    "paid": ("settled",),
    "published": ("live",),
    "terminated": ("cancelled", "canceled"),
    "void": ("cancelled", "canceled", "voided"),
}


def compile_guard(
    schema: Mapping[str, Any], generated: Sequence[str] = GENERATED, append_only: Sequence[str] = APPEND_ONLY
) -> dict[str, Any]:
    """The guard's rules for a schema of the form {"version", "kinds": {kind: {"prefix", "label", "properties",
    "statuses"}}}.

    Globs are relative to the workspace; `*` crosses folders.
    """
    return {
        "version": VERSION,
        "schema": schema["version"],
        "kinds": {name: _kind(name, kind) for name, kind in schema["kinds"].items()},
        "generated": list(generated),
        "append_only": list(append_only),
        "tool_prefix": TOOL_PREFIX,
    }


def write_guard(root: str, rules: Mapping[str, Any]) -> str:
    """Replaces `.onefirm/guard.json` in one step: a hook reads the old rules or the new ones. Gives the path."""
    path = f"{root}/.onefirm/guard.json"
    draft = f"{path}.{os.getpid()}"
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123
        json.dump(rules, file, ensure_ascii=False, separators=(",", ":"))
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)  # noqa: PTH105
    return path


def _kind(name: str, kind: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "prefix": kind["prefix"],
        "label": kind.get("label") or name,
        "called": list(dict.fromkeys([(kind.get("label") or name).lower(), *CALLED.get(name, ())])),
        "properties": {key: _words(key, entry) for key, entry in kind["properties"].items()},
        "types": {key: entry["type"] for key, entry in kind["properties"].items()},
        "options": {key: list(entry["options"]) for key, entry in kind["properties"].items() if entry.get("options")},
        "statuses": {key: _status(key, entry, kind["statuses"]) for key, entry in kind["statuses"].items()},
    }


def _words(key: str, entry: Mapping[str, Any]) -> list[str]:
    words = [key.replace("_", " "), str(entry.get("label") or ""), *entry.get("aliases", ())]
    return list(dict.fromkeys(word.lower() for word in words if word))


def _status(key: str, entry: Mapping[str, Any], statuses: Mapping[str, Any]) -> dict[str, Any]:
    said = [word for word in SAID.get(key, ()) if word not in statuses and not _nearer(word, key, statuses)]
    words = [key.replace("_", " "), *entry.get("aliases", ()), *said]
    words = list(dict.fromkeys(word.lower() for word in words))
    return {"group": entry["group"], "moves": list(entry["moves"]), "words": words}


def _nearer(word: str, key: str, statuses: Mapping[str, Any]) -> bool:
    """Whether an earlier status of the kind already goes by this word."""
    for other in statuses:
        if other == key:
            return False
        if word in SAID.get(other, ()):
            return True
    return False
