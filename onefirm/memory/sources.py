"""Sources: raw text as it was given, archived once and never changed. Facts quote it; recall finds its spans.

The text itself lies compressed beside the ledger, where erasing and expiry can take it; everything else that is known
of a source is told by its entry.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any, get_args

from sqlalchemy import Connection, select

from onefirm.core.attribution import By
from onefirm.core.clock import Clock, iso, parse_iso
from onefirm.core.credentials import ACCOUNT
from onefirm.core.errors import InvalidInput, NotFound, Refused, Unavailable
from onefirm.core.ids import parse_ref
from onefirm.core.sight import Sighted
from onefirm.ledger import aliases
from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Event, Fields
from onefirm.ledger.words import clean
from onefirm.memory import marks, media, passages, statements, told_sources
from onefirm.memory.media import Read
from onefirm.memory.statements import SecretsCheck, no_secrets
from onefirm.memory.told_sources import Kind, Source
from onefirm.store.counters import next_number
from onefirm.store.engine import Store
from onefirm.store.listed import listed
from onefirm.store.tables import event, event_subject, source, source_text

__all__ = ["Archived", "Kind", "Source", "Sources"]

PREFIX = "SRC"
NOTE_DAYS = 14
_BY_MEDIA: dict[str, Kind] = {"mail": "mail", "html": "page"}
_LONGEST_NAME = 300
_MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class Archived:
    """What became of an add. `left_out` says, in sentences, what of the file is not in the text."""

    source: Source
    is_new: bool
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """A note whose text is still here: whose it is (None: a person's), and until when (ISO)."""

    ref: str
    session: str | None
    until: str

    def ended(self, now: datetime) -> bool:
        """Whether its days are over, though nobody has let go of it yet."""
        return self.until <= iso(now)


# Built once: each call of a tool asks, and building a statement takes longer than running it.
_NOTES = (
    select(source.c.ref, source.c.session, source.c.expires_at)
    .join(source_text, source_text.c.ref == source.c.ref)
    .where(source.c.expires_at.is_not(None), source.c.kind == "note", source_text.c.body.is_not(None))
)


class Sources(Sighted):
    """The firm's sources."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        clock: Clock,
        project: Callable[[], None],
        secrets_check: SecretsCheck = no_secrets,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._project = project
        self._secrets_check = secrets_check

    # -- archiving -----------------------------------------------------------------------------------------------------

    def add(
        self,
        content: str | bytes,
        *,
        name: str = "",
        kind: Kind | None = None,
        title: str = "",
        uri: str = "",
        about: Sequence[str] = (),
        at: str | None = None,
        author: str = "",
        keep_days: int | None = None,
        by: By,
    ) -> Archived:
        """Archive a text, or a file's bytes (`name` is the file's); what the file says of itself fills what isn't said.

        1. Read it as text, in a process of its own where it isn't plain; check every line for secrets.
        2. In one transaction: the same bytes for the same records are the source that they are already; else its entry,
           its text and its spans.

        A note belongs to its session and expires; so does what has `keep_days`. Raises InvalidInput for what is no text
        or too long, NotFound for an unknown record, Refused for a secret and for text that came out of memory,
        Unavailable where a library is missing.
        """
        statements.check_reason(by, self._secrets_check)
        concerned = statements.refs(about)
        self._check_scope(concerned)
        data = content.encode("utf-8", "replace") if isinstance(content, str) else content
        read = media.read(data, name)
        chosen = _kind(kind, read.media)
        self._check_text(read.text, name or title)
        lines = {"title": title or read.title, "uri": uri or read.uri, "author": author or read.author,
                 "file": PurePath(name).name}  # fmt: skip
        told: dict[str, Any] = {
            "kind": chosen,
            **{line: self._line(line, given) for line, given in lines.items()},
            **_measured(data, read),
            "dated": _dated(at) or _own_date(read.dated),
            "about": list(concerned),
            "recalled": self._recalled(read.text, chosen),
        }
        if keep_days is None and chosen == "note":
            keep_days = NOTE_DAYS
        made = self._archive(told, read, keep_days, by)
        self._project()
        return made

    def _archive(self, told: dict[str, Any], read: Read, keep_days: int | None, by: By) -> Archived:
        about = told["about"]
        with self._store.write() as conn:
            statements.existing(conn, about)
            next_number(conn, PREFIX, 0)  # whoever adds the same at the same time waits
            expires = iso(self._clock.now() + timedelta(days=keep_days)) if keep_days is not None else None
            session = by.session if told["kind"] == "note" else None
            if known := _known(conn, told["sha256"], about, expires, session):
                return Archived(told_sources.source_of(known), False, read.left_out)
            ref = f"{PREFIX}-{next_number(conn, PREFIX)}"
            data = {"ref": ref, **told, "expires_at": expires}
            entry = self._ledger.append(conn, "source.archived", data, subjects=[ref, *about], by=by)
            conn.execute(
                source.insert().values(
                    ref=ref, event_id=entry.id, at=entry.at, actor=by.actor, kind=told["kind"], subjects=about,
                    session=session, expires_at=expires,
                )
            )  # fmt: skip
            body = zlib.compress(read.text.encode(), 6)
            conn.execute(source_text.insert().values(ref=ref, sha256=told["sha256"], body=body))
            told_sources.index(conn, entry)
            row = conn.execute(told_sources.rows().where(source.c.ref == ref)).mappings().one()
        return Archived(told_sources.source_of(row), True, read.left_out)

    def _check_scope(self, about: Sequence[str]) -> None:
        self._sight.check(about)
        if self._sight.client and not about:
            raise Refused(
                f"This session is declared for {self._sight.client}, so what it archives must say whose it is.",
                hint="Name the client or one of its records in about.",
            )

    def _check_text(self, text: str, name: str) -> None:
        if not (told := self._secrets_check(text)):
            return
        lines = ((number, self._secrets_check(one)) for number, one in enumerate(text.splitlines(), 1))
        # a mail names an account, and is kept
        line, told = next((found for found in lines if found[1] not in (None, ACCOUNT)), (1, told))
        if told != ACCOUNT:
            raise Refused(
                f"Line {line} of {clean(name, 80) or 'the text'} holds {told}; memory is no place for it.",
                hint="Take it out first: a source can't be changed later.",
            )

    def _recalled(self, text: str, kind: Kind) -> bool:
        found = next(marks.regions(text), None)
        if found and kind != "session":
            raise Refused(
                f"The text holds what memory itself gave ({found[0]}): it would become its own source.",
                hint="Archive where it came from, or leave that part out.",
            )
        return found is not None

    def _line(self, name: str, text: str) -> str:
        line = clean(text, _LONGEST_NAME)
        return statements.statement(name, line, self._secrets_check) if line else ""

    # -- what goes -----------------------------------------------------------------------------------------------------

    def expire(self, by: By) -> int:
        """Let go of the text of what has reached its day; how many. What facts quote of it stays with them."""
        now = iso(self._clock.now())
        due = select(source.c.ref).join(source_text, source_text.c.ref == source.c.ref)
        due = due.where(source.c.expires_at <= now, source_text.c.body.is_not(None))
        with self._store.read() as conn:
            if not conn.execute(due.limit(1)).first():
                return 0
        with self._store.write() as conn:
            next_number(conn, PREFIX, 0)
            rows = conn.execute(select(source.c.ref, source.c.subjects).where(source.c.ref.in_(due))).all()
            for ref, about in rows:
                entry = self._ledger.append(conn, "source.expired", {"ref": ref}, subjects=[ref, *about], by=by)
                _let_go(conn, [ref], entry)
            passages.wipe(conn, [("source", ref) for ref, _ in rows])
        self._project()
        return len(rows)

    # -- reading -------------------------------------------------------------------------------------------------------

    def notes(self) -> list[Note]:
        """Every note whose text is here, whoever asks."""
        with self._store.read() as conn:
            return [Note(*row) for row in conn.execute(_NOTES)]

    def get(self, ref: str) -> Source:
        """The source with this ref. Raises NotFound."""
        name = parse_ref(ref)
        self._sight.check([name])
        with self._store.read() as conn:
            row = conn.execute(told_sources.rows().where(source.c.ref == name)).mappings().first()
        if row is None:
            raise NotFound(f"There is no source {name}.", hint="`onefirm memory list` shows what there is.")
        return told_sources.source_of(row)

    def text(self, ref: str, start: int = 0, end: int | None = None) -> str:
        """Its text, or characters of it. Raises NotFound, Unavailable where it expired or was erased."""
        found = self.get(ref)
        with self._store.read() as conn:
            text = told_sources.text_of(conn, found.ref)
        if text is None:
            raise Unavailable(f"The text of {found.ref} is gone: it {_GONE[found.text_is]}.")
        return text[start:end]

    def find(
        self, *, about: str | None = None, kind: Kind | None = None, words: str = "", limit: int = 50
    ) -> list[Source]:
        """Sources that pass every filter, newest first; `words` are looked for in title, author and address."""
        query = told_sources.rows().order_by(source.c.at.desc(), event.c.chain_id, event.c.seq.desc())
        with self._store.read() as conn:
            if about:
                self._sight.check([about])
                named = select(event_subject.c.event_id).where(
                    event_subject.c.ref.in_(aliases.names(conn, parse_ref(about)))
                )
                query = query.where(source.c.event_id.in_(named))
            if kind:
                query = query.where(source.c.kind == kind)
            if self._sight.hidden:
                query = query.where(source.c.ref.not_in(listed(conn, self._sight.hidden)))
            query = query if words else query.limit(_MOST_ROWS)
            found = [told_sources.source_of(row) for row in conn.execute(query).mappings()]
        met = [one for one in found if statements.contains(words, one.title, one.author, one.uri)]
        return met[: max(1, min(limit, _MOST_ROWS))]

    def every(self) -> list[Source]:
        """All sources, those whose text is gone among them."""
        with self._store.read() as conn:
            query = told_sources.rows()
            if self._sight.hidden:
                query = query.where(source.c.ref.not_in(listed(conn, self._sight.hidden)))
            return [told_sources.source_of(row) for row in conn.execute(query).mappings()]


_GONE = {"expired": "expired", "erased": "was erased", "here": "can't be read"}


def wipe(conn: Connection, refs: Sequence[str], tombstone: Event) -> None:
    """Take away the texts of these sources, so that they can't be read from the file either."""
    if refs:
        _let_go(conn, refs, tombstone)
        passages.wipe(conn, [("source", ref) for ref in refs])


