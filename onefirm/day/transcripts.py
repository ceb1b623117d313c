"""Archiving a session when it is closed: what was said and done in it, as evidence for lessons and for recall.

Which records it speaks of decides who may see it later, and what an erasure takes.
"""

from __future__ import annotations

import logging
import re
import sqlite3
import unicodedata

from sqlalchemy import select

from onefirm.core.attribution import By
from onefirm.core.errors import FirmError
from onefirm.day import rollups
from onefirm.day.planes import Planes
from onefirm.memory import abstraction, statements, transcripts
from onefirm.memory.abstraction import Name
from onefirm.memory.search import REF
from onefirm.sessions import db, identity, receipts, walls
from onefirm.sessions import transcripts as files
from onefirm.sessions.shapes import Session
from onefirm.store.tables import record

_PARTIES = ("client", "prospect")
_NAMED = (*_PARTIES, "contact", "project")
_SHORTEST_NAME = 4
_log = logging.getLogger(__name__)


def archive(planes: Planes, session: str, by: By) -> str | None:
    """Archive what a session said and did, and let those go that have reached their day; gives the source's ref.

    Never raises for what can't be read or kept: a session is closed all the same.
    """
    try:
        rollups.let_go(planes, by)
        known = identity.get(str(planes.root), session)
        return _archive(planes, known, by) if known and planes.rules.session_days else None
    except (FirmError, OSError, sqlite3.Error, db.Lost):
        _log.warning("session %s could not be archived", session, exc_info=True)
        return None


def _archive(planes: Planes, session: Session, by: By) -> str | None:
    root = str(planes.root)
    with db.reading(root) as conn:
        path = files.path_of(conn, session["session"])
    said = files.read(path, session["started_at"]) if path else ()
    text = transcripts.written(said, planes.secrets_check, root)
    if not text:
        return None
    archived = planes.sources.add(
        text,
        name="session.md",
        kind=transcripts.KIND,
        title=f"Session {session['session']}",
        about=_about(planes, session, text),
        at=session["started_at"],
        keep_days=planes.rules.session_days,
        by=by,
    )
    return archived.source.ref


def _about(planes: Planes, session: Session, text: str) -> list[str]:
    """The records that it looked at, wrote or named; the clients first, as there may be too many."""
    looked = {*receipts.all(str(planes.root), session["session"]), *REF.findall(text), _client(planes, session)}
    with planes.store.read() as conn:
        rows = conn.execute(select(record.c.ref, record.c.kind, record.c.title).order_by(record.c.ref)).all()
    text = unicodedata.normalize("NFC", text)
    low = text.casefold()
    found = [row for row in rows if row.ref in looked or _names(row.kind, row.title, text, low)]
    found.sort(key=lambda row: _NAMED.index(row.kind) if row.kind in _NAMED else len(_NAMED))
    return [row.ref for row in found][: statements.MOST_ITEMS]


def _client(planes: Planes, session: Session) -> str:
    """The client for whom the session was declared."""
    try:
        wall = walls.of(str(planes.root), session["client_id"])
    except walls.Unreadable:
        return ""
    return wall["client"] if wall else ""


def _names(kind: str, title: str, text: str, low: str) -> bool:
    """Whether a text (also given in small letters) calls somebody or their work by name. Clients and prospects are met
    in whatever case, also by the word that tells them from other firms: on that hangs who may see it.
    """
    if kind in _PARTIES:
        called = [one.casefold() for one in (title, *abstraction.telling(Name(kind, title))) if len(one) > 1]
        return any(_has(low, one) for one in called)
    return kind in _NAMED and len(title) >= _SHORTEST_NAME and _has(text, title)


def _has(text: str, name: str) -> bool:
    name = unicodedata.normalize("NFC", name)  # as the text is
    return name in text and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
