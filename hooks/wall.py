"""PreToolUse of what reads files or runs commands: behind a client wall it refuses what reaches other clients' files.

hook.sh doesn't start it where no wall stands. Without one for this very session it abstains, as from everything that
lies outside of the workspace.
"""

from __future__ import annotations

from hooks import reach
from onefirm.narrative import belonging
from onefirm.sessions import db, paths, walls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

FIX = "Run: onefirm doctor --fix"


def run(payload: Mapping[str, Any], root: str) -> tuple[str, dict[str, Any] | None]:
    """Never says what is behind the wall: only what the call itself has named."""
    try:
        wall = walls.of(root, str(payload.get("session_id") or ""))
        if wall is None:
            return "no wall", None
        found = reach.beyond(payload, root, belonging.behind(db.connect(root, readonly=True), root, wall))
    except (walls.Unreadable, db.Lost, db.Error) as error:
        return _deny("lost", f"onefirm: nothing is read behind the client wall: {error}. {FIX}")
    return _deny(found[0], f"onefirm: {_said(*found, walls.who(wall))} {walls.BACK}") if found else ("seen", None)


def _said(what: str, named: str, client: str) -> str:
    declared = f"this session, which is declared for {client}"
    if what == "search":
        return f"this would go through files that are not for {declared}. Name a folder of that client or of the firm."
    if what == "private":
        return f".onefirm/ holds what is not for {declared}. Use the tools of the firm server."
    return f"{paths.told(named)} is not for {declared}: it belongs to somebody else, or nobody can tell whose it is."


def _deny(outcome: str, reason: str) -> tuple[str, dict[str, Any]]:
    answer = {"hookEventName": "PreToolUse", "permissionDecision": "deny", "permissionDecisionReason": reason}
    return f"denied: {outcome}", {"hookSpecificOutput": answer}
