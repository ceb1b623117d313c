"""Which files of a workspace may be narrative, and their stats. Only names and stats are read here."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    # Modification time and change time (both in nanoseconds), size in bytes, inode.
    Stat = tuple[int, int, int, int]

# What is never entered, whatever is in it: other programs' files by the ten thousand, or onefirm's own.
_SKIPPED = {".git", ".onefirm", "node_modules"}
_ENVIRONMENTS = {"venv", ".venv", "env", ".env"}
# A link may lead to a whole disk: so many folders behind all links together, and no more.
LINKED_FOLDERS = 2_000
# Bytes of a name that are no UTF-8 reach Python as U+DC80…U+DCFF, which no database takes.
_LONE, _PRIVATE = 0xDC80, 0x10FC80


def files(root: str, globs: tuple[str, ...] = ()) -> Iterator[tuple[str, Stat]]:
    """Every `.md` under the workspace, and what matches a glob, as (relative path, stat), unordered.

    Links are followed once everything else is walked: one to what has a path of its own isn't given twice, one to
    anything else (a file that isn't wanted by its own name, a folder elsewhere) is given by the link's path. Another
    git repository or worktree in the workspace is not the firm's narrative. Paths are `storable`.
    """
    walk = _Walk(root, globs)
    yield from walk.below("")
    while walk.links:
        # Sorted: of two links to one folder the same one must count at every look.
        links, walk.links = sorted(walk.links), []
        for link in links:
            yield from walk.behind(link)


class _Walk:
    """What one walk has entered, and the links that it still has to follow."""

    def __init__(self, root: str, globs: tuple[str, ...]) -> None:
        self.root, self.globs, self.links = root, globs, list[str]()
        self._walked: set[tuple[int, int]] = set()
        self._left = LINKED_FOLDERS

    def behind(self, link: str) -> Iterator[tuple[str, Stat]]:
        """What a link leads to, by the link's path."""
        if os.path.isdir(f"{self.root}/{link}"):
            if link.rpartition("/")[2] in _SKIPPED:
                return
            yield from self.below(link + "/", is_linked=True)
        elif wanted(link, self.globs) and (found := _stat(f"{self.root}/{link}")) and self._enter(found):
            yield storable(link), _shape(found)

    def below(self, start: str, is_linked: bool = False) -> Iterator[tuple[str, Stat]]:
        """Every wanted file in a folder and the folders in it."""
        folders = [start]
        while folders and (self._left or not is_linked):
            prefix = folders.pop()
            self._left -= is_linked
            for entry in self._entries(prefix):
                path = prefix + entry.name
                if entry.is_symlink():
                    self.links.append(path)
                elif entry.is_dir(follow_symlinks=False):
                    if entry.name not in _SKIPPED:
                        folders.append(path + "/")
                elif wanted(path, self.globs) and (found := _stat(entry.path)):
                    self._enter(found)
                    yield storable(path), _shape(found)

    def _entries(self, prefix: str) -> list[os.DirEntry[str]]:
        """What is in a folder; nothing for one that was entered already, can't be read, or isn't the firm's."""
        folder = f"{self.root}/{prefix}"
        try:
            if not self._enter(os.stat(folder)):
                return []
            with os.scandir(folder) as found:
                entries = list(found)
        except OSError:
            return []
        return [] if prefix and _is_foreign(folder, {entry.name for entry in entries}) else entries

    def _enter(self, found: os.stat_result) -> bool:
        """Whether this file or folder is met for the first time."""
        identity = found.st_dev, found.st_ino
        if identity in self._walked:
            return False
        self._walked.add(identity)
        return True


def is_walked(root: str, path: str) -> bool:
    """Whether a walk would enter the folder of this relative path."""
    parts = path.split("/")[:-1]
    return not any(part in _SKIPPED for part in parts) and not any(
        _is_foreign(folder, {name for name in (".git", "pyvenv.cfg") if os.path.lexists(folder + name)})
        for folder in (f"{root}/{'/'.join(parts[:depth])}/" for depth in range(1, len(parts) + 1))
    )


def _is_foreign(folder: str, names: set[str]) -> bool:
    """Whether a folder (with its trailing slash) is a Python environment, or a git repository or worktree of its own.

    Git's own marks are asked for: an empty `.git` would be a way to hide a folder.
    """
    if "pyvenv.cfg" in names and folder.rstrip("/").rpartition("/")[2] in _ENVIRONMENTS:
        return True
    if ".git" not in names:
        return False
    if os.path.isdir(folder + ".git"):
        return os.path.isfile(folder + ".git/HEAD")
    try:
        with open(folder + ".git", "rb") as file:
            return file.read(7) == b"gitdir:"
    except OSError:
        return False


def storable(path: str) -> str:
    """The path as text that a database takes: bytes that are no UTF-8 as private characters, which `on_disk` undoes."""
    if path.isascii():
        return path
    return "".join(chr(ord(char) - _LONE + _PRIVATE) if 0 <= ord(char) - _LONE < 0x80 else char for char in path)


def on_disk(path: str) -> str:
    """A path made `storable`, as the disk has it."""
    if path.isascii() or os.path.lexists(path):
        return path
    return "".join(chr(ord(char) - _PRIVATE + _LONE) if 0 <= ord(char) - _PRIVATE < 0x80 else char for char in path)


def wanted(path: str, globs: tuple[str, ...] = ()) -> bool:
    """Whether a file of this name may be narrative."""
    return path[-3:].lower() == ".md" or matches(path, globs)


def matches(path: str, globs: tuple[str, ...]) -> bool:
    """Whether a relative path matches one of the globs; `*` is any text and crosses folders, case is ignored."""
    path = path.lower()
    return any(fits(path, glob.lower()) for glob in globs)


def stat(path: str) -> Stat | None:
    """The stat of a regular file, None when there is none."""
    found = _stat(on_disk(path))
    return _shape(found) if found else None


def _stat(path: str) -> os.stat_result | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found if found.st_mode & 0o170000 == 0o100000 else None


def _shape(found: os.stat_result) -> Stat:
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def fits(path: str, glob: str) -> bool:
    """Whether a text is what a glob says, in the same case; `*` is any text."""
    # By hand: fnmatch would bring `re` into a hook that has no other use for it.
    parts = glob.split("*")
    if len(parts) == 1:
        return path == parts[0]
    if not path.startswith(parts[0]) or not path[len(parts[0]) :].endswith(parts[-1]):
        return False
    at = len(parts[0])
    for part in parts[1:-1]:
        at = path.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return len(path) - len(parts[-1]) >= at
