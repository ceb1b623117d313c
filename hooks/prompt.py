"""UserPromptSubmit: keeps what the operator is at, begins the budget anew, and says which records in play another hand
has moved since they were told.
"""

from __future__ import annotations

from hooks import watch
from onefirm.narrative import loading
from onefirm.sessions import db, notes, told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def run(payload: Mapping[str, Any], root: str) -> tuple[str, dict[str, Any] | None]:
    """Silent when nothing moved."""
    session = watch.session(payload, root)
    with db.writing(root) as conn:
        told.renew(conn, session)
        notes.ask(conn, session, str(payload.get("prompt") or ""))
        text = loading.news(conn, session, told.PROMPT)
        if text:
            told.spend(conn, session, text)
    if not text:
        return "nothing moved", None
    return "told", {"hookSpecificOutput": {"hookEventName": "UserPromptSubmit", "additionalContext": text}}
