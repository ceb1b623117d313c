"""Going on from a backup: the ledger lacks what came after the copy, and a person says so, once."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass, replace
from pathlib import Path

from onefirm import git, workspace
from onefirm.core.attribution import OPERATOR, By
from onefirm.core.clock import Clock, SystemClock
from onefirm.core.errors import FirmError, Refused
from onefirm.day import anchoring, backups
from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Head
from onefirm.ledger.verify import verify
from onefirm.sessions import projection
from onefirm.store.engine import Store


@dataclass(frozen=True, slots=True)
class Restored:
    """`ends` are the heads at which the copy's chains end; `lost` are the anchors of what came after, given up now."""

    chain_id: str
    ends: tuple[Head, ...]
    lost: tuple[Head, ...]
    notes: tuple[str, ...] = ()


def go_on(root: Path, clock: Clock | None = None) -> Restored | None:
    """What `onefirm doctor --restored` does once a backup was put back; None when no entry is missing.

    1. Mend what `repair` mends: the copy may be of an older schema.
    2. Find the anchors in git, and the marks in session.db, that the ledger doesn't hold; the rest of it must be whole.
    3. Begin a chain, since the numbers after the copy's end are taken; its first entry tells what ended and what is
       lost.
    4. Commit, so that what the copy held, and this entry, are anchored.

    Raises Refused for a ledger that lacks more than what came after the copy.
    """
    clock = clock or SystemClock()
    workspace.prepare(workspace.Report(root), clock)
    store = Store.open(workspace.store_url(root))
    try:
        found = _continued(root, store, Ledger(clock, workspace.installation(root)))
        if found is None:
            return None
        _begin_again(store, Ledger(clock, found.chain_id), found)
    finally:
        store.close()
    _write_installation(root, found.chain_id)
    backups.set_apart(root, workspace.stamp(clock))
    try:
        git.commit_nothing(root, "Go on from a backup", workspace.trailers(root))
    except FirmError as error:
        return replace(found, notes=(f"not committed: {error}",))
    return found


def _continued(root: Path, store: Store, ledger: Ledger) -> Restored | None:
    with store.read() as conn:
        kept = anchoring.of_commits(root, conn, ledger).heads
        lost = anchoring.missing(conn, ledger, kept)
        heads = {head.chain_id: head for head in ledger.heads(conn)}
        ahead = {
            name for name, seq in projection.watermarks(str(root)).items() if name in heads and seq > heads[name].seq
        }
        if not lost and not ahead:
            return None
        verdict = verify(conn, [head for head in kept if head not in lost])
    if not verdict.ok:
        raise Refused(
            f"What stands in the database's place isn't whole: {verdict.findings[0].sentence} Nothing was changed.",
            hint="Put another copy back; those in .onefirm/backup/ are by day.",
        )
    ended = ahead | {head.chain_id for head in lost}
    ends = tuple(head for name, head in heads.items() if name in ended)
    return Restored(workspace.new_chain(), ends, lost)


def _begin_again(store: Store, ledger: Ledger, restored: Restored) -> None:
    said = {"ends": [str(head) for head in restored.ends], "lost": [str(head) for head in restored.lost]}
    with store.write() as conn:
        ledger.found(conn, socket.gethostname())
        by = By(OPERATOR, reason="onefirm doctor --restored")
        ledger.append(conn, "workspace.restored", said, subjects=(), by=by)


def _write_installation(root: Path, chain_id: str) -> None:
    draft = root / workspace.HIDDEN / ".installation.json"
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
        json.dump({"chain_id": chain_id}, file)
    draft.replace(root / workspace.HIDDEN / "installation.json")
