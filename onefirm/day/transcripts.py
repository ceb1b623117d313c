"""Archiving a session when it is closed: what was said and done in it, as evidence for lessons and for recall.

Which records it speaks of decides who may see it later, and what an erasure takes.
"""

from __future__ import annotations

import logging
import re
import sqlite3
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Self

from sqlalchemy import Connection, select

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
from onefirm.state import scrub
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
    looked = {*receipts.all(str(planes.root), session["session"]), _client(planes, session)}
    said = _Said.of(text)
    with planes.store.read() as conn:
        rows = conn.execute(select(record.c.ref, record.c.kind, record.c.title).order_by(record.c.ref)).all()
    surnames = _surnames(row.title for row in rows if row.kind == "contact")
    found = [row for row in rows if row.ref in looked or said.names(row.ref, row.kind, row.title, surnames)]
    found.sort(key=lambda row: _NAMED.index(row.kind) if row.kind in _NAMED else len(_NAMED))
    return [row.ref for row in found][: statements.MOST_ITEMS]


def naming(conn: Connection, refs: Collection[str]) -> list[str]:
    """The entries of the archived sessions that call one of these records by name, be it one of too many."""
    rows = conn.execute(select(record.c.ref, record.c.kind, record.c.title).where(record.c.ref.in_(refs))).all()
    contacts = conn.execute(select(record.c.title).where(record.c.kind == "contact")).scalars()
    surnames = _surnames(contacts) if rows else frozenset[str]()
    texts = ((entry, _Said.of(text)) for _, entry, _, text in (transcripts.texts(conn) if rows else ()))
    return [entry for entry, said in texts if any(said.names(row.ref, row.kind, row.title, surnames) for row in rows)]


def _client(planes: Planes, session: Session) -> str:
    """The client for whom the session was declared."""
    try:
        wall = walls.of(str(planes.root), session["client_id"])
    except walls.Unreadable:
        return ""
    return wall["client"] if wall else ""


@dataclass(frozen=True, slots=True)
class _Said:
    """What was said in a session, as it was written and in small letters, and the refs in it."""

    text: str
    low: str
    refs: frozenset[str]

    @classmethod
    def of(cls, text: str) -> Self:
        text = unicodedata.normalize("NFC", text)
        return cls(text, text.casefold(), frozenset(map(str.upper, REF.findall(text))))

    def names(self, ref: str, kind: str, title: str, surnames: Collection[str]) -> bool:
        """Whether it calls somebody or their work by ref or by name: on that hangs who may see it, and what erasing
        takes.

        Clients and prospects are met in whatever case, also by the word that tells them from other firms. So are the
        whole names of people and work that have more than one word: a project called Website isn't any website. Of
        people the surname is enough that nobody else has, as it is written or in capitals: a price is no Ada Price.
        """
        if ref in self.refs or title == scrub.ERASED:
            return ref in self.refs
        if kind in _PARTIES:
            called = [one.casefold() for one in (title, *abstraction.telling(Name(kind, title))) if len(one) > 1]
            return any(_has(self.low, one) for one in called)
        if kind not in _NAMED or len(title) < _SHORTEST_NAME:
            return False
        surname = _surname(title) if kind == "contact" else ""
        if surname in surnames and any(_has(self.text, one) for one in (surname, surname.upper())):
            return True
        return _has(self.text, title) or (" " in title and _has(self.low, title.casefold()))


def _surname(title: str) -> str:
    """What tells a person, if the name has two words or more: the last of them."""
    words = abstraction.telling(Name("contact", title))
    return words[-1] if len(words) > 1 else ""


def _surnames(titles: Iterable[str]) -> frozenset[str]:
    """Those that one contact alone has."""
    counted = Counter(map(_surname, titles))
    return frozenset(name for name, times in counted.items() if name and times == 1)


def _has(text: str, name: str) -> bool:
    name = unicodedata.normalize("NFC", name)  # as the text is
    return name in text and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
