"""UserPromptSubmit: keeps what the operator is at, begins the budget anew, says which records in play another hand
has moved since they were told, and what was learned about what is spoken of. Where the mirror was not pulled for a
while, that is begun, and told at a later moment.
"""

from __future__ import annotations

from hooks import watch
from onefirm.narrative import loading
from onefirm.sessions import clock, db, notes, pulls, reminders, told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from sqlite3 import Connection
    from typing import Any


def run(payload: Mapping[str, Any], root: str) -> tuple[str, dict[str, Any] | None]:
    """Silent when nothing moved."""
    session = watch.session(payload, root)
    with db.writing(root) as conn:
        told.renew(conn, session)
        notes.ask(conn, session, str(payload.get("prompt") or ""))
        text = _news(conn, session)
        if text:
            told.spend(conn, session, text)
        said = {"text": str(payload.get("prompt") or "")}
        learned = reminders.due(root, conn, session, session, [said], clock.iso()) if reminders.is_any(root) else ""
        text = "\n".join(filter(None, (text, learned)))
    if pulls.is_due(root):
        from hooks import core  # what starts processes; most prompts don't

        pulls.begin(root)  # now, and not once that program is up: the next prompt shall start no other
        core.detach(root, "pull")
    if not text:
        return "nothing moved", None
    return "told", {"hookSpecificOutput": {"hookEventName": "UserPromptSubmit", "additionalContext": text}}


def _news(conn: Connection, session: str) -> str:
    """What a pull brought that the session's start didn't wait for, then what moved."""
    brought = pulls.kept(conn, session)
    if not brought:
        return loading.news(conn, session, told.PROMPT)
    brought = told.clipped(brought, told.PROMPT)
    moved = loading.news(conn, session, told.PROMPT - told.tokens(brought))
    return f"{brought}\n{moved}" if moved else brought
