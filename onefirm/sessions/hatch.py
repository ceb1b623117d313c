"""The operator's hatch: the guard stands open for a while, with a reason. The ledger has the event; this is what hooks
read.
"""

from __future__ import annotations

from onefirm.sessions import clock, db

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sqlite3 import Connection

    from onefirm.sessions.shapes import Hatch


def open(root: str, until_epoch: float, why: str, by: str) -> None:
    """Opens the guard until an instant; opening again replaces it."""
    with db.writing(root) as conn:
        conn.execute("insert or replace into hatch values (1, ?, ?, ?, ?)", (until_epoch, why, by, clock.iso()))


def close(root: str) -> bool:
    """Closes it before its time; False when it wasn't open."""
    with db.writing(root) as conn:
        return conn.execute("delete from hatch").rowcount == 1


def active(conn: Connection, now_epoch: float) -> Hatch | None:
    """The open hatch, None when the guard stands."""
    row = conn.execute("select until_epoch, why, by, at from hatch where until_epoch > ?", (now_epoch,)).fetchone()
    return {"until": row[0], "why": row[1], "by": row[2], "at": row[3]} if row else None
