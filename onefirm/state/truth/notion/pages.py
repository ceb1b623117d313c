"""What Notion's pages are called here: each page has one ref for good.

A ref is made of the page's number in Notion where the mapping names a property for it, else of this store's counter.
A record that was moved to Notion keeps its own: the key of its page tells it to every machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from onefirm.store.counters import next_number
from onefirm.store.tables import truth_page

_MOVED = re.compile(r"ref:([A-Z]{1,4})-([1-9][0-9]{0,8})@")
_AT_ONCE = 500  # databases bound the number of parameters of a statement
_BY_ID = select(truth_page).where(truth_page.c.page_id.in_(bindparam("wanted", expanding=True)))
_BY_REF = select(truth_page.c.ref, truth_page.c.page_id).where(
    truth_page.c.ref.in_(bindparam("wanted", expanding=True))
)
_ASIDE = select(truth_page).where(truth_page.c.aside.is_not(None))
_NOTE = (
    truth_page.update()
    .where(truth_page.c.page_id == bindparam("noted"))
    .values(aside=bindparam("aside"), also=bindparam("also"))
)
_ADD = {
    name: insert(truth_page).on_conflict_do_nothing()
    for name, insert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}


@dataclass(frozen=True, slots=True)
class Known:
    """A page that has a ref. `aside` has its row and relations while some of them lead to pages not known yet.

    `also` has what nothing maps, as people read it.
    """

    page_id: str
    ref: str
    kind: str
    aside: Mapping[str, Any] | None
    also: Mapping[str, str] | None


def known(conn: Connection, page_ids: Iterable[str]) -> dict[str, Known]:
    """The pages among these that have a ref."""
    return {row["page_id"]: Known(**row) for row in _chunks(conn, _BY_ID, page_ids)}


def ids_of(conn: Connection, refs: Iterable[str]) -> dict[str, str]:
    """The page that each of these refs means; one that means none is missing."""
    return {row["ref"]: row["page_id"] for row in _chunks(conn, _BY_REF, refs)}


def aside(conn: Connection) -> list[Known]:
    """Every page whose relations aren't all known."""
    return [Known(**row) for row in conn.execute(_ASIDE).mappings()]


def moving_key(ref: str, firm: str) -> str:
    """The effect key under which a record of a firm moves to Notion: its page can be told by it for good."""
    return f"ref:{ref}@{firm}"


def name(conn: Connection, page_id: str, kind: str, prefix: str, number: int | None, key: str | None = None) -> str:
    """Give a page its ref. Somebody else may have been faster, and then theirs holds."""
    moved = _MOVED.match(key or "")
    wanted = [f"{prefix}-{moved[2]}"] if moved and moved[1] == prefix else []
    wanted += [f"{prefix}-{number}"] if number is not None else []
    add = _ADD[conn.dialect.name]
    while True:  # another page may be called so: one that was moved here, or that this one is a copy of
        ref = wanted.pop(0) if wanted else _next_free(conn, prefix)
        conn.execute(add, {"page_id": page_id, "ref": ref, "kind": kind, "aside": None, "also": None})
        found = known(conn, [page_id])
        if page_id in found:
            return found[page_id].ref


def forget(conn: Connection, refs: Iterable[str]) -> None:
    """Let pages that are gone for good have no ref, so that others may take it."""
    conn.execute(truth_page.delete().where(truth_page.c.ref == bindparam("gone")), [{"gone": ref} for ref in refs])


def _next_free(conn: Connection, prefix: str) -> str:
    return f"{prefix}-{next_number(conn, f'ref:{prefix}')}"


def note(conn: Connection, page_id: str, aside: Mapping[str, Any] | None, also: Mapping[str, str] | None) -> None:
    """Keep what belongs to a page beside its row."""
    conn.execute(_NOTE, {"noted": page_id, "aside": aside, "also": also})


def _chunks(conn: Connection, query: Any, wanted: Iterable[str]) -> list[Any]:
    every, found = sorted(set(wanted)), list[Any]()
    for start in range(0, len(every), _AT_ONCE):
        found += conn.execute(query, {"wanted": every[start : start + _AT_ONCE]}).mappings()
    return found
