"""Which session of ours a client's session is, who is still there, and who must be closed.

What each start means (`source` is what Claude Code says in SessionStart):

| start | session | parent | receipts |
|---|---|---|---|
| `startup` | new; or the one that this process has open already, or that was bound before the start | none | none |
| `resume`, the client id's session still open | the same | as it was | kept |
| `resume` after its end | new | the one that ended | none: the truth may have moved meanwhile |
| `clear` | new; the previous one is ended | this process's last one, else this folder's | none: all seen is forgotten |
| `compact` | the same | as it was | kept: the summary carries what was seen, and what has moved is told |
| `fork` | new | none known: the client doesn't say from which | none |
| a subagent | the same: its agent id is an attribute of its edits | - | shared |

Several sessions in one folder live side by side. One whose client process is gone without a SessionEnd has died; the
next start closes it (`to_close`).
"""

from __future__ import annotations

import os
import time

from onefirm.sessions import clock, db

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from sqlite3 import Connection

    from onefirm.sessions.shapes import Session

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
# A session bound without a process id can't be seen to die: a day of silence counts as its death.
_SILENCE_S = 86_400.0
_COLUMNS = "id, client_id, source, parent, cwd, pid, pid_birth, started_at, heard_at, ending_at, reason, closed_at"


def start(
    root: str,
    client_id: str,
    source: str,
    cwd: str,
    pid: int | None,
    parent_hint: str | None = None,
    now: float | None = None,
) -> str:
    """Starts or takes up the session of a client, by the table above; gives our session id."""
    with db.writing(root) as conn:
        current = _open_of(conn, client_id)
        if current and _goes_on(current, source, pid):
            conn.execute("update session set pid = ?, pid_birth = ?, cwd = ?, heard_at = ? where id = ?",
                         (pid, _birth(pid), cwd, clock.iso(now), current[0]))  # fmt: skip
            if current[2] == "bind":
                conn.execute("update session set source = ? where id = ?", (source, current[0]))
            return str(current[0])
        parent = parent_hint or _parent(conn, client_id, source, cwd, pid)
        if source == "clear" and parent:
            _end(conn, parent, "clear", now)
        return _insert(conn, client_id, source, cwd, pid, parent, now)


def bind(root: str, client_id: str, cwd: str = "", pid: int | None = None, now: float | None = None) -> str:
    """The session of a client id, made when no hook has announced it (hooks disabled, or the server was faster)."""
    with db.writing(root) as conn:
        current = _open_of(conn, client_id)
        if current:
            conn.execute("update session set heard_at = ? where id = ?", (clock.iso(now), current[0]))
            return str(current[0])
        last = _last_of(conn, client_id)
        return _insert(conn, client_id, "bind", cwd, pid, str(last[0]) if last else None, now)


def of_client(root: str, client_id: str) -> str | None:
    """The session that a client id has open now."""
    with db.reading(root) as conn:
        return open_of_client(conn, client_id)


def open_of_client(conn: Connection, client_id: str) -> str | None:
    """As `of_client`, on an open connection."""
    row = _open_of(conn, client_id)
    return str(row[0]) if row else None


def get(root: str, session: str) -> Session | None:
    """One session by our id."""
    found = _select(root, "id = ?", (session,))
    return found[0] if found else None


def open_sessions(root: str) -> list[Session]:
    """Sessions whose end nobody announced, oldest first; `alive` says whether the client process is there."""
    return _select(root, "closed_at is null and ending_at is null")


def to_close(root: str) -> list[Session]:
    """Sessions whose close is due: their end was announced, or their client died. Oldest first."""
    waiting = _select(root, "closed_at is null and (lease_until is null or lease_until < ?)", (time.time(),))
    return [session for session in waiting if session["state"] == "ending" or not session["alive"]]


def goes_on_from(root: str, session: str) -> str:
    """The client's id of the session that this one goes on from: its parent, for a fork the last one of its process."""
    with db.reading(root) as conn:
        row = conn.execute("select source, parent, pid, pid_birth from session where id = ?", (session,)).fetchone()
        if row and row[0] == "fork":
            before = "pid = ? and pid_birth is ? and id != ?"
            values = (row[2], row[3], session)
        else:
            before, values = "id = ?", (row[1] if row else None,)
        found = conn.execute(
            f"select client_id from session where {before} order by started_at desc limit 1",  # noqa: S608 - constants
            values,
        ).fetchone()
    return str(found[0]) if found else ""


def mark_ending(root: str, session: str, reason: str = "other", now: float | None = None) -> None:
    """Notes that the client announced the end; what is left to do is the close's work."""
    with db.writing(root) as conn:
        _end(conn, session, reason, now)


def mark_closed(root: str, session: str, now: float | None = None) -> None:
    """Notes that the close is done, and lets go of what only an open session needs."""
    from onefirm.sessions import known, notes, tree

    with db.writing(root) as conn:
        at = clock.iso(now)
        conn.execute(
            "update session set closed_at = ?, ending_at = coalesce(ending_at, ?), lease_until = null where id = ?",
            (at, at, session),
        )
        conn.execute("delete from running where session = ?", (session,))
        known.forget(conn, session)
        notes.forget(conn, session)
    tree.prune(root)


