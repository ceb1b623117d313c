"""The narrative files of a workspace, as texts: all below context/, every CLAUDE.md, and what has a record elsewhere.

The guard and the hooks hold fewer against the state: `heads.is_narrative`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from onefirm.narrative import heads
from onefirm.narrative.files import FOLDER
from onefirm.sessions import tree, walk

_SETTLED_NS = 100_000_000  # two changes within one tick of the disk's clock can't be told apart by their time


@dataclass(frozen=True, slots=True)
class NarrativeFile:
    """One file: its path relative to the workspace, the records its head names, its whole text."""

    path: str
    refs: tuple[str, ...]
    text: str


def read(root: Path) -> Iterator[NarrativeFile]:
    """Every narrative file, by path. A file that vanishes or can't be read meanwhile is left out."""
    for path, _stat in sorted(walk.files(str(root))):
        try:
            text = tree.read(f"{root}/{path}")
        except OSError:
            continue
        if path.startswith(FOLDER) or heads.is_narrative(path, text):
            yield NarrativeFile(path, tuple(heads.refs(text)), text)


def stamp(root: Path) -> object:
    """Equal as long as no file that may be narrative changes; None while the last change is too young to be sure."""
    found = frozenset(walk.files(str(root)))
    youngest = max((max(stat[:2]) for _, stat in found), default=0)
    return found if youngest < time.time_ns() - _SETTLED_NS else None


def refs_of(root: Path, path: str) -> tuple[str, ...]:
    """The records that one file's head names; none when it is gone or can't be read."""
    try:
        return tuple(heads.refs(tree.read(f"{root}/{path}")))
    except OSError:
        return ()
