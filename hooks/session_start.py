"""SessionStart: names the session, looks at the tree, and brings the brief: fresh from the core, or the last one with
its age.
"""

from __future__ import annotations

import json
import os
import time

import onefirm
from hooks import canary, core, loaded, watch
from onefirm.narrative import rules
from onefirm.sessions import clock, db, identity, known, notes, paths, pulls, told, transcripts, walls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from sqlite3 import Connection
    from typing import Any

DEADLINE_S = 4.0
_LEAST_S = 0.05
SETTING_UP, SETS_UP = 75, "setting up"
_JOINED = 2  # tokens between two parts


def run(payload: Mapping[str, Any], root: str) -> tuple[str, dict[str, Any] | None]:
    """The brief is context for the model; that it is old, or missing, is said in it. The operator, who sees neither, is
    told when the tools are still missing, and when the guard no longer denies.
    """
    source = str(payload.get("source") or "startup")
    until = time.time() + _deadline(root)
    session, client = _session(payload, root, source), watch.client(payload)
    with db.writing(root) as conn:
        transcripts.learn(conn, session, payload)
    declared = _wall(root, session, client, source)
    news = _look(root, session, source, client)
    # Before the brief, which reads its mark.
    broken = canary.sing(root, onefirm.__version__)
    outcome, text = _brief(root, until, declared, "--session", session, "--client", client, "--source", source)
    warning = f"onefirm: {broken}" if broken else ""
    for_operator = " ".join(filter(None, (text.replace("\n", " ") if outcome == SETS_UP else "", warning)))
    here = str(payload.get("cwd") or root)
    said = _within_budget(
        lambda _: text,
        lambda _: "" if broken in text else warning,
        lambda left: _notes(root, session, left) if source == "compact" else "",
        lambda left: loaded.at_start(root, session, here, left, client),
        lambda _: news,
    )
    answer = {"hookEventName": "SessionStart", "additionalContext": said}
    return outcome, {**({"systemMessage": for_operator} if for_operator else {}), "hookSpecificOutput": answer}


def _within_budget(*parts: Callable[[int], str]) -> str:
    """The core holds the brief's budget itself; this is the net under it. Each part after it gets what is left."""
    said = ""
    for part in parts:
        left = told.START - told.tokens(said) - _JOINED if said else told.BRIEF
        said = "\n".join(filter(None, (said, told.clipped(part(left), left))))
    return said


def _notes(root: str, session: str, left: int) -> str:
    """What was known before the compaction, and may not stand in the summary."""
    with db.writing(root) as conn:
        known.fade(conn, session)
        return notes.give(conn, session, left)


def _session(payload: Mapping[str, Any], root: str, source: str) -> str:
    given = (watch.client(payload), source, str(payload.get("cwd") or root), watch.pid())
    try:
        return identity.start(root, *given)
    except db.OperationalError:
        raise
    except db.Error:
        db.rebuild(root).close()
        return identity.start(root, *given)


def _wall(root: str, session: str, client: str, source: str) -> str:
    """Lets the client wall of a resumed session stand again, or that of the one before this one stand here too; what
    to tell where no brief tells it.
    """
    walls.wake(root, client)
    try:
        if source in ("clear", "fork"):  # any other start has its own already, or it was lifted
            walls.inherit(root, client, identity.goes_on_from(root, session))
        wall = walls.of(root, client)
    except walls.Unreadable as error:
        return f"onefirm: {error}, so nothing is read here. {walls.BACK}"
    return walls.told(walls.who(wall)) if wall else ""


def _look(root: str, session: str, source: str, client: str) -> str:
    """Takes the snapshot; between sessions, changed narrative that contradicts the truth is news for the new one."""
    from onefirm.narrative import belonging, guard, standing

    try:
        judged_by = rules.load(root)
    except rules.RulesLost as error:
        return f"onefirm: {error}; narrative can't be edited until the operator runs: onefirm doctor --fix"
    with db.writing(root) as conn:
        changes = watch.scan(conn, root, rules.closed_globs(judged_by))
        if source == "compact":
            watch.ascribe(conn, session, changes)
            return ""
        # It happened before the session, whose Stop only tells what happened during it.
        before = _before(conn, session)
        watch.ascribe(conn, None, changes, before)
        found = standing.of_others(conn, root, judged_by, session, before) if changes else {}
        hides = belonging.hides(conn, root, client)
        lines = [
            f"- {paths.told(path)}: {guard.told(findings[:1])}"
            for path, (_, findings) in found.items()
            if findings and not hides(path)
        ][:3]
    return "\n".join(["Changed outside of any session, and against the truth:", *lines]) if lines else ""


def _before(conn: Connection, session: str) -> str:
    row = conn.execute("select started_at from session where id = ?", (session,)).fetchone()
    return clock.iso(clock.epoch(row[0]) - 0.001)


def _brief(root: str, until: float, declared: str, *about: str) -> tuple[str, str]:
    deadline_s = max(_LEAST_S, until - time.time())
    try:
        code, said = core.ask(root, deadline_s, "start", *about, "--until", f"{until:.3f}")
        text = str(json.loads(said)["text"]) if code in (0, SETTING_UP) else ""
    except (OSError, ValueError, KeyError, TypeError):
        code, text = 1, ""
    if text:
        return ("fresh brief" if code == 0 else SETS_UP), text
    why = (
        f"the fresh one was not ready within {_deadline(root):g} s"
        if code is None
        else "a fresh one could not be made; run: onefirm doctor"
    )
    if declared:  # the last brief may be of the whole firm
        return f"no brief: {why}", f"{declared}\nThere is no brief ({why}). Call brief_get to see where things stand."
    return f"old brief: {why}", _last(root, why)


def _deadline(root: str) -> float:
    patience = pulls.declared(root)
    deadline_s = patience["deadline_s"] if patience else DEADLINE_S
    try:
        return float(os.environ.get("ONEFIRM_START_DEADLINE_S", deadline_s))
    except ValueError:
        return deadline_s


def _last(root: str, why: str) -> str:
    try:
        with open(root + "/.onefirm/brief.json", encoding="utf-8") as file:
            brief = json.load(file)
        age = clock.age(clock.epoch(str(brief["at"])), time.time())
        return f"(This brief is {age} old: {why}. Call brief_get before relying on it.)\n{brief['text']}"
    except (OSError, ValueError, KeyError, TypeError):
        return f"onefirm: there is no brief yet ({why}). Call brief_get to see where things stand."
