"""Taking files in as sources: one that is named, or all that lie in the drop folder.

`drop/` lies in the workspace and outside of git. A file in `drop/CL-1/` is about CL-1. What was archived moves to
`.onefirm/taken/`, under its ref; what can't be stays where it is, beside a sentence that says why.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from onefirm.core.attribution import By
from onefirm.core.errors import FirmError, InvalidInput, NotFound, Refused
from onefirm.core.ids import parse_ref
from onefirm.day.planes import Planes
from onefirm.ledger.words import clean
from onefirm.lock import Lock
from onefirm.memory.media import LARGEST_BYTES
from onefirm.memory.sources import Archived, Kind
from onefirm.sessions.paths import told

DROP, TAKEN = "drop", ".onefirm/taken"
_REASON = ".refused.txt"
_IGNORED = "# Made by onefirm: what is dropped here is archived, and stays out of git.\n*\n"
_SETTLED_S = 2.0  # a file that was written just now may still be
_MOST_AT_ONCE = 200
_LONGEST_NAME = 200  # bytes


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the drop folder: what was archived, and why which files stay (by path)."""

    archived: tuple[Archived, ...] = ()
    left: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a file beside what it says itself."""

    kind: Kind | None = None
    title: str = ""
    uri: str = ""
    about: Sequence[str] = ()
    at: str | None = None
    author: str = ""


def archive(planes: Planes, file: Path, said: Said, by: By, *, is_inside: bool = False) -> Archived:
    """Archive what a file holds now; the file stays. With `is_inside` only one of the workspace is read, and none that
    the session may not see.

    Raises NotFound, InvalidInput, Refused, Unavailable.
    """
    place = file.resolve()
    root = planes.root.resolve()
    is_own = not place.is_relative_to(root / TAKEN) or bool(is_inside and planes.sight.client)  # taken for anybody
    if place.is_relative_to(root / ".onefirm") and is_own:
        raise Refused(f"{told(str(file))} is onefirm's own file.", hint="Name a file of yours.")
    if is_inside and not place.is_relative_to(root):
        raise Refused(
            f"{told(str(file))} lies outside of the workspace.",
            hint=f"Send its text, or ask the operator: `onefirm memory add {told(str(file))}`.",
        )
    if is_inside and planes.sight.client and planes.sight.hides_path(place.relative_to(root).as_posix()):
        raise Refused(f"{told(str(file))} is not for this session.", hint=planes.sight.way_out)
    return _archive(planes, _read(file, os.O_RDONLY), file.name, said, by)


def _archive(planes: Planes, data: bytes, name: str, said: Said, by: By) -> Archived:
    return planes.sources.add(
        data, name=name, kind=said.kind, title=said.title, uri=said.uri, about=said.about, at=said.at,
        author=said.author, by=by,
    )  # fmt: skip


def take(planes: Planes, by: By) -> Taken:
    """Archive what lies in the drop folder, if there is one.

    1. Nobody else is at it; a file that is still written, a link and what was refused before stay for now.
    2. Archive each file. One that was archived when a process was killed is the same source again.
    3. Move it to where taken files lie, or write beside it why not.
    """
    folder = planes.root / DROP
    if folder.is_symlink() or not folder.is_dir():
        return Taken()
    hold = Lock(planes.root / ".onefirm" / "drop.lock").take("")
    if hold is None:
        return Taken()
    with hold:
        _keep_out_of_git(folder)
        archived, left = list[Archived](), list[tuple[str, str]]()
        for file, about in list(_dropped(folder))[:_MOST_AT_ONCE]:
            try:
                made = _archive(planes, _read(file, os.O_RDONLY | os.O_NOFOLLOW), file.name, Said(about=about), by)
                _move(planes.root, file, made.source.ref)
                archived.append(made)
            except (FirmError, OSError) as error:  # the others are taken all the same
                why = str(error) if isinstance(error, FirmError) else f"It can't be taken: {error.strerror}."
                left.append((clean(file.relative_to(planes.root).as_posix(), _LONGEST_NAME), why))
                _explain(file, why)
    return Taken(tuple(archived), tuple(left))


def prepare(planes: Planes) -> Path:
    """Make the drop folder, where there is none."""
    folder = planes.root / DROP
    folder.mkdir(mode=0o700, exist_ok=True)
    _keep_out_of_git(folder)
    return folder


def forget(root: Path, refs: Sequence[str]) -> None:
    """Take away the files that these sources were taken from: they were erased."""
    for ref in refs:
        for file in (root / TAKEN).glob(f"{ref} *"):
            file.unlink(missing_ok=True)


def refused(root: Path) -> list[str]:
    """What stays in the drop folder since it can't be archived, as it is told; why stands beside each."""
    reasons = [one for pattern in ("*", "*/*") for one in sorted((root / DROP).glob(f"{pattern}{_REASON}"))]
    files = (one.with_name(one.name.removesuffix(_REASON)) for one in reasons)
    return [told(file.relative_to(root).as_posix()) for file in files if os.path.lexists(file)]


def _dropped(folder: Path) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """The files that are ready, with what each is about."""
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            about = _about(entry.name)
            yield from ((file, about) for file in sorted(entry.iterdir()) if _is_ready(file))
        elif _is_ready(entry):
            yield entry, ()


def _about(name: str) -> tuple[str, ...]:
    try:
        return (parse_ref(name),)
    except InvalidInput:
        return (name,)  # which archiving refuses, in a sentence beside each file


def _is_ready(file: Path) -> bool:
    if file.name.startswith(".") or file.name.endswith(_REASON):
        return False
    if file.is_dir() and not file.is_symlink():
        return False
    changed = file.lstat().st_mtime
    reason = _reason(file)
    known = reason.exists() and reason.stat().st_mtime >= changed
    return not known and (file.is_symlink() or time.time() - changed >= _SETTLED_S)


def _read(file: Path, flags: int) -> bytes:
    """What a file holds, and no more of it than a source may have. Raises NotFound, InvalidInput, Refused."""
    shown = told(str(file))
    try:
        handle = os.open(file, flags | os.O_NONBLOCK)  # a pipe would be waited for
    except FileNotFoundError:
        raise NotFound(f"There is no file {shown}.", hint="Name it as seen from the current folder.") from None
    except OSError as error:
        why = "it is a link" if file.is_symlink() else str(error.strerror)
        raise Refused(f"{shown} is not read: {why}.", hint="Put the file itself there.") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise InvalidInput(f"{shown} is no file.", hint="Name one file.")
    with os.fdopen(handle, "rb") as opened:
        return opened.read(LARGEST_BYTES + 1)


def _move(root: Path, file: Path, ref: str) -> None:
    place = root / TAKEN
    place.mkdir(mode=0o700, exist_ok=True)
    file.replace(place / f"{ref} {_end(file.name)}")
    _reason(file).unlink(missing_ok=True)


def _explain(file: Path, why: str) -> None:
    with suppress(OSError):  # what can't be written is told by whoever looks
        _reason(file).write_text(f"{why}\n", encoding="utf-8", errors="replace")


def _reason(file: Path) -> Path:
    return file.with_name(f"{_end(file.name)}{_REASON}")


def _end(name: str) -> str:
    """A file's name, or the end of one that leaves no room for what is put beside it."""
    return os.fsdecode(os.fsencode(name)[-_LONGEST_NAME:])


def _keep_out_of_git(folder: Path) -> None:
    ignore = folder / ".gitignore"
    if not ignore.exists():
        with suppress(OSError):
            ignore.write_text(_IGNORED, encoding="utf-8")
