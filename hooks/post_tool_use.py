"""PostToolUse (and its failure): writes down what the call changed, tells the session at once where that doesn't stand,
and how the records stand whose narrative came with the call. Of a question it notes what the operator chose.
"""

from __future__ import annotations

import os

from hooks import loaded, targets, watch
from onefirm.narrative import heads, rules
from onefirm.sessions import db, edits, paths, tree, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from sqlite3 import Connection
    from typing import Any

    from onefirm.sessions.shapes import Change

_FILE_TOOLS = ("Edit", "Write", "MultiEdit", "NotebookEdit")


def run(payload: Mapping[str, Any], root: str) -> tuple[str, dict[str, Any] | None]:
    """A file tool changed the file it names; anything but a look may have changed any."""
    if payload.get("tool_name") == "Read":
        return _of_read(payload)
    if payload.get("tool_name") in _FILE_TOOLS:
        return _of_file(payload)
    if payload.get("tool_name") == "AskUserQuestion":
        return _of_question(payload, root)
    session = watch.session(payload, root)
    with db.writing(root) as conn:
        changes = watch.scan(conn, root, watch.globs(root))
        owner, tool = edits.owners(conn, session), str(payload.get("tool_name"))
        edits.record(conn, owner, changes, tool, _agent(payload), watch.is_lifted(conn))
        edits.end_command(conn, watch.call(payload), watch.is_detached(payload), session)
    # Written down first: what follows may fail, and Stop must still know whose change it was.
    told = _told(root, session, changes) if changes and owner == session else ""
    return f"ascribed: {len(changes)}", _context(payload, told, loaded.tell(payload, targets.in_command(payload)))


def _of_read(payload: Mapping[str, Any]) -> tuple[str, dict[str, Any] | None]:
    said = loaded.tell(payload, targets.places(payload))
    return ("told" if said else "nothing to tell"), _context(payload, said)


def _of_question(payload: Mapping[str, Any], root: str) -> tuple[str, dict[str, Any] | None]:
    from hooks import questions

    outcome, said = questions.answered(payload, root)
    return outcome, _context(payload, said)


def _of_file(payload: Mapping[str, Any]) -> tuple[str, dict[str, Any] | None]:
    places = targets.places(payload)
    # A file of several names may be narrative by one that the call doesn't give.
    linked = len(places) > 1 or any(_links(path) > 1 for _, _, path in places)
    outcomes = [_of_place(payload, root, walk.storable(relative), linked) for root, relative, _ in places]
    said = loaded.tell(payload, places)
    return ", ".join(dict.fromkeys(outcomes)) or "elsewhere", _context(payload, said)


def _of_place(payload: Mapping[str, Any], root: str, relative: str, linked: bool) -> str:
    closed = watch.globs(root)
    if not linked and not (walk.wanted(relative, closed) and walk.is_walked(root, relative)):
        return "no narrative"
    session, tool, agent = watch.session(payload, root), str(payload.get("tool_name")), _agent(payload)
    with db.writing(root) as conn:
        changes = (
            watch.scan(conn, root, closed) if linked or tree.is_empty(conn) else _look(conn, root, relative, payload)
        )
        edits.record(conn, session, changes, tool, agent, watch.is_lifted(conn))
        if not changes:
            edits.claim(conn, session, relative, tree.sha_of(conn, relative), tool, agent)
    return f"ascribed: {len(changes)}"


def _look(conn: Connection, root: str, path: str, payload: Mapping[str, Any]) -> list[Change]:
    """The change of one file; what somebody else had changed in it before the call is theirs."""
    change = tree.look(conn, root, path, heads.is_narrative)
    if not change:
        return []
    response = payload.get("tool_response")
    original = response.get("originalFile") if isinstance(response, dict) else None
    if not isinstance(original, str) or tree.keep_text(conn, original) == change["before_sha"]:
        return [change]
    sha = tree.keep_text(conn, original)
    if change["before_sha"] is not None:
        watch.ascribe(conn, None, [{**change, "after_sha": sha}])
    return [{**change, "before_sha": sha}] if sha != change["after_sha"] else []


def _told(root: str, session: str, changes: list[Change]) -> str:
    from onefirm.narrative import guard, standing

    with db.reading(root) as conn:
        found = standing.of_session(conn, root, rules.load(root), session, {change["path"] for change in changes})
    if not found:
        return ""
    from hooks import tools

    said = "\n".join(f"- {paths.told(path)}: {guard.told(findings)}" for path, findings in found.items())
    head = "onefirm: this call changed narrative that the truth doesn't carry. Put it right now, or Stop will ask:"
    return f"{head}\n{said}{tools.missing(said)}"


def _links(path: str) -> int:
    try:
        return os.stat(path).st_nlink
    except OSError:
        return 0


def _agent(payload: Mapping[str, Any]) -> str | None:
    return str(payload["agent_id"]) if payload.get("agent_id") else None


def _context(payload: Mapping[str, Any], *texts: str) -> dict[str, Any] | None:
    event = payload.get("hook_event_name") or "PostToolUse"
    text = "\n".join(filter(None, texts))
    return {"hookSpecificOutput": {"hookEventName": event, "additionalContext": text}} if text else None
