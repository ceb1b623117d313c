"""The final record of an engagement: its last decision, which says what it came to, all by ref.

It names and counts and repeats no words of others: what is erased where it stands is erased. Only the close of the
engagement's files writes one, as nothing more is decided about what is closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from onefirm.core.attribution import By
from onefirm.core.clock import parse_iso, today
from onefirm.core.money import Money
from onefirm.day import choices
from onefirm.day.brief import asks
from onefirm.day.planes import Planes
from onefirm.day.wording import clip
from onefirm.memory.decisions import DecisionQuery
from onefirm.sessions import receipts, walls
from onefirm.state import mirror
from onefirm.state.mirror import Record
from onefirm.state.query import MOST_ROWS, Query
from onefirm.store import inbox

KINDS = ("project", "prospect", "client")
_PARTIES = ("client", "prospect")
_MOST = 40
_MOST_DECISIONS = 200


def write(planes: Planes, ref: str, by: By) -> str | None:
    """Write it and give its ref; the one that is there where it says the same, else that one is superseded.

    None for a record that is open, or no engagement. Raises as `Decisions.record`.
    """
    record = planes.records.get(ref, fresh=False)
    if record.kind not in KINDS or planes.records.closed(ref) is None:
        return None
    standing = planes.decisions.find(DecisionQuery(about=ref, standing=True, limit=_MOST_DECISIONS)).rows
    before = next((one for one in standing if one.closes == ref), None)
    what = f"{clip(record.title)} ({ref}) is over: {record.status}."
    evidence = [*_evidence(planes, record, [one.ref for one in reversed(standing) if one.closes is None])]
    if before and (before.what, before.evidence) == (what, tuple(evidence)):
        return before.ref
    party = [one.ref for one in _above(planes, record) if one.kind in _PARTIES]
    made = planes.decisions.record(
        what, by.reason or f"Worked on from {_day(planes, record.created_at)} to {_day(planes, record.updated_at)}.",
        evidence=evidence, about=[ref, *party], supersedes=before.ref if before else None, closes=ref, by=by,
    )  # fmt: skip
    return made.ref


def waiting(planes: Planes, ref: str) -> list[str]:
    """What still waits about an engagement, in words: questions, writes, and choices that no decision says."""
    refs = {ref, *(one.ref for one in _below(planes, ref))}
    with planes.store.read() as conn:
        asked = [item for item in inbox.open_items(conn) if not refs.isdisjoint(item.subjects)]
    told = [f"{item.id} “{clip(item.title)}” (`{asks(item)}`)" for item in asked]
    told += [f"a write of {one.ref} (`onefirm sync`)" for one in planes.records.pending() if one.ref in refs]
    root = str(planes.root)
    told += [
        f"the choice “{clip(one['question'])} {clip(one['chosen'])}” (`onefirm decision choices`)"
        for one in choices.unrecorded(planes)
        if ref in receipts.all(root, one["session"])
    ]
    return told


def _evidence(planes: Planes, record: Record, decided: Sequence[str]) -> Iterable[str]:
    if decided:
        yield f"decided: {_listed(decided)}"
    every = [*_above(planes, record), *_below(planes, record.ref)]
    for kind in planes.schema.kinds.values():
        if mine := [_as_it_ended(planes, one) for one in every if one.kind == kind.name]:
            yield f"{kind.plural.lower()}: {_listed(mine)}"
    if learned := [one.ref for one in planes.lessons.find(about=record.ref, limit=_MOST_DECISIONS).rows]:
        yield f"learned: {_listed(learned[::-1])}"


def _above(planes: Planes, record: Record) -> list[Record]:
    """What it belongs to: whom it was for, what was agreed."""
    with planes.store.read() as conn:
        return list(mirror.load(conn, walls.relations(record.props)).values())


def _below(planes: Planes, ref: str) -> list[Record]:
    """What belongs to it, and what was paid of that."""
    found = {one.ref: one for one in _pointing(planes, ref)}
    for owed in [one for one in found.values() if _amounts(planes, one)]:
        found |= {one.ref: one for one in _pointing(planes, owed.ref)}
    return list(found.values())


def _pointing(planes: Planes, ref: str) -> Sequence[Record]:
    return planes.records.find(Query(about=ref, sort="created_at", limit=MOST_ROWS)).rows


def _as_it_ended(planes: Planes, one: Record) -> str:
    return f"{one.ref} ({', '.join((one.status, *_amounts(planes, one)))})"


def _amounts(planes: Planes, one: Record) -> list[str]:
    known = planes.schema.kind(one.kind).properties.values()
    held = [one.props[named.name] for named in known if named.type == "money" and one.props.get(named.name)]
    return [str(Money(value["minor"], value["currency"])) for value in held]


def _listed(items: Sequence[str]) -> str:
    more = f" and {len(items) - _MOST} more" if len(items) > _MOST else ""
    return ", ".join(items[:_MOST]) + more


def _day(planes: Planes, at: str) -> date:
    return today(parse_iso(at), planes.rules.timezone)
