"""What recall has shown, and what became of it: the measure of whether memory helps. Kept for 90 days.

A question's words are erased with what it was about; what was shown, and what it cost, stays counted.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from threading import Lock
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, update

from onefirm.core.clock import Clock, iso
from onefirm.core.errors import Unavailable
from onefirm.core.sight import WHOLE, Sighted
from onefirm.store.engine import Store
from onefirm.store.tables import recall_item, recall_log

KEPT_DAYS = 90
ID = re.compile(r"\bR-[a-z]{8}\b")
_REF = re.compile(r"\b(?:DEC|L|F|SRC)-[1-9][0-9]{0,8}\b")
_PATIENCE_MS = 100
_MOST_WAITING = 50
_LETTERS = 8
_LOG, _ITEM = insert(recall_log), insert(recall_item)
_OLD = delete(recall_log).where(recall_log.c.at < bindparam("kept_since"))


@dataclass(frozen=True, slots=True)
class Shown:
    """One item of an answer, in its order."""

    source: str
    ref: str
    part: int


@dataclass(frozen=True, slots=True)
class Use:
    """One answer of recall, as it is logged."""

    id: str
    query: str
    about: tuple[str, ...]
    mode: str
    shown: tuple[Shown, ...]
    tokens: int
    duration_us: int
    session: str | None = None


@dataclass(frozen=True, slots=True)
class Miss:
    """A question that found nothing, how often it was asked, and when last (ISO)."""

    query: str
    times: int
    at: str


@dataclass(frozen=True, slots=True)
class Stats:
    """What was asked of memory in the days that are kept.

    `found` counts the answers that had anything, `used` those of which something was cited or corrected later;
    `tokens` is what all of them served. `misses`: the most asked first.
    """

    days: int
    asked: int
    found: int
    used: int
    tokens: int
    shown: int
    cited: int
    wrong: int
    median_ms: float
    misses: tuple[Miss, ...]


def new_id() -> str:
    """Letters only, so that it can't be taken for a record's ref."""
    return "R-" + "".join(chr(ord("a") + byte % 26) for byte in os.urandom(_LETTERS))


class Uses(Sighted):
    """The log. Nobody waits for it: what can't be written at once is written with what comes next."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._cleared_on: date | None = None
        self._turn = Lock()
        self._waiting: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []

    def note(self, use: Use) -> None:
        """Note what was shown."""
        now = self._clock.now()
        row = {
            "id": use.id, "at": iso(now), "session": use.session, "query": _plain(use.query),
            "about": list(use.about), "mode": use.mode, "tokens": use.tokens, "duration_us": use.duration_us,
        }  # fmt: skip
        items = [
            {"recall_id": use.id, "rank": rank, "source": one.source, "ref": one.ref, "part": one.part}
            for rank, one in enumerate(use.shown, 1)
        ]
        with self._turn:  # else two threads would both write what waits
            self._write([*self._waiting, (row, items)][-_MOST_WAITING:], now)

    def _write(self, waiting: list[tuple[dict[str, Any], list[dict[str, Any]]]], now: datetime) -> None:
        today = now.date()
        try:
            with self._store.write(durable=False, patience_ms=_PATIENCE_MS) as conn:
                if self._cleared_on != today:
                    conn.execute(_OLD, {"kept_since": iso(now - timedelta(days=KEPT_DAYS))})
                conn.execute(_LOG, [row for row, _ in waiting])
                if every := [item for _, items in waiting for item in items]:
                    conn.execute(_ITEM, every)
            self._waiting, self._cleared_on = [], today
        except Unavailable:
            self._waiting = waiting

    def stats(self, most: int = 10) -> Stats:
        """How memory was used; behind a client wall in figures only, without anybody's words."""
        with self._store.read() as conn:
            rows = conn.execute(select(recall_log).order_by(recall_log.c.at)).mappings().all()
            counted = select(recall_item.c.recall_id, func.count()).group_by(recall_item.c.recall_id)
            items = {row[0]: int(row[1]) for row in conn.execute(counted)}
            outcomes = select(recall_item.c.recall_id, recall_item.c.outcome).where(recall_item.c.outcome.is_not(None))
            became = conn.execute(outcomes).all()
        missed = [row for row in rows if row["id"] not in items and row["query"] and self._sight is WHOLE]
        times = sorted(row["duration_us"] for row in rows)
        return Stats(
            KEPT_DAYS,
            len(rows),
            len(items),
            len({row.recall_id for row in became}),
            sum(row["tokens"] for row in rows),
            sum(items.values()),
            sum(row.outcome == "cited" for row in became),
            sum(row.outcome == "wrong" for row in became),
            round(times[len(times) // 2] / 1_000, 1) if times else 0.0,
            tuple(_misses(missed)[:most]),
        )


def _misses(rows: Sequence[Any]) -> list[Miss]:
    asked: dict[str, Miss] = {}
    for row in rows:
        words = " ".join(row["query"].casefold().split())
        before = asked.get(words)
        asked[words] = Miss(row["query"], before.times + 1 if before else 1, row["at"])
    return sorted(asked.values(), key=lambda miss: (miss.times, miss.at), reverse=True)


def _plain(query: str) -> str:
    """What a database takes and a terminal shows."""
    return "".join(char if char.isprintable() else " " for char in query)


def credit(conn: Connection, texts: Iterable[str], by: str, session: str | None) -> None:
    """Count as cited what a decision, lesson or fact (`by`) names in its evidence: a recall by its id, with the refs
    that stand beside it, or refs that this session was shown.
    """
    said = " ".join(texts)
    ids, refs = set(ID.findall(said)), set(_REF.findall(said))
    if not ids and not refs:
        return
    of_session = select(recall_log.c.id).where(recall_log.c.session == session)
    shown = recall_item.c.ref.in_(refs)
    met = recall_item.c.recall_id.in_(ids) & shown if ids and refs else recall_item.c.recall_id.in_(ids)
    if refs and session:
        met = or_(met, shown & recall_item.c.recall_id.in_(of_session))
    conn.execute(update(recall_item).where(met, recall_item.c.outcome.is_(None)).values(outcome="cited", outcome_by=by))


def corrected(conn: Connection, ref: str, by: str) -> None:
    """Count what was shown last of an item that `by` supersedes or takes back as wrong."""
    query = select(recall_item.c.recall_id).join(recall_log, recall_log.c.id == recall_item.c.recall_id)
    query = query.where(recall_item.c.ref == ref).order_by(recall_log.c.at.desc()).limit(1)
    last = conn.execute(query).scalar()
    mine = (recall_item.c.recall_id == last, recall_item.c.ref == ref)
    conn.execute(update(recall_item).where(*mine).values(outcome="wrong", outcome_by=by))


def forget(conn: Connection, refs: Collection[str], names: Callable[[str], bool] = lambda _query: False) -> None:
    """Erase the words of questions that were about one of these refs, were shown one, or name what is erased."""
    shown = set(conn.execute(select(recall_item.c.recall_id).where(recall_item.c.ref.in_(list(refs)))).scalars())
    for row in conn.execute(select(recall_log).where(recall_log.c.query.is_not(None))).mappings().all():
        if row["id"] in shown or not set(refs).isdisjoint(row["about"]) or names(row["query"]):
            conn.execute(update(recall_log).where(recall_log.c.id == row["id"]).values(query=None))
