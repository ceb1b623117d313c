"""The narrative files of a workspace, as texts: all below context/, every CLAUDE.md, and what has a record elsewhere.

The guard and the hooks hold fewer against the state: `heads.is_narrative`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from onefirm.narrative import heads
from onefirm.narrative.files import FOLDER
from onefirm.sessions import tree, walk


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


def refs_of(root: Path, path: str) -> tuple[str, ...]:
    """The records that one file's head names; none when it is gone or can't be read."""
    try:
        return tuple(heads.refs(tree.read(f"{root}/{path}")))
    except OSError:
        return ()
