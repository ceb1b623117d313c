"""For whom a passage is: words in the index that stand for what it is about, and for the clients that own that.

`p12` stands for a passage about P-12, `ownedcl1` for one of CL-1, `throughp12` for one whose owner was found by way of
P-12, and `firm` for what belongs to nobody. They only lead the search: a session's sight judges once more behind it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, select

from onefirm.memory import words
from onefirm.sessions import walls
from onefirm.store.tables import record, record_alias

FIRM = "firm"
_MOST_STEPS = 6
_SMALL = 3
_WORD = re.compile(r"[^\W_]+")
_PARTIES = (
    select(record.c.ref, record.c.kind, record.c.title)
    .where(record.c.kind.in_(("client", "prospect", "project")), record.c.archived.is_(False))
    .limit(2_000)
)


@dataclass(frozen=True, slots=True)
class Scoped:
    """What the index keeps of an item's records besides their refs: scope words, and their titles."""

    words: str
    titles: str


def about(ref: str) -> str:
    """The word of what is about this record."""
    return ref.lower().replace("-", "")


def owned(ref: str) -> str:
    """The word of what belongs to this client."""
    return f"owned{about(ref)}"


def via(ref: str) -> str:
    """The word of what depends on this record's relations."""
    return f"through{about(ref)}"


def named(conn: Connection, said: Collection[str]) -> frozenset[str]:
    """The words of what belongs to the clients, prospects and projects that these words name: a project by its whole
    title, a client by a word that only its title has.
    """
    rows = [(row.ref, row.kind, _telling(row.title)) for row in conn.execute(_PARTIES)]
    shared = Counter(word for _, kind, title in rows if kind != "project" for word in title)
    return frozenset(
        via(ref) if kind == "project" else owned(ref)
        for ref, kind, title in rows
        if (kind == "project" and title and title.issubset(said))
        or (kind != "project" and any(shared[word] == 1 and word in said for word in title))
    )


def _telling(title: str) -> frozenset[str]:
    return frozenset(word for word in _WORD.findall(words.folded(title)) if len(word) > _SMALL)


def of(conn: Connection, refs: Sequence[str]) -> Scoped:
    """The scope of what is about these records, as the mirror knows them now."""
    scoped, titles = [about(ref) for ref in refs], list[str]()
    for ref in refs:
        owners, steps, told = _owners(conn, ref)
        scoped += [*map(owned, owners), *map(via, steps)]
        titles += told
    if not any(word.startswith("owned") for word in scoped):
        scoped.append(FIRM)
    return Scoped(" ".join(dict.fromkeys(scoped)), "\n".join(dict.fromkeys(titles)))


def owners(conn: Connection, refs: Iterable[str]) -> dict[str, str]:
    """The clients (else prospects) to whom these records belong, each with its title, by ref."""
    found = {one for ref in refs for one in _owners(conn, ref)[0]}
    return {row["ref"]: row["title"] for row in _records(conn, found)}


def _owners(conn: Connection, ref: str) -> tuple[list[str], list[str], list[str]]:
    """The clients that a record belongs to (else the prospects), the records that led there, and their titles.

    The nearest decide, as `sessions.walls.owners` says; that walks what a session knows, this the mirror.
    """
    level, seen, steps, titles = [ref], {ref}, list[str](), list[str]()
    prospects: list[str] = []
    for step in range(_MOST_STEPS):
        rows = _records(conn, level)
        clients = [row["ref"] for row in rows if row["kind"] == "client"]
        nearest = [row for row in rows if row["ref"] in clients or not clients]
        titles += [row["title"] for row in nearest if step == 0 or row["kind"] in ("client", "prospect", "project")]
        if clients:
            return clients, steps, titles
        prospects = prospects or [row["ref"] for row in rows if row["kind"] == "prospect"]
        steps += level
        level = list(dict.fromkeys(other for row in rows for other in walls.relations(row["props"])))
        level = [other for other in level if other not in seen]
        seen.update(level)
        if not level:
            break
    return prospects, steps, titles


def _records(conn: Connection, refs: Iterable[str]) -> Sequence[RowMapping]:
    """The records of these refs, also by the names that they had before."""
    named = list(refs)
    query = select(record_alias.c.ref).where(record_alias.c.alias.in_(named))
    wanted = [*named, *conn.execute(query).scalars()]
    columns = (record.c.ref, record.c.kind, record.c.title, record.c.props)
    found = select(*columns).where(record.c.ref.in_(wanted)).order_by(record.c.ref)
    return conn.execute(found).mappings().all()
