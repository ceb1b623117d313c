"""What the operator has enforced of the firm's rules: an edit or a command that meets one is refused, or asked about.

A list of rules that can't be read refuses, but for onefirm itself, which mends it: nobody can tell what it would have
held. While the operator has the guard off, it says what it would have refused.
"""

from __future__ import annotations

from hooks import targets
from onefirm.sessions import enforced, paths

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Said = tuple[str, dict[str, Any]]

FIX = "Run: onefirm doctor --fix"


def of_edit(payload: Mapping[str, Any], root: str, relative: str, path: str) -> Said | None:
    """For an edit of a file below the workspace; None where no rule holds it."""

    def change() -> tuple[str, str]:
        try:
            old = targets.text(path)
        except OSError:
            old = None
        return old or "", targets.edited(payload, old)

    what = f"{paths.told(relative)} was not changed"
    try:
        rules = enforced.read(root)
        found = [(one, met) for one in rules if (met := enforced.of_edit(one, relative, change))]
    except enforced.Lost as error:
        return _deny(f"onefirm: {what}: {error}. {FIX}")
    return _held(payload, root, what, found)


def of_command(payload: Mapping[str, Any], root: str) -> Said | None:
    """For a shell command; None where no rule holds it."""
    from onefirm.sessions import commands

    given = payload.get("tool_input")
    command = given.get("command") if isinstance(given, dict) else None
    if not isinstance(command, str):
        return None
    what = "the command was not run"
    try:
        rules = enforced.read(root)
        programs = commands.programs(command) if rules else []
        found = [(one, met) for one in rules if (met := enforced.of_command(one, programs))]
    except enforced.Lost as error:
        is_own = commands.are_own(commands.programs(command))
        return None if is_own else _deny(f"onefirm: {what}: {error}. {FIX}")
    return _held(payload, root, what, found)


def _held(payload: Mapping[str, Any], root: str, what: str, found: list[tuple[dict[str, Any], str]]) -> Said | None:
    if not found:
        return None
    said = " ".join(_told(*one) for one in found)
    if why := _lifted(payload, root, [one["ref"] for one, _ in found]):
        text = f"onefirm: the operator has the guard off ({why}); else: {said}"
        return "let through: the guard is off", _answer(additionalContext=text)
    ref = found[0][0]["ref"]
    if all(one["asks"] for one, _ in found):
        answer = _answer(permissionDecision="ask", permissionDecisionReason=f"onefirm: {said}")
        return f"asked: {ref}", answer
    return _deny(f"onefirm: {what}. {said}", ref)


def _told(one: Mapping[str, Any], met: str) -> str:
    instead = f" Instead: {_ended(one['instead'])}" if one["instead"] else ""
    relax = f"Where it doesn't hold, the operator lifts it: onefirm lesson relax {one['ref']}"
    return f"{one['ref']} holds here ({met}): {_ended(one['rule'])} Why: {_ended(one['why'])}{instead} {relax}."


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _lifted(payload: Mapping[str, Any], root: str, refs: list[str]) -> str:
    """Why the operator has the guard off, "" while it stands; what held is noted as having spoken."""
    import time

    from onefirm.sessions import clock, db, hatch, identity  # most edits meet no rule, and don't pay for the database

    try:
        with db.writing(root) as conn:
            if session := identity.open_of_client(conn, str(payload.get("session_id") or "")):
                rows = [(session, ref, clock.iso()) for ref in refs]
                conn.executemany("insert or ignore into fired values (?, ?, ?)", rows)
            opened = hatch.active(conn, time.time())
    except (db.Lost, db.Error):
        return ""
    return opened["why"] if opened else ""


def _deny(reason: str, rule: str = "lost") -> Said:
    return f"denied: {rule}", _answer(permissionDecision="deny", permissionDecisionReason=reason)


def _answer(**said: str) -> dict[str, Any]:
    return {"hookSpecificOutput": {"hookEventName": "PreToolUse", **said}}
