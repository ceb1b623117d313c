"""Records that move to Notion: each gets a page, is made equal, and is held against what Notion says in the end.

Whoever is cut off begins again: what has a page is found by the key under which it was made, or by what the store knows
of it, and only what differs is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from onefirm.core.clock import Clock
from onefirm.core.errors import Refused, Unavailable
from onefirm.core.ids import uuid7
from onefirm.state.schema import Schema
from onefirm.state.truth.base import AnswerLost, Gone, Rejected, Stale, TruthRow, TruthWrite, Unreachable
from onefirm.state.truth.notion import pages, steps
from onefirm.state.truth.notion.call import TIMEOUT_S
from onefirm.state.truth.notion.truth import LAG, NotionTruth
from onefirm.store.engine import Store

PATIENCE = LAG + timedelta(seconds=TIMEOUT_S + 30)
"""Only after this may it be said that a page was not made; whoever can't wait so long is told to come again."""
_MOVING = "ref:"
_EQUAL = "equal:"
_AGAIN_S = 5.0
_TRIES = 5
_TOLD_EVERY = 25
_FEW = 5
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Arrived:
    """The rows as Notion has them, by ref, and how far its lists were read for that."""

    rows: Mapping[str, TruthRow]
    watermark: str


class Arrival:
    """Brings the rows of one firm to Notion. `since` is when Notion was last this firm's truth (empty: never)."""

    def __init__(
        self,
        truth: NotionTruth,
        store: Store,
        schema: Schema,
        firm: str,
        clock: Clock,
        since: str,
        tell: Callable[[str], None],
        pause: Callable[[float], None],
    ) -> None:
        self._truth = truth
        self._store = store
        self._schema = schema
        self._firm = firm
        self._clock = clock
        self._since = since
        self._tell = tell
        self._pause = pause
        self._empty = False

    def check(self) -> None:
        """Raise Refused where the databases hold rows that are none of this firm's records."""
        tally = self._patiently(lambda: self._truth.tally(self._firm))
        self._empty = not any(every for every, _ in tally.values())
        if found := {kind: strange for kind, (_, strange) in tally.items() if strange}:
            told = ", ".join(f"{self._schema.kinds[kind].plural} {number}" for kind, number in sorted(found.items()))
            raise Refused(
                f"The databases in Notion hold rows that this firm doesn't know: {told}. Nothing was written there.",
                hint="Delete them for good, or move into databases of their own: `onefirm truth move notion --under "
                "PAGE`, after moving notion.yaml away.",
            )

    def bring(self, rows: Sequence[TruthRow]) -> None:
        """Make Notion say the same as these rows, of which each may lead to any other.

        1. What has no page gets one, in the order of the refs, so that Notion's own numbers come out the same.
        2. Every value that differs is written, relations to what was made later among them.
        3. What is archived goes into the trash.

        Raises Refused for values that Notion doesn't take, and for rows that were edited there; Unavailable while it
        can't be asked.
        """
        there = self._there(rows)
        there |= self._refuse_edited(rows, there)
        for number, row in enumerate(ordered(rows, self._schema), 1):
            if row.ref not in there:
                there[row.ref] = self._create(row, there)
            if number % _TOLD_EVERY == 0:
                self._tell(f"{number} of {len(rows)} records are there")
        for row in rows:
            there[row.ref] = self._equal(row, there[row.ref])
        for row in rows:
            if row.archived and not there[row.ref].archived:
                self._apply("archive", row, there[row.ref])

    def verified(self, rows: Sequence[TruthRow]) -> Arrived:
        """What Notion says of these rows, read anew. Raises Refused, with the first few, where it says otherwise."""
        self._tell("reading everything back")
        there, watermark = self._patiently(self._walk)
        if behind := [row.ref for row in rows if not _same(row, there.get(row.ref))]:  # lists lag, pages don't
            there |= self._patiently(lambda: self._truth.read(behind))
        wrong = [row.ref for row in rows if not _same(row, there.get(row.ref))]
        if wrong:
            told = "; ".join(_differs(row, there.get(row.ref)) for row in rows if row.ref in wrong[:_FEW])
            raise Refused(
                f"{len(wrong)} of {len(rows)} records are not the same in Notion: {told}. Nothing was switched.",
                hint="The same command tries again; the records are where they were.",
            )
        return Arrived({row.ref: there[row.ref] for row in rows}, watermark)

    # -- what is there -------------------------------------------------------------------------------------------------

    def _there(self, rows: Sequence[TruthRow]) -> dict[str, TruthRow]:
        """The rows that have a page; those whose page is gone for good are forgotten, to be made anew."""
        with self._store.read() as conn:
            unfinished = steps.unfinished(conn, _MOVING, _EQUAL)
        for key in unfinished:  # whoever was cut off had no answer yet
            self._patiently(partial(self._truth.effect, key))
        there = {} if self._empty else self._patiently(self._walk)[0]
        self._empty = False
        wanted = [row.ref for row in rows]
        there = {ref: there[ref] for ref in wanted if ref in there}
        with self._store.read() as conn:
            known = [ref for ref in pages.ids_of(conn, wanted) if ref not in there]
        there |= self._patiently(lambda: self._truth.read(known))
        if gone := [ref for ref in known if ref not in there]:
            with self._store.write() as conn:
                pages.forget(conn, gone)
                for ref in gone:
                    steps.drop(conn, self._key(ref))
        return there

    def _walk(self) -> tuple[dict[str, TruthRow], str]:
        there, watermark = dict[str, TruthRow](), ""
        for batch in self._truth.changed_since(None):
            there |= {row.ref: row for row in batch.rows}
            watermark = batch.watermark
        return there, watermark

    def _refuse_edited(self, rows: Sequence[TruthRow], there: Mapping[str, TruthRow]) -> dict[str, TruthRow]:
        """Nobody's edit is written over: those since Notion was last the truth are for the operator to bring over.

        The rows that had to be read again for that.
        """
        with self._store.read() as conn:
            left = steps.left(conn, pages.ids_of(conn, there))
        doubted = [row.ref for row in rows if self._is_edited(row, there.get(row.ref), left)]
        again = self._patiently(lambda: self._truth.read(doubted))  # a list that lags behind shows what we left before
        edited = [row for row in rows if row.ref in again and self._is_edited(row, again[row.ref], left)]
        if edited:
            told = "; ".join(_differs(row, again[row.ref]) for row in edited[:_FEW])
            raise Refused(
                f"Somebody edited {len(edited)} of the records in Notion meanwhile: {told}. Nothing was written there.",
                hint="Make both say the same (`onefirm record update`, or in Notion); then the same command goes on.",
            )
        return again

    def _is_edited(self, row: TruthRow, now: TruthRow | None, left: Mapping[str, str]) -> bool:
        if now is None or _same(row, now):
            return False
        return now.edited_at >= self._since[:16] and now.etag != left.get(row.ref)

    # -- writing -------------------------------------------------------------------------------------------------------

    def _create(self, row: TruthRow, there: Mapping[str, TruthRow]) -> TruthRow:
        kind = self._schema.kinds[row.kind]
        props = {
            name: value for name, value in row.props.items()
            if kind.properties[name].type != "relation" or _refs(value) <= there.keys()
        }  # fmt: skip
        return self._write(TruthWrite("create", row.kind, props=props), self._key(row.ref), row.ref)

    def _equal(self, row: TruthRow, now: TruthRow) -> TruthRow:
        """Restored where that is needed, and with the same values."""
        changed = {
            name: row.props.get(name) for name in {*row.props, *now.props} if row.props.get(name) != now.props.get(name)
        }
        if now.archived and (changed or not row.archived):
            now = self._apply("restore", row, now)
        return self._apply("update", row, now, changed) if changed else now

    def _apply(self, op: Any, row: TruthRow, now: TruthRow, props: Mapping[str, Any] | None = None) -> TruthRow:
        for _ in range(_TRIES):
            try:
                write = TruthWrite(op, row.kind, row.ref, now.etag, props)
                return self._write(write, f"{_EQUAL}{uuid7()}", row.ref)
            except Stale as stale:  # a list that lags behind said otherwise
                now = stale.rows[0]
        raise Unavailable(f"Somebody keeps editing {row.ref} in Notion.", hint="The same command goes on later.")

    def _write(self, write: TruthWrite, key: str, ref: str) -> TruthRow:
        try:
            return self._patiently(lambda: self._truth.apply([write], key))[0]
        except Rejected as error:
            raise Refused(
                f"Notion doesn't take {ref}: {error}.", hint="Mend that; then the same command goes on."
            ) from None
        except Gone:
            raise Unavailable(
                f"{ref} was deleted in Notion while it moved.", hint="The same command makes it anew."
            ) from None

    def _key(self, ref: str) -> str:
        return pages.moving_key(ref, self._firm)

    def _patiently(self, ask: Callable[[], _T]) -> _T:
        """Wait while Notion can't be asked, or can't tell yet what became of a write. Raises Unavailable."""
        until, told = self._clock.now() + PATIENCE, ""
        while True:
            try:
                return ask()
            except (Unreachable, AnswerLost) as error:
                if self._clock.now() >= until:
                    raise Unavailable(
                        f"Notion can't be asked now: {error}.", hint="The same command goes on where this ended."
                    ) from None
                if str(error) != told:
                    told = str(error)
                    self._tell(f"waiting for Notion: {told}")
                self._pause(_AGAIN_S)


