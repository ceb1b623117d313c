"""What the truth last said of a record, for those who can't open the store: the guard and the Stop hook."""

from __future__ import annotations

from onefirm.sessions import jsons

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sqlite3 import Connection

    from onefirm.sessions.shapes import State


def of(conn: Connection, ref: str) -> State | None:
    """The known state of a record, None when no event told of it."""
    row = conn.execute("select ref, kind, title, status, props, etag, at, actor, archived from state where ref = ?",
                       (resolve(conn, ref),)).fetchone()  # fmt: skip
    if not row:
        return None
    return {
        "ref": row[0], "kind": row[1], "title": row[2], "status": row[3], "props": jsons.loads(row[4]), "etag": row[5],
        "at": row[6], "actor": row[7], "archived": bool(row[8]),
    }  # fmt: skip


def past(conn: Connection, ref: str, since: str) -> list[str]:
    """Statuses that the record had at some moment since `since` and has left."""
    rows = conn.execute(
        "select status from state_past where ref = ? and until_at >= ? order by status", (resolve(conn, ref), since)
    )
    return [row[0] for row in rows.fetchall()]


def resolve(conn: Connection, ref: str) -> str:
    """The ref that the truth gave to a record created under a temporary one; any other ref as it is, in capitals."""
    ref = canonical(ref)
    row = conn.execute("select ref from alias where alias = ?", (ref,)).fetchone()
    return row[0] if row else ref


def canonical(ref: str) -> str:
    """A ref as it is stored: `p-12` is `P-12`, `p-X3f2a` is `P-x3f2a`."""
    prefix, _, number = ref.strip().partition("-")
    return f"{prefix.upper()}-{number.lower()}"
