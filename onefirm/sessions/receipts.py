"""Receipts: for one record and one session, the proof that the truth was looked at, written, or that a write waits."""

from __future__ import annotations

from onefirm.sessions import db, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sqlite3 import Connection

    from onefirm.sessions.shapes import Receipt


def of(conn: Connection, session: str | None, ref: str) -> Receipt | None:
    """The session's receipt for a record; a temporary ref and the ref it became are the same record."""
    row = conn.execute(
        "select kind, etag, at from receipt where session = ? and ref = ?", (session, state.resolve(conn, ref))
    ).fetchone()
    return {"kind": row[0], "etag": row[1], "at": row[2]} if row else None


def all(root: str, session: str) -> dict[str, Receipt]:
    """Every receipt of a session, by ref."""
    with db.reading(root) as conn:
        rows = conn.execute(
            "select ref, kind, etag, at from receipt where session = ? order by ref", (session,)
        ).fetchall()
    return {ref: {"kind": kind, "etag": etag, "at": at} for ref, kind, etag, at in rows}
