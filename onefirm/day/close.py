"""Closing a session: what it left is written, committed and recorded, exactly once, also when the close itself dies.

1. Claim the close in session.db (a lease: a closer that dies lets the next one go on).
2. Record the session's narrative edits, and what it left contradicting the truth.
3. Hand in what waits for the truth.
4. Write the next action of every project and prospect that was touched.
5. Commit the narrative by explicit paths; the message anchors the ledger's heads, also where only state was touched,
   by this session or in a terminal.
6. Record `session.closed`; its effect key makes a second close a repetition.
7. Renew the rules, as narrative that scopes them may have moved; archive what was said and done in the session, where
   the operator keeps that, and what was dropped; ask the week's questions about
   rules; snapshot memory; copy the database in the place of today's copy.
8. Mark the session closed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from onefirm import git
from onefirm.core.attribution import OPERATOR, SYSTEM, By
from onefirm.core.canonical import sha256_hex
from onefirm.core.errors import FirmError
from onefirm.day import anchoring, backups, changes, intake, lessons, rollups, snapshots, transcripts
from onefirm.day.planes import Planes
from onefirm.ledger.anchors import TRAILER
from onefirm.narrative import tree as narrative
from onefirm.sessions import db, denials, edits, identity, reminders, tree, walk, walls
from onefirm.sessions import paths as named
from onefirm.state.records import Change

_log = logging.getLogger(__name__)
LEASE_S = 120.0
How = Literal["ended", "died"]
_STATE_EVENTS = ("record.created", "record.updated", "record.archived", "record.restored", "record.queued")


@dataclass(frozen=True, slots=True)
class Closed:
    """What a close did. `commit` is None when nothing was to be committed; `why_not` says why a commit failed."""

    session: str
    how: How
    touched: tuple[str, ...]
    pending: int
    unreconciled: tuple[str, ...]
    next_actions: dict[str, str]
    commit: str | None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """`commit` is None when nothing had come since the last anchor, or for `why_not`; `copy` names the new backup."""

    commit: str | None
    copy: str | None
    why_not: str = ""


def close(planes: Planes, session: str, how: How) -> Closed | None:
    """Close one session; None when it is closed already or somebody else is at it."""
    root = str(planes.root)
    if not identity.claim_close(root, session, LEASE_S):
        return None
    try:
        closed = _close(planes, session, how)
    except BaseException:
        identity.release_close(root, session)
        raise
    identity.mark_closed(root, session)
    if known := identity.get(root, session):
        _rest_wall(root, known["client_id"])
    return closed


def _rest_wall(root: str, client_id: str) -> None:
    """A resumed session may be at work under the same id already: then its wall goes on standing."""
    if not identity.of_client(root, client_id):
        walls.rest(root, client_id)


def settle(planes: Planes, by: By) -> Settled:
    """What a close does for the firm where no session is left: hand in what waits, anchor the ledger, copy it.

    By the operator's word it is a close as well, of no session: what changed until then isn't told as new again.
    """
    planes.records.sync(By(SYSTEM))
    _take_in(planes, By(SYSTEM))
    _keep_rules(planes)
    try:
        commit, why_not = _anchor(planes, "Anchor the ledger"), ""
    except FirmError as error:
        commit, why_not = None, str(error)
    if by.actor == OPERATOR:
        _record_settled(planes, commit, why_not, by)
    snapshots.at_close(planes)
    copy = backups.make(planes)
    return Settled(commit, copy.name if copy else None, why_not)


def _take_in(planes: Planes, by: By) -> None:
    """Take in what was dropped, and let go of what has expired. A close doesn't fail for it."""
    try:
        rollups.let_go(planes, by)
        intake.take(planes, by)
    except (FirmError, OSError):
        _log.warning("the drop folder could not be taken in", exc_info=True)


def _keep_rules(planes: Planes) -> None:
    """Ask the week's questions about rules, where no service has. A close doesn't fail for it."""
    try:
        planes.keep_rules()
    except FirmError:
        _log.warning("the rules could not be looked through", exc_info=True)


def _close(planes: Planes, session: str, how: How) -> Closed:
    by = By(SYSTEM, session)
    _record_edits(planes, session)
    unreconciled = _record_unreconciled(planes, session, by)
    planes.records.sync(by)
    touched = _touched(planes, session)
    actions = _write_next_actions(planes, touched, by)
    commit, why_not = _commit(planes, session)
    closed = Closed(session, how, tuple(touched), len(planes.records.pending()), unreconciled, actions, commit, why_not)
    _record_close(planes, closed, by)
    lessons.render(planes.root, planes.lessons.every, planes.secrets_check)
    transcripts.archive(planes, session, by)
    _take_in(planes, by)
    _keep_rules(planes)
    snapshots.at_close(planes)
    backups.make(planes)
    return closed


