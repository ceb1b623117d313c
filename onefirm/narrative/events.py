"""Signs that files of the workspace change, by the system's own events. What changed is for others to look at.

The top folder is watched alone, the folders below it that hold context files with all that is in them; so no watch is
spent on the thousands of folders of other programs.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver, ObservedWatch

_QUIET_S, _LONGEST_S = 0.2, 2.0
_LIMITS = {
    errno.ENOSPC: "the system's limit of inotify watches is reached (sysctl fs.inotify.max_user_watches)",
    errno.EMFILE: "the system's limit of inotify instances is reached (sysctl fs.inotify.max_user_instances)",
}


class Events:
    """Use it as a context manager. `why_not` says why no events come, empty while they do."""

    def __init__(self, root: Path, *, make: Callable[[], BaseObserver] | None = None) -> None:
        self.why_not = ""
        self._root = root
        self._make = make or _observer
        self._observer: BaseObserver | None = None
        self._watched: dict[str, tuple[ObservedWatch, int]] = {}
        self._changed = threading.Event()

    def __enter__(self) -> Events:
        try:
            self._observer = self._make()
            self._observer.start()
        except (OSError, ImportError) as error:
            self._give_up(error)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def follow(self, folders: Iterable[str]) -> None:
        """Watch the workspace's top and these folders of it from now on; one that was replaced is watched anew."""
        if not self._observer:
            return
        wanted = {"": False} | dict.fromkeys(folders, True)
        try:
            for folder in [*self._watched]:
                if folder not in wanted or self._inode(folder) != self._watched[folder][1]:
                    self._leave(folder)
            for folder, is_deep in wanted.items():
                if folder not in self._watched and (inode := self._inode(folder)):
                    self._enter(folder, is_deep, inode)
        except OSError as error:
            self._give_up(error)

    def wait(self, longest_s: float) -> bool:
        """Wait for a change and for the quiet after it, at most so long; whether one came."""
        if not self._changed.wait(longest_s):
            return False
        for _ in range(round(_LONGEST_S / _QUIET_S)):
            self._changed.clear()
            if not self._changed.wait(_QUIET_S):
                break
        return True

    def dispatch(self, event: Any) -> None:
        """What the observer calls: an event on a folder or on a Markdown file counts."""
        paths = [os.fsdecode(path) for path in (event.src_path, event.dest_path) if path]
        if event.is_directory or any(path.lower().endswith(".md") for path in paths):
            self._changed.set()

    def _enter(self, folder: str, is_deep: bool, inode: int) -> None:
        from watchdog import events

        if self._observer:
            # Looking at a file is an event too, and we look at all of them: only changes are asked for.
            kinds: list[type[events.FileSystemEvent]] = [
                events.FileCreatedEvent, events.FileModifiedEvent, events.FileMovedEvent, events.FileDeletedEvent,
                events.DirCreatedEvent, events.DirMovedEvent, events.DirDeletedEvent,
            ]  # fmt: skip
            asked: Any = self  # `dispatch` is all that it calls
            place = str(self._root / folder)
            watch = self._observer.schedule(asked, place, recursive=is_deep, event_filter=kinds)
            self._watched[folder] = watch, inode

    def _leave(self, folder: str) -> None:
        watch, _ = self._watched.pop(folder)
        if self._observer:
            self._observer.unschedule(watch)

    def _inode(self, folder: str) -> int:
        try:
            return (self._root / folder).stat().st_ino
        except OSError:
            return 0

    def _give_up(self, error: OSError | ImportError) -> None:
        known = _LIMITS.get(error.errno or 0) if isinstance(error, OSError) else "watchdog is not installed"
        self.why_not = known or f"{type(error).__name__}: {error}"
        self._stop()

    def _stop(self) -> None:
        observer, self._observer = self._observer, None
        self._watched.clear()
        if observer and observer.is_alive():
            observer.stop()
            observer.join(_LONGEST_S)


def _observer() -> BaseObserver:
    from watchdog.observers import Observer  # an import that no other command pays

    return Observer()
