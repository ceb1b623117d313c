"""Facts as they are read: how each stands, with its words out of the entries that told them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Connection, Select, bindparam, select

from onefirm.core.errors import NotFound
from onefirm.ledger.events import Event, Fields, event_of, read_body
from onefirm.memory import fact_rows, passages
from onefirm.memory.passages import Part
from onefirm.memory.quotes import Stance
from onefirm.memory.standing import Standing
from onefirm.memory.statements import DAMAGED, ERASED
from onefirm.store.listed import listed
from onefirm.store.tables import event, event_subject, evidence, fact, payload

Status = Literal["candidate", "active", "superseded", "retracted", "erased"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words of a source that a fact came from; `start` and `end` are characters into its text."""

    source: str
    start: int
    end: int
    quote: str
    stance: Stance


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement. It holds in the world from `valid_from` until before `valid_to` (days; None: not known, open).

    `dated` is the day of which it tells; `at` when it was recorded, `ended_at` when it was superseded or retracted
    here, `ended_by` what took its place. `against` are the facts that a candidate contradicts. Of a roll-up `lines` say
    what it sums up, and `derived` what it was made of: engagement, month, and the entries' numbers by chain.
    """

    ref: str
    at: str
    actor: str
    kind: str
    status: Status
    statement: str
    subject: str
    predicate: str
    value: str
    about: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    dated: str | None
    valid_from: str | None
    valid_to: str | None
    replaces: tuple[str, ...]
    against: tuple[str, ...]
    active_at: str | None
    ended_at: str | None
    ended_by: str | None
    event_id: str
    lines: tuple[str, ...] = ()
    derived: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def holds(self, known_at: str, on: str) -> bool:
        """Whether it was known at an instant that this holds on a day."""
        if self.status == "erased" or self.active_at is None or self.active_at > known_at:
            return False
        is_retracted = self.status == "retracted" and self.ended_at is not None and self.ended_at <= known_at
        begun = self.valid_from is None or self.valid_from <= on
        return begun and not is_retracted and (self.valid_to is None or on < self.valid_to)


def rows() -> Select[Any]:
    """Every fact with the body of the entry that recorded it; what `facts_of` reads."""
    query = select(*fact.c, event.c.actor, payload.c.body.label("said"))
    query = query.join(event, event.c.id == fact.c.event_id)
    return query.outerjoin(payload, payload.c.event_id == fact.c.event_id)


_STANDING = select(fact).where(fact.c.ref.in_(bindparam("refs", expanding=True)))


def get(conn: Connection, ref: str) -> Fact:
    """The fact with this ref. Raises NotFound."""
    row = conn.execute(rows().where(fact.c.ref == ref)).mappings().first()
    if row is None:
        raise NotFound(f"There is no fact {ref}.", hint="`onefirm memory list` shows what there is.")
    return fact_of(conn, row)


def fact_of(conn: Connection, row: Fields) -> Fact:
    """A fact from one of `rows`."""
    return facts_of(conn, [row])[0]


def facts_of(conn: Connection, rows: Sequence[Fields]) -> list[Fact]:
    """Facts from some of `rows`, their quotes read together."""
    quoted = _evidence(conn, [row["ref"] for row in rows])
    bodies = [read_body(row["said"]) for row in rows]
    return [
        _fact(row, quoted.get(row["ref"], ()), (body or {}).get("data"), body is None)
        for row, body in zip(rows, bodies, strict=True)
    ]


def _fact(row: Fields, quoted: Sequence[Evidence], payload: Mapping[str, Any] | None, is_damaged: bool) -> Fact:
    said = payload or {}
    lost = DAMAGED if is_damaged else ERASED
    return Fact(
        row["ref"],
        row["at"],
        row["actor"],
        row["kind"],
        row["status"],
        said.get("statement", lost),
        said.get("subject", ""),
        said.get("predicate", ""),
        said.get("value", ""),
        tuple(row["subjects"]),
        tuple(quoted),
        row["dated"],
        row["valid_from"],
        row["valid_to"],
        tuple(said.get("replaces", ())),
        tuple(said.get("against", ())),
        row["active_at"],
        row["ended_at"],
        row["ended_by"],
        row["event_id"],
        tuple(said.get("lines", ())),
        said.get("derived", {}),
    )


def _evidence(conn: Connection, refs: Sequence[str]) -> dict[str, list[Evidence]]:
    """The words of each fact's quotes lie in the entries that told them."""
    held = select(evidence.c.fact, evidence.c.event_id).where(evidence.c.fact.in_(listed(conn, refs))).distinct()
    told = held.subquery()
    query = select(told.c.fact, payload.c.body).join(event, event.c.id == told.c.event_id)
    query = query.join(payload, payload.c.event_id == event.c.id)
    found: dict[str, list[Evidence]] = {}
    for row in conn.execute(query.order_by(event.c.at, event.c.chain_id, event.c.seq)):
        found.setdefault(row.fact, []).extend(_quotes((read_body(row.body) or {}).get("data") or {}))
    return found


