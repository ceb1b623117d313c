"""Records that the truth lost many of at once: they stay here as they are until the operator has said what that was.

A few that are gone were deleted. Many at once are far more often a page that was moved or a filter in somebody's hand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from onefirm.core.attribution import SYSTEM, By
from onefirm.core.errors import InvalidInput, Refused
from onefirm.state import conflicts, mirror
from onefirm.state.plane import Plane
from onefirm.store import inbox, notes
from onefirm.store.inbox import InboxItem

KIND = "vanished"
_KEPT = "truth.kept"
_NAMED = 3
_FEW = 10
_SHARE = 0.2


def are_many(gone: Collection[str], there: int) -> bool:
    """Whether that many of a kind can hardly have been deleted one by one: more than ten, and more than a fifth."""
    return len(gone) > _FEW and len(gone) > there * _SHARE


def held(conn: Connection) -> frozenset[str]:
    """Refs that stay as they are although the truth shows them no longer: asked about, or kept."""
    asked = (ref for item in inbox.open_items(conn, KIND) for ref in item.subjects)
    return frozenset((*asked, *_kept(conn)))


def ask(plane: Plane, conn: Connection, kind: str, gone: Collection[str], there: int) -> None:
    """Ask once about these; what vanishes while the question is open is added to it."""
    earlier = [item for item in inbox.every(conn, KIND) if item.payload.get("kind") == kind]
    open_ = next((item for item in earlier if item.state == "open"), None)
    refs = sorted({*gone, *(open_.subjects if open_ else ())}, key=lambda ref: (len(ref), ref))
    of = max(there, len(refs), int(open_.payload["of"]) if open_ else 0)
    _put(plane, conn, kind, refs, of, open_, f"{KIND}:{kind}:{len(earlier)}")


def _put(plane: Plane, conn: Connection, kind: str, refs: list[str], of: int, item: InboxItem | None, key: str) -> None:
    first = mirror.load(conn, refs[:_NAMED])
    named = ", ".join(f"{ref} “{first[ref].title[:60]}”" for ref in refs[:_NAMED] if ref in first)
    lost = f"{len(refs)} of {of} {plane.schema.kinds[kind].plural.lower()}"
    choice = "archive them here too (theirs), or keep them (mine)?"
    title = f"{plane.truth.name} shows {lost} no longer, such as {named}: {choice}"
    payload = {"kind": kind, "of": of, "lost": lost}
    if item:
        inbox.reword(conn, item.id, title, refs, payload)
    else:
        inbox.ask(conn, KIND, key, title, refs, payload, plane.now())


def came_back(plane: Plane, conn: Connection, refs: Iterable[str]) -> None:
    """These are there again: nothing is asked about them any more, and they are nothing special."""
    back = frozenset(refs)
    if kept := _kept(conn) & back:
        notes.put(conn, _KEPT, sorted(_kept(conn) - kept))
    for item in inbox.open_items(conn, KIND):
        if left := [ref for ref in item.subjects if ref not in back]:
            if len(left) < len(item.subjects):
                _put(plane, conn, str(item.payload["kind"]), left, int(item.payload["of"]), item, "")
        else:
            inbox.decide(conn, item.id, "mended", SYSTEM, plane.now())


def decide(plane: Plane, conn: Connection, item: InboxItem, keep: str, by: By) -> InboxItem:
    """Record an answer; whoever asked for it lets them go. Raises InvalidInput, Refused."""
    conflicts.check_open(item)
    if keep not in ("mine", "theirs"):
        raise InvalidInput(f"“{keep[:20]}” is no answer.", hint="Answer theirs (archive them) or mine (keep them).")
    if not inbox.decide(conn, item.id, keep, by.actor, plane.now()):
        raise Refused(f"Somebody else has just decided {item.id}.", hint="onefirm record conflicts lists what is open.")
    if keep == "mine":
        notes.put(conn, _KEPT, sorted(_kept(conn) | set(item.subjects)))
    asked = f"{plane.truth.name} shows {item.payload['lost']} no longer"  # no titles: what is erased is erased
    told: Mapping[str, Any] = {"asked": asked, "keep": keep, "inbox": item.id}
    plane.ledger.append(conn, "question.decided", told, subjects=(), by=by, effect_key=f"{KIND}:{item.id}:decided")
    return inbox.get(conn, item.id) or item


def _kept(conn: Connection) -> frozenset[str]:
    return frozenset(notes.get(conn, _KEPT) or ())
