"""What the start of a session costs a model, part by part: what onefirm and the workspace put before the first word.

Counted by the careful estimate of `core.tokens`, which is never far below what o200k_base counts. What lies outside of
the workspace (the operator's own CLAUDE.md, other plugins) is not onefirm's to read, and not in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onefirm import yamlfile
from onefirm.core.errors import FirmError
from onefirm.core.tokens import estimate
from onefirm.day import brief
from onefirm.day.planes import Planes
from onefirm.day.surroundings import counted
from onefirm.narrative import files
from onefirm.narrative.index import Index

BUDGET = 7_500
ENCODING = "a careful estimate of o200k_base"
_OWN = (".claude/CLAUDE.md", "CLAUDE.local.md")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)  # the client takes them out before the model reads
_FRONT = re.compile(r"\A---\n(?P<front>.*?)^---\n", re.DOTALL | re.MULTILINE)
_LISTED = ("commands/**/*.md", "agents/**/*.md", "skills/*/SKILL.md")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the start, what it costs, and what it is made of."""

    name: str
    tokens: int
    of: str


def at_start(planes: Planes, plugin: Path, server: Sequence[str]) -> list[Part]:
    """The bill. `plugin` is the folder that the client loads; `server` what the MCP server tells each session: its
    instructions, then each tool's definition.
    """
    root = planes.root
    told = brief.build(planes, planes.clock.now()).text
    playbooks = _entries(plugin, _LISTED[:1], "onefirm:")
    others = [*_entries(plugin, _LISTED[1:], "onefirm:"), *_entries(root / ".claude", _LISTED)]
    return [
        Part("brief", estimate(told), "what the session's start tells"),
        _instructions(root),
        _rules(root),
        Part("playbooks", _sum(playbooks), f"{counted(len(playbooks), 'name')} with what each is for"),
        *([Part("skills, agents", _sum(others), counted(len(others), "name"))] if others else []),
        Part("tools", _sum(server), f"{counted(len(server) - 1, 'definition')} and the server's instructions"),
    ]


def _instructions(root: Path) -> Part:
    """The root CLAUDE.md with all that it imports, and what the client loads beside it."""
    index = Index(files.read(root))
    loaded = sorted(index.loaded(files.TOP)) if files.TOP in index.files else []
    own = {path: estimate(_read(root / path)) for path in _OWN if (root / path).is_file()}
    cost = index.cost(files.TOP) if loaded else 0
    return Part("CLAUDE.md", cost + sum(own.values()), ", ".join([*loaded, *own]) or "no such file")


def _rules(root: Path) -> Part:
    """The rules that are always on; one with `paths:` loads with these files only."""
    always = rules(root)
    others = len(_rule_files(root)) - len(always)
    rest = f", {others} more load with their paths" if others else ""
    return Part("rules", sum(one.tokens for one in always), f"{counted(len(always), 'file')}{rest}")


def rules(root: Path) -> list[Part]:
    """What each file of rules costs that every session reads."""
    always = [(path, text) for path in _rule_files(root) if "paths" not in _front(text := _read(path))]
    return [
        Part(path.relative_to(root).as_posix(), estimate(_COMMENT.sub("", text)), "read by every session")
        for path, text in always
    ]


def _rule_files(root: Path) -> list[Path]:
    return sorted((root / ".claude" / "rules").rglob("*.md"))


def _entries(folder: Path, globs: Iterable[str], prefix: str = "") -> list[str]:
    """The lines under which the client lists what a model may call by name."""
    found = (path for glob in globs for path in sorted(folder.glob(glob)))
    return [line for path in found for line in _entry(path, prefix)]


def _entry(path: Path, prefix: str) -> Iterator[str]:
    text = _read(path)
    front = _front(text)
    if front.get("disable-model-invocation") is True:
        return
    name = path.parent.name if path.name == "SKILL.md" else path.stem
    said = front.get("description") or _FRONT.sub("", text).strip().partition("\n")[0]
    yield f"- {prefix}{name}: {said} {front.get('when_to_use', '')}".rstrip() + "\n"


def _front(text: str) -> Mapping[str, Any]:
    """A file's front matter; nothing where there is none, or none that can be read."""
    found = _FRONT.match(text)
    try:
        value: object = yamlfile.parse(Path("front matter"), found["front"].encode()).value if found else {}
    except FirmError:
        return {}
    return value if isinstance(value, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""


def _sum(texts: Iterable[str]) -> int:
    return sum(map(estimate, texts))
