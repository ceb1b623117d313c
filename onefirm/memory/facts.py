"""Facts: what was found out, each with the words it came from, when it held, and what took its place.

A statement without words that are found in a source is refused. What is known is never overwritten: a newer value
closes the older, what contradicts waits for the operator, and both stay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

from sqlalchemy import Connection, and_, or_, select

from onefirm.core.attribution import By
from onefirm.core.clock import Clock, iso, parse_iso, today
from onefirm.core.errors import InvalidInput, NotFound, Refused
from onefirm.core.ids import parse_ref
from onefirm.core.sight import Sight, Sighted
from onefirm.ledger import aliases
from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Event, read_body
from onefirm.memory import fact_rows, places, statements, told_facts, uses
from onefirm.memory.claims import Claim, Claims, Given
from onefirm.memory.quotes import Found, Quote
from onefirm.memory.rivals import rivals
from onefirm.memory.sameness import digest
from onefirm.memory.sources import Sources
from onefirm.memory.statements import SecretsCheck, no_secrets
from onefirm.memory.told_facts import Evidence, Fact, Status
from onefirm.store import inbox
from onefirm.store.counters import next_number
from onefirm.store.engine import Store
from onefirm.store.listed import listed
from onefirm.store.tables import event, event_subject, fact, payload, source_text

__all__ = ["Evidence", "Fact", "Facts", "Quote", "Recorded"]

PREFIX = "F"
INBOX_KIND = "fact"
Verdict = Literal["accept", "reject", "both"]
VERDICTS = ("accept", "reject", "both")
_MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a statement: `is_new` False adds evidence to a fact that says the same. `superseded` are those
    whose place it took.
    """

    fact: Fact
    is_new: bool
    superseded: tuple[str, ...] = ()


