"""Roll-ups: what happened at one engagement in one month as one claim, made of entries and archived sessions.

Nothing is taken away by one: the entries stay in the ledger, the sessions until their own day, and taking a roll-up
back leaves everything as it was. It is a fact of the kind summary, whose evidence is derived.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, select

from onefirm.core import canonical
from onefirm.core.attribution import By
from onefirm.core.clock import Clock, iso, parse_iso, today
from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Event, event_of
from onefirm.memory import fact_rows, places, summaries, told_facts, told_sources
from onefirm.memory.facts import PREFIX, take_turn
from onefirm.memory.quotes import Found
from onefirm.memory.statements import SecretsCheck
from onefirm.memory.summaries import Summary
from onefirm.memory.told_facts import Fact
from onefirm.store.counters import next_number
from onefirm.store.engine import Store
from onefirm.store.listed import listed
from onefirm.store.tables import event, event_subject, evidence, fact, payload, record, setting, source, source_text

OLDER_THAN_DAYS = 90
SESSION = "session"
_LEAD = timedelta(days=3)  # before an archived session expires: a machine may be off for a weekend
_FEWEST = 5
_MOST_MONTHS = 3  # that are rolled up by the way; the command takes all
_SETTING = "rolled_up"
_PARTIES = ("client", "prospect")
_WORDED = ("decision.", "lesson.", "fact.", "source.")
Entry = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Plan:
    """One roll-up to be made. `prior` is the one of the same engagement and month whose place it takes."""

    place: str
    month: str
    entries: tuple[Entry, ...]
    sources: tuple[str, ...]
    quotes: tuple[Found, ...]
    summary: Summary
    dated: str
    prior: str | None


@dataclass(slots=True)
class _Material:
    """What there is of one engagement in one month; of sessions their day and how they began, by their ref."""

    entries: list[Event] = field(default_factory=list[Event])
    sessions: dict[str, tuple[str, Found]] = field(default_factory=dict[str, tuple[str, Found]])


class Rollups:
    """The firm's roll-ups."""

    def __init__(self, store: Store, ledger: Ledger, clock: Clock, secrets_check: SecretsCheck, timezone: str) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._secrets_check = secrets_check
        self._timezone = timezone

    def expiring(self) -> list[Plan]:
        """Of the engagements and months of archived sessions that are about to expire. Costs next to nothing mostly."""
        with self._store.read() as conn:
            months: dict[str, set[str]] = {}
            for ref, at, about in _expiring(conn, iso(self._clock.now() + _LEAD)):
                if self._place(conn, about):  # else it belongs into none
                    months.setdefault(self._month(at), set()).add(ref)
            return [
                plan
                for month, refs in sorted(months.items())
                for plan in self._plans(conn, month)
                if not refs.isdisjoint(plan.sources)
            ]

    def aged(self, older_than_days: int = OLDER_THAN_DAYS, *, is_whole: bool = False) -> list[Plan]:
        """Of the months that ended so many days ago: some that were never looked at, or with `is_whole` all."""
        with self._store.read() as conn:
            months = self._ended(conn, older_than_days, "" if is_whole else _reached(conn))
            chosen = months if is_whole else months[:_MOST_MONTHS]
            return [plan for month in chosen for plan in self._plans(conn, month)]

    def pass_over(self, older_than_days: int = OLDER_THAN_DAYS) -> None:
        """Note which months `aged` has told of, so that it tells of the next ones."""
        with self._store.read() as conn:
            months = self._ended(conn, older_than_days, _reached(conn))[:_MOST_MONTHS]
        if months:
            with self._store.write() as conn:
                conn.execute(setting.delete().where(setting.c.name == _SETTING))
                conn.execute(setting.insert().values(name=_SETTING, value=months[-1]))

    def make(self, plans: Iterable[Plan], by: By) -> list[Fact]:
        """Record these; one that somebody else has made meanwhile is left out."""
        return [made for plan in plans if (made := self._record(plan, by))]

    # -- what there is -------------------------------------------------------------------------------------------------

    def _month(self, at: str) -> str:
        return today(parse_iso(at), self._timezone).isoformat()[:7]

    def _ended(self, conn: Connection, days: int, reached: str) -> list[str]:
        """The months behind `reached` whose last day is so long ago, oldest first."""
        first = self._ledger.events(conn, limit=1)
        now = today(self._clock.now(), self._timezone)
        last = (now - timedelta(days=days) + timedelta(days=1)).isoformat()[:7]  # the month after may end later
        month, found = max(self._month(first[0].at) if first else last, reached), list[str]()
        while month < last:
            found += [month] if month > reached else []
            month = _following(month).isoformat()[:7]
        return found

    def _plans(self, conn: Connection, month: str) -> list[Plan]:
        every = self._material(conn, month)
        made = _made(conn, month)
        planned = (self._plan(conn, place, month, every[place], made.get(place, ())) for place in sorted(every))
        return [plan for plan in planned if plan]

    def _material(self, conn: Connection, month: str) -> dict[str, _Material]:
        found: dict[str, _Material] = {}

        @cache
        def place_of(refs: tuple[str, ...]) -> str | None:
            return self._place(conn, refs)

        for entry in self._entries(conn, month):
            about = entry.subjects[:1] if entry.kind.startswith("record.") else _about(entry)
            if place := place_of(tuple(about)):
                found.setdefault(place, _Material()).entries.append(entry)
        for ref, at, about in _sessions(conn):
            place = place_of(tuple(about)) if self._month(at) == month else None
            quote = summaries.opening(ref, told_sources.text_of(conn, ref) or "") if place else None
            if place and quote:
                found.setdefault(place, _Material()).sessions[ref] = (at, quote)
        return found

    def _entries(self, conn: Connection, month: str) -> Iterator[Event]:
        begin = date.fromisoformat(f"{month}-01")
        since, until = (iso(parse_iso(day.isoformat())) for day in (begin - timedelta(days=2), _following(month)))
        # A day more on both sides: where the day begins is the time zone's.
        until = iso(parse_iso(until) + timedelta(days=2))
        for entry in self._ledger.events(conn, kinds=summaries.KINDS, since_at=since, until_at=until):
            told: Mapping[str, Any] = entry.payload or {}
            if told and self._month(entry.at) == month and told.get("kind") not in ("summary", SESSION):
                yield entry

    def _place(self, conn: Connection, refs: Sequence[str]) -> str | None:
        """The engagement to which all of these belong: a project, else the client or prospect; None for several."""
        found = places.places(conn, self._ledger, refs)
        tops = places.owners(conn, self._ledger, found)
        kinds = select(record.c.kind).where(record.c.ref.in_(tops))
        if len(tops) != 1 or conn.execute(kinds).scalar() not in _PARTIES:
            return None
        below = [place for place in found if place != tops[0]]
        return below[0] if len(below) == 1 else tops[0]

    def _plan(self, conn: Connection, place: str, month: str, there: _Material, made: Sequence[Fact]) -> Plan | None:
        """What of it isn't rolled up yet, with all that a roll-up which still stands was made of; None for nothing.

        What was taken back is left alone: that was somebody's word.
        """
        refused = [one for one in made if one.status == "retracted"]
        gone, known = _parts(refused), _parts(made)
        entries = [one for one in there.entries if (one.chain_id, one.seq) not in gone]
        sessions = {ref: said for ref, said in there.sessions.items() if ref not in gone}
        parts: set[object] = {*((one.chain_id, one.seq) for one in entries), *sessions}
        if parts <= known or (len(entries) < _FEWEST and not sessions):
            return None
        prior = next((one for one in made if one.status == "active"), None)
        quotes = dict(sessions.values()) | _carried(conn, prior, sessions)
        title = conn.execute(select(record.c.title).where(record.c.ref == place)).scalar() or ""
        said = summaries.summed(place, str(title), month, entries, quotes)
        if any(map(self._secrets_check, (said.statement, *said.lines))):
            return None
        dated = max([*(one.at for one in entries), *quotes])[:10]
        numbers = tuple((one.chain_id, one.seq) for one in entries)
        found = tuple(quotes[at] for at in sorted(quotes))
        return Plan(place, month, numbers, tuple(sorted(sessions)), found, said, dated, prior and prior.ref)

    # -- making --------------------------------------------------------------------------------------------------------

    def _record(self, plan: Plan, by: By) -> Fact | None:
        derived = {"place": plan.place, "month": plan.month, "entries": _ranges(plan.entries)}
        with self._store.write() as conn:
            take_turn(conn)
            standing = [one for one in _made(conn, plan.month).get(plan.place, ()) if one.status == "active"]
            key = f"rollup:{canonical.sha256_hex(canonical.dumps([derived, plan.sources]))}"
            if [one.ref for one in standing] != [plan.prior] * bool(plan.prior) or self._ledger.effect(conn, key):
                return None
            if _is_erased(conn, plan):
                return None  # some of it was, since it was planned
            ref = f"{PREFIX}-{next_number(conn, PREFIX)}"
            about = list(plan.summary.records)
            told = {
                "ref": ref, "kind": "summary", "status": "active", "statement": plan.summary.statement,
                "lines": list(plan.summary.lines), "derived": derived, "subject": "", "predicate": "", "value": "",
                "about": about, "dated": plan.dated, "valid_from": None, "valid_to": None, "against": [], "by": None,
                "replaces": [one.ref for one in standing], "scope": places.owners(conn, self._ledger, about[:1])[0],
                "evidence": [_quoted(one) for one in plan.quotes],
            }  # fmt: skip
            subjects = [ref, *about, *plan.summary.named]
            entry = self._ledger.append(conn, "fact.recorded", told, subjects=subjects, by=by, effect_key=key)
            fact_rows.apply(conn, entry)
            told_facts.index(conn, entry)
            for one in standing:
                ended = {"ref": one.ref, "how": "superseded", "by": ref}
                because = By(by.actor, by.session, by.reason, entry.id)
                subjects = [one.ref, *one.about]
                fact_rows.apply(conn, self._ledger.append(conn, "fact.ended", ended, subjects=subjects, by=because))
            return told_facts.get(conn, ref)


