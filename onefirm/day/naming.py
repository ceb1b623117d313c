"""Which file of the context tree somebody means who types a path: as seen from the current folder, or from the
workspace's own. Where both could be meant, nobody guesses.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from onefirm.core.errors import NotFound, Refused
from onefirm.narrative.files import FOLDER, ContextFile
from onefirm.narrative.index import Index
from onefirm.sessions.paths import told

_AS_SEEN = ("/", "./", "../")  # such a path is meant from the current folder


def file(index: Index, root: Path, start: Path, given: str) -> ContextFile:
    """The file that is meant by a path typed in the folder `start`; a folder means its CLAUDE.md.

    Raises NotFound, and Refused where the path means one file here and another one in the workspace's folder.
    """
    here = next(filter(None, (_held(index, path) for path in _seen(root, start, given))), None)
    there = None if given.startswith(_AS_SEEN) else _held(index, given)
    if here and there and here != there:
        raise _either(given, here.path, there.path, root, start)
    if found := here or there:
        return found
    near = get_close_matches(posixpath.normpath(given), index.files, 1)
    hint = f"Did you mean {told(near[0])}?" if near else "`onefirm context map` shows the tree."
    raise NotFound(f"There is no context file {told(given)}.", hint=hint)


def place(root: Path, start: Path, given: str) -> str:
    """Where a file shall be made that was named in the folder `start`, relative to the workspace. Raises Refused."""
    here = next(_seen(root, start, given), given)
    if given.startswith(_AS_SEEN):
        return here
    if posixpath.normpath(given).partition("/")[0] != FOLDER.rstrip("/"):
        return here if here.startswith(FOLDER) else given
    if here != posixpath.normpath(given) and (start / FOLDER).exists():
        raise _either(given, here, given, root, start)
    return given


def _seen(root: Path, start: Path, given: str) -> Iterator[str]:
    """The path as seen from the folder, relative to the workspace: as it is written, and where its links lead."""
    written = os.path.normpath(os.path.join(os.path.abspath(start), given))  # noqa: PTH100, PTH118 - keeps links
    for top, path in ((os.path.abspath(root), written), (os.path.realpath(root), os.path.realpath(written))):  # noqa: PTH100
        found = os.path.relpath(path, top)
        if not found.startswith("../") and found != "..":
            yield found


def _held(index: Index, path: str) -> ContextFile | None:
    given = posixpath.normpath(path)
    return index.files.get(given) or index.files.get(posixpath.normpath(f"{given}/CLAUDE.md"))


def _either(given: str, here: str, there: str, root: Path, start: Path) -> Refused:
    way = os.path.relpath(root / there, start)
    return Refused(
        f"{told(given)} may be {told(here)} or {told(there)}.",
        hint=f"Write ./{posixpath.normpath(given)} for the first, {way} for the second.",
    )
