"""What the guard refused in a session, by its rules: counted, without words, until the session is closed."""

from __future__ import annotations

from onefirm.sessions import jsons

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sqlite3 import Connection

_NAME = "denied"


def count(conn: Connection, session: str, rule: str) -> None:
    """One more. Call it within `db.writing`."""
    counts = of(conn, session)
    counts[rule] = counts.get(rule, 0) + 1
    conn.execute("insert or replace into note values (?, ?, ?)", (session, _NAME, jsons.dumps(counts)))


def of(conn: Connection, session: str) -> dict[str, int]:
    """How often each rule refused something."""
    row = conn.execute("select text from note where session = ? and name = ?", (session, _NAME)).fetchone()
    return dict(jsons.loads(row[0])) if row else {}
