"""Whose change it was: attribution of differences between two snapshots to sessions."""

from __future__ import annotations

import time

from onefirm.sessions import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from sqlite3 import Connection

    from onefirm.sessions.shapes import Change, Unreconciled

BACKGROUND = "Bash (background)"
# What a command of onefirm did, which has an entry of its own in the ledger.
OWN = "onefirm"
# Between the sessions of which one made a change.
_OR = "|"
# No command in the foreground takes longer.
_LONGEST_S = 3 * 3600


def record(
    conn: Connection,
    session: str | None,
    changes: Iterable[Change],
    tool: str,
    agent: str | None = None,
    lifted: bool = False,
    at: str | None = None,
) -> None:
    """Writes changes down as a session's, None for somebody outside. `lifted`: the operator's hatch was open."""
    at = at or clock.iso()
    for change in changes:
        conn.execute(
            "insert into edit (path, renamed_from, before_sha, after_sha, session, tool, agent, at, lifted) "
            "values (:path, :renamed_from, :before_sha, :after_sha, :session, :tool, :agent, :at, :lifted)",
            {**change, "session": session, "tool": tool, "agent": agent, "at": at, "lifted": int(lifted)},
        )


def claim(conn: Connection, session: str, path: str, after_sha: str | None, tool: str, agent: str | None) -> None:
    """Takes back a change that a scan of somebody else saw before its author could say so."""
    conn.execute(
        "update edit set session = ?, tool = ?, agent = ? "
        "where id = (select id from edit where path = ? order by id desc limit 1) "
        "and session is not ? and after_sha is ? and tool in ('outside', 'Bash')",
        (session, tool, agent, path, session, after_sha),
    )


def begin_command(conn: Connection, session: str, call: str, now: float | None = None) -> None:
    """A shell command of this session runs from now on: what changes meanwhile may be its work.

    Commands that were cut off never end: those of sessions that have ended, and very old ones, are let go of here.
    """
    moment = time.time() if now is None else now
    conn.execute(
        "delete from running where at < ? or session in (select id from session where ending_at is not null)",
        (clock.iso(moment - _LONGEST_S),),
    )
    conn.execute("insert or replace into running values (?, ?, ?)", (call, session, clock.iso(moment)))


def end_command(conn: Connection, call: str, background: bool, session: str) -> None:
    """The command has returned; one sent to the background may go on changing files until the session ends."""
    conn.execute("delete from running where call = ?", (call,))
    if background:
        conn.execute("update session set background = 1 where id = ?", (session,))


def suspect(conn: Connection, session: str | None) -> tuple[str | None, str]:
    """Who to ascribe a difference to that no hook claims, as (owner, tool).

    Sessions with a running command come first, as `owners` if they are several; then the asking session if it sent a
    command to the background; else somebody outside (an editor, a pull, another program).
    """
    if owner := owners(conn, None):
        return owner, "Bash"
    row = conn.execute("select background from session where id = ?", (session,)).fetchone()
    return (session, BACKGROUND) if row and row[0] else (None, "outside")


def owners(conn: Connection, session: str | None) -> str | None:
    """The sessions whose commands run now, and this one, as the owner of what changed: `S-a|S-b` is one of them, nobody
    can tell which.
    """
    running = {str(row[0]) for row in conn.execute("select session from running")}
    if session:
        running.add(session)
    return _OR.join(sorted(running)) or None


def doubt(conn: Connection, session: str, path: str) -> str:
    """A sentence that the last change of a path may be another session's; "" when it was this one for certain."""
    row = conn.execute("select session from edit where path = ? order by id desc limit 1", (path,)).fetchone()
    if not row or not _is_among(session, row[0]) or row[0] == session:
        return ""
    return (
        f"One of {', '.join(row[0].split(_OR))} changed it (their commands ran at once); if it wasn't you, let it be. "
    )


def _is_among(session: str, owner: str | None) -> bool:
    return bool(owner) and session in owner.split(_OR)


def forget_commands(conn: Connection, session: str) -> None:
    """At the end of a turn nothing of the session runs in the foreground: what is left was cut off."""
    conn.execute("delete from running where session = ?", (session,))


def net(conn: Connection, session: str) -> dict[str, str | None]:
    """For each path the session changed, the sha of the text before its first change; renames are followed to the
    present path.
    """
    base: dict[str, str | None] = {}
    rows = conn.execute("select session, path, renamed_from, before_sha, lifted from edit order by id").fetchall()
    for owner, path, renamed_from, before_sha, lifted in rows:
        if renamed_from in base:
            base[path] = base.pop(renamed_from)
        elif _is_among(session, owner) and not lifted and path not in base:
            base[path] = before_sha
    return base


def own_steps(conn: Connection, session: str, path: str) -> list[tuple[str | None, str | None]]:
    """The session's own changes of a path as (before, after) shas, if anybody else changed it too; else nothing."""
    rows = conn.execute(
        "select session, before_sha, after_sha, lifted from edit where path = ? order by id", (path,)
    ).fetchall()
    own = [index for index, row in enumerate(rows) if _is_among(session, row[0]) and not row[3]]
    foreign = own and any(not _is_among(session, row[0]) or row[3] for row in rows[own[0] :])
    return [(rows[index][1], rows[index][2]) for index in own] if foreign else []


def outside(conn: Connection, session: str, since: str) -> dict[str, tuple[str | None, str | None, str]]:
    """What others changed since an instant, as path: (first before, last after, session or `outside`)."""
    found: dict[str, tuple[str | None, str | None, str]] = {}
    rows = conn.execute(
        "select path, before_sha, after_sha, session from edit "
        "where session is not ? and at >= ? and lifted = 0 order by id",
        (session, since),
    )
    for path, before, after, owner in rows.fetchall():
        if _is_among(session, owner):
            continue
        first = found[path][0] if path in found else before
        found[path] = (first, after, (owner or "outside").replace(_OR, " or "))
    return found


def leave_unreconciled(conn: Connection, session: str, found: Iterable[Unreconciled]) -> None:
    """Replaces what stands unreconciled for the session."""
    conn.execute("delete from unreconciled where session = ?", (session,))
    conn.executemany(
        "insert or ignore into unreconciled values (?, ?, ?, ?)",
        [(session, item["path"], item["why"], item["at"]) for item in found],
    )