def _quotes(said: Mapping[str, Any]) -> list[Evidence]:
    told: Sequence[Mapping[str, Any]] = said.get("evidence", ())
    return [Evidence(one["source"], one["start"], one["end"], one["quote"], one["stance"]) for one in told]


def stood(conn: Connection, known_by: str, refs: Sequence[str]) -> list[Fact]:
    """These facts as they were known at an instant, newest first: folded from the entries up to it."""
    query = select(event, payload.c.body).outerjoin(payload, payload.c.event_id == event.c.id)
    named = select(event_subject.c.event_id).where(event_subject.c.ref.in_(listed(conn, refs)))
    query = query.where(event.c.id.in_(named), event.c.kind.startswith(fact_rows.KINDS[0]), event.c.at <= known_by)
    rows = conn.execute(query.order_by(event.c.at, event.c.chain_id, event.c.seq)).mappings()
    entries = [event_of(row) for row in rows]
    told = fact_rows.folded(entries)
    quoted: dict[str, list[Evidence]] = {}
    for entry in entries:
        quoted.setdefault(entry.subjects[0], []).extend(_quotes(entry.payload or {}))
    first = {entry.id: entry for entry in entries}
    wanted = {*refs}
    known = [(row, first[row["event_id"]]) for ref, row in told.facts.items() if ref in wanted][::-1]
    return [_fact({**row, "actor": one.actor}, quoted[row["ref"]], one.payload, one.damaged) for row, one in known]


def index(conn: Connection, entry: Event) -> None:
    """Make the passage of a fact; its quotes and what it is told of help to find it. An erased one has none."""
    row = conn.execute(rows().where(fact.c.ref == entry.subjects[0])).mappings().first()
    if row is None or row["status"] == "erased":
        return
    one = fact_of(conn, row)
    part = Part(
        heading=one.subject,
        body="\n".join((one.statement, *one.lines)),
        meta=" ".join(filter(None, (one.predicate, one.value))),
        context="\n".join(said.quote for said in one.evidence),
        at=one.dated or one.at,
    )
    source = "summary" if one.kind == "summary" else "fact"
    passages.put(conn, source, one.ref, [part], one.about, entry.payload_sha256, one.at)


def standings(conn: Connection, refs: Sequence[str], known_by: str | None) -> dict[str, Standing]:
    """How these facts stand, or stood at a time (ISO). A candidate, or one that was taken back, is not known."""
    if known_by:
        found = stood(conn, known_by, refs)
    else:  # the words of a fact don't change how it stands
        rows = conn.execute(_STANDING, {"refs": list(refs)}).mappings()
        found = [_fact({**row, "actor": ""}, (), None, is_damaged=False) for row in rows]
    unknown = {ref: Standing(None, known=False) for ref in refs}
    return unknown | {one.ref: _standing(one) for one in found}


def _standing(one: Fact) -> Standing:
    ended = one.status == "superseded"
    note = f"superseded by {one.ended_by}" if ended else ""
    # What was recorded before it begins may not hold yet.
    begin = f"from {one.valid_from}" if one.valid_from and one.valid_from > one.at[:10] else ""
    until = f"until {one.valid_to}" if one.valid_to else ""
    known = one.status in ("active", "superseded")
    return Standing(
        one.dated or one.at, ", ".join(filter(None, (note, begin, until))), stale=ended, known=known, by=one.ended_by
    )