def _expiring(conn: Connection, until: str) -> list[tuple[str, str, Sequence[str]]]:
    """Ref, time and records of the archived sessions that expire by then and that no roll-up quotes."""
    quoted = select(evidence.c.source).join(fact, fact.c.ref == evidence.c.fact).where(fact.c.kind == "summary")
    due = _archived().where(source.c.expires_at <= until, source.c.ref.not_in(quoted))
    return [(row.ref, row.at, row.subjects) for row in conn.execute(due)]


def _sessions(conn: Connection) -> list[tuple[str, str, Sequence[str]]]:
    return [(row.ref, row.at, row.subjects) for row in conn.execute(_archived())]


def _archived() -> Select[Any, Any, Any]:
    """The archived sessions whose text is here, oldest first."""
    query = select(source.c.ref, source.c.at, source.c.subjects).join(source_text, source_text.c.ref == source.c.ref)
    query = query.where(source.c.kind == SESSION, source_text.c.body.is_not(None))
    return query.order_by(source.c.at, source.c.ref)


def _made(conn: Connection, month: str) -> dict[str, list[Fact]]:
    """The roll-ups of a month by their engagement, however they stand."""
    rows = conn.execute(told_facts.rows().where(fact.c.kind == "summary")).mappings().all()
    found: dict[str, list[Fact]] = {}
    for one in told_facts.facts_of(conn, rows):
        if one.derived.get("month") == month:
            found.setdefault(str(one.derived["place"]), []).append(one)
    return found


