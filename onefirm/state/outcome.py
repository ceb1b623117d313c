"""Recording what a write left: mirror rows, ledger entries and the end of the claim, in one transaction.

The entries tell exactly how the mirror changes, so that mirror and ledger can't differ: what the write itself changed
is a `record.updated`, what the truth says beyond that was changed by somebody else and is a `record.pulled`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from onefirm.core.attribution import OUTSIDE, SYSTEM, By
from onefirm.core.clock import iso
from onefirm.core.errors import NotFound
from onefirm.core.ids import is_temporary
from onefirm.ledger.events import Event
from onefirm.state import claims, mirror, races, situation
from onefirm.state.changes import KeyReused, Receipt, Written
from onefirm.state.claims import Claim
from onefirm.state.drafts import Draft
from onefirm.state.mirror import Record
from onefirm.state.plane import Plane
from onefirm.state.sync.plan import Pull, completed, differing, plan_one, turn
from onefirm.state.truth.base import TruthRow

_VERBS = {"create": "record.created", "update": "record.updated", "archive": "record.archived",
          "restore": "record.restored", "look": "record.seen"}  # fmt: skip
_NAMED = 5
_RECEIPTS: Mapping[str, Receipt] = {"record.seen": "seen", "record.queued": "pending"}


def record(plane: Plane, conn: Connection, claim: Claim, rows: Sequence[TruthRow]) -> list[Written] | None:
    """Record the rows that the truth gave for the claim's writes (looks have none), in their order.

    None when the claim has changed hands: then somebody else records it.
    """
    if not claims.settle(conn, claim):
        return None
    wrote = [draft for draft in claim.drafts if draft.op != "look"]
    for draft, row in zip(wrote, rows, strict=True) if claim.queued else ():
        if draft.op == "create":
            situation.rename(conn, plane.schema, draft.ref, row.ref)
    known = mirror.load(conn, [row.ref for row in rows] + [d.ref for d in claim.drafts if d.op == "look"], lock=True)
    answers = iter(rows)
    return [
        _looked(plane, conn, claim, index, known.get(draft.ref))
        if draft.op == "look"
        else _wrote(plane, conn, claim, index, next(answers), known)
        for index, draft in enumerate(claim.drafts)
    ]


def _looked(plane: Plane, conn: Connection, claim: Claim, index: int, current: Record | None) -> Written:
    if current is None:  # its creation waits before it in the same queue, so this can't be
        raise NotFound(f"There is no record {claim.drafts[index].ref}.")
    told = {"kind": current.kind, "title": current.title, "status": current.status, "etag": current.etag}
    told |= _request(claim)
    return written(_tell(plane, conn, "record.seen", told, (current.ref,), claim.by, f"{claim.key}:{index}"))


def _wrote(
    plane: Plane, conn: Connection, claim: Claim, index: int, row: TruthRow, known: Mapping[str, Record]
) -> Written:
    draft, old = claim.drafts[index], known.get(row.ref)
    row = completed(row, old)
    subjects = (row.ref, draft.ref) if claim.queued and draft.op == "create" else (row.ref,)
    if old is not None and draft.op != "create":
        _tell_outside(plane, conn, old, row, draft)
    kind, told = _story(draft, old, row)
    by = _author(plane, conn, claim, index)
    event = _tell(plane, conn, kind, {**told, **_request(claim)}, subjects, by, f"{claim.key}:{index}")
    if kind == "record.created" and row.archived:  # by somebody, before we heard that it was made
        _tell_pulled(plane, conn, Pull(row, "archived", {}, {}))
    mirror.put(conn, _timed(row, draft, iso(plane.now())), plane.schema, plane.now())
    return written(event)


def _timed(row: TruthRow, draft: Draft, now: str) -> TruthRow:
    """A truth may cut its times to the minute: what was written within this one was written just now."""
    minute = now[:17]
    edited_at = now if row.edited_at.startswith(minute) else row.edited_at
    is_new = draft.op == "create" and row.created_at.startswith(minute)
    return replace(row, edited_at=edited_at, created_at=now if is_new else row.created_at)


def _author(plane: Plane, conn: Connection, claim: Claim, index: int) -> By:
    """Who asked; what waited is caused by the entry that told so."""
    if not claim.queued or claim.by.cause:
        return claim.by
    asked = plane.ledger.effect(conn, f"{claim.key}:{index}:queued")
    return replace(claim.by, cause=asked.id) if asked else claim.by


def _story(draft: Draft, old: Record | None, row: TruthRow) -> tuple[str, dict[str, Any]]:
    told: dict[str, Any] = {"kind": row.kind, "title": str(row.props.get("title", "")), "etag": row.etag}
    told |= {"status": str(row.props.get("status", ""))}
    if draft.undo_of:
        told |= {"undo_of": draft.undo_of}
    if draft.op == "create" or old is None:
        return "record.created", {**told, "after": dict(row.props)}
    if draft.op == "update":
        before, after = differing(old.props, row.props, draft.set)
        return "record.updated", {**told, "before": before, "after": after, "etag_before": old.etag}
    return _VERBS[draft.op], told


def _tell_outside(plane: Plane, conn: Connection, old: Record, row: TruthRow, draft: Draft) -> None:
    others = (set(old.props) | set(row.props)) - set(draft.set)
    before, after = differing(old.props, row.props, others)
    was_archived = row.archived if draft.op in ("archive", "restore") else old.archived
    if after or was_archived != row.archived:
        _tell_pulled(plane, conn, Pull(row, turn(was_archived, row.archived), before, after))


def take_over(plane: Plane, conn: Connection, row: TruthRow, old: Record | None) -> bool:
    """Bring the mirror up to one row and tell who changed it; False when there was nothing to take over."""
    pull = plan_one(row, old)
    if pull is None:
        return False
    # a truth may give a row a new etag without a change that we keep: nothing to tell then
    if pull.after or pull.change != "updated":
        races.ask(plane, conn, pull)
        _tell_pulled(plane, conn, pull)
    mirror.put(conn, pull.row, plane.schema, plane.now())
    return True


def lose(plane: Plane, conn: Connection, old: Record) -> None:
    """Tell that the truth has a record no longer: here it is archived."""
    told: dict[str, Any] = {
        "kind": old.kind,
        "title": old.title,
        "before": {},
        "after": {},
        "etag": old.etag,
        "change": "archived",
    }
    plane.ledger.append(conn, "record.pulled", {**told, "gone": True}, subjects=(old.ref,), by=By(OUTSIDE))
    mirror.archive(conn, old.ref, plane.now())


def _tell_pulled(plane: Plane, conn: Connection, pull: Pull) -> None:
    row = pull.row
    told: dict[str, Any] = {
        "kind": row.kind, "title": str(row.props.get("title", "")), "before": dict(pull.before),
        "after": dict(pull.after), "etag": row.etag, "change": pull.change, "editor": row.editor,
        "edited_at": row.edited_at,
    }  # fmt: skip
    plane.ledger.append(conn, "record.pulled", told, subjects=(row.ref,), by=By(OUTSIDE))


def take_back(plane: Plane, conn: Connection, claim: Claim, rows: Sequence[TruthRow]) -> None:
    """Tell of rows that a truth made for a claim, and archived again when it refused the rest."""
    known = mirror.load(conn, [row.ref for row in rows], lock=True)
    for row in rows:
        if row.ref in known:  # somebody has seen it there before us
            continue
        told: dict[str, Any] = {
            "kind": row.kind, "title": str(row.props.get("title", "")), "status": str(row.props.get("status", "")),
            "etag": row.etag,
        }  # fmt: skip
        key, created = f"{claim.key}:{row.ref}", {**told, "after": dict(row.props)}
        made = _tell(plane, conn, "record.created", created, (row.ref,), claim.by, f"{key}:created")
        by = By(SYSTEM, reason="what was to be written with it was refused", cause=made.id)
        _tell(plane, conn, "record.archived", told, (row.ref,), by, f"{key}:taken back")
        mirror.put(conn, row, plane.schema, plane.now())


def taken_back(plane: Plane, rows: Sequence[TruthRow]) -> str:
    """What is said after a refusal of rows that were made before it, and archived again; empty where there are none."""
    if not rows:
        return ""
    named = ", ".join(f"{row.ref} “{str(row.props.get('title', ''))[:60]}”" for row in rows[:_NAMED])
    more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    return f"; what was made before that was taken back, and lies in {plane.truth.name}'s trash: {named}{more}"


def queue(plane: Plane, conn: Connection, claim: Claim) -> list[Written]:
    """Tell that a claim's writes wait for the truth."""
    return [_queued(plane, conn, claim, index, draft) for index, draft in enumerate(claim.drafts)]


