"""Writes that waited and met somebody else's change: nothing is overwritten, the operator decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from sqlalchemy import Connection

from onefirm.core.attribution import SYSTEM, By
from onefirm.core.errors import InvalidInput, NotFound, Refused
from onefirm.state import claims, mirror, situation
from onefirm.state.claims import Claim
from onefirm.state.drafts import Draft
from onefirm.state.plane import Plane
from onefirm.state.truth.base import TruthRow
from onefirm.store import inbox, outbox
from onefirm.store.inbox import InboxItem

KIND = "conflict"
Keep: TypeAlias = str
"""`mine`, `theirs`, or the ref of the row that an unsure create made."""


@dataclass(frozen=True, slots=True)
class Clash:
    """One draft that can't be written as it is: the values that we want and those that are there, in stored form."""

    draft: Draft
    row: TruthRow | None
    mine: Mapping[str, Any]
    theirs: Mapping[str, Any]
    problem: str


def hold(
    plane: Plane,
    conn: Connection,
    claim: Claim,
    clashes: Sequence[Clash],
    unsure: Mapping[int, Sequence[str]] | None = None,
) -> bool:
    """Keep a claim until the operator has decided, and ask; False when the claim has changed hands.

    `unsure` has, for creates that may have been applied, by their number the refs of rows that may be theirs.
    """
    if not claims.release(conn, claim, "held", plane.now(), clashes[0].problem, unknown=bool(unsure)):
        return False
    round_ = f"{claim.key}:{claim.lease}"  # each time it is tried it is another question
    refs = list(dict.fromkeys(clash.draft.ref for clash in clashes))
    choice = "is it that one (theirs), or shall it be written (mine)?" if unsure else "keep mine or theirs?"
    title = f"{refs[0]} “{clashes[0].draft.title}”: {clashes[0].problem}; {choice}"
    asked: dict[str, Any] = {"key": claim.key, "records": [_side(clash, claim) for clash in clashes]}
    if unsure:
        asked["unsure"] = [[number, list(rows)] for number, rows in unsure.items()]
    item = inbox.ask(conn, KIND, f"{KIND}:{round_}", title, refs, asked, plane.now())
    queued = plane.ledger.effect(conn, f"{claim.key}:0:queued")
    by = By(SYSTEM, claim.by.session, cause=queued.id if queued else None)
    for clash in clashes:
        told = {"kind": clash.draft.kind, "title": clash.draft.title, "problem": clash.problem, "inbox": item,
                "mine": dict(clash.mine), "theirs": dict(clash.theirs)}  # fmt: skip
        key = f"{KIND}:{item}:{clash.draft.ref}"
        plane.ledger.append(conn, "record.conflicted", told, subjects=(clash.draft.ref,), by=by, effect_key=key)
    return True


def _side(clash: Clash, claim: Claim) -> dict[str, Any]:
    return {
        "ref": clash.draft.ref, "kind": clash.draft.kind, "title": clash.draft.title, "op": clash.draft.op,
        "problem": clash.problem, "mine": dict(clash.mine), "theirs": dict(clash.theirs),
        "mine_by": claim.by.actor, "mine_at": claim.created_at,
        "theirs_by": (clash.row.editor if clash.row else None) or "outside",
        "theirs_at": clash.row.edited_at if clash.row else None,
    }  # fmt: skip


def decide(plane: Plane, conn: Connection, item_id: str, keep: Keep, by: By) -> InboxItem:
    """Record the operator's answer: `theirs` drops what waited, `mine` lets it be written over what is there.

    Raises NotFound, InvalidInput, and Refused when it was decided already or can't be written any more.
    """
    item = _open_item(conn, item_id, keep)
    unsure = "unsure" in item.payload
    if not inbox.decide(conn, item_id, keep, by.actor, plane.now()):  # first: of two people at once, one decides
        raise Refused(f"Somebody else has just decided {item_id}.", hint="onefirm record conflicts lists what is open.")
    claim = claims.one(conn, str(item.payload["key"]))
    if claim is None or claim.state != "held":
        raise Refused(
            f"What {item_id} asks about waits no longer.", hint="onefirm record conflicts lists what is open."
        )
    if unsure:
        claims.reopen(conn, claim.key, plane.now())
    elif keep == "mine":
        _check_writable(conn, item, claim)
        claims.revise(conn, claim, [_over(draft, item) for draft in claim.drafts])
        claims.reopen(conn, claim.key, plane.now())
    else:
        outbox.drop(conn, claim.key)
    for side in item.payload["records"]:
        kept = keep if not unsure else "anew" if keep == "mine" else "found"
        told = {"kind": side["kind"], "title": side["title"], "keep": kept, "inbox": item_id}
        key = f"{KIND}:{item_id}:{side['ref']}:decided"
        plane.ledger.append(conn, "record.decided", told, subjects=(side["ref"],), by=by, effect_key=key)
    return item


def answers(item: InboxItem, keep: Keep) -> list[tuple[int, str | None]]:
    """What an answer means for each create that the truth is unsure of: the row that it made, or None."""
    taken, told = set[str](), list[tuple[int, str | None]]()
    for number, refs in item.payload.get("unsure", ()):
        free = [ref for ref in refs if ref not in taken and keep in ("theirs", ref)]
        ref = None if keep == "mine" else next(iter(free), None)
        taken |= {ref} if ref else set()
        told.append((int(number), ref))
    return told


def _open_item(conn: Connection, item_id: str, keep: str) -> InboxItem:
    item = inbox.get(conn, item_id)
    named = {ref for _, refs in item.payload.get("unsure", ()) for ref in refs} if item else set[str]()
    if keep not in ("mine", "theirs", *named):
        raise InvalidInput(f"“{keep[:20]}” is no answer.", hint="Answer mine (write what waited) or theirs (drop it).")
    if item is None or item.kind != KIND:
        raise NotFound(f"There is no conflict {item_id[:20]}.", hint="onefirm record conflicts lists them.")
    check_open(item)
    return item


def check_open(item: InboxItem) -> None:
    """Raise Refused for a question that was answered before."""
    if item.state != "open":
        raise Refused(
            f"{item.id} was decided already: {item.decision}, by {item.decided_by} at {item.decided_at}.",
            hint="Change the record itself if it should be otherwise.",
        )


def _check_writable(conn: Connection, item: InboxItem, claim: Claim) -> None:
    if lost := situation.dangling(conn, claim.needs):
        raise Refused(
            f"It points at {lost[0]}, which was never created.",
            hint="Answer theirs, then write it again without that.",
        )
    there = [draft.ref for draft in claim.drafts if draft.op != "create" and draft.ref in item.subjects]
    now = mirror.load(conn, there)
    for ref in there:
        if ref not in now:
            raise Refused(f"There is no record {ref} that could be changed.", hint="Answer theirs.")
        if now[ref].archived:
            raise Refused(
                f"{ref} is archived at the truth, so it can't be changed.",
                hint=f"Restore {ref} first, then answer mine; or answer theirs.",
            )


def concerned(conn: Connection, item: InboxItem) -> frozenset[str]:
    """The refs of a decided question, and those of what waits for records that it was about."""
    subjects = frozenset(item.subjects)
    needing = (claim.refs for claim in claims.every(conn) if claim.needs & subjects)
    return subjects.union(*needing)


def _over(draft: Draft, item: InboxItem) -> Draft:
    """The draft with the other side's values as those that it saw, so that it is written over them and only them."""
    for side in item.payload["records"]:
        if side["ref"] == draft.ref:
            seen = {name: value for name, value in side["theirs"].items() if name in draft.set}
            return replace(draft, before={**draft.before, **seen})
    return draft
