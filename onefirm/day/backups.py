"""Copies of an SQLite database: one a day, renewed whenever a session closes, and how one is put back.

Whoever keeps the firm in Postgres backs it up there.
"""

from __future__ import annotations

import os
import shlex
import sqlite3
from contextlib import closing
from itertools import count
from pathlib import Path

from onefirm.core.clock import today
from onefirm.day.planes import Planes
from onefirm.store import contents
from onefirm.store.migrate import back_up

KEPT = 7
_DAILY = "firm-????-??-??.db"
_LEFT = (".firm-*", "firm-*.db-wal", "firm-*.db-shm")


def make(planes: Planes) -> Path | None:
    """Copy the database in the place of today's copy, and drop the daily ones beyond the newest KEPT.

    A copy that fails (a full disk, a damaged database) leaves today's earlier one as it was and stops nobody; `doctor`
    tells how old the newest is.
    """
    if planes.store.dialect != "sqlite":
        return None
    day = today(planes.clock.now(), planes.rules.timezone)
    target = _folder(planes.root) / f"firm-{day.isoformat()}.db"
    try:
        copy(database(planes.root), target)
    except (OSError, sqlite3.Error):
        return None
    for old in [*sorted(_folder(planes.root).glob(_DAILY))[:-KEPT], *_unfinished(planes)]:
        old.unlink(missing_ok=True)
    return target


def _unfinished(planes: Planes) -> list[Path]:
    """What processes left that were killed while they copied, or that looked at a copy; none does so for an hour."""
    before = planes.clock.now().timestamp() - 3600
    left = [path for pattern in _LEFT for path in _folder(planes.root).glob(pattern)]
    return [path for path in left if path.stat().st_mtime < before]


def set_apart(root: Path, stamp: str) -> None:
    """Name the daily copies so that no later close replaces or drops them: what comes now is another history.

    `stamp` tells them from others that were set apart; known() lists them still.
    """
    for path in _folder(root).glob(_DAILY):
        path.replace(path.with_name(f"{path.stem}-until-{stamp}.db"))


def copy(source: Path, target: Path) -> None:
    """Copy a database that may be in use, whole or not at all. Raises OSError or sqlite3.Error; nothing stays then."""
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        back_up(source, draft)
        _check(draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def database(root: Path) -> Path:
    """Where the `sqlite` store keeps the firm."""
    return root / ".onefirm" / "firm.db"


def known(root: Path) -> list[Path]:
    """Every copy that may hold a firm, those made before a migration too, oldest first."""
    copies = (path for path in _folder(root).glob("firm-*.db") if holds_a_firm(path))
    return sorted(copies, key=lambda path: path.stat().st_mtime)


def putting_back(root: Path, backup: Path) -> str:
    """The shell command that puts a copy in the database's place and says so; what stands there is kept beside it."""
    told = f"onefirm -C {shlex.quote(str(root))} doctor --restored"
    return f"{setting_aside(root)}cp {shlex.quote(str(backup))} {shlex.quote(str(database(root)))} && {told}"


def setting_aside(root: Path) -> str:
    """The shell command that moves a damaged database out of the way, ready to be followed by another; or nothing."""
    place, parts = database(root), ("", "-wal", "-shm")
    name = f"{place}.damaged"
    number = next(number for number in count(1) if not any(Path(f"{name}-{number}{part}").exists() for part in parts))
    # The journal goes with its own file: it may hold the last writes, and would be played into what comes instead.
    there = {f"{place}{part}": f"{name}-{number}{part}" for part in parts if Path(f"{place}{part}").exists()}
    return "".join(f"mv {shlex.quote(old)} {shlex.quote(new)} && " for old, new in there.items())


def holds_a_firm(path: Path) -> bool:
    """Whether a file is a database with tables, or may have been one: what can't be read counts as one."""
    return contents.of_file(path) != "nothing"


def _check(made: Path) -> None:
    # A damaged database is copied without complaint, and would push the last whole copy out after a week.
    with closing(sqlite3.connect(made)) as conn:
        (said,) = conn.execute("PRAGMA quick_check(1)").fetchone()
    if said != "ok":
        raise sqlite3.DatabaseError(said)


def _folder(root: Path) -> Path:
    return root / ".onefirm" / "backup"
