"""Which truth the records are in: kept in the store, so that no process goes on with the old one after a move."""

from __future__ import annotations

from typing import Literal, TypeAlias

from sqlalchemy import Connection, bindparam, select

from onefirm.core.errors import Unavailable
from onefirm.state.plane import Plane
from onefirm.store.tables import setting, truth_row

Home: TypeAlias = Literal["embedded", "notion"]
CALLED: dict[Home, str] = {"embedded": "the embedded store", "notion": "Notion"}
_HOME = "truth.home"
_WATERMARK = "truth.watermark"
# Built once: SQLAlchemy takes longer to build a statement than SQLite to run it.
_VALUE = select(setting.c.value).where(setting.c.name == bindparam("wanted"))


class TruthMoved(Unavailable):
    """The records were moved to another truth since this process opened the firm."""


def of(conn: Connection) -> Home | None:
    """Where the records are; None while there are none, and none were ever looked for.

    A firm that never moved is known by what its truth has left: rows, or how far Notion was read.
    """
    if told := conn.execute(_VALUE, {"wanted": _HOME}).scalar():
        return "notion" if told == "notion" else "embedded"
    if str(conn.execute(_VALUE, {"wanted": _WATERMARK}).scalar() or "").startswith("{"):
        return "notion"
    return "embedded" if conn.execute(select(truth_row.c.ref).limit(1)).first() else None


def settle(conn: Connection, home: Home) -> None:
    """From this transaction on the records are there."""
    conn.execute(setting.delete().where(setting.c.name == _HOME))
    conn.execute(setting.insert().values(name=_HOME, value=home))


def has_moved(conn: Connection, plane: Plane) -> bool:
    """Whether the records were moved away from the truth that this process asks."""
    told = conn.execute(_VALUE, {"wanted": _HOME}).scalar()
    return told is not None and (told == "embedded") is not plane.beside


def check(conn: Connection, plane: Plane) -> None:
    """Raise TruthMoved where the records were moved away."""
    if has_moved(conn, plane):
        raise TruthMoved(
            "The firm's records were moved to another truth while this program ran.",
            hint="Nothing was written. Try again; a program that says so again must be restarted.",
        )