def _reached(conn: Connection) -> str:
    return str(conn.execute(select(setting.c.value).where(setting.c.name == _SETTING)).scalar() or "")


def _is_erased(conn: Connection, plan: Plan) -> bool:
    """Whether what a plan was made of, or quotes, was erased."""
    seqs = [seq for _, seq in plan.entries]
    erased = select(event.c.chain_id, event.c.seq, event.c.id).join(payload, payload.c.event_id == event.c.id)
    erased = erased.where(payload.c.body.is_(None))
    near = event.c.seq.between(min(seqs, default=0), max(seqs, default=0))
    lost = {(row.chain_id, row.seq) for row in conn.execute(erased.where(near))}
    quoted = select(source.c.event_id).where(source.c.ref.in_([one.source for one in plan.quotes]))
    return not lost.isdisjoint(plan.entries) or conn.execute(erased.where(event.c.id.in_(quoted))).first() is not None


def _about(entry: Event) -> Sequence[str]:
    return (entry.payload or {}).get("about") or (entry.payload or {}).get("places") or ()


def _following(month: str) -> date:
    """The first day of the month after."""
    return (date.fromisoformat(f"{month}-01") + timedelta(days=32)).replace(day=1)


def _carried(conn: Connection, prior: Fact | None, sessions: Mapping[str, object]) -> dict[str, Found]:
    """How those sessions began that a roll-up quotes and whose texts are gone, by when they were archived."""
    quotes = {one.source: one for one in (prior.evidence if prior else ()) if one.source not in sessions}
    rows = conn.execute(select(source.c.ref, source.c.at).where(source.c.ref.in_(quotes))) if quotes else ()
    return {
        at: Found(ref, quotes[ref].start, quotes[ref].end, quotes[ref].quote, quotes[ref].stance) for ref, at in rows
    }


