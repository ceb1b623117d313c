"""Decisions: what was chosen and why. They are superseded, never rewritten."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, select, tuple_

from onefirm.core.attribution import By
from onefirm.core.clock import Clock, iso, parse_iso, today
from onefirm.core.errors import InvalidInput, NotFound, Refused
from onefirm.core.ids import parse_ref
from onefirm.core.sight import Sighted
from onefirm.ledger import aliases
from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Event
from onefirm.memory import passages, statements, told_decisions, uses
from onefirm.memory.pages import Page
from onefirm.memory.passages import Part
from onefirm.memory.standing import Standing
from onefirm.memory.statements import SecretsCheck, no_secrets
from onefirm.memory.told_decisions import ORDER, Decision, Link, decision_of, superseding
from onefirm.store.counters import next_number
from onefirm.store.engine import Store
from onefirm.store.listed import listed
from onefirm.store.tables import decision, event, event_subject, payload

_MOST_ROWS = 200
_said = payload.alias("said")
_ALWAYS = "9999"  # after every instant
_later = told_decisions.later
_STANDING = (
    select(decision.c.ref, decision.c.at, _later.c.ref)
    .outerjoin(_later, and_(_later.c.supersedes == decision.c.ref, _later.c.at <= bindparam("known_by")))
    .where(decision.c.ref.in_(bindparam("refs", expanding=True)))
)


@dataclass(frozen=True, slots=True)
class DecisionQuery:
    """Which decisions: `since` and `until` are dates (both days included, UTC) or instants; `text` is words, all in it.

    `standing` True gives those that hold (an erased one says nothing that could), False those that were superseded.
    `as_of`, a day or an instant, gives all this as it was then.
    """

    about: str | None = None
    since: str | None = None
    until: str | None = None
    standing: bool | None = None
    text: str | None = None
    limit: int = 20
    cursor: str | None = None
    as_of: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A decision in the log; `chain` has what it came from, itself and what came of it, the oldest first."""

    decision: Decision
    chain: tuple[Link, ...]


