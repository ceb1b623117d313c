"""The tiers of memory: a note is its session's own until its days are over; the rest is the firm's, or its clients'.

A session goes on from the one before it (`/clear`, a resumed conversation), and has that one's notes too. What a
person notes belongs to no session. Facts are for all, also those that quote a note: so one leaves its tier.
"""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from onefirm.core.sight import Sight
from onefirm.day.planes import Planes
from onefirm.sessions import db, identity

_MOST_BEFORE = 20


def sight(planes: Planes, session: str | None, seen: Sight) -> Sight:
    """What is `seen`, without what other sessions noted for themselves, and without notes whose days are over."""
    notes = planes.sources.notes()
    own = _line(planes, session) if session and notes else set[str]()
    past = planes.clock.now()
    hidden = {one.ref for one in notes if one.ended(past) or (one.session and one.session not in own)}
    return replace(seen, hidden=seen.hidden | hidden, known=seen.known - hidden) if hidden else seen


def _line(planes: Planes, session: str) -> set[str]:
    """The session and those that it goes on from."""
    line, one = set[str](), session
    try:
        while one and one not in line and len(line) < _MOST_BEFORE:
            line.add(one)
            known = identity.get(str(planes.root), one)
            one = known["parent"] if known and known["parent"] else ""
    except (sqlite3.Error, db.Lost):
        return {session}
    return line
