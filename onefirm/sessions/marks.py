"""Marks: every hook leaves one, so that `doctor` can tell a hook that never ran from one that found nothing.

Files and not rows of session.db: the guard must be able to say that the database is lost.
"""

from __future__ import annotations

import os

from onefirm.sessions import clock, jsons

TYPE_CHECKING = False
if TYPE_CHECKING:
    from onefirm.sessions.shapes import Mark


def leave(root: str, hook: str, outcome: str, ms: float, version: str) -> None:
    """Replaces the hook's mark. A disk that refuses is not the hook's business: the mark is then simply old."""
    folder = root + "/.onefirm/marks"
    text = (
        f'{{"hook":{jsons.quoted(hook)},"at":"{clock.iso()}","version":{jsons.quoted(version)},'
        f'"ms":{ms:.1f},"outcome":{jsons.quoted(outcome)}}}'
    )
    draft = f"{folder}/.{hook}.{os.getpid()}"
    try:
        _write(folder, draft, text)
        os.replace(draft, f"{folder}/{hook}.json")
    except OSError:
        return


def all(root: str) -> list[Mark]:
    """The marks there are, by name; a torn one is left out."""
    folder = root + "/.onefirm/marks"
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".json") and not name.startswith("."))
    except OSError:
        return []
    return [mark for name in names if (mark := _read(f"{folder}/{name}"))]


def forget(root: str, hook: str) -> None:
    """Takes a hook's mark away."""
    try:
        os.unlink(f"{root}/.onefirm/marks/{hook}.json")
    except OSError:
        return


def _write(folder: str, draft: str, text: str) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    try:
        handle = os.open(draft, flags, 0o600)
    except FileNotFoundError:
        os.mkdir(folder, 0o700)
        handle = os.open(draft, flags, 0o600)
    os.write(handle, text.encode())
    os.close(handle)


def _read(path: str) -> Mark | None:
    try:
        with open(path, encoding="utf-8") as file:
            return jsons.loads(file.read())
    except (OSError, ValueError):
        return None
