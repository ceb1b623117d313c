"""Decisions as they are read: how each stands, with its words out of its entry, and the chain in which it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, select

from onefirm.core.clock import parse_iso, today
from onefirm.ledger.events import Fields, read_body
from onefirm.memory.statements import DAMAGED, ERASED
from onefirm.store.listed import listed
from onefirm.store.tables import decision, event, payload

later = decision.alias("later")
ORDER = (decision.c.at, event.c.chain_id, event.c.seq)


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision; `superseded_by` is None while it stands. One that was erased has its words replaced by ERASED.

    `reversible_until` is the last day on which it can be taken back at no great cost, None where nobody said so;
    `closes` the engagement of which it is the final record. `note` is what to tell whoever has just recorded it.
    """

    ref: str
    at: str
    actor: str
    what: str
    why: str
    alternatives: tuple[str, ...]
    evidence: tuple[str, ...]
    about: tuple[str, ...]
    supersedes: str | None
    superseded_by: str | None
    event_id: str
    reversible_until: str | None = None
    closes: str | None = None
    erased: bool = False
    note: str = ""

    def is_over(self, now: datetime, timezone: str) -> bool:
        """Whether the day until which it could be reversed is over."""
        return self.reversible_until is not None and self.reversible_until < today(now, timezone).isoformat()


@dataclass(frozen=True, slots=True)
class Link:
    """A decision as it stands in a chain. `late`: it superseded the one before it after that could be reversed."""

    ref: str
    at: str
    what: str
    late: bool


def superseding(known_by: str | None) -> ColumnElement[bool]:
    """That `later` superseded a decision, as far as was known at a time (ISO)."""
    superseding = later.c.supersedes == decision.c.ref
    return superseding if known_by is None else and_(superseding, later.c.at <= known_by)


def rows(known_by: str | None = None) -> Select[Any]:
    """Every decision with the body of its entry, newest first; what `decision_of` reads."""
    superseded_by = select(later.c.ref).where(superseding(known_by)).scalar_subquery()
    query = select(*decision.c, payload.c.body, superseded_by.label("superseded_by"))
    query = query.join(event, event.c.id == decision.c.event_id)
    query = query.outerjoin(payload, payload.c.event_id == decision.c.event_id)
    return query.order_by(*(column.desc() for column in ORDER))


def decision_of(row: Fields) -> Decision:
    """A decision from one of `rows`."""
    body = read_body(row["body"])
    lost = DAMAGED if body is None else ERASED
    said: dict[str, Any] = (body or {}).get("data", {})
    return Decision(
        row["ref"],
        row["at"],
        row["actor"],
        said.get("what", lost),
        said.get("why", lost),
        tuple(said.get("alternatives", ())),
        tuple(said.get("evidence", ())),
        tuple(row["subjects"]),
        row["supersedes"],
        row["superseded_by"],
        row["event_id"],
        row["reversible_until"],
        said.get("closes"),
        erased=not said,
    )


def chains(conn: Connection, refs: Sequence[str], known_by: str | None, timezone: str) -> dict[str, list[Link]]:
    """For each of these decisions the chain in which it stands, the oldest first, as known at a time (ISO)."""
    known = _chained(conn, refs, known_by)
    return {ref: _chain(known[ref], known, timezone) for ref in refs}


def _chained(conn: Connection, refs: Sequence[str], known_by: str | None) -> dict[str, Decision]:
    """These and whatever stands in one chain with them, as known at a time."""
    found: dict[str, Decision] = {}
    due = set(refs)
    while due:
        query = rows(known_by).where(decision.c.ref.in_(listed(conn, due)))
        found |= {one.ref: one for one in map(decision_of, conn.execute(query).mappings())}
        beside = (ref for one in found.values() for ref in (one.supersedes, one.superseded_by))
        due = {ref for ref in beside if ref} - found.keys()
    return found


def _chain(one: Decision, known: Mapping[str, Decision], timezone: str) -> list[Link]:
    while before := known.get(one.supersedes or ""):
        one = before
    links = [Link(one.ref, one.at, one.what, late=False)]
    while after := known.get(one.superseded_by or ""):
        links.append(Link(after.ref, after.at, after.what, one.is_over(parse_iso(after.at), timezone)))
        one = after
    return links
