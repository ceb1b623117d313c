"""Starting a session: close what died, bring state up to date, say where things stand."""

from __future__ import annotations

from contextlib import suppress

from onefirm.core.attribution import CLAUDE, SYSTEM, By
from onefirm.core.errors import FirmError
from onefirm.day import archive, brief, close, lessons, recollection, walls, wiring
from onefirm.day.brief import Brief
from onefirm.day.planes import Planes
from onefirm.sessions import identity


def start(planes: Planes, session: str, client_id: str, source: str, wait_s: float | None = None) -> Brief:
    """Open a session in the ledger and return the brief that its model reads.

    The sessions that died are closed first, so that what they left is part of what this brief tells; where the truth is
    far away, only as long as `wait_s` seconds allow. Behind a client wall it tells of that client only.
    """
    with suppress(FirmError, OSError):
        wiring.begin(planes, By(SYSTEM, session))
    wall = walls.of_call(planes.root, client_id) if client_id else None
    seen = planes.behind(walls.sight(planes, wall)) if wall else planes
    pulled = planes.pulls.within(seen, By(SYSTEM, session), wait_s, lambda: close_left(planes, but=session))
    shown = recollection.known(planes.root, session)
    told = brief.build(seen.renewed(), planes.clock.now(), pulled.told, shown)
    _record(planes, session, client_id, source)
    if not wall:  # what is kept is for any session
        brief.keep(planes.root, told)
    return told


def close_left(planes: Planes, but: str | None = None) -> list[close.Closed]:
    """Close every session whose end was announced but not worked off, or whose client died; renew the rules.

    What a close of context files left half done is finished too; where the disk refuses, the next one tells of it.
    """
    with suppress(FirmError, OSError):
        archive.finish(planes)
    closed: list[close.Closed] = []
    for session in identity.to_close(str(planes.root)):
        if session["session"] != but:
            how: close.How = "ended" if session["state"] == "ending" else "died"
            if done := close.close(planes, session["session"], how):
                closed.append(done)
    lessons.render(planes.root, planes.lessons.every, planes.secrets_check)
    return closed


def _record(planes: Planes, session: str, client_id: str, source: str) -> None:
    known = identity.get(str(planes.root), session)
    data = {"source": source, "client_id": client_id, "parent": known["parent"] if known else None}
    with planes.store.write() as conn:
        key = f"session.opened:{session}"
        planes.ledger.append(conn, "session.opened", data, subjects=(), by=By(CLAUDE, session), effect_key=key)
