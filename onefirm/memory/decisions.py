"""Decisions: what was chosen and why. They are superseded, never rewritten."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select, tuple_

from onefirm.core.attribution import By
from onefirm.core.clock import Clock, iso, parse_iso
from onefirm.core.errors import InvalidInput, NotFound, Refused
from onefirm.core.ids import parse_ref
from onefirm.core.sight import WHOLE, Sight
from onefirm.ledger import aliases
from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Event, Fields, read_body
from onefirm.memory import passages, statements, uses
from onefirm.memory.pages import Page
from onefirm.memory.passages import Part
from onefirm.memory.standing import Standing
from onefirm.memory.statements import DAMAGED, ERASED, SecretsCheck, no_secrets
from onefirm.store.counters import next_number
from onefirm.store.engine import Store
from onefirm.store.listed import listed
from onefirm.store.tables import decision, event, event_subject, payload

_MOST_ROWS = 200
_later, _said = decision.alias("later"), payload.alias("said")
_ORDER = (decision.c.at, event.c.chain_id, event.c.seq)


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision; `superseded_by` is None while it stands. One that was erased has its words replaced by ERASED."""

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
    erased: bool = False


@dataclass(frozen=True, slots=True)
class DecisionQuery:
    """Which decisions: `since` and `until` are dates (both days included, UTC) or instants; `text` is words, all in it.

    `standing` True gives those that hold (an erased one says nothing that could), False those that were superseded.
    """

    about: str | None = None
    since: str | None = None
    until: str | None = None
    standing: bool | None = None
    text: str | None = None
    limit: int = 20
    cursor: str | None = None


