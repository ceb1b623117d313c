"""Hooks that have not fired, although what a session did shows that they should have.

A mark tells when a hook last ran; session.db tells what sessions did. What leaves no trace of its own (a turn that was
interrupted, a session in a folder that is no workspace) can't be told from a hook that is silent, and isn't.
"""

from __future__ import annotations

import os

from onefirm.sessions import clock, db, identity, marks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sqlite3 import Connection

    from onefirm.sessions.shapes import Mark

_FILE_TOOLS = "e.tool in ('Edit', 'Write', 'MultiEdit', 'NotebookEdit')"
_COMMANDS = "(e.tool in ('Bash', 'PowerShell') or e.tool like 'mcp!_!_%' escape '!')"
# What shows that a hook should have run in a session: rows of `edit e` and `session s`.
_EVIDENCE = {
    "guard": _FILE_TOOLS,
    "before_command": _COMMANDS,
    "stop": "s.reason is not null and s.closed_at is not null",
}
# So long a session may take from its start to its first call of our tools.
_START_S = 300.0


def missed(root: str) -> list[tuple[str, str]]:
    """(hook, session) for each hook that the newest session with its event should have run, and didn't.

    Raises db.Lost.
    """
    left = {mark["hook"]: mark for mark in marks.all(root)}
    if not os.path.exists(db.path(root)):
        return []  # asking would make the file
    with db.reading(root) as conn:
        found = [*_unannounced(conn, left.get("session_start"))]
        for hook, where in _EVIDENCE.items():
            row = _newest(conn, root, where)
            if row and (hook not in left or clock.epoch(left[hook]["at"]) < clock.epoch(row[1])):
                found.append((hook, row[0]))
    return found


def _unannounced(conn: Connection, start: Mark | None) -> list[tuple[str, str]]:
    """The newest session, where only its calls of our tools made it known. A start that ran leaves a session of its
    own; one that failed left that in its mark, about as long before.
    """
    row = conn.execute("select id, source, cwd, started_at from session order by started_at desc limit 1").fetchone()
    if not row or row[1] != "bind" or row[2]:
        return []
    if start and start["outcome"].startswith("failed") and clock.epoch(start["at"]) > clock.epoch(row[3]) - _START_S:
        return []
    return [] if start and identity.is_orphaned(conn, row[0]) else [("session_start", row[0])]


def _newest(conn: Connection, root: str, where: str) -> tuple[str, str] | None:
    """The newest session in this folder that changed narrative in a way, and when it began."""
    return conn.execute(
        f"select s.id, s.started_at from edit e join session s on s.id = e.session where {where} "  # noqa: S608 - constants
        "and (s.cwd in ('', ?) or substr(s.cwd, 1, ?) = ?) order by e.id desc limit 1",
        (root, len(root) + 1, root + "/"),
    ).fetchone()
