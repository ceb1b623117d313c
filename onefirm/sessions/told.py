"""The one arbiter of what hooks add to a conversation by themselves: how much at most, and nothing twice.

A session's start may take START tokens, BRIEF of them for the brief; then PROMPT tokens from one prompt to the next,
and RECALL with a prompt for what memory has to say to it, which another program is asked at the same time. An answer to
something that the session did (a refusal, a finding after a command, the question at Stop) is not counted,
but isn't repeated either.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from sqlite3 import Connection

START, BRIEF, PROMPT, RECALL = 1_600, 1_200, 400, 160
# What is kept free for naming what has no room.
_REST = 30


def fresh(conn: Connection, session: str, items: Iterable[str]) -> list[str]:
    """Of these sentences, those that the session has not been told yet; from now on it has."""
    found = [
        item
        for item in items
        if not conn.execute("select 1 from told where session = ? and item = ?", (session, item)).fetchone()
    ]
    conn.executemany("insert or ignore into told values (?, ?)", [(session, item) for item in found])
    return found


def renew(conn: Connection, who: str) -> None:
    """The operator has said something: what may be added begins anew."""
    conn.execute("delete from spent where session = ?", (who,))


def left(conn: Connection, who: str) -> int:
    """How many tokens may still be added before the next prompt."""
    row = conn.execute("select tokens from spent where session = ?", (who,)).fetchone()
    return max(0, PROMPT - (row[0] if row else 0))


def spend(conn: Connection, who: str, text: str) -> None:
    """Counts what was added."""
    spent = PROMPT - left(conn, who) + tokens(text)
    conn.execute("insert or replace into spent values (?, ?)", (who, spent))


def fitting(head: str, lines: Sequence[str], limit: int) -> int:
    """How many of the lines fit below the head, with room kept for naming the others."""
    used, count = tokens(head) + _REST, 0
    for line in lines:
        used += tokens(line) + 1
        if used > limit:
            break
        count += 1
    return count


def clipped(text: str, limit: int) -> str:
    """The text up to the last whole line within so many tokens, and how many lines are left out."""
    if tokens(text) <= limit:
        return text
    lines = text.split("\n")
    count = fitting("", lines, limit)
    return "\n".join([*lines[:count], f"… ({len(lines) - count} more lines)"]) if count else ""


def tokens(text: str) -> int:
    """A careful estimate."""
    from onefirm.core.tokens import estimate  # patterns: only who has something to say pays for them

    return estimate(text)
