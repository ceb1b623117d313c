"""Writing a file in one step, so that it is always whole; a text that somebody wrote only where it still says what was
read. Who reads the context tree to change it takes the turn first.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from onefirm.core.errors import Refused
from onefirm.sessions import tree, walk
from onefirm.sessions.paths import told

HIDDEN = ".onefirm"
_WAIT_S, _PAUSE_S = 15.0, 0.02


class Busy(Refused):
    """Another command changes context files, and wasn't done in time."""


@contextmanager
def turn(root: Path, wait_s: float = _WAIT_S) -> Generator[None]:
    """The right to change context files: one process at a time, from its look at the tree to its last word. A dead one
    lets go. Raises Busy.
    """
    until = time.monotonic() + wait_s
    path = root / HIDDEN / "context.lock"
    with open(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600), "w") as lock:  # noqa: PTH123 - for the mode
        while not _take(lock.fileno()):
            if time.monotonic() >= until:
                raise Busy("Another command is changing context files.", hint="Repeat it when that one is done.")
            time.sleep(_PAUSE_S)
        yield


def replace_text(
    root: Path, path: str, before: str, after: str, *, like: Path | None = None, keeps_time: bool = False
) -> None:
    """Make a text say `after`, where it says `before` ("": it isn't there, and gets the mode of the file `like`). Its
    mode stays, and its time if wanted.

    Call it within the turn. Raises Refused for a file behind a link that leads out of the workspace, and for one that
    says something else: somebody's text is never overwritten. Raises OSError when the disk refuses.
    """
    place = Path(walk.on_disk(f"{root}/{path}")).resolve()
    if not place.is_relative_to(root.resolve()):
        raise Refused(
            f"{told(path)} lies behind a link that leads out of the workspace.",
            hint="Put the file itself there, or choose another place.",
        )
    found = place.read_bytes() if place.exists() else b""
    if found != before.encode():
        raise _changed(path, found)
    if after != before:
        shape = place if place.exists() else like
        swap(place, after, draft=root / HIDDEN / "context.draft", like=shape, keeps_time=keeps_time)


def swap(place: Path, text: str, *, draft: Path, like: Path | None = None, keeps_time: bool = False) -> None:
    """Put a file in its place, whole or not at all: its owner's alone, else with mode and time of the file `like`.

    Raises OSError when the disk refuses, and leaves no draft then.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())  # else a power cut may leave the name without the text
        if like:
            shutil.copystat(like, draft)
        if like and not keeps_time:
            os.utime(draft)
        draft.replace(place)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _take(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _changed(path: str, found: bytes) -> Refused:
    """Why a text isn't what was read of it."""
    if len(found) > tree.TEXT_LIMIT:
        return Refused(f"{told(path)} is longer than {tree.TEXT_LIMIT:,} bytes.", hint="Split it, then repeat.")
    try:
        found.decode()
    except UnicodeDecodeError:
        return Refused(f"{told(path)} isn't plain UTF-8.", hint="Save it as UTF-8, then repeat the command.")
    return Refused(f"{told(path)} changed just now.", hint="Repeat the command.")
