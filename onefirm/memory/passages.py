"""The passages that recall searches: pieces of decisions, lessons, facts, sources and files, made anew when in doubt.

A passage is put and dropped, never changed: the full-text index of SQLite follows by triggers.
"""

from __future__ import annotations

import re
from calendar import month_name
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select, text

from onefirm.core import canonical
from onefirm.memory import index, languages, scopes, traits, words
from onefirm.store.tables import decision, fact, lesson, passage, payload, source

_LOCK = 7_016_310_002  # any constant of our own
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_AT_ONCE = 1_000
_COMMON = select(passage.c.about, passage.c.scope, passage.c.titles, passage.c.language).distinct()


@dataclass(frozen=True, slots=True)
class Part:
    """One passage as it is put. `meta` and `context` help finding and aren't shown: meta is of the passage itself (who,
    which file, tags), context what stands around it (the neighbours of a message, the quote behind a fact).

    `at` (ISO) is when it was said or done; `start` and `end` are characters of the source's text.
    """

    heading: str
    body: str
    meta: str = ""
    context: str = ""
    actor: str = ""
    at: str | None = None
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A narrative file: `path` inside the workspace, and the refs of the records it is about."""

    path: str
    about: tuple[str, ...]
    text: str

    @property
    def sha256(self) -> str:
        """Of everything that its passages are made from."""
        return canonical.sha256_hex(canonical.dumps([list(self.about), self.text.encode("utf-8", "replace").decode()]))


def put(
    conn: Connection,
    source: str,
    ref: str,
    parts: Iterable[Part],
    about: Sequence[str],
    sha256: str,
    known_at: str | None = None,
    *,
    is_firms: bool = False,
) -> None:
    """Replace the passages of a decision, a lesson, a fact, a source or a file by these.

    `known_at` (ISO) is when the firm wrote it down; what has none is left out of an answer `as_of` another time.
    `is_firms`: whatever it is about, it belongs to the whole firm. Scope, titles of the records, and the date and the
    names in words are added here.
    """
    lock(conn)
    dropped = _drop(conn, source, ref)
    scoped = scopes.of(conn, about)
    common = {
        "source": source, "ref": ref, "scope": _scope(scoped.words, is_firms), "titles": scoped.titles,
        "about": list(about), "sha256": sha256, "known_at": known_at,
        "language": languages.kept(conn).of(() if is_firms else scoped.owners),
    }  # fmt: skip
    rows = [{**common, **_row(number, part)} for number, part in enumerate(parts)]
    if rows:
        conn.execute(passage.insert(), rows)
    words.follow(conn, added=rows, gone=dropped)


def _row(number: int, part: Part) -> dict[str, Any]:
    said = (part.meta, part.actor, *_split(f"{part.heading} {part.body} {part.meta}"), _in_words(part.at))
    return {
        "part": number, "heading": part.heading, "body": part.body, "meta": " ".join(filter(None, said)),
        "context": part.context, "actor": part.actor or None, "at": part.at,
        "traits": traits.of(part.body), "start_char": part.start, "end_char": part.end,
    }  # fmt: skip


def _split(given: str) -> list[str]:
    """The words inside of names that programs have (`getUserName` is asked for as user name), and of what is written
    without spaces.
    """
    named = (word for name in words.JOINED.findall(given) for word in words.apart(name))
    return list(dict.fromkeys((*named, *words.unspaced(given))))


def _in_words(at: str | None) -> str:
    """`2023-05-08` as people ask for it: 8 May 2023."""
    found = _DATE.match(at or "")
    return f"{int(found[3])} {month_name[int(found[2])]} {found[1]}" if found else ""


def drop(conn: Connection, source: str, refs: Sequence[str]) -> None:
    """Forget the passages of these."""
    for ref in refs:
        words.follow(conn, added=(), gone=_drop(conn, source, ref))


def _drop(conn: Connection, source: str, ref: str) -> list[Any]:
    mine = (passage.c.source == source, passage.c.ref == ref)
    columns = (passage.c.heading, passage.c.body, passage.c.meta, passage.c.titles)
    gone = conn.execute(select(*columns).where(*mine)).mappings().all()
    if gone:
        conn.execute(passage.delete().where(*mine))
    return list(gone)


def is_moved(conn: Connection, refs: Sequence[str]) -> bool:
    """Whether the mirror says something new of these records that `rescope` would take in."""
    return next(_moved(conn, refs), None) is not None


def rescope(conn: Connection, refs: Sequence[str]) -> None:
    """Take in what the mirror says now of these records: where they belong, and what they are called."""
    for old, new in list(_moved(conn, refs)):
        alike = (passage.c[name] == old[name] for name in new)
        query = select(passage.c.id).where(passage.c.id.in_(index.scoped(conn, old["scope"].split())), *alike)
        ids = conn.execute(query).scalars().all()
        for start in range(0, len(ids), _AT_ONCE):
            some = passage.c.id.in_(ids[start : start + _AT_ONCE])
            gone = [dict(row) for row in conn.execute(select(passage).where(some)).mappings()]
            added = [{**row, **new} for row in gone]
            conn.execute(passage.delete().where(some))
            conn.execute(passage.insert(), added)
            words.follow(conn, added=added, gone=gone)


def _moved(conn: Connection, refs: Sequence[str]) -> Iterator[tuple[Mapping[str, Any], dict[str, str]]]:
    """What passages about these records have in common and should have otherwise, each once: however many they are."""
    if not refs:
        return
    named = {word for ref in refs for word in (scopes.about(ref), scopes.owned(ref), scopes.via(ref))}
    spoken = languages.kept(conn)
    for row in conn.execute(_COMMON.where(passage.c.id.in_(index.scoped(conn, named)))).mappings().all():
        scoped = scopes.of(conn, row["about"])
        is_firms = row["scope"].endswith(f" {scopes.FIRM}") and "owned" in row["scope"]
        language = spoken.of(() if is_firms else scoped.owners)
        new = {"scope": _scope(scoped.words, is_firms), "titles": scoped.titles, "language": language}
        if any(row[name] != value for name, value in new.items()):
            yield dict(row), new


def _scope(words: str, is_firms: bool) -> str:
    return words if not is_firms or scopes.FIRM in words.split() else f"{words} {scopes.FIRM}"


def lock(conn: Connection) -> None:
    """Let one writer at a time change the index; on SQLite a writer is alone anyway."""
    if conn.dialect.name == "postgresql":
        conn.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def files(conn: Connection) -> dict[str, str]:
    """Path and hash of every file that the index knows."""
    query = select(passage.c.ref, passage.c.sha256).where(passage.c.source == "narrative").distinct()
    return {row.ref: row.sha256 for row in conn.execute(query)}


def erased(conn: Connection) -> list[tuple[str, str]]:
    """Source and ref of passages whose decision, lesson, source or fact was erased in the ledger."""
    found: list[tuple[str, str]] = []
    for table in (decision, lesson, source, fact):
        query = select(passage.c.source, passage.c.ref).join(table, table.c.ref == passage.c.ref)
        query = query.join(payload, payload.c.event_id == table.c.event_id)
        found += [(row.source, row.ref) for row in conn.execute(query.where(payload.c.body.is_(None)).distinct())]
    return found


def wipe(conn: Connection, gone: Iterable[tuple[str, str]]) -> None:
    """Drop erased passages so that their words can't be read from the file either."""
    sqlite = conn.dialect.name == "sqlite"
    if sqlite:
        conn.exec_driver_sql("PRAGMA secure_delete=ON")
    for kind, ref in gone:
        drop(conn, kind, [ref])
    if sqlite:
        # A deleted word stays in the index's old segments until they are merged.
        for index in ("passage_text", "passage_text_other", "passage_text_part"):
            conn.execute(text(f"INSERT INTO {index}({index}) VALUES ('optimize')"))  # noqa: S608 - names of ours
