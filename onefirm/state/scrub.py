"""Taking what is known of one record out of every table of state, for good. The ledger's own part is `Ledger.erase`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Text, cast, or_, select

from onefirm.core.errors import Refused
from onefirm.state import claims, mirror
from onefirm.store.tables import inbox, record, truth_effect, truth_page, truth_row, truth_step

ERASED = "(erased)"
_MOST_POINTING = 20
_SIDES = ("write", "before", "row")  # of a step: the write, and the row before and after it


def check(conn: Connection, ref: str, names: Sequence[str]) -> None:
    """Raise Refused while the record is in use: not archived, or with a change or a question that waits."""
    known = mirror.one(conn, ref)
    if known is not None and not known.archived:
        raise Refused(
            f"{ref} is not archived: only what the firm is done with is erased.",
            hint=f"Archive it first: `onefirm record archive {ref}`.",
        )
    asked = select(inbox).where(inbox.c.state == "open", _names(inbox.c.subjects, names)).limit(1)
    if claims.touching(claims.every(conn), names) or conn.execute(asked).first():
        raise Refused(
            f"A change of {ref} still waits, or a question about it.",
            hint=f"`onefirm record get {ref}` and `onefirm record conflicts` show it; finish it first.",
        )


def pointing(conn: Connection, ref: str) -> list[str]:
    """Refs of records that point at this one, at most 20."""
    query = select(record.c.ref).where(_names(record.c.props, [ref]), record.c.ref != ref).order_by(record.c.ref)
    return list(conn.execute(query.limit(_MOST_POINTING)).scalars())


def scrub(conn: Connection, names: Sequence[str]) -> None:
    """Leave of the record with these names its ref, its kind and its status: other records may point at it.

    1. The mirror's row, and the embedded truth's own.
    2. What the embedded truth remembers of the writes it has applied.
    3. What is remembered of its page in Notion, and of the writes that were sent there.
    4. The questions about it that were answered.
    """
    for row in conn.execute(select(record).where(record.c.ref.in_(names))).mappings().all():
        left = {"title": ERASED, "props": _left(row["props"]), "due": None, "owner": None}
        conn.execute(record.update().where(record.c.ref == row["ref"]).values(**left))
    for row in conn.execute(select(truth_row).where(truth_row.c.ref.in_(names))).mappings().all():
        conn.execute(truth_row.update().where(truth_row.c.ref == row["ref"]).values(props=_left(row["props"])))
    for row in conn.execute(select(truth_effect).where(_names(truth_effect.c.rows, names))).mappings().all():
        rows = [{**one, "props": _left(one["props"])} if one["ref"] in names else one for one in row["rows"]]
        conn.execute(truth_effect.update().where(truth_effect.c.key == row["key"]).values(rows=rows))
    conn.execute(truth_page.update().where(truth_page.c.ref.in_(names)).values(aside=None, also=None))
    sent = or_(*(_names(truth_step.c[side], names) for side in _SIDES))
    for row in conn.execute(select(truth_step).where(sent)).mappings().all():
        if any(row[side] and row[side]["ref"] in names for side in _SIDES):
            left = {side: {**row[side], "props": _left(row[side]["props"] or {})} for side in _SIDES if row[side]}
            same = (truth_step.c.key == row["key"], truth_step.c.number == row["number"])
            conn.execute(truth_step.update().where(*same).values(**left))
    conn.execute(inbox.update().where(_names(inbox.c.subjects, names)).values(title=ERASED, payload={}))


def _left(props: Mapping[str, Any]) -> dict[str, Any]:
    return {name: ERASED if name == "title" else value for name, value in props.items() if name in ("title", "status")}


def _names(column: Column[Any], names: Sequence[str]) -> Any:
    """Whether a JSON value holds one of these refs as a whole text."""
    return or_(*(cast(column, Text).contains(f'"{name}"', autoescape=True) for name in names))
