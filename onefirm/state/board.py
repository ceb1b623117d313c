"""What the standing rules look at, loaded in as few and as plain reads as they need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, func, or_, select

from onefirm.core import clock
from onefirm.core.clock import iso
from onefirm.core.ids import is_temporary
from onefirm.core.sight import WHOLE, Sight
from onefirm.state import claims, mirror, situation
from onefirm.state.mirror import Record
from onefirm.state.plane import Plane
from onefirm.state.reads import Reader
from onefirm.state.schema import CLOSED, Schema
from onefirm.state.standing import Line, StandingRules, next_actions, standing
from onefirm.store.tables import event, event_subject, record

_REFS_AT_ONCE = 500
_UPWARD = ("project", "prospect")
_LOOKS = ("record.seen", "record.queued", "record.conflicted", "narrative.confirmed")
_ANOTHERS = "another client's"


class Board:
    """The firm's open records, and what the rules say of them."""

    def __init__(self, plane: Plane, reader: Reader) -> None:
        self._plane = plane
        self._reader = reader

    def standing(self, now: datetime, rules: StandingRules, sight: Sight = WHOLE) -> list[Line]:
        """Where things stand at an instant. What is hidden still blocks others, without its name."""
        timezone = self._plane.reading.timezone
        with self._plane.store.read() as conn:
            records = self._open(conn)
            before = iso(now - timedelta(days=rules.stale_days - 1))
            quiet = [one.ref for one in records if one.updated_at < before]
            last = _last_event_at(conn, quiet, before)
        today = clock.today(now, timezone)
        shown = [one if sight.sees([one.ref]) else replace(one, title=_ANOTHERS) for one in records]
        lines = standing(shown, self._plane.schema, today, rules, last, timezone=timezone)
        return lines if sight is WHOLE else _seen(lines, sight)

    def _open(self, conn: Connection) -> list[Record]:
        records = [mirror.record_of(row) for row in conn.execute(mirror.rows().where(_is_open(self._plane.schema)))]
        found = claims.every(conn)
        return list(self._reader.marked(records, found)) if found else records

    def next_actions(self, touched: Sequence[str]) -> dict[str, str]:
        """What the touched projects and prospects, and those of touched records, should say next and don't."""
        with self._plane.store.read() as conn:
            records = {one.ref: one for one in self._open(conn)}
            named = list(situation.look(conn, touched).records.values())
        above = {str(one.props[name]) for one in named for name in _UPWARD if name in one.props}
        today = clock.today(self._plane.now(), self._plane.reading.timezone)
        actions = next_actions(records.values(), self._plane.schema, today)
        wanted = sorted({one.ref for one in named} | above)
        return {
            ref: actions[ref]
            for ref in wanted
            if ref in actions and not is_temporary(ref) and records[ref].props.get("next_action") != actions[ref]
        }


def _seen(lines: Sequence[Line], sight: Sight) -> list[Line]:
    """The lines of what may be seen, counted anew, without the facts about what may not."""
    kept = [line for line in lines if sight.sees([line.ref])]
    return [
        replace(line, rank=rank, because=tuple(fact for fact in line.because if _ANOTHERS not in fact))
        for rank, line in enumerate(kept, 1)
    ]


def _is_open(schema: Schema) -> object:
    live = (
        and_(
            record.c.kind == kind.name,
            record.c.status.not_in([s.name for s in kind.statuses.values() if s.group in CLOSED]),
        )
        for kind in schema.kinds.values()
    )
    return and_(record.c.archived.is_(False), or_(*live))


def _last_event_at(conn: Connection, refs: Iterable[str], since: str) -> dict[str, str]:
    """When something was last told of these records since an instant, looks and waiting left out."""
    wanted, found = sorted(refs), dict[str, str]()
    for start in range(0, len(wanted), _REFS_AT_ONCE):
        some = event_subject.c.ref.in_(wanted[start : start + _REFS_AT_ONCE])
        query = select(event_subject.c.ref, func.max(event_subject.c.at).label("at")).join_from(
            event_subject, event, event.c.id == event_subject.c.event_id
        )
        query = query.where(some, event_subject.c.at > since, event.c.kind.not_in(_LOOKS)).group_by(event_subject.c.ref)
        found |= {row.ref: row.at for row in conn.execute(query)}
    return found
