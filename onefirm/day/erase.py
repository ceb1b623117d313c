"""Erasing what the firm knows of a record or a lesson: out of every place of ours, and what stays is told."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace

from sqlalchemy import Connection

from onefirm import git
from onefirm.core.attribution import By
from onefirm.core.ids import parse_ref
from onefirm.day import backups, intake, snapshots, transcripts
from onefirm.day import lessons as rule_files
from onefirm.day.brief import FILE
from onefirm.day.planes import Planes
from onefirm.ledger.events import Event
from onefirm.memory import fact_rows, facts, lessons, passages, rollups, sources, statements, uses
from onefirm.narrative import tree as narrative
from onefirm.sessions import db, tree
from onefirm.state import artifacts, history, mirror, scrub
from onefirm.state.artifacts import Artifacts
from onefirm.store import notes

_NOTE = "erasing:"
_MOST_NAMED = 5
_TELLING = 4
_KEYED = (
    "What an earlier onefirm found in narrative about it stays quoted in the keys of its entries: they are part of the"
    " chain."
)
_SNAPSHOT = (
    "The repository of memory still holds it, as it couldn't be dropped: `onefirm memory snapshot` does, or says why."
)
_TRANSCRIPTS = "So do the conversations that Claude Code keeps itself, in ~/.claude/projects: they are yours to delete."
_ORIGINALS = "The files from which its artifacts were added, and copies of them on other machines, are yours to delete."
_OWN_REFS = ("DEC-", "L-", f"{artifacts.PREFIX}-", f"{sources.PREFIX}-", f"{facts.PREFIX}-")


@dataclass(frozen=True, slots=True)
class Erasable:
    """`entries` counts those that would lose their content, else those that lost it when erasing was cut short.
    `shared` has the refs of what memory has and of artifacts among them that are about other records too.
    """

    entries: int
    shared: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Scope:
    """What is erased: by its refs, and where narrative is about it. `own` are the files whose head names it, `files`
    all that name it anywhere.
    """

    names: tuple[str, ...]
    named: re.Pattern[str]
    own: frozenset[str]
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Left:
    """What is to be taken away behind the transaction: artifacts by their hash, what session.db knows of files of its
    own. It is remembered until that is done, for whoever erases it once more.
    """

    entries: int
    is_keyed: bool
    hashes: tuple[str, ...]
    own: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Erased:
    """`entries` counts those that lost their content; `stays` says, in sentences, where its words may still be."""

    ref: str
    entries: int
    stays: tuple[str, ...]


def erasable(planes: Planes, ref: str) -> Erasable:
    """What would be erased. Raises Refused while the record is in use, InvalidInput for no ref."""
    with planes.store.read() as conn:
        names = history.names(conn, parse_ref(ref))
        scrub.check(conn, names[0], names)
        entries = _entries(planes, conn, _scope(planes, names))
        left = _unfinished(conn, names[0])
    number = len(entries) or (left.entries if left else 0)
    return Erasable(number, tuple(dict.fromkeys(event.subjects[0] for event in entries if _shared(event, names))))


def erase(planes: Planes, ref: str, by: By) -> Erased:
    """Erase it for good; the chain, the ref and the times stay.

    1. In one transaction, locks taken as `state.plane` orders them: mirror, truth and questions; the entries' payloads,
       under a tombstone; what recall searches, and what it was asked. A lesson keeps its standing. Last of all the
       files go that its sources were taken from: what is cut short before has erased nothing, and can be done again.
    2. The files of its artifacts go.
    3. session.db is brought up to the tombstone and lets go of what narrative about it said, the rules lose the
       lesson, both files give up their free space, and the last brief goes.
    4. The repository of memory is dropped, and begins anew.
    5. Say what is out of reach: files, git, backups, a truth elsewhere.

    What is cut short behind the transaction, or couldn't be done as another program was at it, is done when the same is
    erased once more.

    Raises as `erasable`, Refused when there is nothing left to erase or the reason holds a secret.
    """
    statements.check_reason(by, planes.secrets_check)
    with planes.store.write() as conn:
        names = history.names(conn, parse_ref(ref))
        mirror.load(conn, names, lock=True)  # before looking: whoever writes it next waits, and sees it erased
        scrub.check(conn, names[0], names)
        scope, named = _scope(planes, names), _named(conn, names)
        entries = _entries(planes, conn, scope)
        left = _unfinished(conn, names[0])
        if entries or left is None:
            left = _joined(left, entries, scope)
            notes.put(conn, _NOTE + names[0], asdict(left))
            _take(planes, conn, scope, entries, named, by)
        pointing = scrub.pointing(conn, names[0])
        intake.forget(planes.root, _refs(entries, "source.archived"))
    Artifacts(planes.root, planes.records).drop(left.hashes)
    emptied = _forget(planes, replace(scope, own=scope.own.union(left.own)))
    is_dropped = snapshots.forget(planes)
    if emptied and is_dropped:
        with planes.store.write() as conn:
            notes.drop(conn, _NOTE + names[0])
    stays = ([_KEYED] if left.is_keyed else []) + _stays(planes, scope, pointing, emptied)
    stays += [_ORIGINALS] if left.hashes else []
    stays += [] if is_dropped else [_SNAPSHOT]
    return Erased(names[0], left.entries, tuple(stays))


def unfinished(planes: Planes) -> list[str]:
    """The refs of what was erased without everything being taken away."""
    with planes.store.read() as conn:
        return notes.under(conn, _NOTE)


def _unfinished(conn: Connection, ref: str) -> _Left | None:
    said = notes.get(conn, _NOTE + ref)
    return _Left(said["entries"], said["is_keyed"], tuple(said["hashes"]), tuple(said["own"])) if said else None


def _joined(left: _Left | None, entries: Sequence[Event], scope: _Scope) -> _Left:
    """What these entries leave to be done, with what is left of an erasure before."""
    hashes = frozenset(filter(None, map(_hash, entries))).union(left.hashes if left else ())
    own = scope.own.union(left.own if left else ())
    is_keyed = any(map(_is_keyed, entries)) or bool(left and left.is_keyed)
    return _Left(len(entries), is_keyed, tuple(sorted(hashes)), tuple(sorted(own)))


def _take(
    planes: Planes, conn: Connection, scope: _Scope, entries: Sequence[Event], named: Callable[[str], bool], by: By
) -> None:
    """Take the words out of every table. Raises Refused where there are none."""
    names = scope.names
    standing = lessons.standing(conn, planes.ledger, names[0])
    scrub.scrub(conn, names)
    tombstone = planes.ledger.erase(conn, [event.id for event in entries], by, subjects=names[:1])
    passages.rescope(conn, names)
    sources.wipe(conn, _refs(entries, "source.archived"), tombstone)
    fact_rows.restate(conn, planes.ledger, _refs(entries, "fact."))
    uses.forget(conn, [*names, *(ref for event in entries for ref in event.subjects[:1])], named)
    passages.wipe(conn, passages.erased(conn))
    if standing:
        lessons.restate(conn, planes.ledger, names[0], standing, tombstone)


def _named(conn: Connection, names: Sequence[str]) -> Callable[[str], bool]:
    """Whether a question names the record: by a ref, or a word of its title that is no small one."""
    titles = " ".join(one.title for one in mirror.load(conn, names).values())
    said = [name.casefold() for name in names] + [word.casefold() for word in titles.split() if len(word) >= _TELLING]
    return lambda text: any(word in text.casefold() for word in said)


def _scope(planes: Planes, names: Sequence[str]) -> _Scope:
    named = re.compile(rf"(?i)(?<![\w-])(?:{'|'.join(map(re.escape, names))})(?![\w-])")
    files = [one for one in narrative.read(planes.root) if named.search(one.text)]
    own = frozenset(one.path for one in files if not set(names).isdisjoint(one.refs))
    return _Scope(tuple(names), named, own, tuple(one.path for one in files))


def _entries(planes: Planes, conn: Connection, scope: _Scope) -> list[Event]:
    """The entries about it and its artifacts, the ends of sessions that name its next action, findings that quote its
    narrative, archived sessions that call it by name, and the roll-ups that say what one of these told.
    """
    found = {event.id: event for name in scope.names for event in planes.ledger.events(conn, ref=name)}
    found |= {event.id: event for event in artifacts.told_of(conn, planes.ledger, scope.names)}
    for event in planes.ledger.events(conn, kinds=["session.closed", "narrative.unreconciled"]):
        told = event.payload or {}
        next_actions: Iterable[str] = told.get("next_actions") or ()
        if not set(next_actions).isdisjoint(scope.names) or _quotes(event, scope):
            found.setdefault(event.id, event)
    named = (planes.ledger.get(conn, name) for name in transcripts.naming(conn, scope.names))
    found |= {event.id: event for event in named if event}
    found |= {event.id: event for event in rollups.saying(conn, found.values())}
    return [one for one in found.values() if one.kind != "payload.erased" and (one.payload or one.damaged)]


def _refs(entries: Iterable[Event], kind: str) -> list[str]:
    return list(dict.fromkeys(event.subjects[0] for event in entries if event.kind.startswith(kind)))


def _hash(event: Event) -> str | None:
    return (event.payload or {}).get("sha256") if event.kind == "artifact.added" else None


def _quotes(event: Event, scope: _Scope) -> bool:
    told = event.payload or {}
    named = scope.named.search(str(told.get("why"))) is not None
    return event.kind == "narrative.unreconciled" and (named or told.get("path") in scope.own)


def _is_keyed(event: Event) -> bool:
    why = (event.payload or {}).get("why")
    return event.kind == "narrative.unreconciled" and bool(why) and str(why) in (event.effect_key or "")


def _shared(event: Event, names: Sequence[str]) -> bool:
    """Whether it is an artifact, or of memory, and about other records too."""
    own = event.subjects[0] in names
    others = [ref for ref in event.subjects[1:] if ref not in names and not ref.startswith(_OWN_REFS)]
    return event.kind.startswith(("decision.", "lesson.", "artifact.", "source.", "fact.")) and not own and bool(others)


def _forget(planes: Planes, scope: _Scope) -> bool:
    """Whether nothing is left in the free space of our files; not while another program has them open."""
    planes.project()
    rule_files.render(planes.root, planes.lessons.every, planes.secrets_check)
    (planes.root / ".onefirm" / FILE).unlink(missing_ok=True)
    emptied = planes.store.compact()
    try:
        with closing(db.connect(str(planes.root))) as conn:
            with db.writing(conn):
                tree.forget(conn, scope.own, lambda text: bool(scope.named.search(text)))
            conn.execute("VACUUM")
            (busy, _, _) = conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except (sqlite3.Error, db.Lost):
        return False
    return emptied and not busy


def _stays(planes: Planes, scope: _Scope, pointing: Sequence[str], emptied: bool) -> list[str]:
    ref = scope.names[0]
    truth = planes.records.plane.truth
    told = [
        (pointing, f"Records that point at {ref} keep their own words: {_some(pointing)}."),
        (scope.files, f"Narrative files that name {ref} are yours to edit: {_some(scope.files)}. session.db keeps what"
         f" they say now for {tree.KEPT_DAYS} days after that; it may be deleted while no session is open."),
        (git.is_repository(planes.root), "The git history of narrative files keeps what they said."),
        (backups.known(planes.root), f"Backups made before still hold it: {len(backups.known(planes.root))} under"
         " .onefirm/backup/; a session's close makes a fresh one, so they can be deleted then."),
        (not emptied, "Another program has the databases open: free space in them may hold its words until it ends."),
        (planes.store.dialect != "sqlite", "The database server's own backups and logs still hold it."),
        (truth.name != "the embedded store", f"In {truth.name} it has to be deleted there, else it comes back."),
    ]  # fmt: skip
    always = ["Exports that were made before still hold it.", _TRANSCRIPTS]
    return [sentence for applies, sentence in told if applies] + always


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
