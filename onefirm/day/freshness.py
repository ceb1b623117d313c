"""How fresh the files of the context tree are: who edited each last, who said that it still holds, and how its records
have moved since.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from onefirm.core.attribution import OUTSIDE, SYSTEM, By
from onefirm.core.clock import iso
from onefirm.core.errors import Refused
from onefirm.core.ids import is_temporary
from onefirm.day import changes, context, naming
from onefirm.day.planes import Planes
from onefirm.memory.statements import check_reason
from onefirm.narrative import archive, files, statements
from onefirm.narrative.files import ContextFile
from onefirm.narrative.index import Index
from onefirm.narrative.statements import Statements
from onefirm.sessions import tree
from onefirm.sessions.paths import told
from onefirm.state import mirror

# A file's path, and the record that it belongs to, if any.
_Place = tuple[str, tuple[str, ...]]
_MOVES = ("record.created", "record.updated", "record.archived", "record.restored", "record.pulled")


@dataclass(frozen=True, slots=True)
class Moved:
    """A record that moved after its file was last edited or confirmed: when it first did, and what came of it."""

    ref: str
    at: str
    what: str


@dataclass(frozen=True, slots=True)
class Fresh:
    """One file. `edited_by` is the session that wrote what it says now (`S-a|S-b`: one of them), `outside` for somebody
    else, empty where nobody knows. What onefirm itself wrote into a record (its next action) is no move of it.
    """

    path: str
    refs: tuple[str, ...]
    edited_at: str
    edited_by: str
    confirmed_at: str | None
    confirmed_by: str | None
    moved: tuple[Moved, ...]

    @property
    def since(self) -> str:
        """When somebody last vouched for it, by writing or by word."""
        return max(self.edited_at, self.confirmed_at or "")


def every(planes: Planes, index: Index | None = None) -> list[Fresh]:
    """Every file: first those whose records have moved on, the longest lag first, then by path."""
    held = (index or Index(files.read(planes.root))).files.values()
    with planes.store.read() as conn:
        known = _versions(planes, conn)
        confirmed = _confirmed(planes, conn)
        found = [_fresh(file, known, confirmed) for file in held]
        found = list(_moved(planes, conn, found))
    return sorted(found, key=lambda one: (min((moved.at for moved in one.moved), default="~"), one.path))


def confirm(planes: Planes, paths: Sequence[str], by: By, start: Path | None = None) -> list[str]:
    """Record that somebody says of these files (typed in the folder `start`) that they still hold; gives their paths.

    Their records are looked at in the truth first: a file that states what its record doesn't say can't be confirmed.
    All are confirmed or none. Raises NotFound, and Refused with the first statement that doesn't hold.
    """
    check_reason(by, planes.secrets_check)
    index = Index(files.read(planes.root))
    meant = [naming.file(index, planes.root, start or planes.root, path) for path in paths]
    for ref in dict.fromkeys(ref for file in meant for ref in file.refs):
        planes.records.get(ref, by)
    world = context.world(planes)
    known = world.records(sorted({ref for file in meant for ref in file.named}))
    for fault in statements.faults(Statements().of(meant, world.rules, known.get)):
        where = f"{told(fault.path)}:{fault.line}"
        raise Refused(f"{where} can't be confirmed: {fault.what}", hint=f"Then {fault.fix}.")
    with planes.store.write() as conn:
        for file in meant:
            data = {"path": file.path, "sha": _sha(file)}
            planes.ledger.append(conn, "narrative.confirmed", data, subjects=file.refs, by=by)
    planes.project()
    return [file.path for file in meant]


def _fresh(
    file: ContextFile, known: Mapping[tuple[str, str], tuple[str, str]], confirmed: Mapping[_Place, tuple[str, str]]
) -> Fresh:
    written_at = iso(datetime.fromtimestamp(file.edited_at, UTC))
    at, who = known.get((file.path, _sha(file)), (written_at, ""))
    said = confirmed.get((file.path, file.refs[:1]), (None, None))
    # A copy of the workspace has younger files than what they say.
    return Fresh(file.path, file.refs, min(at, written_at), who, *said, moved=())


def _sha(file: ContextFile) -> str:
    return tree.sha256(file.text.encode("utf-8", "replace"))


def _versions(planes: Planes, conn: Connection) -> dict[tuple[str, str], tuple[str, str]]:
    """Who wrote a version of a file and when: the ledger knows it by the end of the session, session.db by the edit."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for event in planes.ledger.events(conn, kinds=["narrative.edited"]):
        data = event.payload or {}
        who = "|".join(data.get("one_of") or ()) or event.session or ""
        found[str(data.get("path")), str(data.get("after_sha"))] = event.at, who
    for path, sha, at, who in tree.authors(str(planes.root)):
        found[path, sha] = at, who or OUTSIDE
    return found


def _confirmed(planes: Planes, conn: Connection) -> dict[_Place, tuple[str, str]]:
    """Who confirmed what, and when. What was said of a file goes along into the archive, and stands where it was: a
    close that is taken back brings the file there again. The record tells it from another file in its old place.
    """
    found: dict[_Place, tuple[str, str]] = {}
    for event in planes.ledger.events(conn, kinds=["narrative.confirmed", "narrative.archived"]):
        data = event.payload or {}
        if event.kind == "narrative.archived":
            moves = [archive.Move(str(old), str(new)) for old, new in data.get("moves", ())]
            found |= {(archive.goes_to(moves, path), ref): said for (path, ref), said in found.items()}
        elif data:
            found[str(data["path"]), tuple(event.subjects[:1])] = event.at, event.session or event.actor
    return found


def _moved(planes: Planes, conn: Connection, found: Sequence[Fresh]) -> Iterator[Fresh]:
    refs = {ref for one in found for ref in one.refs}
    meant = mirror.aliases(conn, filter(is_temporary, refs))
    rows = mirror.load(conn, [meant.get(ref, ref) for ref in refs])
    for one in found:
        own = [row for ref in one.refs if (row := rows.get(meant.get(ref, ref)))]
        minute = one.since[:17]  # some truths know times only to the minute; the ledger decides
        moves = [move for row in own if row.updated_at > minute for move in _moves(planes, conn, row.ref, one.since)]
        yield Fresh(one.path, one.refs, one.edited_at, one.edited_by, one.confirmed_at, one.confirmed_by, tuple(moves))


def _moves(planes: Planes, conn: Connection, ref: str, since: str) -> Iterator[Moved]:
    events = planes.ledger.events(conn, ref=ref, kinds=_MOVES, since_at=since)
    own = [event for event in events if event.actor != SYSTEM and event.subjects[:1] == (ref,)]
    for change in changes.fold(own):
        yield Moved(ref, own[0].at, change.text)