class Facts(Sighted):
    """The firm's facts."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        clock: Clock,
        sources: Sources,
        project: Callable[[], None],
        secrets_check: SecretsCheck = no_secrets,
        timezone: str = "UTC",
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._sources = sources
        self._project = project
        self._secrets_check = secrets_check
        self._timezone = timezone

    def behind(self, sight: Sight) -> Self:
        """As others are seen; its sources are seen so too."""
        seen = super().behind(sight)
        seen._sources = self._sources.behind(sight)
        return seen

    # -- recording -----------------------------------------------------------------------------------------------------

    def record(
        self,
        statement: str,
        *,
        quotes: Sequence[Quote],
        subject: str = "",
        predicate: str = "",
        value: str = "",
        about: Sequence[str] = (),
        valid_from: str | None = None,
        valid_to: str | None = None,
        replaces: Sequence[str] = (),
        kind: Literal["fact", "summary"] = "fact",
        by: By,
    ) -> Recorded:
        """Record a statement with the words it came from.

        1. Find every quote in its source. What it is about includes what the sources are about.
        2. In one transaction: one that says the same gets the evidence. A newer value of the same subject and
           predicate, or what `replaces` names, closes the older; an older one is recorded as closed. What contradicts
           a fact and isn't clearly newer is a candidate, and a question for the operator.

        Raises InvalidInput for words that can't be kept, NotFound, Refused for a quote that isn't there or a secret.
        """
        statements.check_reason(by, self._secrets_check)
        claims = Claims(self._sources, self._sight, self._secrets_check)
        given = Given(statement, subject, predicate, value, about, valid_from, valid_to, kind)
        claim = claims.made(given, quotes)
        named = statements.refs(replaces)
        self._sight.check(named)
        with self._store.write() as conn:
            take_turn(conn)
            fact_rows.renew(conn, self._ledger)
            statements.existing(conn, claim.said["about"])
            self._check_here(conn, claim)
            scope = self._scope(conn, claim.said["about"])
            made = self._place(conn, Claim({**claim.said, "scope": scope}, claim.found), named, by)
        self._project()
        return made

    def _scope(self, conn: Connection, about: Sequence[str]) -> str:
        """Whose these records are, as things stand."""
        return " ".join(sorted(places.owners(conn, self._ledger, about))) or "firm"

    def _check_here(self, conn: Connection, claim: Claim) -> None:
        """A source that was erased since its words were read proves nothing any more."""
        refs = {one.source for one in claim.found}
        held = select(source_text.c.ref).where(source_text.c.ref.in_(refs), source_text.c.body.is_not(None))
        if lost := refs - set(conn.execute(held).scalars()):
            raise Refused(f"The text of {min(lost)} is gone.", hint="Archive it again, then record the fact.")

    def _place(self, conn: Connection, claim: Claim, named: Sequence[str], by: By) -> Recorded:
        met = rivals(conn, claim, named, lambda about: self._scope(conn, about))
        if met.same:
            return self._add_evidence(conn, met.same, claim, by)
        replaced = [self._standing(conn, ref, claim) for ref in named]
        if met.against:
            return self._ask(conn, claim, [*met.against, *met.older], by)
        if met.newer:
            first = min(met.newer, key=lambda one: str(one.dated))
            end = min(filter(None, (claim.said["valid_to"], first.dated)))
            return Recorded(self._append(conn, claim, by, status="superseded", by_ref=first.ref, valid_to=end), True)
        closed = [*replaced, *met.older]
        now = today(self._clock.now(), self._timezone).isoformat()
        if closed and not claim.said["valid_from"] and now < (claim.said["valid_to"] or "9"):
            claim = claim.since(now)
        made = self._append(conn, claim, by, replaces=[one.ref for one in closed])
        for one in closed:
            self._supersede(conn, one, made, by)
        return Recorded(made, True, tuple(one.ref for one in closed))

    def _standing(self, conn: Connection, ref: str, claim: Claim) -> Fact:
        """The fact that is to be replaced. Raises NotFound, Refused where it doesn't stand, or is about others."""
        row = conn.execute(told_facts.rows().where(fact.c.ref == ref)).mappings().first()
        if row is None:
            raise NotFound(f"There is no fact {ref}.", hint="`onefirm memory list` shows what there is.")
        if row["status"] != "active" or self._scope(conn, row["subjects"]) != claim.said["scope"]:
            why = f"is {row['status']}" if row["status"] != "active" else "is about something else"
            raise Refused(f"{ref} can't be replaced: it {why}.", hint="Record the fact beside it.")
        return told_facts.fact_of(conn, row)

    def _add_evidence(self, conn: Connection, known: Fact, claim: Claim, by: By) -> Recorded:
        held = {(one.source, one.start, one.end) for one in known.evidence}
        more = [one for one in claim.found if (one.source, one.start, one.end) not in held]
        if more:
            told = {"ref": known.ref, "evidence": _told(more)}
            subjects = _subjects(known.ref, known.about, more)
            entry = self._ledger.append(conn, "fact.evidenced", told, subjects=subjects, by=by)
            fact_rows.apply(conn, entry)
            told_facts.index(conn, entry)
            uses.credit(conn, (one.source for one in more), known.ref, by.session)
        return Recorded(told_facts.get(conn, known.ref), False)

    def _append(
        self, conn: Connection, claim: Claim, by: By, *, status: Status = "active", replaces: Sequence[str] = (),
        against: Sequence[str] = (), by_ref: str | None = None, valid_to: str | None = None,
    ) -> Fact:  # fmt: skip
        ref = f"{PREFIX}-{next_number(conn, PREFIX)}"
        told = {
            "ref": ref, **claim.said, "status": status, "evidence": _told(claim.found), "replaces": list(replaces),
            "against": list(against), "by": by_ref, "valid_to": valid_to or claim.said["valid_to"],
        }  # fmt: skip
        subjects = _subjects(ref, claim.said["about"], claim.found)
        entry = self._ledger.append(conn, "fact.recorded", told, subjects=subjects, by=by)
        fact_rows.apply(conn, entry)
        told_facts.index(conn, entry)
        uses.credit(conn, [claim.said["statement"], *(one.source for one in claim.found)], ref, by.session)
        return told_facts.get(conn, ref)

    def _supersede(self, conn: Connection, old: Fact, new: Fact, by: By) -> None:
        end = new.valid_from or today(self._clock.now(), self._timezone).isoformat()
        told = {"ref": old.ref, "how": "superseded", "by": new.ref, "valid_to": min(filter(None, (old.valid_to, end)))}
        self._end(conn, old, told, By(by.actor, by.session, by.reason, new.event_id))

    def _end(self, conn: Connection, old: Fact, told: Mapping[str, Any], by: By) -> Event:
        entry = self._ledger.append(conn, "fact.ended", told, subjects=[old.ref, *old.about], by=by)
        fact_rows.apply(conn, entry)
        uses.corrected(conn, old.ref, told.get("by") or old.ref)
        return entry

    def _ask(self, conn: Connection, claim: Claim, against: Sequence[Fact], by: By) -> Recorded:
        refs = [one.ref for one in against]
        made = self._append(conn, claim, by, status="candidate", against=refs)
        # No word of theirs: what a question says would outlive the erasure of what it is about.
        title = f"{made.ref} says otherwise than {', '.join(refs)}: which holds?"
        asked = {"fact": made.ref, "against": refs}
        key = f"{INBOX_KIND}:{made.ref}"
        inbox.ask(conn, INBOX_KIND, key, title, [made.ref, *refs, *made.about], asked, self._clock.now())
        return Recorded(made, True)

    # -- ending --------------------------------------------------------------------------------------------------------

    def retract(self, ref: str, *, by: By) -> Fact:
        """Take a fact back: it was wrong. It stays readable, and what it had closed holds again.

        Raises NotFound, Refused where it doesn't stand.
        """
        statements.check_reason(by, self._secrets_check)
        name = self._named(ref)
        with self._store.write() as conn:
            take_turn(conn)
            one = told_facts.get(conn, name)
            if one.status not in ("active", "candidate"):
                raise Refused(f"{name} is {one.status} already.", hint=f"`onefirm memory show {name}` tells why.")
            entry = self._end(conn, one, {"ref": name, "how": "retracted"}, by)
            for closed in _closed_by(conn, one):
                self._restore(conn, closed, one, By(by.actor, by.session, by.reason, entry.id))
            self._answer(conn, name, "reject", by)
        self._project()
        return self.get(name)

    def _restore(self, conn: Connection, old: Fact, taken: Fact, by: By) -> None:
        """It ends in the world as it did before: one that was recorded as closed already did so by what closed it."""
        body = conn.execute(select(payload.c.body).where(payload.c.event_id == old.event_id)).scalar()
        said: Mapping[str, Any] = (read_body(body) or {}).get("data") or {}
        is_given = said.get("status") == "active" or said.get("valid_to") != taken.dated
        told = {"ref": old.ref, "instead_of": taken.ref, "valid_to": said.get("valid_to") if is_given else None}
        fact_rows.apply(conn, self._ledger.append(conn, "fact.restored", told, subjects=[old.ref, *old.about], by=by))

    def decide(self, ref: str, verdict: Verdict, *, by: By) -> Fact:
        """The operator's word about a candidate: `accept` it in place of what it contradicts, `reject` it, or `both`.

        Raises NotFound, InvalidInput, and Refused for what is no candidate any more.
        """
        statements.check_reason(by, self._secrets_check)
        if verdict not in VERDICTS:
            raise InvalidInput(f"“{verdict[:20]}” is no verdict.", hint=f"Use one of: {', '.join(VERDICTS)}.")
        name = self._named(ref)
        with self._store.write() as conn:
            take_turn(conn)
            one = told_facts.get(conn, name)
            if one.status != "candidate":
                raise Refused(f"{name} is {one.status}: nothing is to decide.", hint="`onefirm memory questions`.")
            begin = one.valid_from
            if verdict == "accept" and not begin:
                begin = one.dated or today(self._clock.now(), self._timezone).isoformat()
            told = {"ref": name, "verdict": verdict, "against": list(one.against), "valid_from": begin}
            entry = self._ledger.append(conn, "fact.decided", told, subjects=[name, *one.about], by=by)
            fact_rows.apply(conn, entry)
            for other in (told_facts.get(conn, rival) for rival in one.against) if verdict == "accept" else ():
                if other.status == "active":
                    self._supersede(
                        conn, other, told_facts.get(conn, name), By(by.actor, by.session, by.reason, entry.id)
                    )
            self._answer(conn, name, verdict, by)
        self._project()
        return self.get(name)

    def _answer(self, conn: Connection, ref: str, verdict: str, by: By) -> None:
        for item in inbox.open_items(conn, INBOX_KIND):
            if item.payload.get("fact") == ref:
                inbox.decide(conn, item.id, verdict, by.actor, self._clock.now())

    # -- reading -------------------------------------------------------------------------------------------------------

    def _named(self, ref: str) -> str:
        name = parse_ref(ref)
        self._sight.check([name])
        return name

    def get(self, ref: str) -> Fact:
        """The fact with this ref. Raises NotFound."""
        name = self._named(ref)
        with self._store.read() as conn:
            return told_facts.get(conn, name)

    def find(
        self,
        *,
        about: str | None = None,
        subject: str = "",
        status: Status | None = None,
        text: str = "",
        as_of: str | None = None,
        on: str | None = None,
        limit: int = 50,
    ) -> list[Fact]:
        """Facts that pass every filter, newest first; without `status` those that hold.

        `as_of` (an instant, or a day to its end) is what was known then, `on` (a day) when it shall hold: by default
        both now, or the day of `as_of`. Raises InvalidInput.
        """
        known_at = statements.end(as_of, self._timezone) if as_of else iso(self._clock.now())
        day = (
            statements.given_day("on", on)
            or statements.day(as_of)
            or today(parse_iso(known_at), self._timezone).isoformat()
        )
        query = told_facts.rows().order_by(fact.c.at.desc(), event.c.chain_id, event.c.seq.desc())
        with self._store.read() as conn:
            if about:
                self._sight.check([about])
                query = query.where(_about(aliases.names(conn, parse_ref(about))))
            if subject:
                query = query.where(fact.c.topic == digest(subject))
            if self._sight.hidden:
                query = query.where(fact.c.ref.not_in(listed(conn, self._sight.hidden)))
            if not as_of:  # rows tell how facts stand now: no others are read
                query = query.where(fact.c.status == status if status else _holding(day))
                query = query if text else query.limit(min(limit, _MOST_ROWS))
            rows = conn.execute(query).mappings().all()
            then = told_facts.stood(conn, known_at, [row["ref"] for row in rows]) if as_of else None
            every = told_facts.facts_of(conn, rows) if then is None else then
        met = [one for one in every if _meets(one, status, text, known_at, day)]
        return met[: max(1, min(limit, _MOST_ROWS))]

    def every(self) -> list[Fact]:
        """All facts and summaries, however they stand."""
        with self._store.read() as conn:
            query = told_facts.rows()
            if self._sight.hidden:
                query = query.where(fact.c.ref.not_in(listed(conn, self._sight.hidden)))
            return told_facts.facts_of(conn, conn.execute(query).mappings().all())

    def candidates(self) -> list[Fact]:
        """Those that wait for the operator, oldest first."""
        return self.find(status="candidate", limit=_MOST_ROWS)[::-1]

    def rebuild(self) -> int:
        """Make how facts stand anew from the ledger; how many there are."""
        with self._store.write() as conn:
            take_turn(conn)
            return fact_rows.rebuild(conn, self._ledger)


