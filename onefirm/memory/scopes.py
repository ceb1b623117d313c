"""For whom a passage is: words in the index that stand for what it is about, and for the clients that own that.

`p12` stands for a passage about P-12, `ownedcl1` for one of CL-1, `throughp12` for one whose owner was found by way of
P-12, and `ofthefirm` for what belongs to nobody. Nobody asks for such a word: scope and text are searched alike. They
only lead the search: a session's sight judges once more behind it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, select

from onefirm.memory import words
from onefirm.sessions import walls
from onefirm.store.tables import record, record_alias

FIRM = "ofthefirm"
_MOST_STEPS = 6
_SMALL = 3
_WORD = re.compile(r"[^\W_]+")
_PARTIES = select(record.c.ref, record.c.kind, record.c.title).where(
    record.c.kind.in_(("client", "prospect", "project")), record.c.archived.is_(False)
)


@dataclass(frozen=True, slots=True)
class Named:
    """By which words a question names clients, prospects and projects, and the scope words of what belongs to these: a
    client or prospect by a word that only its title has (`by_word`), a project by every word of its title.
    """

    by_word: Mapping[str, str]
    projects: Mapping[str, Sequence[tuple[frozenset[str], str]]]

    def among(self, said: Collection[str]) -> frozenset[str]:
        """The scope words of what these words name."""
        clients = (self.by_word[word] for word in said if word in self.by_word)
        projects = (via for word in said for title, via in self.projects.get(word, ()) if title.issubset(said))
        return frozenset((*clients, *projects))


@dataclass(frozen=True, slots=True)
class Scoped:
    """What the index keeps of an item's records besides their refs: scope words, and their titles. `owners` are the
    clients (else prospects) to which it belongs.
    """

    words: str
    titles: str
    owners: tuple[str, ...]


def about(ref: str) -> str:
    """The word of what is about this record."""
    return ref.lower().replace("-", "")


def owned(ref: str) -> str:
    """The word of what belongs to this client."""
    return f"owned{about(ref)}"


def via(ref: str) -> str:
    """The word of what depends on this record's relations."""
    return f"through{about(ref)}"


def named(conn: Connection) -> Named:
    """How clients, prospects and projects are named, as the mirror has them now."""
    by_word: dict[str, list[str]] = {}
    projects: dict[str, list[tuple[frozenset[str], str]]] = {}
    for ref, kind, title in conn.execute(_PARTIES):
        telling = _telling(title)
        if kind == "project" and telling:
            projects.setdefault(min(telling), []).append((telling, via(ref)))
        for word in telling if kind != "project" else ():
            by_word.setdefault(word, []).append(owned(ref))
    return Named({word: of[0] for word, of in by_word.items() if len(of) == 1}, projects)


def _telling(title: str) -> frozenset[str]:
    return frozenset(word for word in _WORD.findall(words.folded(title)) if len(word) > _SMALL)


def of(conn: Connection, refs: Sequence[str]) -> Scoped:
    """The scope of what is about these records, as the mirror knows them now."""
    scoped, titles, every = [about(ref) for ref in refs], list[str](), list[str]()
    for ref in refs:
        owners, steps, told = _owners(conn, ref)
        scoped += [*map(owned, owners), *map(via, steps)]
        titles += told
        every += owners
    if not every:
        scoped.append(FIRM)
    return Scoped(" ".join(dict.fromkeys(scoped)), "\n".join(dict.fromkeys(titles)), tuple(every))


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
