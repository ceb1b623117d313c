"""Values of ours that somebody wrote over at the very time at which we wrote them: neither had seen the other's.

A truth without locks lets the last one win. Nothing of it is undone here; the operator is asked which shall stand.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from onefirm.core.attribution import By
from onefirm.core.clock import parse_iso
from onefirm.ledger.events import Event
from onefirm.state import claims, conflicts, history
from onefirm.state.conflicts import Clash
from onefirm.state.drafts import Draft
from onefirm.state.plane import Plane
from onefirm.state.sync.plan import Pull

RACE = timedelta(seconds=60)
"""An edit that began less than that after our write may have been made by somebody who had not seen it."""
_LOOKED_BACK = 8  # entries about the record


def ask(plane: Plane, conn: Connection, pull: Pull) -> None:
    """Ask about one row that is being taken over, where it was changed by somebody else within a race.

    Call it before what is pulled is told: the newest entries are then those of our writes.
    """
    if pull.row.ours is not False or pull.change != "updated":
        return
    found = _written(plane, conn, pull)
    mine = {name: pull.before[name] for name in found}
    if not mine:
        return
    asked = max(found.values(), key=lambda event: event.at)
    row = pull.row
    draft = Draft(
        "update", row.kind, row.ref, str(row.props.get("title", "")), str(row.props.get("status", "")), row.etag,
        mine, {name: pull.after[name] for name in mine},
    )  # fmt: skip
    by, home = By(asked.actor, asked.session), plane.ledger.chain_id
    claim = claims.put(conn, f"race:{asked.id}:{row.etag}", [draft], by, parse_iso(asked.at), home, wait=True)
    theirs = {name: pull.after[name] for name in mine}
    conflicts.hold(plane, conn, claim, [Clash(draft, row, mine, theirs, "both sides changed it within a minute")])


def _written(plane: Plane, conn: Connection, pull: Pull) -> dict[str, Event]:
    """The entries by which we wrote the values that were changed, where that was just now."""
    since = parse_iso(pull.row.edited_at) - RACE
    events = plane.ledger.events(conn, ref=pull.row.ref, kinds=history.STATE, newest_first=True, limit=_LOOKED_BACK)
    found, settled = dict[str, Event](), set[str]()
    for event in events:
        told: dict[str, Any] = dict((event.payload or {}).get("after") or {})
        for name in pull.after:
            if name in told and name not in settled:
                settled.add(name)
                if event.kind in ("record.created", "record.updated") and parse_iso(event.at) > since:
                    found[name] = event
    return found