def _let_go(conn: Connection, refs: Sequence[str], tombstone: Event) -> None:
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql("PRAGMA secure_delete=ON")
    held = source_text.update().where(source_text.c.ref.in_(listed(conn, refs)), source_text.c.body.is_not(None))
    conn.execute(held.values(body=None, sha256=None, tombstone=tombstone.id))


def _known(
    conn: Connection, sha256: str, about: Sequence[str], expires_at: str | None, session: str | None
) -> Fields | None:
    """The source with these bytes for these records; a passing one is none for who wants them kept, nor is the note of
    another session.
    """
    rows = conn.execute(told_sources.rows().where(source_text.c.sha256 == sha256)).mappings()
    same = (row for row in rows if set(row["subjects"]) == set(about))
    lasting = (row for row in same if row["expires_at"] is None or (expires_at and row["session"] == session))
    return next(lasting, None)


def _measured(data: bytes, read: Read) -> dict[str, Any]:
    """What is told of a source's bytes and of the text that was read in them."""
    return {
        "media": read.media,
        "sha256": hashlib.sha256(data).hexdigest(),
        "text_sha256": hashlib.sha256(read.text.encode()).hexdigest(),
        "size_bytes": len(data),
        "characters": len(read.text),
        "pages": list(read.pages),
    }


def _kind(kind: str | None, of_media: str) -> Kind:
    if kind is None:
        return _BY_MEDIA.get(of_media, "research")
    if kind not in get_args(Kind):
        raise InvalidInput(f"“{kind[:20]}” is no kind of source.", hint=f"Use one of: {', '.join(get_args(Kind))}.")
    return kind  # pyright: ignore[reportReturnType] - just checked


def _dated(given: str | None) -> str | None:
    """A day stays a day, an instant becomes UTC."""
    return statements.day(given) or (iso(parse_iso(given)) if given else None)


def _own_date(given: str | None) -> str | None:
    """What a file says of itself; when that is no date, it says nothing."""
    try:
        return _dated(given)
    except InvalidInput:
        return None
