"""Sources: raw text as it was given, archived once and never changed. Facts quote it; recall finds its spans.

The text itself lies compressed beside the ledger, where erasing and expiry can take it; everything else that is known
of a source is told by its entry.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any, Literal, get_args

from sqlalchemy import Connection, Select, bindparam, select

from onefirm.core.attribution import By
from onefirm.core.clock import Clock, iso, parse_iso
from onefirm.core.credentials import ACCOUNT
from onefirm.core.errors import InvalidInput, NotFound, Refused, Unavailable
from onefirm.core.ids import parse_ref
from onefirm.core.sight import Sighted
from onefirm.ledger import aliases
from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Event, Fields, read_body
from onefirm.ledger.words import clean
from onefirm.memory import fact_rows, marks, media, passages, statements
from onefirm.memory.media import Read
from onefirm.memory.passages import Part
from onefirm.memory.spans import Span, spans
from onefirm.memory.standing import Standing
from onefirm.memory.statements import DAMAGED, ERASED, SecretsCheck, no_secrets
from onefirm.store.counters import next_number
from onefirm.store.engine import Store
from onefirm.store.listed import listed
from onefirm.store.tables import event, event_subject, payload, source, source_text

PREFIX = "SRC"
Kind = Literal["research", "mail", "page", "session", "note"]
NOTE_DAYS = 14
_BY_MEDIA: dict[str, Kind] = {"mail": "mail", "html": "page"}
_LONGEST_NAME = 300
_MOST_ROWS = 200
_AROUND = 200  # characters of its neighbours that help to find a span
_STANDING = (
    select(source.c.ref, source.c.at, source.c.kind, source.c.session, payload.c.body)
    .outerjoin(payload, payload.c.event_id == source.c.event_id)
    .where(source.c.ref.in_(bindparam("refs", expanding=True)))
)


@dataclass(frozen=True, slots=True)
class Source:
    """What is known of one source. `dated` is the day or instant it is of, as far as known; `at` when it was archived.

    `pages` are where its pages begin (characters); `recalled`: parts of it came out of memory and prove nothing.
    `text_is` tells whether its text is here, expired, or was erased.
    """

    ref: str
    at: str
    actor: str
    kind: Kind
    title: str
    uri: str
    media: str
    author: str
    dated: str | None
    about: tuple[str, ...]
    characters: int
    sha256: str
    pages: tuple[int, ...]
    recalled: bool
    session: str | None
    expires_at: str | None
    event_id: str
    text_is: Literal["here", "expired", "erased"] = "here"

    def place(self, start: int) -> str:
        """Where a character of its text stands, for people: `p. 3`, or `character 1,204`."""
        page = sum(begin <= start for begin in self.pages)
        return f"p. {page}" if page else f"character {start:,}"


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
        recalled = self._recalled(read.text, chosen)
        if keep_days is None and chosen == "note":
            keep_days = NOTE_DAYS
        told: dict[str, Any] = {
            "kind": chosen,
            "title": self._line("title", title or read.title),
            "uri": self._line("uri", uri or read.uri),
            "media": read.media,
            "author": self._line("author", author or read.author),
            "dated": _dated(at) or _own_date(read.dated),
            "about": list(concerned),
            "sha256": hashlib.sha256(data).hexdigest(),
            "text_sha256": hashlib.sha256(read.text.encode()).hexdigest(),
            "size_bytes": len(data),
            "characters": len(read.text),
            "pages": list(read.pages),
            "recalled": recalled,
            "file": self._line("file", PurePath(name).name),
        }
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
                return Archived(_source(known), False, read.left_out)
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
            index(conn, entry)
            row = conn.execute(_rows().where(source.c.ref == ref)).mappings().one()
        return Archived(_source(row), True, read.left_out)

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
            row = conn.execute(_rows().where(source.c.ref == name)).mappings().first()
        if row is None:
            raise NotFound(f"There is no source {name}.", hint="`onefirm memory list` shows what there is.")
        return _source(row)

    def text(self, ref: str, start: int = 0, end: int | None = None) -> str:
        """Its text, or characters of it. Raises NotFound, Unavailable where it expired or was erased."""
        found = self.get(ref)
        with self._store.read() as conn:
            text = text_of(conn, found.ref)
        if text is None:
            raise Unavailable(f"The text of {found.ref} is gone: it {_GONE[found.text_is]}.")
        return text[start:end]

    def find(
        self, *, about: str | None = None, kind: Kind | None = None, words: str = "", limit: int = 50
    ) -> list[Source]:
        """Sources that pass every filter, newest first; `words` are looked for in title, author and address."""
        query = _rows().order_by(source.c.at.desc(), event.c.chain_id, event.c.seq.desc())
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
            found = [_source(row) for row in conn.execute(query).mappings()]
        met = [one for one in found if statements.contains(words, one.title, one.author, one.uri)]
        return met[: max(1, min(limit, _MOST_ROWS))]

    def every(self) -> list[Source]:
        """All sources, those whose text is gone among them."""
        with self._store.read() as conn:
            query = _rows()
            if self._sight.hidden:
                query = query.where(source.c.ref.not_in(listed(conn, self._sight.hidden)))
            return [_source(row) for row in conn.execute(query).mappings()]


_GONE = {"expired": "expired", "erased": "was erased", "here": "can't be read"}


def text_of(conn: Connection, ref: str) -> str | None:
    """The text of a source; None once it is gone. Raises Unavailable for one that is damaged."""
    body = conn.execute(select(source_text.c.body).where(source_text.c.ref == ref)).scalar()
    try:
        return zlib.decompress(body).decode() if body is not None else None
    except (zlib.error, UnicodeDecodeError):
        raise Unavailable(
            f"The text of {ref} is damaged in the database.", hint="Put a backup back: `onefirm doctor`."
        ) from None


def told(conn: Connection, ref: str) -> Mapping[str, Any]:
    """What the entry that archived a source says of it; nothing once it was erased."""
    body = conn.execute(select(payload.c.body).join(source, source.c.event_id == payload.c.event_id)
                        .where(source.c.ref == ref)).scalar()  # fmt: skip
    return (read_body(body) or {}).get("data", {})


def spans_of(found: Source, text: str) -> list[Span]:
    """The spans of a source's text; what came out of memory is left out."""
    every = spans(text, is_mail=found.media == "mail")
    return [one for one in every if not found.recalled or not marks.overlapping(text, one.start, one.end)]


