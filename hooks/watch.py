"""Comparing the tree and ascribing what differs: shared by the hooks around a command, Stop and the session's start."""

from __future__ import annotations

import os
import re
import time

from onefirm.narrative import heads, rules
from onefirm.sessions import commands, edits, hatch, identity, tree, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from sqlite3 import Connection
    from typing import Any

    from onefirm.sessions.shapes import Change

# A lone `&`, or a program that detaches: what such a command starts may write after its call has returned.
_DETACHED = (
    r"(?<![&>|<\\])&(?![&>|])|"
    r"(?:^|[;&|({!`\n]|\b(?:sudo|then|do|else|env|exec|time|timeout|nice|ionice|stdbuf|command|eval))\s*"
    # variables, options and their values before it
    r"(?:(?:-\S+|\d\S*|[^\W\d]\w*=\S*|(?<=-\w )[^\W\d][\w.-]*(?=[ \t]))[ \t]+)*(?:/\S*/)?"
    r"(?:nohup|setsid|disown|coproc|at|batch|crontab|screen|tmux|systemd-run|start-stop-daemon|launchctl|schtasks)\b|"
    r"\bsudo\s+-b\b|\bssh\s+-\w*f|\b(?:docker|podman)\s+run\s.{0,200}-\w*d\b"
)
# What is quoted or stands in a here document is text (`Acme & Sons`), unless a shell is given it to run.
_QUOTED = r"((?:\s-\w*c|\beval)\s*|\bssh\s[^'\"\n;|&]{0,200})?\$?('[^']*'|\"[^\"]*\")"


def client(payload: Mapping[str, Any]) -> str:
    """The client's session id."""
    return str(payload.get("session_id") or "")


def pid() -> int | None:
    """The client's process id, which Claude Code gives its hooks."""
    given = os.environ.get("CLAUDE_PID", "")
    return int(given) if given.isdigit() else None


def session(payload: Mapping[str, Any], root: str) -> str:
    """Our session of the event's client, made when no start was seen."""
    return identity.bind(root, client(payload), str(payload.get("cwd") or ""), pid())


def globs(root: str) -> tuple[str, ...]:
    """The closed files' globs; none when the rules are lost (another hook says so)."""
    try:
        return rules.closed_globs(rules.load(root))
    except rules.RulesLost:
        return ()


def scan(conn: Connection, root: str, closed: tuple[str, ...]) -> list[Change]:
    """The tree's differences to the last look; a first look has none."""
    first = tree.is_empty(conn)

    def is_narrative(path: str, text: str) -> bool:
        return heads.is_narrative(path, text) or (bool(closed) and walk.matches(path, closed))

    changes = tree.scan(conn, root, is_narrative, closed)
    return [] if first else changes


def ascribe(conn: Connection, session: str | None, changes: list[Change], at: str | None = None) -> None:
    """Writes down changes that no tool call claims, as whoever is most likely their author; `at` if it isn't now."""
    owner, tool = edits.suspect(conn, session)
    edits.record(conn, owner, changes, tool, lifted=is_lifted(conn), at=at)


def is_lifted(conn: Connection) -> bool:
    """Whether the operator's hatch is open."""
    return hatch.active(conn, time.time()) is not None


def call(payload: Mapping[str, Any]) -> str:
    """A name for a tool call: its id, or the session's where the client gives none."""
    return str(payload.get("tool_use_id") or f"of {client(payload)}")


def is_detached(payload: Mapping[str, Any]) -> bool:
    """Whether the command may go on after its call has returned."""
    given = payload.get("tool_input")
    if not isinstance(given, dict):
        return False
    command = re.sub(_QUOTED, _run, commands.without_documents(str(given.get("command") or "")))
    return bool(given.get("run_in_background")) or bool(re.search(_DETACHED, command))


def _run(quoted: re.Match[str]) -> str:
    """What a shell would run of a quoted text: all, as a command of its own, or nothing."""
    return f"{quoted[1]};{quoted[2][1:-1]}" if quoted[1] else " "