def _queued(plane: Plane, conn: Connection, claim: Claim, index: int, draft: Draft) -> Written:
    told: dict[str, Any] = {
        "kind": draft.kind, "title": draft.title, "status": draft.status, "op": draft.op, "key": claim.key,
        "before": dict(draft.before), "after": dict(draft.set), "etag": draft.base or "", **_request(claim),
    }  # fmt: skip
    return written(_tell(plane, conn, "record.queued", told, (draft.ref,), claim.by, f"{claim.key}:{index}:queued"))


def _tell(
    plane: Plane,
    conn: Connection,
    kind: str,
    told: Mapping[str, Any],
    subjects: Sequence[str],
    by: By,
    effect_key: str,
) -> Event:
    return plane.ledger.append(conn, kind, told, subjects=subjects, by=by, effect_key=effect_key)


def _request(claim: Claim) -> dict[str, str]:
    return {"request": claim.request} if claim.request else {}


def written(event: Event, *, repeated: bool = False) -> Written:
    """The answer that an entry of the ledger stands for; an erased one has no values."""
    told = event.payload or {}
    ref = next((subject for subject in event.subjects if not is_temporary(subject)), event.subjects[0])
    before: Mapping[str, Any] = told.get("before") or {}
    after: Mapping[str, Any] = told.get("after") or {}
    return Written(
        ref, str(told.get("kind", "")), str(told.get("title", "")), str(told.get("status") or ""),
        str(told.get("etag") or ""), _RECEIPTS.get(event.kind, "written"), event.id, before, after,
        repeated,
    )  # fmt: skip


def earlier(plane: Plane, conn: Connection, key: str, request: str | None) -> list[Written] | None:
    """The answer that a write with this key was given before; None when there was none.

    Raises KeyReused when that write asked for something else.
    """
    for form in ("{key}:{index}", "{key}:{index}:queued"):
        found: list[Event] = []
        while event := plane.ledger.effect(conn, form.format(key=key, index=len(found))):
            found.append(event)
        if found:
            asked = (found[0].payload or {}).get("request")
            if asked and request and asked != request:
                raise KeyReused(
                    f"The key “{key.partition(':')[2][:60]}” was used for another write ({found[0].subjects[0]}).",
                    hint="Leave the key out, or choose a fresh one for each write.",
                )
            return [written(event, repeated=True) for event in found]
    return None
