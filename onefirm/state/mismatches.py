"""Questions about the form of the truth's rows, where it isn't what the firm was told: asked once, gone when mended.

The answer is written by whoever may write what the firm is told; here it is only checked and recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from sqlalchemy import Connection

from onefirm.core.attribution import SYSTEM, By
from onefirm.core.errors import InvalidInput, Refused
from onefirm.state import conflicts
from onefirm.state.plane import Plane
from onefirm.state.truth.base import Mismatch, Unreachable, kind_of
from onefirm.store import inbox
from onefirm.store.inbox import InboxItem

KIND = "mapping"
Edits: TypeAlias = "list[tuple[list[str], Any]]"
"""Paths of settings and their values; None takes one out."""
LEAVE = "mine"
"""The answer that leaves what the firm was told as it is."""


def ask(plane: Plane, *, again: bool = False, everywhere: bool = False) -> None:
    """Bring the questions up to what the truth has noticed.

    `again` also looks whether open ones are mended, `everywhere` at every kind: rows don't show everything. A truth
    that can't be reached is asked the next time.
    """
    noticed = plane.truth.noticed()
    if not (noticed or again or everywhere):  # as at nearly every look: nothing that was asked can have changed
        return
    with plane.store.read() as conn:
        known = {str(item.payload["mismatch"]): item for item in inbox.every(conn, KIND) if _holds(item)}
    kinds = {kind_of(key) for key in noticed if key not in known}
    kinds |= {kind_of(key) for key, item in known.items() if again and item.state == "open"}
    kinds |= set(plane.schema.kinds) if everywhere else set()
    if not kinds:
        return
    try:
        found = plane.truth.mismatches(kinds)
    except Unreachable:
        return
    wanted = {one.key: one for one in found if not one.is_idle or one.key in noticed or one.key in known}
    with plane.store.write() as conn:
        _keep(plane, conn, kinds, wanted)


def _holds(item: InboxItem) -> bool:
    """Whether a question is open, or was answered for as long as things stay so."""
    return item.state == "open" or item.decision == LEAVE


def _keep(plane: Plane, conn: Connection, kinds: set[str], wanted: Mapping[str, Mismatch]) -> None:
    asked = inbox.every(conn, KIND)
    holding = {str(item.payload["mismatch"]): item for item in asked if _holds(item)}
    for key, item in holding.items():
        if item.state == "open" and kind_of(key) in kinds and key not in wanted:
            inbox.decide(conn, item.id, "mended", SYSTEM, plane.now())
    for key, one in wanted.items():
        title, payload = one.said, {"mismatch": key, "answers": _plain(one)}
        if key in holding:
            inbox.reword(conn, holding[key].id, title, (), payload)
        else:
            earlier = sum(item.payload["mismatch"] == key for item in asked)
            inbox.ask(conn, KIND, f"{KIND}:{key}:{earlier}", title, (), payload, plane.now())


def _plain(one: Mismatch) -> dict[str, Any]:
    return {word: [[list(path), value] for path, value in edits] for word, edits in one.answers.items()}


def edits(item: InboxItem, keep: str) -> Edits:
    """What the firm must be told for an answer to hold. Raises InvalidInput, and Refused for one answered before."""
    conflicts.check_open(item)
    answers: Mapping[str, Any] = item.payload["answers"]
    if keep != LEAVE and keep not in answers:
        named = ", ".join((*answers, LEAVE))
        raise InvalidInput(f"“{keep[:20]}” is no answer to {item.id}.", hint=f"It may be answered with: {named}.")
    return [(list(path), value) for path, value in answers.get(keep, ())]


def decide(plane: Plane, conn: Connection, item: InboxItem, keep: str, by: By) -> InboxItem:
    """Record an answer. Raises as `edits`."""
    edits(item, keep)
    if not inbox.decide(conn, item.id, keep, by.actor, plane.now()):
        raise Refused(f"Somebody else has just decided {item.id}.", hint="onefirm record conflicts lists what is open.")
    told = {"asked": item.title, "keep": keep, "inbox": item.id}
    plane.ledger.append(conn, "question.decided", told, subjects=(), by=by, effect_key=f"{KIND}:{item.id}:decided")
    return inbox.get(conn, item.id) or item