def index(conn: Connection, entry: Event) -> None:
    """Make the passages of a `source.archived` entry, one for each span; one whose text is gone has none."""
    row = conn.execute(_rows().where(source.c.event_id == entry.id)).mappings().first()
    if not row or not row["is_here"] or not entry.payload:
        return
    found, text = _source(row), text_of(conn, row["ref"]) or ""
    every = spans_of(found, text)
    parts = (_part(found, text, every, number) for number in range(len(every)))
    passages.put(conn, "source", found.ref, parts, found.about, entry.payload_sha256, entry.at)


def _part(found: Source, text: str, every: Sequence[Span], number: int) -> Part:
    one = every[number]
    before = text[max(0, one.start - _AROUND) : one.start] if number else ""
    behind = text[one.end : one.end + _AROUND] if number + 1 < len(every) else ""
    return Part(
        heading=" › ".join(dict.fromkeys(filter(None, (found.title, one.heading)))),
        body=text[one.start : one.end],
        meta=" ".join(filter(None, (found.kind, found.uri))),
        context=f"{before.strip()}\n{behind.strip()}".strip(),
        actor=(found.author if one.actor == "" else one.actor) or "",
        at=found.dated or found.at,
        start=one.start,
        end=one.end,
    )


def standings(conn: Connection, refs: Sequence[str], known_by: str | None) -> dict[str, Standing]:
    """Of which day these sources are, and which of them were archived by a time (ISO).

    A session's words don't count for a roll-up that was made of them, as those of a superseded fact do for its heir:
    they are only pointed from to it.
    """
    told = conn.execute(_STANDING, {"refs": list(refs)}).all()
    sessions = [ref for ref, _, kind, _, _ in told if kind == "session"]
    summed = fact_rows.summed_up(conn, sessions, known_by) if sessions else {}
    return {
        ref: Standing(
            (read_body(said) or {}).get("data", {}).get("dated") or at,
            f"a note of {session}" if session else _of_session(summed.get(ref)) if kind == "session" else "",
            stale=kind == "session",  # what was only said stands below what was written down
            known=known_by is None or at <= known_by,
        )
        for ref, at, kind, session, said in told
    }


def _of_session(summary: str | None) -> str:
    return f"said in a session{(summary and f', summed up in {summary}') or ''}"


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
    rows = conn.execute(_rows().where(source_text.c.sha256 == sha256)).mappings()
    same = (row for row in rows if set(row["subjects"]) == set(about))
    lasting = (row for row in same if row["expires_at"] is None or (expires_at and row["session"] == session))
    return next(lasting, None)


def _rows() -> Select[Any]:
    query = select(*source.c, payload.c.body.label("said"), source_text.c.body.is_not(None).label("is_here"))
    query = query.join(event, event.c.id == source.c.event_id)
    query = query.outerjoin(payload, payload.c.event_id == source.c.event_id)
    return query.outerjoin(source_text, source_text.c.ref == source.c.ref)


def _source(row: Fields) -> Source:
    body = read_body(row["said"])
    said: dict[str, Any] = (body or {}).get("data", {})
    lost = DAMAGED if body is None else ERASED
    return Source(
        row["ref"],
        row["at"],
        row["actor"],
        row["kind"],
        said.get("title", lost),
        said.get("uri", ""),
        said.get("media", ""),
        said.get("author", ""),
        said.get("dated"),
        tuple(row["subjects"]),
        said.get("characters", 0),
        said.get("sha256", ""),
        tuple(said.get("pages", ())),
        bool(said.get("recalled")),
        row["session"],
        row["expires_at"],
        row["event_id"],
        "here" if row["is_here"] else "expired" if said else "erased",
    )


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
