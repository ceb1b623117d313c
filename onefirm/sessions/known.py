"""What a session knows of each record in play: the version that a look, a write or a hook's word left in its
conversation.

A record that has a row here is in play. A subagent has a conversation of its own, known as `SESSION/AGENT`; so `who` is
a session or one of its subagents.
"""

from __future__ import annotations

from onefirm.sessions import clock, jsons, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from sqlite3 import Connection

    from onefirm.sessions.shapes import Known, State


def who(session: str, agent: str | None) -> str:
    """The conversation of a session, or of one of its subagents."""
    return f"{session}/{agent}" if agent else session


def of(conn: Connection, who: str, ref: str) -> Known | None:
    """What a conversation knows of a record; None when it is not in play."""
    row = conn.execute("select etag, props, archived, is_told from known where session = ? and ref = ?",
                       (who, state.resolve(conn, ref))).fetchone()  # fmt: skip
    return _shape(row) if row else None


def learn(conn: Connection, who: str, ref: str, at: str | None = None, etag: str | None = None) -> None:
    """The record's present state now stands in the conversation; `etag` if it is not the state's own version.

    Nothing happens for a session that is closed, nor for a record that nobody told of.
    """
    _insert(conn, "replace", who, ref, at, etag, is_told=1)


def begin(conn: Connection, who: str, ref: str, at: str | None = None) -> None:
    """Brings a record into play that isn't yet, without its state having been told."""
    _insert(conn, "ignore", who, ref, at, None, is_told=0)


def moved(conn: Connection, who: str) -> list[tuple[Known, State]]:
    """The records in play whose state is another version than the known one, the last moved first."""
    rows = conn.execute(
        "select k.etag, k.props, k.archived, k.is_told, k.ref from known k join state s on s.ref = k.ref "
        "where k.session = ? and s.etag is not k.etag order by s.at desc, k.ref",
        (who,),
    ).fetchall()
    return [(_shape(row), found) for row in rows if (found := state.of(conn, row[4]))]


def untold(conn: Connection, who: str, refs: Iterable[str]) -> list[str]:
    """Of these records, those whose present state does not stand in the conversation; unknown ones are left out."""
    found = {ref: state.of(conn, ref) for ref in dict.fromkeys(state.resolve(conn, ref) for ref in refs)}
    return [ref for ref, now in found.items() if now and not _stands(of(conn, who, ref), now)]


def fade(conn: Connection, who: str) -> None:
    """The conversation was made shorter: what was told of records in play may not stand there any more."""
    conn.execute("update known set is_told = 0 where session = ?", (who,))


def forget(conn: Connection, session: str) -> None:
    """The session is closed: nothing is in play any more, for it and its subagents."""
    for table in ("known", "spent"):
        conn.execute(f"delete from {table} where session = ? or session like ? || '/%'", (session, session))  # noqa: S608


def leave(conn: Connection, session: str, refs: Iterable[str]) -> None:
    """Takes these records out of play, for a session and its subagents."""
    for ref in refs:
        conn.execute(
            "delete from known where ref = ? and (session = ? or session like ? || '/%')", (ref, session, session)
        )


def _insert(conn: Connection, clash: str, who: str, ref: str, at: str | None, etag: str | None, is_told: int) -> None:
    conn.execute(
        f"insert or {clash} into known "  # noqa: S608 - one of two words of this module
        "select ?, ref, coalesce(?, etag), ?, props, archived, ? from state where ref = ? "
        "and exists (select 1 from session where id = ? and closed_at is null)",
        (who, etag, at or clock.iso(), is_told, state.resolve(conn, ref), who.partition("/")[0]),
    )


def _stands(known: Known | None, now: State) -> bool:
    return bool(known) and known["is_told"] and known["etag"] == now["etag"]


def _shape(row: tuple[str | None, str, int, int]) -> Known:
    return {"etag": row[0], "props": jsons.loads(row[1]), "archived": bool(row[2]), "is_told": bool(row[3])}
