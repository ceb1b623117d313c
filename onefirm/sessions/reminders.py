"""What the firm learned, said at the moment it is about: the lessons that have a trigger, compiled for hooks.

`.onefirm/reminders.json` is written by the core whenever lessons change. A rule whose trigger names only paths is not
in it: Claude Code loads that by itself (`.claude/rules`, `paths:`). Each lesson is told once in a conversation.
"""

from __future__ import annotations

import os

from onefirm.sessions import jsons

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from sqlite3 import Connection
    from typing import Any

    from onefirm.sessions.shapes import Moment

FILE, ENFORCED = ".onefirm/reminders.json", ".onefirm/enforced.json"
VERSION = 1
MOST = 3
_HARDENED = "hardened"
_HEAD = "The firm learned:"


def is_any(root: str) -> bool:
    """Whether there is anything to be reminded of: what most hooks pay."""
    return os.path.exists(f"{root}/{FILE}")


def is_enforced(root: str) -> bool:
    """Whether the operator has any rule enforced; `enforced` reads which, and only then is worth importing."""
    return os.path.exists(f"{root}/{ENFORCED}")


def read(root: str) -> list[dict[str, Any]]:
    """The lessons to be reminded of: {"ref", "rule", "status", "trigger", "of_one"}; none where the file is missing or
    newer. `of_one`: a candidate that was met at one engagement only.
    """
    try:
        with open(f"{root}/{FILE}", encoding="utf-8") as file:
            found = jsons.loads(file.read())
        return list(found["lessons"]) if found["version"] == VERSION else []
    except (OSError, ValueError, KeyError, TypeError):
        return []


def any_fits(root: str, moments: Iterable[Moment]) -> bool:
    """Whether any lesson applies, without looking into a database."""
    from onefirm.sessions import triggers

    given = list(map(triggers.heard, moments))
    return any(triggers.fits(one["trigger"], moment) for one in read(root) for moment in given)


def due(root: str, conn: Connection, session: str, who: str, moments: Iterable[Moment], now: str) -> str:
    """What to remind a conversation (`who`) of, hardened lessons first; "" where nothing applies or all was told.

    A lesson that applies is noted as fired, told or not: so it is seen which rules never speak. What was met at one
    client only is no candidate for a session that is declared for a client.
    """
    from onefirm.sessions import told, triggers  # the guard pays for them only where there is something to say

    given = list(map(triggers.heard, moments))
    found = [one for one in read(root) if any(triggers.fits(one["trigger"], moment) for moment in given)]
    if any(one.get("of_one") for one in found) and _is_walled(conn, root, session):
        found = [one for one in found if not one.get("of_one")]
    for one in found:
        conn.execute("insert or ignore into fired values (?, ?, ?)", (session, one["ref"], now))
    found.sort(key=lambda one: one["status"] != _HARDENED)
    lines = _new(conn, who, map(_line, found))
    if not lines:
        return ""
    text = "\n".join([_HEAD, *lines])
    told.spend(conn, who, text)
    return text


def fired(conn: Connection, session: str) -> list[str]:
    """The lessons that applied in a session, told or not."""
    rows = conn.execute("select lesson from fired where session = ? order by at, lesson", (session,))
    return [row[0] for row in rows]


def _is_walled(conn: Connection, root: str, session: str) -> bool:
    from onefirm.sessions import walls

    row = conn.execute("select client_id from session where id = ?", (session,)).fetchone()
    try:
        return bool(row and walls.of(root, row[0]))
    except walls.Unreadable:
        return True


def _new(conn: Connection, who: str, lines: Iterable[str]) -> list[str]:
    """Of these lines, what was not told yet and fits what may still be added; what doesn't fit waits."""
    from onefirm.sessions import told

    room = told.left(conn, who) - told.tokens(_HEAD)
    new: list[str] = []
    for line in lines:
        room -= told.tokens(line) + 1
        if room < 0 or len(new) == MOST:
            break
        if told.fresh(conn, who, [line]):
            new.append(line)
        else:
            room += told.tokens(line) + 1
    return new


def _line(one: dict[str, Any]) -> str:
    if one["status"] == _HARDENED:
        return f"- {one['ref']}: {one['rule']}"
    return f"- {one['ref']} (a candidate; if it holds here, lesson_record again={one['ref']}): {one['rule']}"