def _parts(made: Iterable[Fact]) -> set[object]:
    """The entries and sources that roll-ups were made of."""
    return {part for one in made for part in (*entries_of(one.derived), *(said.source for said in one.evidence))}


def saying(conn: Connection, erased: Iterable[Event]) -> list[Event]:
    """The entries of roll-ups that say in words what these entries told: whoever erases them takes those too.

    A roll-up names what it has words of, but not all that this was about.
    """
    told = [one for one in erased if one.kind.startswith(_WORDED)]
    refs = {one.subjects[0] for one in told}
    parts: set[object] = {*((one.chain_id, one.seq) for one in told), *refs}
    named = select(event_subject.c.event_id).where(event_subject.c.ref.in_(listed(conn, refs)))
    query = select(event, payload.c.body).join(fact, fact.c.event_id == event.c.id)
    query = query.join(payload, payload.c.event_id == event.c.id).where(fact.c.kind == "summary")
    every = [event_of(row) for row in conn.execute(query.where(event.c.id.in_(named))).mappings()]
    return [one for one in every if not parts.isdisjoint(_parts_of(one))]


def _parts_of(entry: Event) -> list[object]:
    told: Mapping[str, Any] = entry.payload or {}
    return [*entries_of(told.get("derived", {})), *(said["source"] for said in told.get("evidence", ()))]


def entries_of(derived: Mapping[str, Any]) -> list[Entry]:
    """The entries that a roll-up was made of: chain and number."""
    chains: Mapping[str, str] = derived.get("entries", {})
    return [
        (chain, seq)
        for chain, ranges in chains.items()
        for first, _, last in (part.partition("-") for part in ranges.split(","))
        for seq in range(int(first), int(last or first) + 1)
    ]


def _ranges(entries: Iterable[Entry]) -> dict[str, str]:
    """By chain, as `12-15,18`."""
    chains: dict[str, list[list[int]]] = {}
    for chain, seq in sorted(entries):
        runs = chains.setdefault(chain, [])
        if runs and runs[-1][1] == seq - 1:
            runs[-1][1] = seq
        else:
            runs.append([seq, seq])
    return {
        chain: ",".join(f"{first}-{last}" if last > first else f"{first}" for first, last in runs)
        for chain, runs in chains.items()
    }


def _quoted(one: Found) -> dict[str, Any]:
    return {"source": one.source, "start": one.start, "end": one.end, "quote": one.text, "stance": one.stance}