def ordered(rows: Sequence[TruthRow], schema: Schema) -> list[TruthRow]:
    """By kind, those that others lead to first, and by number."""
    order, waiting = list[str](), sorted(schema.kinds)
    while waiting:
        to = {name: {prop.to for prop in schema.kinds[name].properties.values() if prop.to} for name in waiting}
        first = min(waiting, key=lambda name: (len((to[name] - {name}) & set(waiting)), name))
        order.append(first)
        waiting.remove(first)
    return sorted(rows, key=lambda row: (order.index(row.kind), int(row.ref.partition("-")[2])))


def _same(row: TruthRow, there: TruthRow | None) -> bool:
    return there is not None and (dict(row.props), row.archived) == (dict(there.props), there.archived)


def _differs(row: TruthRow, there: TruthRow | None) -> str:
    if there is None:
        return f"{row.ref} is not there"
    names = [name for name in sorted({*row.props, *there.props}) if row.props.get(name) != there.props.get(name)]
    shown = [f"{name} is {_shown(there.props.get(name))}, here {_shown(row.props.get(name))}" for name in names[:2]]
    return f"{row.ref} {' and '.join(shown) or ('is in the trash' if there.archived else 'is not in the trash')}"


def _shown(value: Any) -> str:
    return "empty" if value is None else f"“{value}”"


def _refs(value: Any) -> set[str]:
    return {value} if isinstance(value, str) else set(value)
