"""The passages that recall searches: pieces of decisions, lessons and narrative files, made anew whenever in doubt.

A passage is put and dropped, never changed: the full-text index of SQLite follows by triggers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, text

from onefirm.core import canonical
from onefirm.store.tables import decision, lesson, passage, payload

LONGEST = 1_200
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*")
_FENCE = re.compile(r"\s*(```|~~~)")
_LOCK = 7_016_310_002  # any constant of our own


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
    conn: Connection, source: str, ref: str, parts: Iterable[tuple[str, str]], about: Sequence[str], sha256: str
) -> None:
    """Replace the passages of a decision, a lesson or a file by these (heading, body) pairs."""
    lock(conn)
    drop(conn, source, [ref])
    rows = [
        {
            "source": source,
            "ref": ref,
            "part": part,
            "heading": heading,
            "body": body,
            "about": list(about),
            "sha256": sha256,
        }
        for part, (heading, body) in enumerate(parts)
    ]
    if rows:
        conn.execute(passage.insert(), rows)


def drop(conn: Connection, source: str, refs: Sequence[str]) -> None:
    """Forget the passages of these."""
    for ref in refs:
        conn.execute(passage.delete().where(passage.c.source == source, passage.c.ref == ref))


def lock(conn: Connection) -> None:
    """Let one writer at a time change the index; on SQLite a writer is alone anyway."""
    if conn.dialect.name == "postgresql":
        conn.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def files(conn: Connection) -> dict[str, str]:
    """Path and hash of every file that the index knows."""
    query = select(passage.c.ref, passage.c.sha256).where(passage.c.source == "narrative").distinct()
    return {row.ref: row.sha256 for row in conn.execute(query)}


def erased(conn: Connection) -> list[tuple[str, str]]:
    """Source and ref of passages whose decision or lesson was erased in the ledger."""
    found: list[tuple[str, str]] = []
    for source, table in (("decision", decision), ("lesson", lesson)):
        query = select(passage.c.ref).join(table, table.c.ref == passage.c.ref)
        query = query.join(payload, payload.c.event_id == table.c.event_id)
        query = query.where(passage.c.source == source, payload.c.body.is_(None)).distinct()
        found += [(source, ref) for ref in conn.execute(query).scalars()]
    return found


def wipe(conn: Connection, gone: Iterable[tuple[str, str]]) -> None:
    """Drop erased passages so that their words can't be read from the file either."""
    sqlite = conn.dialect.name == "sqlite"
    if sqlite:
        conn.exec_driver_sql("PRAGMA secure_delete=ON")
    for source, ref in gone:
        drop(conn, source, [ref])
    if sqlite:
        # A deleted word stays in the index's old segments until they are merged.
        conn.execute(text("INSERT INTO passage_text(passage_text) VALUES ('optimize')"))


def parts_of(document: Document) -> Iterator[tuple[str, str]]:
    """(heading, body) pairs: one for each section, long ones cut at paragraphs; a heading names its path of headings.

    A file without text gives one empty part, so that the index remembers having seen it.
    """
    given = False
    for heading, body in _sections(document):
        for piece in _pieces(body):
            given = True
            yield heading, piece
    if not given:
        yield document.path, ""


def _sections(document: Document) -> Iterator[tuple[str, str]]:
    trail: list[tuple[int, str]] = []
    lines: list[str] = []
    fenced = False
    for line in document.text.splitlines():
        fenced ^= bool(_FENCE.match(line))
        found = None if fenced else _HEADING.fullmatch(line)
        if not found:
            lines.append(line)
            continue
        yield _trail(document.path, trail), "\n".join(lines)
        lines = []
        trail = [*((depth, name) for depth, name in trail if depth < len(found[1])), (len(found[1]), found[2])]
    yield _trail(document.path, trail), "\n".join(lines)


def _trail(path: str, trail: Sequence[tuple[int, str]]) -> str:
    return " › ".join(name for _, name in trail) or path


def _pieces(body: str) -> Iterator[str]:
    held = ""
    for paragraph in re.split(r"\n\s*\n", body.strip()):
        for part in _cut(paragraph.strip()):
            if held and len(held) + len(part) + 2 > LONGEST:
                yield held
                held = ""
            held = f"{held}\n\n{part}" if held else part
    if held:
        yield held


def _cut(paragraph: str) -> Iterator[str]:
    """A paragraph in pieces of at most LONGEST characters, cut at spaces where there are any."""
    while len(paragraph) > LONGEST:
        at = paragraph.rfind(" ", LONGEST // 2, LONGEST)
        at = LONGEST if at < 0 else at
        yield paragraph[:at].rstrip()
        paragraph = paragraph[at:].lstrip()
    if paragraph:
        yield paragraph
