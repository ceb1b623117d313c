"""The private repository of memory, `.onefirm/memory.git`: what memory held at each close, to be read with git.

It is apart from the workspace's own, since what is erased has to go: a history that began before the last erasure is
dropped as a whole, and begins anew with what is known now. Nothing else ever takes a commit out of it.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection

from onefirm import git
from onefirm.core.clock import iso
from onefirm.core.errors import FirmError, Refused, Unavailable
from onefirm.day import anchoring, exports
from onefirm.day.planes import Planes
from onefirm.ledger import anchors
from onefirm.ledger.events import Head
from onefirm.lock import Hold, Lock

NAME = "memory.git"
KINDS = ("decision.", "lesson.", "fact.", "source.")
_ERASED = "payload.erased"
_WAIT_S = 10.0
_log = logging.getLogger(__name__)
Outcome = Literal["made", "unchanged", "begun anew"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How the repository stands: when its newest commit was made (Unix seconds), how many there are, how many entries
    of memory have come since, and whether something was erased since: then it is dropped next time.
    """

    at: int
    commits: int
    behind: int
    is_outdated: bool


@dataclass(frozen=True, slots=True)
class _Since:
    entries: int = 0
    is_erased: bool = False


def place(root: Path) -> Path:
    """Where the repository lies."""
    return root / ".onefirm" / NAME


def make(planes: Planes, *, anew: bool = False) -> Outcome:
    """Commit what memory holds now, unless nothing of memory has come since; `anew` drops what was there before.

    1. Nobody else is at it. What a killed process left half-dropped or half-made goes.
    2. Look up to which entry the newest commit reaches. With an erasure since then its history is dropped.
    3. Commit the whole export.

    Raises Refused while somebody else is at it and where its place is a link, Unavailable for git's failures.
    """
    if place(planes.root).is_symlink():
        raise Refused(
            f"{place(planes.root)} is a link: what it leads to would outlive an erasure.",
            hint="Remove the link; the next snapshot begins anew in its place.",
        )
    with _alone(planes):
        _clean(planes.root)
        newest = None if anew else _newest(planes.root)
        with planes.store.read() as conn:
            heads = planes.ledger.heads(conn)
            since = _since(planes, conn, newest)
        if not since.entries and not (newest and since.is_erased) and not anew:
            return "unchanged"
        dropped = (anew or bool(newest and since.is_erased)) and drop(planes.root)
        if not place(planes.root).exists():
            _begin(planes.root)
        git.keep(place(planes.root), exports.pages(planes), _message(heads), int(planes.clock.now().timestamp()))
    return "begun anew" if dropped else "made"


def at_close(planes: Planes) -> None:
    """As `make`, where nothing may stop: a repository that can't be written is told by the doctor."""
    try:
        make(planes)
    except (FirmError, OSError):
        _log.warning("memory could not be snapshotted", exc_info=True)


def forget(planes: Planes) -> bool:
    """Drop what it knew, after an erasure, and begin anew; False where it could not be dropped."""
    if place(planes.root).is_symlink():
        return False
    try:
        with _alone(planes):
            dropped = drop(planes.root)
    except (FirmError, OSError):
        return False
    if dropped:
        at_close(planes)
    return True


def standing(planes: Planes) -> Snapshot | None:
    """How it stands; None where there is none yet. Raises Unavailable for one that can't be read."""
    newest = _newest(planes.root)
    if newest is None:
        return None
    with planes.store.read() as conn:
        since = _since(planes, conn, newest)
    return Snapshot(newest.at, git.count(place(planes.root)), since.entries, since.is_erased)


def drop(root: Path) -> bool:
    """Take the repository away; whether there was one. Renamed first, so that none is ever half there."""
    there = place(root)
    _clean(root)
    if not there.exists():
        return False
    there.replace(there.with_name(f"{NAME}.dropped"))
    _clean(root)
    return True


def _begin(root: Path) -> None:
    draft = place(root).with_name(f"{NAME}.draft")
    git.make_store(draft)
    draft.replace(place(root))


def _clean(root: Path) -> None:
    for left in place(root).parent.glob(f"{NAME}.*"):
        if left.suffix in (".draft", ".dropped"):
            shutil.rmtree(left) if left.is_dir() else left.unlink()


def _alone(planes: Planes) -> Hold:
    hold = Lock(place(planes.root).with_name("memory.lock")).take(iso(planes.clock.now()), _WAIT_S)
    if hold is None:
        raise Refused("Another process is at the snapshot of memory.", hint="Try again in a moment.")
    return hold


def _newest(root: Path) -> git.Kept | None:
    try:
        return git.kept(place(root))
    except Unavailable as error:
        raise Unavailable(
            f"The repository of memory can't be read: {error.message}",
            hint="Begin it anew: onefirm memory snapshot --anew",
        ) from error


def _since(planes: Planes, conn: Connection, newest: git.Kept | None) -> _Since:
    """What has come since a commit, or ever. In a chain that is another now (a backup was put back) its time tells."""
    known = _heads_in(newest.message) if newest else ()
    lost = {head.chain_id for head in anchoring.missing(conn, planes.ledger, known)}
    reached = {head.chain_id: head.seq for head in known if head.chain_id not in lost}
    began = iso(datetime.fromtimestamp(newest.at if newest else 0, UTC))
    kinds = [
        entry.kind
        for name in planes.ledger.chains(conn)
        for entry in planes.ledger.events(
            conn, chain_id=name, kinds=[*KINDS, _ERASED], after_seq=reached.get(name, 0),
            since_at=began if name in lost else None,
        )
    ]  # fmt: skip
    return _Since(sum(kind != _ERASED for kind in kinds), _ERASED in kinds)


def _heads_in(message: str) -> tuple[Head, ...]:
    mark = f"{anchors.TRAILER}: "
    return anchors.of_trailers(line.removeprefix(mark) for line in message.splitlines() if line.startswith(mark))


def _message(heads: Sequence[Head]) -> str:
    """Of no word: what memory says stands in the files."""
    return "\n".join(["Snapshot memory", "", *(f"{anchors.TRAILER}: {head}" for head in heads)])
