"""The operator's hatch: lifting the guard for a while, and restoring it. Hooks read what stands in session.db."""

from __future__ import annotations

from datetime import datetime, timedelta

from onefirm.core.attribution import By
from onefirm.core.clock import iso
from onefirm.day.planes import Planes
from onefirm.memory.statements import check_reason
from onefirm.sessions import hatch


def lift(planes: Planes, minutes: int, by: By) -> datetime:
    """Lift the guard for some minutes, for `by`'s reason; a second time replaces the first. Returns when it ends."""
    check_reason(by, planes.secrets_check)
    until = planes.clock.now() + timedelta(minutes=minutes)
    told = {"until": iso(until), "minutes": minutes}
    with planes.store.write() as conn:
        planes.ledger.append(conn, "guard.lifted", told, subjects=(), by=by)
    # Told before it is done: a guard that stands although the ledger says otherwise does no harm.
    hatch.open(str(planes.root), until.timestamp(), by.reason or "", by.actor)
    return until


def restore(planes: Planes, by: By) -> bool:
    """Let the guard stand again before its time; False when it wasn't lifted."""
    if not hatch.close(str(planes.root)):
        return False
    with planes.store.write() as conn:
        planes.ledger.append(conn, "guard.restored", {}, subjects=(), by=by)
    return True
