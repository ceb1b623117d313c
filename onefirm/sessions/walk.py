"""Which files of a workspace may be narrative, and their stats. Only names and stats are read here."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    # Modification time and change time (both in nanoseconds), size in bytes, inode.
    Stat = tuple[int, int, int, int]

_SKIPPED = {"node_modules", "__pycache__", "venv"}


def files(root: str, globs: tuple[str, ...] = ()) -> Iterator[tuple[str, Stat]]:
    """Every `.md` under the workspace, and what matches a glob, as (relative path, stat), unordered.

    Hidden folders are left out but for `.claude`. A symbolic link to a file of the workspace is that file and isn't
    given twice.
    """
    folders = [""]
    while folders:
        prefix = folders.pop()
        try:
            entries = os.scandir(f"{root}/{prefix}")
        except OSError:
            continue
        with entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if _entered(entry.name):
                        folders.append(f"{prefix}{entry.name}/")
                elif wanted(prefix + entry.name, globs) and (found := _stat(root, entry)):
                    yield prefix + entry.name, found


def wanted(path: str, globs: tuple[str, ...] = ()) -> bool:
    """Whether a file of this name may be narrative."""
    return path[-3:].lower() == ".md" or matches(path, globs)


def matches(path: str, globs: tuple[str, ...]) -> bool:
    """Whether a relative path matches one of the globs; `*` is any text and crosses folders, case is ignored."""
    return any(_fits(path.lower(), glob.lower().split("*")) for glob in globs)


def stat(path: str) -> Stat | None:
    """The stat of a regular file, None when there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    if found.st_mode & 0o170000 != 0o100000:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def _fits(path: str, parts: list[str]) -> bool:
    # By hand: fnmatch would bring `re` into a hook that has no other use for it.
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


def _entered(name: str) -> bool:
    return (name[0] != "." or name == ".claude") and name not in _SKIPPED


def _stat(root: str, entry: os.DirEntry[str]) -> Stat | None:
    if entry.is_symlink() and os.path.realpath(entry.path).startswith(os.path.realpath(root) + "/"):
        return None
    return stat(entry.path)
