"""The demo firm's story, read from firm/records.yaml and firm/history.yaml: what happens, to what, when.

Days are counted from the day of seeding, in the firm's time zone; `{id}` stands for the ref of what it names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from onefirm import yamlfile
from onefirm.core.attribution import OPERATOR
from onefirm.core.errors import InvalidInput

FOLDER = Path(__file__).parent / "firm"
NAME = "Northlight Studio"
_DAY = re.compile(r"([+-]\d{1,4})d")
_MOMENT = re.compile(r"([+-]\d{1,4})d (\d\d):(\d\d)")
_NAMED = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_HEAD = ("id", "created", "by", "reason")


@dataclass(frozen=True, slots=True)
class Happening:
    """`do` names what happens (create, update, undo, archive, decision, lesson, seen_again), `id` to what."""

    at: datetime
    do: str
    id: str
    actor: str
    reason: str | None
    body: Mapping[str, Any]
    kind: str = ""


def read(today: date, timezone: str, folder: Path = FOLDER) -> list[Happening]:
    """The whole story in the order of time; what happens at one moment keeps the files' order. Raises InvalidInput."""
    zone = ZoneInfo(timezone)
    records: Mapping[str, Any] = yamlfile.read(folder / "records.yaml").value
    history: list[Mapping[str, Any]] = yamlfile.read(folder / "history.yaml").value
    created = [_creation(kind, entry, today, zone) for kind, entries in records.items() for entry in entries]
    lived = [_happening(entry, today, zone) for entry in history]
    return sorted([*created, *lived], key=lambda happening: happening.at)


def context(folder: Path = FOLDER) -> Iterator[tuple[str, str]]:
    """The narrative: paths relative to the workspace, and texts in which `{id}` still stands for refs."""
    for source in sorted((folder / "context").rglob("*.md")):
        yield f"context/{source.relative_to(folder / 'context').as_posix()}", source.read_text(encoding="utf-8")


def resolved(value: Any, ref_of: Callable[[str], str], today: date) -> Any:
    """A value with refs for `{id}`s and dates for counted days, in lists and mappings too."""
    if isinstance(value, str):
        counted = _DAY.fullmatch(value)
        return str(today + timedelta(days=int(counted[1]))) if counted else with_refs(value, ref_of)
    if isinstance(value, list):
        return [resolved(item, ref_of, today) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return value


def with_refs(text: str, ref_of: Callable[[str], str]) -> str:
    """A text with the refs that its `{id}`s stand for."""
    return _NAMED.sub(lambda found: ref_of(found[1]), text)


def named(text: str) -> list[str]:
    """The `{id}`s of a text."""
    return _NAMED.findall(text)


def _creation(kind: str, entry: Mapping[str, Any], today: date, zone: ZoneInfo) -> Happening:
    body = {name: value for name, value in entry.items() if name not in _HEAD}
    at = _moment(entry["created"], today, zone)
    return Happening(at, "create", entry["id"], entry.get("by", OPERATOR), entry.get("reason"), body, kind)


def _happening(entry: Mapping[str, Any], today: date, zone: ZoneInfo) -> Happening:
    body = {name: value for name, value in entry.items() if name not in ("at", "do", "id", "actor", "reason")}
    return Happening(
        _moment(entry["at"], today, zone), entry["do"], entry["id"], entry["actor"], entry.get("reason"), body
    )


def _moment(text: str, today: date, zone: ZoneInfo) -> datetime:
    found = _MOMENT.fullmatch(text)
    if not found:
        raise InvalidInput(f"The story has a moment “{text}”.", hint="Write -28d 09:10.")
    return datetime.combine(today + timedelta(days=int(found[1])), time(int(found[2]), int(found[3])), zone)