def _record_edits(planes: Planes, session: str) -> None:
    with planes.store.write() as conn:
        for edit in tree.edits(str(planes.root), session):
            if edit["tool"] == edits.OWN:
                continue
            actor = f"claude/{edit['agent']}" if edit["agent"] else "claude"
            names = ("path", "before_sha", "after_sha", "tool", *(("one_of",) if len(edit["one_of"]) > 1 else ()))
            owner = "|".join(edit["one_of"])  # what may be of several is told once
            planes.ledger.append(
                conn,
                "narrative.edited",
                {name: edit[name] for name in names},
                subjects=(),
                by=By(actor, session),
                effect_key=f"edit:{owner}:{edit['at']}:{edit['path']}:{edit['after_sha']}",
            )


def _record_unreconciled(planes: Planes, session: str, by: By) -> tuple[str, ...]:
    found = tree.unreconciled(str(planes.root), session)
    with planes.store.write() as conn:
        for item in found:
            planes.ledger.append(
                conn,
                "narrative.unreconciled",
                {"path": item["path"], "why": item["why"]},
                subjects=narrative.refs_of(planes.root, item["path"]),
                by=by,
                effect_key=f"unreconciled:{session}:{item['path']}:{sha256_hex(item['why'])}",  # a key is never erased
            )
    return tuple(dict.fromkeys(str(item["path"]) for item in found))


def _touched(planes: Planes, session: str) -> list[str]:
    with planes.store.read() as conn:
        events = planes.ledger.events(conn, session=session, kinds=_STATE_EVENTS)
    # What an earlier try of this close wrote itself is not the session's work.
    return list(dict.fromkeys(event.subjects[0] for event in events if event.actor != SYSTEM))


def _write_next_actions(planes: Planes, touched: Sequence[str], by: By) -> dict[str, str]:
    wanted = planes.records.next_actions(touched)
    written: dict[str, str] = {}
    for ref, text in wanted.items():
        try:
            planes.records.write([Change("update", ref=ref, set={"next_action": text})], by)
        except FirmError:
            continue  # a record that was archived or moved meanwhile needs no next action
        written[ref] = text
    return written


def _commit(planes: Planes, session: str) -> tuple[str | None, str]:
    edits = tree.edits(str(planes.root), session)
    root = f"{planes.root}/"
    paths = dict.fromkeys(
        walk.on_disk(root + path).removeprefix(root)
        for edit in edits
        for path in (edit["path"], edit["renamed_from"])
        if path
    )
    secret = without_secrets(planes, paths)
    try:
        commit = git.commit_paths(planes.root, list(paths), _message(paths), trailers(planes))
        commit = commit or _anchor(planes, _message(paths))
    except FirmError as error:
        return None, str(error)
    return commit, "; ".join(secret)


def _anchor(planes: Planes, message: str) -> str | None:
    """Anchor the ledger by a commit without files, if it moved since the last anchor."""
    with planes.store.read() as conn:
        is_due = git.is_repository(planes.root) and anchoring.is_due(planes.root, conn, planes.ledger)
    return git.commit_nothing(planes.root, message, trailers(planes)) if is_due else None


def trailers(planes: Planes) -> list[tuple[str, str]]:
    """What a commit's message ends with: the ledger's heads."""
    with planes.store.read() as conn:
        return [(TRAILER, str(head)) for head in planes.ledger.heads(conn)]


def without_secrets(planes: Planes, paths: dict[str, None]) -> list[str]:
    """Take files that hold a secret out of what is committed: git keeps what it once had. Returns what to tell."""
    told: list[str] = []
    for path in list(paths):
        try:
            what = planes.secrets_check(tree.read(str(planes.root / path)))
        except OSError:
            continue  # deleted: there is nothing to keep out
        if what:
            del paths[path]
            told.append(f"{named.told(path)} holds {what} and was not committed: take it out of the file")
    return told


def _message(paths: Iterable[str]) -> str:
    names = list(paths)
    return (
        "Close a session"
        if not names
        else f"Close a session: {len(names)} narrative file{'s' if len(names) > 1 else ''}"
    )


def _record_close(planes: Planes, closed: Closed, by: By) -> None:
    with db.writing(str(planes.root)) as hooks:
        fired, denied = reminders.fired(hooks, closed.session), denials.of(hooks, closed.session)
    with planes.store.write() as conn:
        head = planes.ledger.head(conn)
        data = {
            "how": closed.how,
            "touched": list(closed.touched),
            "pending": closed.pending,
            "unreconciled": list(closed.unreconciled),
            "next_actions": closed.next_actions,
            "commit": closed.commit,
            "not_committed": closed.why_not,
            "head": str(head) if head else None,
            **({"fired": fired} if fired else {}),
            **({"denied": denied} if denied else {}),
        }
        key = f"session.closed:{closed.session}"
        planes.ledger.append(conn, "session.closed", data, subjects=(), by=by, effect_key=key)
    planes.project()


def _record_settled(planes: Planes, commit: str | None, why_not: str, by: By) -> None:
    """Record it where anything came since the last close: a second word says nothing new."""
    with planes.store.write() as conn:
        last = changes.last_close(planes, conn)
        if changes.since(planes, conn, last.at if last else None):
            data = {"how": "ended", "commit": commit, "not_committed": why_not}
            planes.ledger.append(conn, "session.closed", data, subjects=(), by=by)
    planes.project()
