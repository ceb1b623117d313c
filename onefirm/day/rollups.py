"""Rolling up what is old: before the texts of archived sessions expire, and months after the rest of it."""

from __future__ import annotations

import logging

from onefirm.core.attribution import By
from onefirm.core.errors import FirmError, Refused
from onefirm.day.planes import Planes
from onefirm.memory.facts import Fact
from onefirm.memory.rollups import OLDER_THAN_DAYS, Plan, Rollups

_log = logging.getLogger(__name__)


def plan(planes: Planes, older_than_days: int = OLDER_THAN_DAYS) -> list[Plan]:
    """What `make` would roll up."""
    room = _room(planes)
    due = room.expiring()
    known = {(one.place, one.month) for one in due}
    return due + [one for one in room.aged(older_than_days, is_whole=True) if (one.place, one.month) not in known]


def make(planes: Planes, by: By, older_than_days: int = OLDER_THAN_DAYS) -> list[Fact]:
    """Roll up what is due: the months of sessions that are about to expire, and all that ended so many days ago."""
    made = _room(planes).make(plan(planes, older_than_days), by)
    planes.project()
    return made


def let_go(planes: Planes, by: By) -> None:
    """Roll up what is due, some months at a time, then let the texts of sources go that have reached their day.

    A roll-up that fails keeps no text beyond the day that the operator set for it.
    """
    room = _room(planes)
    try:
        made = room.make(room.expiring(), by) + room.make(room.aged(), by)
        room.pass_over()
        if made:
            planes.project()
    except FirmError:
        _log.warning("old sessions could not be rolled up", exc_info=True)
    planes.sources.expire(by)


def undo(planes: Planes, ref: str, by: By) -> Fact:
    """Take a roll-up back; what it was made of stands as before, and is left alone. Raises NotFound, Refused."""
    one = planes.facts.get(ref)
    if one.kind != "summary":
        raise Refused(f"{one.ref} is no roll-up but a fact.", hint=f"`onefirm memory retract {one.ref} --why …`")
    return planes.facts.retract(one.ref, by=by)


def _room(planes: Planes) -> Rollups:
    return Rollups(planes.store, planes.ledger, planes.clock, planes.secrets_check, planes.rules.timezone)
