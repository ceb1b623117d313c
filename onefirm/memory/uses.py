"""What recall has shown, and what became of it: the measure of whether memory helps. Kept for 90 days.

A question's words are erased with what it was about; what was shown, and what it cost, stays counted.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import astuple, dataclass, field, replace
from datetime import date, timedelta
from threading import Lock
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, bindparam, cast, delete, insert, or_, select, update

from onefirm.core.clock import Clock, iso
from onefirm.core.errors import Unavailable
from onefirm.core.sight import WHOLE, Sighted
from onefirm.store.engine import Store
from onefirm.store.tables import recall_log

KEPT_DAYS = 90
ID = re.compile(r"\bR-[a-z]{8}\b")
_REF = re.compile(r"\b(?:DEC|L|F|SRC)-[1-9][0-9]{0,8}\b")
_PATIENCE_MS, _LAST_PATIENCE_MS = 100, 2_000
_MOST_WAITING = 50
_LETTERS = 8
_LOG = insert(recall_log)
_ANSWERS = select(recall_log.c.id, recall_log.c.shown).with_for_update()
_OLD = delete(recall_log).where(recall_log.c.at < bindparam("kept_since"))


@dataclass(frozen=True, slots=True)
class Shown:
    """One item of an answer. `outcome` says what became of it (cited, wrong), and `by` the ref of what said so."""

    source: str
    ref: str
    part: int
    outcome: str | None = None
    by: str | None = None


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


@dataclass(slots=True)
class _Kept:
    """What all threads and sights of a process share: the notes that wait, and when the old ones were let go."""

    turn: Lock = field(default_factory=Lock)
    waiting: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    cleared_on: date | None = None


class Uses(Sighted):
    """The log. It is written before an answer is given, and nobody waits for another program's sake: what can't be
    written at once is written with what comes next.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._kept = _Kept()

    def note(self, use: Use) -> None:
        """Note what was shown."""
        row = {
            "id": use.id, "at": iso(self._clock.now()), "session": use.session, "query": _plain(use.query),
            "about": list(use.about), "mode": use.mode, "tokens": use.tokens, "duration_us": use.duration_us,
            "shown": [(one.source, one.ref, one.part) for one in use.shown],
        }  # fmt: skip
        with self._kept.turn:  # else two threads would both write what waits
            self._write([*self._kept.waiting, row][-_MOST_WAITING:], _PATIENCE_MS)

    def settle(self) -> None:
        """Write what still waits: this process ends."""
        with self._kept.turn:
            if self._kept.waiting:
                self._write(self._kept.waiting, _LAST_PATIENCE_MS)

    def _write(self, rows: list[dict[str, Any]], patience_ms: int) -> None:
        now = self._clock.now()
        try:
            with self._store.write(durable=False, patience_ms=patience_ms) as conn:
                if self._kept.cleared_on != now.date():
                    conn.execute(_OLD, {"kept_since": iso(now - timedelta(days=KEPT_DAYS))})
                conn.execute(_LOG, rows)
            self._kept.waiting, self._kept.cleared_on = [], now.date()
        except Unavailable:
            # Without the words: an erasure meanwhile would not reach them here.
            self._kept.waiting = [{**row, "query": None} for row in rows]

    def stats(self, most: int = 10) -> Stats:
        """How memory was used; behind a client wall in figures only, without anybody's words."""
        with self._store.read() as conn:
            rows = conn.execute(select(recall_log).order_by(recall_log.c.at)).all()
        shown = [_shown(row) for row in rows]
        became = [one.outcome for items in shown for one in items]
        missed = [row for row in rows if not row.shown and row.query and self._sight is WHOLE]
        times = sorted(row.duration_us for row in rows)
        return Stats(
            KEPT_DAYS,
            len(rows),
            sum(map(bool, shown)),
            sum(any(one.outcome for one in items) for items in shown),
            sum(row.tokens for row in rows),
            len(became),
            became.count("cited"),
            became.count("wrong"),
            round(times[len(times) // 2] / 1_000, 1) if times else 0.0,
            tuple(_misses(missed)[:most]),
        )


def _misses(rows: Sequence[Any]) -> list[Miss]:
    asked: dict[str, Miss] = {}
    for row in rows:
        words = " ".join(row.query.casefold().split())
        before = asked.get(words)
        asked[words] = Miss(row.query, before.times + 1 if before else 1, row.at)
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
    met: list[ColumnElement[bool]] = [recall_log.c.id.in_(ids)] if ids else []
    if refs and session:
        met.append(recall_log.c.session == session)
    if not met:
        return
    for row in conn.execute(_ANSWERS.where(or_(*met))).all():
        _judge(conn, row, "cited", by, lambda one: not one.outcome and (not refs or one.ref in refs))


def corrected(conn: Connection, ref: str, by: str) -> None:
    """Count what was shown last of an item that `by` supersedes or takes back as wrong."""
    named = cast(recall_log.c.shown, Text).contains(f'"{ref}"', autoescape=True)
    for row in conn.execute(_ANSWERS.where(named).order_by(recall_log.c.at.desc())).all():
        if any(one.ref == ref for one in _shown(row)):
            _judge(conn, row, "wrong", by, lambda one: one.ref == ref)
            return


def _judge(conn: Connection, row: Any, outcome: str, by: str, meant: Callable[[Shown], bool]) -> None:
    """Write down what became of those items of an answer that are `meant`."""
    shown = [replace(one, outcome=outcome, by=by) if meant(one) else one for one in _shown(row)]
    values = {"shown": [astuple(one) for one in shown]}
    conn.execute(update(recall_log).where(recall_log.c.id == row.id).values(values))


def _shown(row: Any) -> list[Shown]:
    return [Shown(*item) for item in row.shown]


def forget(conn: Connection, refs: Collection[str], names: Callable[[str], bool] = lambda _query: False) -> None:
    """Erase the words of questions that were about one of these refs, were shown one, or name what is erased."""
    for row in conn.execute(select(recall_log).where(recall_log.c.query.is_not(None))).all():
        told = {*row.about, *(one.ref for one in _shown(row))}
        if not told.isdisjoint(refs) or names(row.query):
            conn.execute(update(recall_log).where(recall_log.c.id == row.id).values(query=None))