def mend(conn: Connection, ledger: Ledger) -> bool:
    """Make how facts stand anew where the ledger tells otherwise; whether it did."""
    take_turn(conn)
    is_wrong = bool(fact_rows.differing(conn, ledger))
    if is_wrong:
        fact_rows.rebuild(conn, ledger)
    return is_wrong


def take_turn(conn: Connection) -> None:
    """Wait for whoever else writes facts: how they stand is read before it is changed."""
    next_number(conn, PREFIX, 0)


def _closed_by(conn: Connection, one: Fact) -> list[Fact]:
    """What this one closed: of a place that holds one value the newest, unless another holds it already."""
    query = told_facts.rows().where(fact.c.ended_by == one.ref, fact.c.status == "superseded")
    rows = conn.execute(query.order_by(fact.c.dated, fact.c.at)).mappings().all()
    slots, scopes = ({row[name] for row in rows if row["slot"]} for name in ("slot", "scope"))
    scopes |= set(conn.execute(select(fact.c.scope).where(fact.c.ref == one.ref)).scalars())
    held = select(fact.c.slot).where(fact.c.slot.in_(slots), fact.c.scope.in_(scopes), fact.c.status == "active")
    taken = set(conn.execute(held).scalars())
    last = {row["slot"] or row["ref"]: row for row in rows}
    return told_facts.facts_of(conn, [row for slot, row in last.items() if slot not in taken])


def _subjects(ref: str, about: Sequence[str], found: Sequence[Found]) -> list[str]:
    """Of its entries: erasing a record or a source takes what was told of it, with the words that were quoted."""
    return [ref, *about, *dict.fromkeys(one.source for one in found)]


def _told(found: Sequence[Found]) -> list[dict[str, Any]]:
    return [
        {"source": one.source, "start": one.start, "end": one.end, "quote": one.text, "stance": one.stance}
        for one in found
    ]


def _about(names: Sequence[str]) -> Any:
    return fact.c.event_id.in_(select(event_subject.c.event_id).where(event_subject.c.ref.in_(names)))


def _holding(day: str) -> Any:
    begun = or_(fact.c.valid_from.is_(None), fact.c.valid_from <= day)
    return and_(fact.c.active_at.is_not(None), begun, or_(fact.c.valid_to.is_(None), fact.c.valid_to > day))


def _meets(one: Fact, status: Status | None, text: str, known_at: str, day: str) -> bool:
    if not (one.holds(known_at, day) if status is None else one.status == status):
        return False
    return not text or statements.contains(text, one.ref, one.statement, one.subject, one.predicate, one.value)
