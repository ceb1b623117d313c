"""Sources as they are read: what is told of each, its text, and the passages that recall finds in it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Select, bindparam, select

from onefirm.core.errors import Unavailable
from onefirm.ledger.events import Event, Fields, read_body
from onefirm.memory import fact_rows, marks, passages
from onefirm.memory.passages import Part
from onefirm.memory.spans import Span, spans
from onefirm.memory.standing import Standing
from onefirm.memory.statements import DAMAGED, ERASED
from onefirm.store.tables import event, payload, source, source_text

Kind = Literal["research", "mail", "page", "session", "note"]
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


def rows() -> Select[Any]:
    """Every source with the body of the entry that archived it, and whether its text is here."""
    query = select(*source.c, payload.c.body.label("said"), source_text.c.body.is_not(None).label("is_here"))
    query = query.join(event, event.c.id == source.c.event_id)
    query = query.outerjoin(payload, payload.c.event_id == source.c.event_id)
    return query.outerjoin(source_text, source_text.c.ref == source.c.ref)


def source_of(row: Fields) -> Source:
    """A source from one of `rows`."""
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
    row = conn.execute(rows().where(source.c.event_id == entry.id)).mappings().first()
    if not row or not row["is_here"] or not entry.payload:
        return
    found, text = source_of(row), text_of(conn, row["ref"]) or ""
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
