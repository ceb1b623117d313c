"""The client wall: declaring a session for one client, lifting it, and what such a session may see.

Whose a record is stands in `sessions.walls`, whose a file is in `narrative.belonging`: hooks judge by the same two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, select

from onefirm.core.attribution import By
from onefirm.core.errors import InvalidInput, NotFound, Refused
from onefirm.core.ids import parse_ref
from onefirm.core.sight import Sight
from onefirm.day.planes import Planes
from onefirm.memory import stories, transcripts
from onefirm.narrative.belonging import Folders
from onefirm.sessions import db, known, receipts, walls
from onefirm.sessions.shapes import Session, Wall
from onefirm.state import claims
from onefirm.state.mirror import Record
from onefirm.state.query import MOST_ROWS, Query
from onefirm.store.tables import decision, fact, lesson, record, record_alias, source

_KINDS = ("client", "prospect")
_REMEMBERED = (decision, source, fact)
_MOST_NAMED = 5


def of_call(root: Path, client_id: str | None) -> Wall | None:
    """The wall that a tool call stands behind, None in a firm-wide session.

    A call that no hook announced could be anybody's: while a session here is declared for a client, it is refused.
    Raises Refused.
    """
    try:
        if client_id:
            return walls.of(str(root), client_id)
    except walls.Unreadable as error:
        raise Refused(f"Nothing is read here: {error}.", hint=walls.BACK) from error
    if walls.declared(str(root)):
        raise Refused(
            "This call names no session, and a session in this workspace is declared for one client: nobody can tell "
            "what may be seen here.",
            hint=f"`onefirm doctor` checks the hooks. {walls.BACK}",
        )
    return None


def declare(planes: Planes, session: Session, named: str, by: By) -> Wall:
    """Declare a session for the client of this ref or name. Raises NotFound, Refused where several fit."""
    client = _client(planes, named)
    parties = [planes.schema.kind(kind).prefix for kind in _KINDS]
    before = _before(planes, session)
    # The wall first: one that stands although the ledger doesn't tell of it does no harm.
    wall = walls.put(str(planes.root), session["client_id"], client.ref, client.title, parties)
    told = {"client": client.ref, "title": client.title, "before": before["client"] if before else None}
    _tell(planes, "wall.declared", told, [client.ref], session, by)
    with db.writing(str(planes.root)) as conn:  # who moves them is no news behind the wall
        known.leave(conn, session["session"], sight(planes, wall).hidden)
    return wall


def lift(planes: Planes, session: Session, by: By) -> Wall | None:
    """Make a session firm-wide again; None when it is. The ledger has it first."""
    wall = _before(planes, session)
    if wall:
        told = {"client": wall["client"], "title": wall["title"]}
        _tell(planes, "wall.lifted", told, [wall["client"]] if wall["client"] else [], session, by)
        walls.drop(str(planes.root), session["client_id"])
    return wall


def _before(planes: Planes, session: Session) -> Wall | None:
    """The wall that stands; one that can't be read is a wall of nobody knows whom."""
    try:
        return walls.of(str(planes.root), session["client_id"])
    except walls.Unreadable:
        return {"client": "", "title": "", "parties": [], "at": ""}


def _tell(
    planes: Planes, kind: str, told: Mapping[str, object], subjects: Sequence[str], session: Session, by: By
) -> None:
    who = By(by.actor, session["session"], by.reason, by.cause)
    with planes.store.write() as conn:
        planes.ledger.append(conn, kind, told, subjects=subjects, by=who)


def seen_before(planes: Planes, session: Session, wall: Wall) -> list[str]:
    """Records of others that the session has looked at already: what was read stays in its conversation."""
    hidden = sight(planes, wall).hidden
    return [ref for ref in receipts.all(str(planes.root), session["session"]) if ref in hidden]


def _client(planes: Planes, named: str) -> Record:
    try:
        ref = parse_ref(named)
    except InvalidInput:
        return _by_name(planes, named)
    found = planes.records.get(ref, fresh=False)
    if found.kind != "client":
        raise Refused(f"{found.ref} is a {found.kind}; a session is declared for a client.", hint=_list())
    return found


def _by_name(planes: Planes, named: str) -> Record:
    """The client whose title is this, else the only one that has all these words in its title."""
    clients = planes.records.find(Query(kind="client", limit=MOST_ROWS)).rows
    wanted = named.casefold().split()
    exact = [one for one in clients if one.title.casefold().split() == wanted]
    found = exact or [one for one in clients if wanted and all(word in one.title.casefold() for word in wanted)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotFound(f"No client is called “{named[:60]}”.", hint=_list())
    several = ", ".join(f"{one.ref} {one.title}" for one in found[:_MOST_NAMED])
    raise Refused(f"“{named[:60]}” fits {len(found)} clients: {several}.", hint="Name one by its ref.")


def _list() -> str:
    return "`onefirm record find client` lists them."


# -- what may be seen


def sight(planes: Planes, wall: Wall) -> Sight:
    """What the session behind this wall may see, as the firm is now.

    What memory has about several records is hidden when one of them is; a lesson that recurred elsewhere is the
    firm's own, since it names nobody. An archived session is seen only where it speaks of this client: what else was
    said in it nobody has judged. A file is hidden when its own head or a folder above it names a hidden record, or
    one that nobody knows.
    """
    with planes.store.read() as conn:
        related = _related(conn)
        names = {row.alias: row.ref for row in conn.execute(select(record_alias.c.alias, record_alias.c.ref))}
        said = [(ref, about) for one in _REMEMBERED for ref, about in conn.execute(select(one.c.ref, one.c.subjects))]
        archived = select(source.c.ref, source.c.subjects).where(source.c.kind == transcripts.KIND)
        sessions = [(ref, about) for ref, about in conn.execute(archived)]
        of_all = stories.recurred(conn, planes.ledger)
        learned = conn.execute(select(lesson.c.ref, lesson.c.subjects))
        said += [(ref, [] if ref in of_all else about) for ref, about in learned]

    def leads_to(ref: str) -> Sequence[str]:
        return [names.get(other, other) for other in related.get(ref, ())]

    owned = {ref: walls.owners(ref, wall["parties"], leads_to) for ref in related}
    hidden = {ref for ref, owners in owned.items() if walls.is_others(wall, owners)}
    hidden |= {name for name, ref in names.items() if ref in hidden}
    hidden |= {ref for ref, about in said if not hidden.isdisjoint(about)}
    own = {ref for ref, owners in owned.items() if owners == {wall["client"]}}
    hidden |= {ref for ref, about in sessions if own.isdisjoint(about)}
    every = {*related, *names, *(ref for ref, _ in said)}
    return Sight(
        walls.who(wall), frozenset(hidden), frozenset(every - hidden), _paths(planes.root, every - hidden), walls.BACK,
        lambda: sight(planes, wall), wall["client"],
    )  # fmt: skip


def _related(conn: Connection) -> dict[str, list[str]]:
    """Every record with what it is related to; those that wait to be created among them."""
    found = {ref: walls.relations(props) for ref, props in conn.execute(select(record.c.ref, record.c.props))}
    for claim in claims.every(conn):
        for draft in claim.drafts:
            found.setdefault(draft.ref, walls.relations(draft.set))
    return found


def _paths(root: Path, seen: set[str]) -> Callable[[str], bool]:
    folders = Folders(str(root))

    @cache
    def hides(path: str) -> bool:
        try:
            return bool(path) and not seen.issuperset(folders.refs(path))
        except (OSError, ValueError):
            return True  # nobody can tell whose it is

    return hides
