"""What the doctor can still say of a workspace that can't be opened: why, and what to put back."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from onefirm.core.errors import FirmError
from onefirm.day.doctor import Finding


def examine(root: Path, error: FirmError) -> list[Finding]:
    """The findings of a workspace whose opening failed with `error`."""
    return [
        Finding("ok", "python", f"{sys.version.split()[0]} at {sys.executable}"),
        Finding("broken", "workspace", error.message, "" if "onefirm doctor" in error.hint else error.hint),
        *_database(root),
    ]


def _database(root: Path) -> Iterator[Finding]:
    database = root / ".onefirm" / "firm.db"
    backups = sorted((root / ".onefirm" / "backup").glob("firm-*.db"), key=lambda path: path.stat().st_mtime)
    if not backups:
        fix = f"put a copy of it at {database}, if you keep one elsewhere"
        yield Finding("warn", "backup", "there is no backup under .onefirm/backup/", fix)
        return
    place, newest = shlex.quote(str(database)), shlex.quote(str(backups[-1]))
    aside = f"mv {place} {place}.damaged && " if database.exists() else ""
    # The journal of another file would be played into the copy.
    fix = f"{aside}rm -f {place}-wal {place}-shm && cp {newest} {place}"
    yield Finding("warn", "backup", f"the newest is {backups[-1].name}; what came after it would be lost", fix)
