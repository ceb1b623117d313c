"""Stop: what this session changed must stand against the truth. Blocks once; others' changes only inform."""

from __future__ import annotations

from hooks import once, watch
from onefirm.narrative import guard, rules, standing
from onefirm.sessions import clock, db, edits, identity, paths, told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from sqlite3 import Connection
    from typing import Any

    from onefirm.narrative.guard import Finding

SHOWN = 8
LOST: Finding = {
    "rule": "lost",
    "line": "",
    "why": "It was lost while this session ran, and with it what the session changed before.",
    "call": "Go through `git diff` of the narrative files, and look at the record of each (record_get).",
}
HEAD = "onefirm: this session's narrative has to stand against the truth before it rests (state first, then narrative):"
TAIL = "Make the calls and correct what doesn't hold. This is said once; what stays is noted for the operator."


def run(payload: Mapping[str, Any], root: str) -> tuple[str, dict[str, Any] | None]:
    """Never blocks twice for the same finding, nor while the client is already going on because of a block."""
    session, known = watch.session(payload, root), rules.load(root)
    with db.writing(root) as conn:
        changes = watch.scan(conn, root, rules.closed_globs(known))
        watch.ascribe(conn, session, changes)
        if not payload.get("agent_id"):
            edits.forget_commands(conn, session)
        found = standing.of_session(conn, root, known, session)
        if identity.is_orphaned(conn, session):
            found = {".onefirm/session.db": [LOST], **found}
        doubts = {path: edits.doubt(conn, session, path) for path in found}
        items = [(path, guard.told([finding])) for path, findings in found.items() for finding in findings]
        edits.leave_unreconciled(conn, session, [{"path": path, "why": why, "at": clock.iso()} for path, why in items])
        fresh = told.fresh(conn, session, [f"{path}: {why}" for path, why in items])
        others = _others(conn, root, known, session)
    once.over(root)
    output: dict[str, Any] = {"systemMessage": others} if others else {}
    if fresh and not payload.get("stop_hook_active"):
        return f"blocked: {len(fresh)}", {"decision": "block", "reason": _reason(found, doubts), **output}
    return f"stands but for {len(items)}" if items else "stands", output or None


def _reason(found: Mapping[str, list[Finding]], doubts: Mapping[str, str]) -> str:
    from hooks import tools

    lines = [
        f"- {paths.told(path)}: {doubts[path]}{guard.told(findings)}" for path, findings in list(found.items())[:SHOWN]
    ]
    if len(found) > SHOWN:
        lines.append(f"- and {len(found) - SHOWN} more files")
    return "\n".join([HEAD, *lines, TAIL + tools.missing("\n".join(lines))])


def _others(conn: Connection, root: str, known: Mapping[str, Any], session: str) -> str:
    """One line on what others changed meanwhile, told once for each state of each file."""
    row = conn.execute("select started_at from session where id = ?", (session,)).fetchone()
    found = standing.of_others(conn, root, known, session, row[0])
    lines = [f"{paths.told(path)} ({_who(who)}{_against(findings)})" for path, (who, findings) in found.items()]
    fresh = told.fresh(conn, session, [f"others: {line}" for line in lines])
    if not fresh:
        return ""
    shown = [line.partition(": ")[2] for line in fresh[:SHOWN]]
    more = f" and {len(fresh) - SHOWN} more" if len(fresh) > SHOWN else ""
    return f"onefirm: changed by others while this session ran: {', '.join(shown)}{more}"


def _who(owner: str) -> str:
    return "outside of any session" if owner == "outside" else f"session {owner}"


def _against(findings: list[Finding]) -> str:
    return "; " + findings[0]["why"] if findings else ""