class Decisions:
    """The firm's decisions. `closed(ref)` gives the reason why nothing more is decided about a record, if so."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        clock: Clock,
        project: Callable[[], None],
        closed: Callable[[str], str | None] = lambda _ref: None,
        secrets_check: SecretsCheck = no_secrets,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._project = project
        self._closed = closed
        self._secrets_check = secrets_check
        self._sight = WHOLE

    def behind(self, sight: Sight) -> Decisions:
        """The same decisions as a session with this sight has them: hidden ones are left out, naming one is refused."""
        seen = copy.copy(self)
        seen._sight = sight
        return seen

    def record(
        self,
        what: str,
        why: str,
        *,
        alternatives: Sequence[str] = (),
        evidence: Sequence[str] = (),
        about: Sequence[str] = (),
        supersedes: str | None = None,
        by: By,
    ) -> Decision:
        """Append a decision.

        Without `about` it concerns what the decision that it supersedes was about. Raises InvalidInput for words that
        can't be kept (the reason's too), NotFound for an unknown ref, Refused for a closed engagement, a secret, or a
        decision that was superseded already.
        """
        statements.check_reason(by, self._secrets_check)
        said = {
            "what": statements.statement("what", what, self._secrets_check),
            "why": statements.statement("why", why, self._secrets_check),
            "alternatives": list(statements.statements("alternatives", alternatives, self._secrets_check)),
            "evidence": list(statements.statements("evidence", evidence, self._secrets_check)),
        }
        concerned = statements.refs(about)
        self._sight.check([*concerned, *([supersedes] if supersedes else [])])
        replaced = self.get(supersedes) if supersedes else None
        concerned = concerned or (replaced.about if replaced else ())
        self._check_open(concerned)
        with self._store.write() as conn:
            statements.existing(conn, concerned)
            # Taking the number makes two writers wait for each other: what the second one checks then is settled.
            ref = f"DEC-{next_number(conn, 'decision')}"
            if replaced:
                _check_standing(conn, replaced.ref)
            written = self._append(conn, ref, said, concerned, replaced.ref if replaced else None, by)
        self._project()
        return written

    def _append(
        self, conn: Connection, ref: str, said: dict[str, Any], about: tuple[str, ...], supersedes: str | None, by: By
    ) -> Decision:
        data = {"ref": ref, **said, "about": list(about), "supersedes": supersedes}
        subjects = [ref, *about, *([supersedes] if supersedes else [])]
        entry = self._ledger.append(conn, "decision.recorded", data, subjects=subjects, by=by)
        conn.execute(
            decision.insert().values(
                ref=ref, event_id=entry.id, at=entry.at, actor=by.actor, supersedes=supersedes, subjects=list(about)
            )
        )
        index(conn, entry)
        uses.credit(conn, [said["why"], *said["evidence"]], ref, by.session)
        if supersedes:
            uses.corrected(conn, supersedes, ref)
        return Decision(
            ref, entry.at, by.actor, said["what"], said["why"], tuple(said["alternatives"]), tuple(said["evidence"]),
            about, supersedes, None, entry.id,
        )  # fmt: skip

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
            row = conn.execute(_rows().where(decision.c.ref == name)).mappings().first()
        if row is None:
            raise NotFound(f"There is no decision {name}.", hint="decision_find (onefirm decision list) lists them.")
        return _decision(row)

    def find(self, query: DecisionQuery = DecisionQuery()) -> Page[Decision]:
        """Decisions that meet the query, newest first. Raises InvalidInput for a wrong ref, date or cursor."""
        limit = max(1, min(query.limit, _MOST_ROWS))
        self._sight.check([query.about] if query.about else [])
        with self._store.read() as conn:
            conditions = self._conditions(conn, query)
            if query.text and query.text.strip():
                return _worded(conn, query, conditions, limit)
            rest = _rows().where(*conditions, *_after_cursor(conn, query.cursor))
            rows = conn.execute(rest.limit(limit + 1)).mappings().all()
            total = conn.execute(select(func.count()).select_from(decision).where(*conditions)).scalar_one()
        return _page([_decision(row) for row in rows], limit, total)

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
        if query.standing is not None:
            superseded = select(_later.c.ref).where(_later.c.supersedes == decision.c.ref).exists()
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
    about = data.get("about", ())
    part = Part(data["what"], "\n".join(lines), data["ref"], actor=entry.actor, at=entry.at)
    passages.put(conn, "decision", data["ref"], [part], about, entry.payload_sha256, entry.at)


def standings(conn: Connection, refs: Sequence[str], known_by: str | None) -> dict[str, Standing]:
    """How these decisions stand, or stood at a time (ISO)."""
    superseding = _later.c.supersedes == decision.c.ref
    if known_by is not None:
        superseding = and_(superseding, _later.c.at <= known_by)
    query = select(decision.c.ref, decision.c.at, _later.c.ref).outerjoin(_later, superseding)
    return {
        ref: Standing(at, f"superseded by {later}" if later else "", stale=bool(later), by=later)
        for ref, at, later in conn.execute(query.where(decision.c.ref.in_(refs)))
    }


def _rows() -> Select[Any]:
    superseded_by = select(_later.c.ref).where(_later.c.supersedes == decision.c.ref).scalar_subquery()
    query = select(*decision.c, payload.c.body, superseded_by.label("superseded_by"))
    query = query.join(event, event.c.id == decision.c.event_id)
    query = query.outerjoin(payload, payload.c.event_id == decision.c.event_id)
    return query.order_by(*(column.desc() for column in _ORDER))


def _after_cursor(conn: Connection, cursor: str | None) -> list[ColumnElement[bool]]:
    if not cursor:
        return []
    place = (
        select(*_ORDER).join(event, event.c.id == decision.c.event_id).where(decision.c.ref == cursor.strip().upper())
    )
    found = conn.execute(place).first()
    if found is None:
        raise InvalidInput(f"“{cursor[:40]}” is no cursor.", hint="Use the cursor that the last page gave, as it is.")
    return [tuple_(*_ORDER) < tuple_(*found)]


def _no_cursor(cursor: str) -> InvalidInput:
    return InvalidInput(f"“{cursor[:40]}” is no cursor.", hint="Use the cursor that the last page gave, as it is.")


def _worded(
    conn: Connection, query: DecisionQuery, conditions: Sequence[ColumnElement[bool]], limit: int
) -> Page[Decision]:
    """The words lie in payloads, so they are read: every decision that meets the rest of the query."""
    every = (_decision(row) for row in conn.execute(_rows().where(*conditions)).mappings())
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


def _decision(row: Fields) -> Decision:
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
        erased=not said,
    )


def _check_standing(conn: Connection, ref: str) -> None:
    later = conn.execute(select(decision.c.ref).where(decision.c.supersedes == ref)).scalar()
    if later:
        raise Refused(
            f"{ref} was superseded by {later} already.", hint=f"Supersede {later}, or record a decision beside it."
        )