def claim_close(root: str, session: str, lease_s: float, now: float | None = None) -> bool:
    """Takes the close of a session for `lease_s` seconds; False when it is closed or another worker holds it."""
    moment = time.time() if now is None else now
    with db.writing(root) as conn:
        done = conn.execute(
            "update session set lease_until = ? "
            "where id = ? and closed_at is null and (lease_until is null or lease_until < ?)",
            (moment + lease_s, session, moment),
        )
        return done.rowcount == 1


def release_close(root: str, session: str) -> None:
    """Gives a claimed close back, for the next worker to try at once."""
    with db.writing(root) as conn:
        conn.execute("update session set lease_until = null where id = ?", (session,))


def is_orphaned(conn: Connection, session: str) -> bool:
    """Whether the database is younger than the session: nobody announced this one, nor any other before it.

    A start always leaves a row, so a database without one was lost and made anew while the session ran, and what the
    session did before is not in it.
    """
    row = conn.execute("select source, started_at from session where id = ?", (session,)).fetchone()
    if not row or row[0] != "bind":
        return False
    before = "select 1 from session where source != 'bind' and started_at <= ? limit 1"
    return conn.execute(before, (row[1],)).fetchone() is None


def is_alive(pid: int | None, birth: str | None) -> bool:
    """Whether this very process still runs: a process id that was given to another one later has another birth."""
    if not pid:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    current = _birth(pid)
    return not (birth and current) or birth == current


def _goes_on(current: Sequence[object], source: str, pid: int | None) -> bool:
    if source in ("resume", "compact") or current[2] == "bind":
        return True
    return source == "startup" and bool(pid) and current[5] == pid


def _parent(conn: Connection, client_id: str, source: str, cwd: str, pid: int | None) -> str | None:
    if source == "resume":
        last = _last_of(conn, client_id)
        return str(last[0]) if last else None
    if source != "clear":
        return None
    row = conn.execute(
        "select id from session where pid = ? and pid_birth is ? order by started_at desc limit 1", (pid, _birth(pid))
    ).fetchone()
    # Without a process id the folder is the best hint, but only one that isn't somebody else's living session.
    row = row or conn.execute(
        "select id from session where cwd = ? and (pid is null or ending_at is not null) "
        "order by started_at desc limit 1",
        (cwd,),
    ).fetchone()  # fmt: skip
    return str(row[0]) if row else None


def _insert(
    conn: Connection, client_id: str, source: str, cwd: str, pid: int | None, parent: str | None, now: float | None
) -> str:
    session = "S-" + "".join(_ALPHABET[byte & 31] for byte in os.urandom(12))
    at = clock.iso(now)
    conn.execute(
        "insert into session (id, client_id, source, parent, cwd, pid, pid_birth, started_at, heard_at) "
        "values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (session, client_id, source, parent, cwd, pid, _birth(pid), at, at),
    )
    return session


def _end(conn: Connection, session: str, reason: str, now: float | None) -> None:
    conn.execute(
        "update session set ending_at = ?, reason = ? where id = ? and ending_at is null",
        (clock.iso(now), reason, session),
    )


def _open_of(conn: Connection, client_id: str) -> Sequence[object] | None:
    return conn.execute(
        f"select {_COLUMNS} from session "  # noqa: S608 - a constant of this module
        "where client_id = ? and ending_at is null and closed_at is null order by started_at desc limit 1",
        (client_id,),
    ).fetchone()


def _last_of(conn: Connection, client_id: str) -> Sequence[object] | None:
    return conn.execute(
        "select id from session where client_id = ? order by started_at desc limit 1", (client_id,)
    ).fetchone()


def _select(root: str, where: str, values: Sequence[object] = ()) -> list[Session]:
    with db.reading(root) as conn:
        rows = conn.execute(
            f"select {_COLUMNS} from session where {where} order by started_at, id",  # noqa: S608 - callers' constants
            tuple(values),
        ).fetchall()
    return [_shape(row) for row in rows]


def _shape(row: Sequence[object]) -> Session:
    ident, client_id, source, parent, cwd, pid, birth, started_at, heard_at, ending_at, reason, closed_at = row
    alive = _heard(str(heard_at)) if pid is None else is_alive(int(str(pid)), birth if birth is None else str(birth))
    return {
        "session": str(ident), "client_id": str(client_id), "source": str(source),
        "parent": None if parent is None else str(parent), "cwd": str(cwd),
        "pid": None if pid is None else int(str(pid)), "started_at": str(started_at),
        "state": "closed" if closed_at else "ending" if ending_at else "open",
        "reason": None if reason is None else str(reason), "alive": alive and not closed_at,
    }  # fmt: skip


def _heard(at: str) -> bool:
    return time.time() - clock.epoch(at) < _SILENCE_S


def _birth(pid: int | None) -> str | None:
    """The start time of a process in clock ticks since boot, where the system tells it cheaply (Linux)."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            # The name in brackets may hold spaces and brackets itself: fields are counted behind the last one.
            return file.read().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None
