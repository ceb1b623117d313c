"""A lock on a file that ends with whoever holds it, however that ended, and that says who it is.

It holds among the processes and threads of one machine. Standard library only: whoever looks must not wait for more.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

_PAUSE_S = 0.01
_GLANCE_S = 0.2
"""Who only looks has the lock for an instant; whoever takes it waits at least as long."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that holds a lock, and since when; 0 and nothing while it had no time yet to say so."""

    pid: int
    since: str


class Hold:
    """A lock that was taken. It ends with `release`, with a `with` block, or with the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        """Let it go."""
        os.close(self._descriptor)

    def __enter__(self) -> Hold:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class Lock:
    """One lock, by the file that stands for it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def take(self, since: str, wait_s: float = _GLANCE_S) -> Hold | None:
        """Take it; None when somebody else has it all that time. `since` is what others are told."""
        descriptor, end = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), time.monotonic() + wait_s
        while not _locked(descriptor, fcntl.LOCK_EX):
            if time.monotonic() >= end:
                os.close(descriptor)
                return None
            time.sleep(_PAUSE_S)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "since": since}).encode(), 0)
        return Hold(descriptor)

    def holder(self) -> Holder | None:
        """Who has it now; None while it is free."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            return None if _locked(descriptor, fcntl.LOCK_SH) else _told(os.pread(descriptor, 1000, 0))
        finally:
            os.close(descriptor)


def _locked(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _told(raw: bytes) -> Holder:
    try:
        said = json.loads(raw)
        return Holder(int(said["pid"]), str(said["since"]))
    except (ValueError, KeyError, TypeError):
        return Holder(0, "")
