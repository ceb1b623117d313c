"""Erasing what the firm knows of a record or a lesson: out of every place of ours, and what stays is told."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import Connection

from onefirm import git
from onefirm.core.attribution import By
from onefirm.core.ids import parse_ref
from onefirm.day import backups
from onefirm.day import lessons as rule_files
from onefirm.day.brief import FILE
from onefirm.day.planes import Planes
from onefirm.ledger.events import Event
from onefirm.memory import lessons, passages, statements
from onefirm.narrative import tree
from onefirm.sessions import db
from onefirm.state import history, mirror, scrub

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Erased:
    """`entries` counts those that lost their content; `stays` says, in sentences, where its words may still be."""

    ref: str
    entries: int
    stays: tuple[str, ...]


def erasable(planes: Planes, ref: str) -> int:
    """How many entries would lose their content. Raises Refused while the record is in use, InvalidInput for no ref."""
    with planes.store.read() as conn:
        names = history.names(conn, parse_ref(ref))
        scrub.check(conn, names[0], names)
        return len(_entries(planes, conn, names))


def erase(planes: Planes, ref: str, by: By) -> Erased:
    """Erase it for good; the chain, the ref and the times stay.

    1. In one transaction, locks taken as `state.plane` orders them: mirror, truth and questions; the entries' payloads,
       under a tombstone; what recall searches. A lesson keeps its standing.
    2. session.db is brought up to the tombstone, the rules lose the lesson, both files give up their free space, and
       the last brief goes.
    3. Say what is out of reach: files, git, backups, a truth elsewhere.

    Raises as `erasable`, Refused when there is nothing left to erase or the reason holds a secret.
    """
    statements.check_reason(by, planes.secrets_check)
    with planes.store.write() as conn:
        names = history.names(conn, parse_ref(ref))
        mirror.load(conn, names, lock=True)  # before looking: whoever writes it next waits, and sees it erased
        scrub.check(conn, names[0], names)
        entries = _entries(planes, conn, names)
        standing = lessons.standing(conn, planes.ledger, names[0])
        scrub.scrub(conn, names)
        tombstone = planes.ledger.erase(conn, entries, by, subjects=names[:1])
        passages.wipe(conn, passages.erased(conn))
        if standing:
            lessons.restate(conn, planes.ledger, names[0], standing, tombstone)
        pointing = scrub.pointing(conn, names[0])
    emptied = _forget(planes)
    return Erased(names[0], len(entries), tuple(_stays(planes, names, pointing, emptied)))


def _entries(planes: Planes, conn: Connection, names: Sequence[str]) -> list[str]:
    """The entries about it, and the ends of sessions that name its next action."""
    about = [event for name in names for event in planes.ledger.events(conn, ref=name)]
    closes = planes.ledger.events(conn, kinds=["session.closed"])
    about += [event for event in closes if not _next_actions(event).isdisjoint(names)]
    left = (event.id for event in about if event.kind != "payload.erased" and (event.payload or event.damaged))
    return list(dict.fromkeys(left))


def _next_actions(event: Event) -> frozenset[str]:
    return frozenset((event.payload or {}).get("next_actions") or ())


def _forget(planes: Planes) -> bool:
    """Whether nothing is left in the free space of our files; not while another program has them open."""
    planes.project()
    rule_files.render(planes.root, planes.lessons.every(), planes.secrets_check)
    (planes.root / ".onefirm" / FILE).unlink(missing_ok=True)
    emptied = planes.store.compact()
    try:
        with closing(db.connect(str(planes.root))) as conn:
            conn.execute("VACUUM")
            (busy, _, _) = conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except (sqlite3.Error, db.Lost):
        return False
    return emptied and not busy


def _stays(planes: Planes, names: Sequence[str], pointing: Sequence[str], emptied: bool) -> list[str]:
    ref = names[0]
    named = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, names))})(?![\w-])")
    files = [one.path for one in tree.read(planes.root) if named.search(one.text)]
    truth = planes.records.plane.truth
    told = [
        (pointing, f"Records that point at {ref} keep their own words: {_some(pointing)}."),
        (files, f"Narrative files that name {ref} are yours to edit: {_some(files)}."),
        (git.is_repository(planes.root), "The git history of narrative files keeps what they said."),
        (backups.known(planes.root), f"Backups made before still hold it: {len(backups.known(planes.root))} under"
         " .onefirm/backup/; a session's close makes a fresh one, so they can be deleted then."),
        (not emptied, "Another program has the databases open: free space in them may hold its words until it ends."),
        (planes.store.dialect != "sqlite", "The database server's own backups and logs still hold it."),
        (truth.name != "the embedded store", f"In {truth.name} it has to be deleted there, else it comes back."),
    ]  # fmt: skip
    return [sentence for applies, sentence in told if applies] + ["Exports that were made before still hold it."]


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
