"""PreToolUse of Bash and of other servers' tools: looks at the tree, so that what changes during the call is known to
be the call's.
"""

from __future__ import annotations

from hooks import watch
from onefirm.sessions import db, edits, reminders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def run(payload: Mapping[str, Any], root: str) -> tuple[str, dict[str, Any] | None]:
    """Refuses only what a rule holds that the operator has enforced: otherwise a command is judged by what it changed.
    It is reminded of what was learned about it.
    """
    said = None
    if reminders.is_enforced(root):
        from hooks import enforcement

        said = enforcement.of_command(payload, root)
        if said and said[0].startswith("denied"):
            return said  # before anything is noted of it: it doesn't run
    session = watch.session(payload, root)
    with db.writing(root) as conn:
        changes = watch.scan(conn, root, watch.globs(root))
        watch.ascribe(conn, session, changes)
        edits.begin_command(conn, session, watch.call(payload))
    outcome = f"looked: {len(changes)} changed before"
    if said:
        return said
    if reminders.is_any(root):
        from hooks import recollection

        if text := recollection.of_command(payload, root):
            return outcome, {"hookSpecificOutput": {"hookEventName": "PreToolUse", "additionalContext": text}}
    return outcome, None
