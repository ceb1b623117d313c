"""Whose a file is: its head and the CLAUDE.md of every folder above it name the records that it belongs to.

Shared by the hook that holds the client wall, which knows only the disk, and by recall. Standard library only.
"""

from __future__ import annotations

import os

from onefirm.narrative import heads
from onefirm.sessions import jsons, state, walls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from sqlite3 import Connection

    from onefirm.sessions.shapes import Wall

RULES, DROP = ".claude/rules/onefirm/", "drop/"
_HEAD_BYTES = 8_192


class Folders:
    """Reads heads below one workspace, each file once."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._of_folder: dict[str, list[str]] = {}

    def refs(self, path: str) -> list[str]:
        """The records of a file or folder, by its path below the workspace: its own, and those of what lies above.

        A rule that was made for some files (`paths:`) belongs where these do, and what lies in `drop/` to whom its
        names name. Raises OSError for what can't be read, ValueError for what no file can be called.
        """
        parts = path.strip("/").split("/")
        found = heads.named(path) if path.lower().startswith(DROP) else []
        found += [ref for depth in range(len(parts) + 1) for ref in self._folder("/".join(parts[:depth]))]
        if parts[-1][-3:].lower() == ".md":
            text = _text(f"{self._root}/{path}")
            found += heads.refs(text)
            if path.startswith(RULES):
                found += [ref for folder in _scoped(text) for ref in self.refs(folder)]
        return list(dict.fromkeys(found))

    def _folder(self, folder: str) -> list[str]:
        if folder not in self._of_folder:
            self._of_folder[folder] = [
                ref for name in _spellings(f"{self._root}/{folder}") for ref in heads.refs(_text(name))
            ]
        return self._of_folder[folder]


def hides(conn: Connection, root: str, client_id: str) -> Callable[[str], bool]:
    """Whether the wall of a client's session hides a path below the workspace: never without one, always where it can't
    be read.
    """
    try:
        wall = walls.of(root, client_id)
    except walls.Unreadable:
        return lambda _path: True
    return behind(conn, root, wall) if wall else lambda _path: False


def behind(conn: Connection, root: str, wall: Wall) -> Callable[[str], bool]:
    """As `hides`, for a wall. A file of a record that session.db doesn't know is hidden: it could be anybody's."""
    folders, judged = Folders(root), dict[str, bool]()

    def related(ref: str) -> list[str]:
        known = state.of(conn, ref)
        return [state.resolve(conn, other) for other in walls.relations(known["props"])] if known else []

    def is_hidden(ref: str) -> bool:
        if ref not in judged:
            known = state.of(conn, ref)
            judged[ref] = known is None or walls.is_others(wall, walls.owners(known["ref"], wall["parties"], related))
        return judged[ref]

    def hidden(path: str) -> bool:
        try:
            return any(is_hidden(ref) for ref in folders.refs(path))
        except (OSError, ValueError):  # what no file can be called is a ValueError
            return True

    return hidden


def _spellings(folder: str) -> list[str]:
    """The CLAUDE.md of a folder, however it is spelt."""
    try:
        return [f"{folder}/{name}" for name in os.listdir(folder) if name.lower() == "claude.md"]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _text(file: str) -> str:
    try:
        with open(file, "rb") as opened:
            return opened.read(_HEAD_BYTES).decode("utf-8", "replace")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return ""


def _scoped(text: str) -> Iterator[str]:
    """What the globs of a rule's front matter begin with."""
    for line in text.split("\n", 3)[:3]:
        if line.startswith("paths: ["):
            try:
                globs = jsons.loads(line.partition(":")[2])
            except ValueError:
                return
            yield from (str(glob).partition("*")[0].partition("?")[0].rstrip("/") for glob in globs)