class Decisions(Sighted):
    """The firm's decisions. `closed(ref)` gives the reason why nothing more is decided about a record, if so."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        clock: Clock,
        project: Callable[[], None],
        closed: Callable[[str], str | None] = lambda _ref: None,
        secrets_check: SecretsCheck = no_secrets,
        timezone: str = "UTC",
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._timezone = timezone
        self._project = project
        self._closed = closed
        self._secrets_check = secrets_check

    def record(
        self,
        what: str,
        why: str,
        *,
        alternatives: Sequence[str] = (),
        evidence: Sequence[str] = (),
        about: Sequence[str] = (),
        supersedes: str | None = None,
        reversible_until: str | None = None,
        closes: str | None = None,
        by: By,
    ) -> Decision:
        """Append a decision.

        Without `about` it concerns what the decision that it supersedes was about. That one may be superseded after the
        day until which it could be reversed; the note says so. `closes` makes it the final record of an engagement that
        is closed. Raises InvalidInput for words that can't be kept (the reason's too) and a day that is over, NotFound
        for an unknown ref, Refused for a closed engagement, a secret, or a decision that was superseded already.
        """
        statements.check_reason(by, self._secrets_check)
        said: dict[str, Any] = self._words(what, why, alternatives, evidence)
        said |= {"reversible_until": self._day(reversible_until)} if reversible_until else {}
        said |= {"closes": closes} if closes else {}
        concerned = statements.refs(about)
        self._sight.check([*concerned, *([supersedes] if supersedes else [])])
        replaced = self.get(supersedes) if supersedes else None
        concerned = concerned or (replaced.about if replaced else ())
        if not closes:
            self._check_open(concerned)
        with self._store.write() as conn:
            statements.existing(conn, concerned)
            # Taking the number makes two writers wait for each other: what the second one checks then is settled.
            ref = f"DEC-{next_number(conn, 'decision')}"
            if replaced:
                _check_standing(conn, replaced.ref)
            written = self._append(conn, ref, said, concerned, replaced.ref if replaced else None, by)
        self._project()
        is_late = replaced is not None and replaced.is_over(self._clock.now(), self._timezone)
        return replace(written, note=_late(replaced)) if replaced and is_late else written

    def _words(self, what: str, why: str, alternatives: Sequence[str], evidence: Sequence[str]) -> dict[str, Any]:
        return {
            "what": statements.statement("what", what, self._secrets_check),
            "why": statements.statement("why", why, self._secrets_check),
            "alternatives": list(statements.statements("alternatives", alternatives, self._secrets_check)),
            "evidence": list(statements.statements("evidence", evidence, self._secrets_check)),
        }

    def _append(
        self, conn: Connection, ref: str, said: dict[str, Any], about: tuple[str, ...], supersedes: str | None, by: By
    ) -> Decision:
        data = {"ref": ref, **said, "about": list(about), "supersedes": supersedes}
        subjects = [ref, *about, *([supersedes] if supersedes else [])]
        entry = self._ledger.append(conn, "decision.recorded", data, subjects=subjects, by=by)
        conn.execute(
            decision.insert().values(
                ref=ref, event_id=entry.id, at=entry.at, actor=by.actor, supersedes=supersedes, subjects=list(about),
                reversible_until=said.get("reversible_until"),
            )
        )  # fmt: skip
        index(conn, entry)
        uses.credit(conn, [said["why"], *said["evidence"]], ref, by.session)
        if supersedes:
            uses.corrected(conn, supersedes, ref)
        return Decision(
            ref, entry.at, by.actor, said["what"], said["why"], tuple(said["alternatives"]), tuple(said["evidence"]),
            about, supersedes, None, entry.id, said.get("reversible_until"), said.get("closes"),
        )  # fmt: skip

    def _day(self, text: str) -> str:
        try:
            day = date.fromisoformat(text.strip())
        except ValueError:
            raise InvalidInput(f"“{text[:40]}” is not a day.", hint="Write it as 2026-11-21.") from None
        if day < today(self._clock.now(), self._timezone):
            raise InvalidInput(
                f"{day.isoformat()} is over, so the decision could not be reversed until then.",
                hint="Name a day to come, or leave it out.",
            )
        return day.isoformat()

    def _check_open(self, about: Sequence[str]) -> None:
        for ref in about:
            if reason := self._closed(ref):
                raise Refused(
                    f"Nothing more is decided about {ref}: {reason}",
                    hint=f"Reopen {ref} first, or record the decision about what goes on.",
                )

    def get(self, ref: str) -> Decision:
        """The decision with this ref. Raises NotFound."""
        name = parse_ref(ref)
        self._sight.check([name])
        with self._store.read() as conn:
            row = conn.execute(told_decisions.rows().where(decision.c.ref == name)).mappings().first()
        if row is None:
            raise NotFound(f"There is no decision {name}.", hint="decision_find (onefirm decision list) lists them.")
        return decision_of(row)

    def find(self, query: DecisionQuery = DecisionQuery()) -> Page[Decision]:
        """Decisions that meet the query, newest first. Raises InvalidInput for a wrong ref, date or cursor."""
        self._sight.check([query.about] if query.about else [])
        with self._store.read() as conn:
            return self._find(conn, query)

    def log(self, query: DecisionQuery = DecisionQuery()) -> Page[Entry]:
        """As `find`, each with the whole chain in which it stands. What a session may not see is left out of it."""
        self._sight.check([query.about] if query.about else [])
        with self._store.read() as conn:
            page = self._find(conn, query)
            refs = [one.ref for one in page.rows]
            chains = told_decisions.chains(conn, refs, _known_by(query), self._timezone)
        seen = {ref: tuple(link for link in chain if self._sight.sees([link.ref])) for ref, chain in chains.items()}
        return Page(tuple(Entry(one, seen[one.ref]) for one in page.rows), page.cursor, page.total)

    def closing(self, days: int) -> list[Decision]:
        """Standing decisions that can be reversed until one of the days to come, the first first."""
        begin = today(self._clock.now(), self._timezone)
        door = decision.c.reversible_until.between(begin.isoformat(), (begin + timedelta(days=days)).isoformat())
        with self._store.read() as conn:
            query = told_decisions.rows().where(door, *self._conditions(conn, DecisionQuery(standing=True)))
            found = [decision_of(row) for row in conn.execute(query).mappings()]
        return sorted(found, key=lambda one: (one.reversible_until or "", one.at))

    def _find(self, conn: Connection, query: DecisionQuery) -> Page[Decision]:
        limit = max(1, min(query.limit, _MOST_ROWS))
        conditions = self._conditions(conn, query)
        if query.text and query.text.strip():
            return _worded(conn, query, conditions, limit)
        rest = told_decisions.rows(_known_by(query)).where(*conditions, *_after_cursor(conn, query.cursor))
        rows = conn.execute(rest.limit(limit + 1)).mappings().all()
        total = conn.execute(select(func.count()).select_from(decision).where(*conditions)).scalar_one()
        return _page([decision_of(row) for row in rows], limit, total)

    def every(self) -> list[Decision]:
        """All decisions, newest first."""
        with self._store.read() as conn:
            query = told_decisions.rows(None).where(*self._conditions(conn, DecisionQuery()))
            return [decision_of(row) for row in conn.execute(query).mappings()]

    def _conditions(self, conn: Connection, query: DecisionQuery) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self._sight.hidden:
            found.append(decision.c.ref.not_in(listed(conn, self._sight.hidden)))
        if query.about:
            named = event_subject.c.ref.in_(aliases.names(conn, parse_ref(query.about)))
            found.append(decision.c.event_id.in_(select(event_subject.c.event_id).where(named)))
        if query.since:
            found.append(decision.c.at >= iso(parse_iso(query.since)))
        if query.until:
            found.append(decision.c.at < statements.end(query.until))
        if known_by := _known_by(query):
            found.append(decision.c.at <= known_by)
        if query.standing is not None:
            superseded = select(told_decisions.later.c.ref).where(superseding(known_by)).exists()
            gone = (
                select(_said.c.event_id).where(_said.c.event_id == decision.c.event_id, _said.c.body.is_(None)).exists()
            )
            found += [~superseded, ~gone] if query.standing else [superseded]
        return found


def index(conn: Connection, entry: Event) -> None:
    """Make the passage of a `decision.recorded` entry; an erased one has none."""
    data = entry.payload
    if not data:
        return
    lines = [data["why"], *(f"Instead of: {other}" for other in data["alternatives"])]
    lines += [f"Evidence: {item}" for item in data["evidence"]]
    lines += [f"Reversible until: {data['reversible_until']}"] if data.get("reversible_until") else []
    about = data.get("about", ())
    part = Part(data["what"], "\n".join(lines), data["ref"], actor=entry.actor, at=entry.at)
    passages.put(conn, "decision", data["ref"], [part], about, entry.payload_sha256, entry.at)


def standings(conn: Connection, refs: Sequence[str], known_by: str | None) -> dict[str, Standing]:
    """How these decisions stand, or stood at a time (ISO)."""
    return {
        ref: Standing(at, f"superseded by {later}" if later else "", stale=bool(later), by=later)
        for ref, at, later in conn.execute(_STANDING, {"refs": list(refs), "known_by": known_by or _ALWAYS})
    }


def _known_by(query: DecisionQuery) -> str | None:
    return statements.end(query.as_of) if query.as_of else None


def _after_cursor(conn: Connection, cursor: str | None) -> list[ColumnElement[bool]]:
    if not cursor:
        return []
    place = (
        select(*ORDER).join(event, event.c.id == decision.c.event_id).where(decision.c.ref == cursor.strip().upper())
    )
    found = conn.execute(place).first()
    if found is None:
        raise InvalidInput(f"“{cursor[:40]}” is no cursor.", hint="Use the cursor that the last page gave, as it is.")
    return [tuple_(*ORDER) < tuple_(*found)]


def _no_cursor(cursor: str) -> InvalidInput:
    return InvalidInput(f"“{cursor[:40]}” is no cursor.", hint="Use the cursor that the last page gave, as it is.")


def _worded(
    conn: Connection, query: DecisionQuery, conditions: Sequence[ColumnElement[bool]], limit: int
) -> Page[Decision]:
    """The words lie in payloads, so they are read: every decision that meets the rest of the query."""
    every = (
        decision_of(row) for row in conn.execute(told_decisions.rows(_known_by(query)).where(*conditions)).mappings()
    )
    met = [one for one in every if not one.erased and statements.contains(query.text or "", *_texts(one))]
    start = 0
    if query.cursor:
        names = [one.ref for one in met]
        if query.cursor not in names:
            raise _no_cursor(query.cursor)
        start = names.index(query.cursor) + 1
    return _page(met[start : start + limit + 1], limit, len(met))


def _texts(one: Decision) -> tuple[str, ...]:
    return (one.ref, one.what, one.why, *one.alternatives, *one.evidence)


def _page(rows: Sequence[Decision], limit: int, total: int) -> Page[Decision]:
    kept = tuple(rows[:limit])
    return Page(kept, kept[-1].ref if len(rows) > limit else None, total)


def _late(replaced: Decision) -> str:
    return f"{replaced.ref} could be reversed until {replaced.reversible_until}: what has been done since stays done."


def _check_standing(conn: Connection, ref: str) -> None:
    later = conn.execute(select(decision.c.ref).where(decision.c.supersedes == ref)).scalar()
    if later:
        raise Refused(
            f"{ref} was superseded by {later} already.", hint=f"Supersede {later}, or record a decision beside it."
        )
