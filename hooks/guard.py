"""PreToolUse of Edit, Write, MultiEdit and NotebookEdit: refuses an edit of a narrative file that breaks "state first,
then narrative", and an edit of any file that a rule holds which the operator has enforced.

Abstains (no output) from everything else: whether an edit is permitted is the client's and the operator's matter.
"""

from __future__ import annotations

import time

from hooks import targets
from onefirm.narrative import rules
from onefirm.sessions import paths, reminders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

ABSTAINED = ("abstained", None)
LIFTED = "let through: the guard is off"
FIX = "Run: onefirm doctor --fix"


def run(payload: Mapping[str, Any], root: str) -> tuple[str, dict[str, Any] | None]:
    """Judges the edit by the workspace that its file lies in, which need not be the session's. One that passes is
    reminded of what was learned about such files.
    """
    answer = ABSTAINED
    for root, relative, path in targets.places(payload):
        answer = _judged(payload, root, relative, path)
        if not answer[0].startswith(("denied", "let through")) and reminders.is_enforced(root):
            answer = _held(payload, root, relative, path) or answer
        if not answer[1] and reminders.is_any(root) and (text := _reminder(payload, root, relative)):
            return f"{answer[0]}, reminded", _context(text)
        if answer != ABSTAINED:
            return answer
    return answer


def _held(payload: Mapping[str, Any], root: str, relative: str, path: str) -> tuple[str, dict[str, Any]] | None:
    from hooks import enforcement

    return enforcement.of_edit(payload, root, relative, path)


def _reminder(payload: Mapping[str, Any], root: str, relative: str) -> str:
    from hooks import recollection

    return recollection.of_edit(payload, root, relative)


def _judged(payload: Mapping[str, Any], root: str, relative: str, path: str) -> tuple[str, dict[str, Any] | None]:
    try:
        known, lost = rules.load(root), ""
    except rules.RulesLost as error:
        known, lost = None, str(error)
    closed = rules.is_closed(known, relative) if known else rules.is_private(relative)
    if not closed and not targets.is_named_narrative(relative):
        return ABSTAINED
    try:
        old = targets.text(path)
    except OSError as error:
        why = f"can't be read ({error.strerror}): nobody can tell which record it belongs to."
        return _deny(f"onefirm: {paths.told(relative)} {why}")
    new = targets.edited(payload, old)
    if old == new or not (closed or _is_narrative(relative, old, new)):
        return ABSTAINED
    if known is None:
        return _deny(f"onefirm: {paths.told(relative)} was not changed: {lost}. {FIX}")
    return _by_truth(payload, root, relative, old, new, known)


def _is_narrative(path: str, old: str | None, new: str) -> bool:
    from onefirm.narrative import heads

    return heads.is_narrative(path, old or "") or heads.is_narrative(path, new)


def _by_truth(
    payload: Mapping[str, Any], root: str, path: str, old: str | None, new: str, known: Mapping[str, Any]
) -> tuple[str, dict[str, Any] | None]:
    from onefirm.narrative import guard
    from onefirm.sessions import db, hatch, identity, receipts, state

    try:
        conn = db.connect(root, readonly=True)
        session = identity.open_of_client(conn, str(payload.get("session_id") or ""))
        verdict = guard.judge(
            known, path, old, new, lambda ref: receipts.of(conn, session, ref), lambda ref: state.of(conn, ref)
        )
        opened = hatch.active(conn, time.time()) if verdict["findings"] else None
    except (db.Lost, db.Error) as error:
        return _deny(f"onefirm: {paths.told(path)} was not changed: {error}. {FIX}")
    if opened:
        said = f"onefirm: the operator has the guard off ({opened['why']}); else: {guard.told(verdict['findings'])}"
        return LIFTED, _context(said)
    if verdict["findings"]:
        from hooks import tools

        _count(root, session, verdict["findings"][0]["rule"])
        said = guard.refusal(path, verdict["findings"])
        return _deny(said + tools.missing(said), verdict["findings"][0]["rule"])
    if verdict["notes"]:
        return "passed with a note", _context("onefirm: " + " ".join(verdict["notes"]))
    return "passed", None


def _count(root: str, session: str | None, rule: str) -> None:
    from onefirm.sessions import db, denials

    try:
        with db.writing(root) as conn:
            if session:
                denials.count(conn, session, rule)
    except (db.Lost, db.Error):
        return  # it is denied all the same


def _deny(reason: str, rule: str = "lost") -> tuple[str, dict[str, Any]]:
    answer = {"hookEventName": "PreToolUse", "permissionDecision": "deny", "permissionDecisionReason": reason}
    return f"denied: {rule}", {"hookSpecificOutput": answer}


def _context(text: str) -> dict[str, Any]:
    return {"hookSpecificOutput": {"hookEventName": "PreToolUse", "additionalContext": text}}
