"""PreCompact: takes the session's working notes, which the start after the compaction gives back."""

from __future__ import annotations

from hooks import watch
from onefirm.narrative import guard, rules, standing
from onefirm.sessions import db, notes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def run(payload: Mapping[str, Any], root: str) -> tuple[str, dict[str, Any] | None]:
    """Says nothing, and never stops a compaction. A subagent's conversation has no notes."""
    if payload.get("agent_id"):
        return "a subagent's", None
    session = watch.session(payload, root)
    with db.writing(root) as conn:
        watch.ascribe(conn, session, watch.scan(conn, root, watch.globs(root)))
        try:
            found = standing.of_session(conn, root, rules.load(root), session)
        except rules.RulesLost:
            found = {}
        notes.take(conn, session, [(path, guard.told(findings)) for path, findings in found.items()])
    return "noted", None
