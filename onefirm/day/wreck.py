"""What the doctor can still say of a workspace that can't be opened: why, what else holds, and what to put back."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from onefirm.core.clock import Clock
from onefirm.core.errors import FirmError
from onefirm.day import backups
from onefirm.day.doctor import Finding, examine_outside
from onefirm.day.surroundings import MEND


def examine(root: Path, error: FirmError, clock: Clock, database: Path | None) -> list[Finding]:
    """The findings of a workspace whose opening failed with `error`; the checks that need no database go on.

    `database` is the SQLite file that should be there, None where the firm is kept elsewhere.
    """
    lost = database is not None and (not backups.holds_a_firm(database) or "damaged" in error.message)
    outside = examine_outside(root, clock)
    if not lost:
        return [*outside, *_opening(error, lost)]
    # What --fix would mend waits for the database, and the copies are told with the way back.
    kept = [replace(one, fix="" if one.fix == MEND else one.fix) for one in outside if one.area != "backup"]
    return [*kept, *_opening(error, lost), *put_back(root)]


def is_damage(finding: Finding) -> bool:
    """Whether a finding says that the database itself is damaged, so that a copy has to take its place."""
    return finding.level == "broken" and "database" in finding.what and "damaged" in finding.what


def _opening(error: FirmError, lost: bool) -> Iterator[Finding]:
    # `doctor` never sends anybody to itself, and where a database is lost, the backups below are the way.
    circle = "`onefirm doctor`" in error.hint
    yield Finding("broken", "workspace", error.message, "" if circle or lost else error.hint)
    yield Finding("off", "ledger, truth, narrative", "not examined: they stand in the database")


def put_back(root: Path) -> Iterator[Finding]:
    """Which copy to put in the database's place, and with which command."""
    database = backups.database(root)
    copies = backups.known(root)
    if copies:
        what = f"the newest is {copies[-1].name}; what came after it is lost then, and the ledger says so"
        yield Finding("warn", "backup", what, backups.putting_back(root, copies[-1]))
    else:
        fix = f"put a copy of it at {database}, if you keep one elsewhere; then: onefirm doctor"
        yield Finding("warn", "backup", "there is no backup under .onefirm/backup/", fix)
    anew = f"{backups.setting_aside(root)}onefirm init {shlex.quote(str(root))} --anew"
    yield Finding("off", "workspace", "without any copy, only an empty firm can be begun, on purpose", anew)
