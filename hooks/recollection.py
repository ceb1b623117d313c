"""What a call is reminded of: lessons whose trigger it meets, added to whatever the hook says anyway."""

from __future__ import annotations

from onefirm.sessions import reminders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from onefirm.sessions.shapes import Moment

_LONGEST = 20_000


def of_edit(payload: Mapping[str, Any], root: str, path: str) -> str:
    """For an edit of this file below the workspace."""
    given = payload.get("tool_input")
    values = given.values() if isinstance(given, dict) else ()
    said = " ".join(value for value in values if isinstance(value, str))
    return _due(payload, root, {"path": path, "text": said[:_LONGEST]})


def of_command(payload: Mapping[str, Any], root: str) -> str:
    """For a shell command."""
    given = payload.get("tool_input")
    command = given.get("command") if isinstance(given, dict) else None
    return _due(payload, root, {"command": command[:_LONGEST]}) if isinstance(command, str) else ""


def _due(payload: Mapping[str, Any], root: str, moment: Moment) -> str:
    if not reminders.any_fits(root, [moment]):
        return ""
    from hooks import watch
    from onefirm.sessions import clock, db, known

    session = watch.session(payload, root)
    try:
        with db.writing(root) as conn:
            who = known.who(session, str(payload.get("agent_id") or "") or None)
            return reminders.due(root, conn, session, who, [moment], clock.iso())
    except (db.Lost, db.Error):
        return ""  # a reminder is worth no refusal
