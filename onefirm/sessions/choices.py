"""What the operator chose when Claude asked: kept until it is a decision, or for a fortnight."""

from __future__ import annotations

import time

from onefirm.sessions import clock, jsons, told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from sqlite3 import Connection

    from onefirm.sessions.shapes import Choice, Chosen

KEPT_DAYS = 14
_SHOWN = 60
_TOLD = "how a choice is recorded"


def keep(conn: Connection, session: str, client: str, found: Sequence[Chosen]) -> str:
    """Keeps what was chosen in a session, `client` being the ref of whom it is declared for; gives what to tell it,
    once in a session. Call it within `db.writing`.
    """
    conn.execute("delete from choice where at < ?", (clock.iso(time.time() - KEPT_DAYS * 86_400),))
    conn.executemany(
        "insert into choice (session, client, question, chosen, rejected, why, at) values (?, ?, ?, ?, ?, ?, ?)",
        [
            (session, client, one["question"], one["chosen"], jsons.dumps(one["rejected"]), one["why"], clock.iso())
            for one in found
        ],
    )
    text = _advice(session, found[0])
    if told.tokens(text) > told.left(conn, session) or not told.fresh(conn, session, [_TOLD]):
        return ""
    told.spend(conn, session, text)
    return text


def every(conn: Connection, since: str) -> list[Choice]:
    """What was chosen since an instant, the last first."""
    query = "select id, session, client, question, chosen, rejected, why, at from choice where at >= ? order by id desc"
    return [
        {"id": row[0], "session": row[1], "client": row[2], "question": row[3], "chosen": row[4],
         "rejected": jsons.loads(row[5]), "why": row[6], "at": row[7]}
        for row in conn.execute(query, (since,))
    ]  # fmt: skip


def drop(conn: Connection, number: int) -> None:
    """Lets go of one."""
    conn.execute("delete from choice where id = ?", (number,))


def _advice(session: str, one: Chosen) -> str:
    over = f" over {', '.join(map(_quoted, one['rejected']))}" if one["rejected"] else ""
    return (
        f"onefirm: the operator chose {_quoted(one['chosen'])}{over}. If an answer binds the firm beyond today, "
        "record it with decision_record: what was turned down as alternatives, as evidence "
        f"“asked in session {session}”. Most answers don't; `onefirm decision choices` keeps them for the operator."
    )


def _quoted(text: str) -> str:
    text = text.replace("“", "'").replace("”", "'")
    return f"“{text if len(text) <= _SHOWN else text[: _SHOWN - 1].rstrip() + '…'}”"
