"""What memory holds to be so about some records: the decisions and facts that stand, for who begins to work on them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, or_, select

from onefirm.memory import told_decisions, told_facts
from onefirm.store.listed import listed
from onefirm.store.tables import decision, event_subject, fact


@dataclass(frozen=True, slots=True)
class Held:
    """One of them; `at` is the day of which it tells, or the instant at which it was recorded."""

    ref: str
    at: str
    text: str
    about: tuple[str, ...]


def newest(
    conn: Connection, asked: Sequence[Sequence[str]], day: str, *, but: Collection[str], most: int
) -> list[Held]:
    """For each of these groups of records the newest that stands on a day about the first of them that has any, each
    once, `most` in all; none of `but`.
    """
    every = _refs(conn, {ref for group in asked for ref in group}, day)
    taken: list[str] = []
    for group in asked:
        fresh = (ref for one in group for ref in every.get(one, ()) if ref not in but and ref not in taken)
        taken += [ref for ref in [next(fresh, None)] if ref]
        if len(taken) == most:
            break
    told = _told(conn, taken)
    return [told[ref] for ref in taken if ref in told]


def _refs(conn: Connection, about: Collection[str], day: str) -> Mapping[str, Sequence[str]]:
    """By record the refs of what stands, the newest first; words are read of those only that are told."""
    named = event_subject.c.ref.in_(listed(conn, about))
    later = told_decisions.later
    chosen = (
        select(event_subject.c.ref.label("about"), decision.c.ref, decision.c.at)
        .join(decision, decision.c.event_id == event_subject.c.event_id)
        .where(named, ~select(later.c.ref).where(later.c.supersedes == decision.c.ref).exists())
    )
    known = (
        select(event_subject.c.ref.label("about"), fact.c.ref, fact.c.at)
        .join(fact, fact.c.event_id == event_subject.c.event_id)
        .where(named, fact.c.status == "active", or_(fact.c.valid_to.is_(None), fact.c.valid_to > day))
        .where(or_(fact.c.valid_from.is_(None), fact.c.valid_from <= day))
    )
    rows = [row for query in (chosen, known) for row in conn.execute(query)]
    found: dict[str, list[str]] = {}
    for row in sorted(rows, key=lambda row: (row.at, row.ref), reverse=True):
        found.setdefault(row.about, []).append(row.ref)
    return found


def _told(conn: Connection, refs: Sequence[str]) -> dict[str, Held]:
    if not refs:
        return {}
    chosen = conn.execute(told_decisions.rows().where(decision.c.ref.in_(refs))).mappings()
    known = conn.execute(told_facts.rows().where(fact.c.ref.in_(refs))).mappings().all()
    decisions = (one for one in map(told_decisions.decision_of, chosen) if not one.erased)
    facts = told_facts.facts_of(conn, known) if known else []
    found = [Held(one.ref, one.at, one.what, one.about) for one in decisions]
    found += [Held(one.ref, one.dated or one.at, one.statement, one.about) for one in facts]
    return {one.ref: one for one in found}
