"""Notion as the truth.

Notion has no transactions, no locks and no keys, and its lists lag behind its pages. So a write is noted down before it
is sent; every base is checked before the first step; a create carries its effect key in a property of its own, by which
it is found again when its answer was lost; and everything else is judged by reading the page.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from onefirm.core.clock import Clock, iso, parse_iso
from onefirm.state.schema import Schema
from onefirm.state.schema_plan import Step as PlanStep
from onefirm.state.truth.base import (
    AnswerLost,
    Batch,
    Following,
    Gone,
    Mismatch,
    Part,
    Prepared,
    Rejected,
    Stale,
    TruthError,
    TruthRow,
    TruthWrite,
    Undecided,
    Unreachable,
    Unsure,
    kind_of,
)
from onefirm.state.truth.notion import pages, questions, schema_change, steps
from onefirm.state.truth.notion.asking import Asking
from onefirm.state.truth.notion.call import LOOK_HOLDS_S, PATIENCE_S, TIMEOUT_S, Caller, Collided, Missing
from onefirm.state.truth.notion.lists import Lists
from onefirm.state.truth.notion.mapping import NotionMapping, Place
from onefirm.state.truth.notion.pace import Pace
from onefirm.state.truth.notion.people import People
from onefirm.state.truth.notion.rows import Page, Rows, is_trashed
from onefirm.state.truth.notion.steps import Step
from onefirm.state.truth.notion.survey import Absent, Seen
from onefirm.state.truth.notion.turns import Turns
from onefirm.state.truth.notion.values import Unfit, line
from onefirm.store.engine import Store

LAG = timedelta(seconds=120)
"""How far Notion's lists may lag behind: only then may it be said that a create was not applied."""
OVERLAP = timedelta(seconds=180)
"""How far a poll goes back behind the minute in which the last one began: the lag, and what times are cut by."""
EFFECTS_KEPT = timedelta(days=30)
_TRIES = 5
_PRUNE_EVERY = 64  # effects


class NotionTruth:
    """Keeps the protocol of `truth.base.Truth`. Safe to share between threads; `close` gives its thread back."""

    name = "Notion"
    store = None

    def __init__(
        self,
        store: Store,
        schema: Schema,
        clock: Clock,
        mapping: NotionMapping,
        caller: Caller,
        *,
        timezone: str = "UTC",
        lag: timedelta = LAG,
        overlap: timedelta = OVERLAP,
    ) -> None:
        self._store = store
        self._schema = schema
        self._clock = clock
        self._mapping = mapping
        self._notion = Asking(caller, mapping)
        self._people = People(store, self._notion, clock)
        self._rows = Rows(store, schema, mapping, self._people, timezone)
        self._lists = Lists(self._notion, self._rows, schema, mapping, clock, overlap)
        self._lag = lag
        self._turns = Turns()
        self._applied = 0

    @classmethod
    def connect(
        cls, store: Store, schema: Schema, clock: Clock, mapping: NotionMapping, token: str, timezone: str
    ) -> NotionTruth:
        """The truth behind a token. Nothing is asked before it is needed."""
        caller = Caller(token, mapping.base_url, Pace(mapping.pace))
        return cls(store, schema, clock, mapping, caller, timezone=timezone)

    def close(self) -> None:
        """End what is under way and give the connections back."""
        self._notion.close()

    # -- writing -------------------------------------------------------------------------------------------------------

    def apply(self, writes: Sequence[TruthWrite], key: str) -> list[TruthRow]:
        """All bases are checked before the first step; each step is noted before it is sent."""
        with self._turns.hold([key, *(write.ref for write in writes if write.ref)]):
            if self._load(key) and (rows := self._effect(key)) is not None:
                return rows
            looked_at = self._clock.now()
            there = self._check(writes)
            bodies = self._bodies(writes, key, there)
            now = iso(self._clock.now())
            before = {row.ref: row for row in self._rows.read(list(there.values()))}
            planned = [
                Step(key, number, "waiting", now, write, before.get(write.ref or ""))
                for number, write in enumerate(writes)
            ]
            self._note(planned, now)
            return self._go(planned, bodies, looked_at)

    def _note(self, planned: Sequence[Step], now: str) -> None:
        planned[0].state = "sent"
        self._applied += 1
        with self._store.write() as conn:
            steps.put(conn, planned)
            if self._applied % _PRUNE_EVERY == 1:  # with its first too: most programs end before many
                steps.prune(conn, iso(parse_iso(now) - EFFECTS_KEPT))

    def _check(self, writes: Sequence[TruthWrite]) -> dict[str, Page]:
        """The pages that the writes change, by ref, as they are now. Raises Gone, Stale, Rejected."""
        refs = [write.ref for write in writes if write.ref]
        there = self._get(refs)
        if gone := [ref for ref in refs if ref not in there]:
            raise Gone(gone)
        rows = {row.ref: row for row in self._rows.read(list(there.values()))}
        if stale := [rows[write.ref] for write in writes if write.ref and rows[write.ref].etag != write.base]:
            raise Stale(stale)
        for write in writes:
            if write.op == "update" and write.ref and rows[write.ref].archived:
                raise Rejected(f"{write.ref} lies in Notion's trash; restore it first")
        return there

    def _bodies(self, writes: Sequence[TruthWrite], key: str, there: Mapping[str, Page]) -> list[dict[str, Any]]:
        """What to send for each write. Raises Rejected."""
        for write in writes:
            if any(self._is_people(write, name) for name in write.props or ()):
                self._people.learn(timedelta())
        try:
            return [
                self._body(write, f"{key}#{number}", there.get(write.ref or "")) for number, write in enumerate(writes)
            ]
        except Unfit as unfit:
            raise Rejected(line(str(unfit))) from None

    def _is_people(self, write: TruthWrite, name: str) -> bool:
        place = self._mapping.places.get(write.kind)
        return place is not None and name in place.columns and place.columns[name].type == "people"

    def _body(self, write: TruthWrite, key: str, page: Page | None) -> dict[str, Any]:
        if write.op in ("archive", "restore"):
            return {"in_trash": write.op == "archive"}
        if write.op == "update":
            return {"properties": self._rows.body(write, None, page)}
        parent = {"type": "data_source_id", "data_source_id": self._rows.place(write).data_source}
        return {"parent": parent, "properties": self._rows.body(write, key, None)}

    def _go(self, planned: Sequence[Step], bodies: Sequence[Mapping[str, Any]], looked_at: datetime) -> list[TruthRow]:
        """Send what isn't done yet, in order. `looked_at`: when the rows were held against their bases."""
        for step, body in zip(planned, bodies, strict=True):
            if step.state == "done":
                continue
            try:
                self._send(step, body, looked_at)
            except AnswerLost:
                self._mark(step, "lost")
                raise
            except Unreachable as error:
                self._mark(step, "waiting")
                if not self._forget_if_untouched(planned):
                    raise AnswerLost(str(error)) from None
                raise
            except (Stale, Gone, Rejected) as refused:
                self._mark(step, "waiting")
                refused.taken_back = self._take_back(planned)
                raise
        return [step.row for step in planned if step.row]

    def _send(self, step: Step, body: Mapping[str, Any], looked_at: datetime) -> None:
        if step.state != "sent":
            self._mark(step, "sent")
        try:
            page = self._create(body) if step.write.op == "create" else self._change(step, body, looked_at)
        except Rejected as rejected:
            raise self._refusal(step.write, rejected) from None
        step.page_id = str(page["id"])
        try:
            page = self._notion.whole(page)
        except TruthError as error:  # the write went through all the same
            raise AnswerLost(str(error)) from None
        (step.row,) = self._rows.read([page])
        self._mark(step, "done")

    def _create(self, body: Mapping[str, Any]) -> Page:
        try:
            return self._notion.call("create", "POST", "pages", body)
        except Missing as missing:
            raise Rejected(str(missing)) from None

    def _refusal(self, write: TruthWrite, rejected: Rejected) -> TruthError:
        """What a refusal of Notion's means, where its form has changed meanwhile."""
        self._rows.noticed.add(f"{write.kind}:refused")
        seen = self._seen(write.kind)
        if _is_away(seen):
            return Unreachable(f"the data source of {write.kind} in notion.yaml can't be seen")
        place = self._rows.place(write)
        sent = {write.kind, *(f"{write.kind}.{name}" for name in write.props or ())}
        found = questions.mismatches(self._mapping, self._schema, {place.data_source: seen})
        told = [one.said for one in found if one.key.partition(":")[0] in sent and not one.is_harmless]
        return Rejected("; ".join(told)) if told else rejected

    def _seen(self, kind: str) -> Seen:
        source = self._mapping.places[kind].data_source
        return self._notion.sources([source])[source]

    def _change(self, step: Step, body: Mapping[str, Any], looked_at: datetime) -> Page:
        """The page after it was changed.

        Where the last look is old, or the write has failed, it is held against its base again before it is (once more)
        sent: somebody may have been there meanwhile.
        """
        ref = step.write.ref or ""
        page_id = self._page_ids([ref])[ref]
        look = self._clock.now() - looked_at > timedelta(seconds=LOOK_HOLDS_S)
        failed: TruthError = Unreachable("somebody keeps saving that page")
        for _ in range(_TRIES):
            if look and (page := self._look_again(step, failed)):
                return page
            look = True
            try:
                return self._notion.call("edit", "PATCH", f"pages/{page_id}", body)
            except AnswerLost as lost:
                failed = lost
            except Missing:
                raise Gone([ref]) from None
            except (Collided, Unreachable):
                pass
        raise failed

    def _look_again(self, step: Step, failed: TruthError) -> Page | None:
        """The page, where a write whose answer was lost has changed it. Raises Stale, Gone, Unreachable, AnswerLost."""
        ref, is_lost = step.write.ref or "", isinstance(failed, AnswerLost)
        try:
            there = self._get([ref])
        except Unreachable:
            if is_lost:
                raise failed from None
            raise
        if ref not in there:
            raise Gone([ref])
        (row,) = self._rows.read([there[ref]])
        if is_lost and step.is_done_in(row):
            return there[ref]
        if not step.is_untouched(row):
            raise Stale([row])
        return None

    def _take_back(self, planned: Sequence[Step]) -> list[TruthRow]:
        """Undo what was done of an effect that can't be done whole; the rows of it that lie in the trash now.

        Raises AnswerLost when that fails too.
        """
        trashed = list[TruthRow]()
        for step in planned:
            if step.state == "done":
                try:
                    page = self._notion.whole(self._undo(step))
                    trashed += self._rows.read([page]) if step.write.op == "create" else []
                except (Missing, Rejected):
                    pass  # it is gone already, or in the trash: nothing is left to undo
                except TruthError as error:
                    raise AnswerLost(str(error)) from None
                step.page_id = step.row = None
                self._mark(step, "waiting")
        self._forget_if_untouched(planned)
        return trashed

    def _undo(self, step: Step) -> Page:
        """The page as it is afterwards."""
        write, before = step.write, step.before
        if write.op == "create" or before is None:
            key = self._rows.place(write).key
            emptied: dict[str, Any] = {"properties": {key.id: {"rich_text": []}}} if key else {}
            body: dict[str, Any] = {**emptied, "in_trash": True}
        elif write.op == "update":
            old = {name: before.props.get(name) for name in write.props or {}}
            body = self._body(replace(write, props=old), "", self._get([before.ref]).get(before.ref))
        else:
            body = {"in_trash": before.archived}
        return self._notion.call("write", "PATCH", f"pages/{step.page_id}", body)

    def _forget_if_untouched(self, planned: Sequence[Step]) -> bool:
        untouched = all(step.state == "waiting" for step in planned)
        if untouched:
            with self._store.write() as conn:
                steps.drop(conn, planned[0].key)
        return untouched

    def _mark(self, step: Step, state: steps.StepState) -> None:
        step.state, step.at = state, iso(self._clock.now())
        with self._store.write() as conn:
            steps.save(conn, step)

    # -- what became of a write ----------------------------------------------------------------------------------------

    def effect(self, key: str) -> list[TruthRow] | None:
        """What was done in part is finished, or taken back where somebody has changed the same since."""
        with self._turns.hold([key, *(step.write.ref for step in self._load(key) if step.write.ref)]):
            return self._effect(key)

    def _effect(self, key: str) -> list[TruthRow] | None:
        planned = self._load(key)
        if not planned:
            return None
        unsure = dict[int, list[TruthRow]]()
        for step in planned:
            if step.state in ("sent", "lost"):
                self._judge(step, unsure)
        if unsure:
            raise Unsure(unsure)
        done = [step.row for step in planned if step.state == "done" and step.row]
        if len(done) == len(planned):
            return done
        if done:
            return self._finish(planned)
        self._forget_if_untouched(planned)
        return None

    def _judge(self, step: Step, unsure: dict[int, list[TruthRow]]) -> None:
        if step.write.op != "create":
            self._judge_change(step)
            return
        place = self._rows.place(step.write)
        found = self._notion.pages([step.page_id]).get(step.page_id) if step.page_id else None
        if found is None and place.key:
            found = self._lists.of_key(place, place.key, f"{step.key}#{step.number}")
        if found is not None:
            step.page_id, step.row = str(found["id"]), self._rows.read([found])[0]
            self._mark(step, "done")
            return
        told_at = parse_iso(step.at) + self._lag
        if step.state == "sent":  # it may have waited for its turn before it went, and been under way for long
            told_at += timedelta(seconds=PATIENCE_S + TIMEOUT_S)
        if self._clock.now() < told_at:
            raise Undecided(f"Notion's lists lag behind; whether it was created can be told at {iso(told_at)[11:19]}")
        candidates = [] if place.key else self._candidates(place, step)
        if candidates:
            unsure[step.number] = candidates
        else:
            self._mark(step, "waiting")

    def _judge_change(self, step: Step) -> None:
        ref = step.write.ref or ""
        there = self._get([ref])
        row = self._rows.read(list(there.values()))[0] if there else None
        if row is not None and step.is_done_in(row):
            step.page_id, step.row = str(there[ref]["id"]), row
            self._mark(step, "done")
        else:
            self._mark(step, "waiting")

    def _finish(self, planned: Sequence[Step]) -> list[TruthRow] | None:
        """Do the rest of an effect of which something was done, unless somebody has changed the same since."""
        left = [step for step in planned if step.state != "done"]
        looked_at = self._clock.now()
        there = self._get([step.write.ref for step in left if step.write.ref])
        rows = {row.ref: row for row in self._rows.read(list(there.values()))}
        for step in left:
            if step.write.ref and not step.is_untouched(rows.get(step.write.ref)):
                self._take_back(planned)
                return None
        try:
            bodies = self._bodies([step.write for step in planned], planned[0].key, there)
        except Rejected:
            self._take_back(planned)
            return None
        try:
            return self._go(planned, bodies, looked_at)
        except (Stale, Gone, Rejected):
            return None  # all was taken back

    def _candidates(self, place: Place, step: Step) -> list[TruthRow]:
        """Every row made around when a create was under way that no effect of ours is known to have made."""
        at, longest = parse_iso(step.at), timedelta(seconds=PATIENCE_S + TIMEOUT_S)
        found = self._lists.made_between(place, at - longest, at + longest)
        with self._store.read() as conn:
            ours = steps.made(conn, [str(page["id"]) for page in found])
        return self._rows.read([page for page in found if page["id"] not in ours])

    def answer(self, key: str, number: int, ref: str | None) -> None:
        """The operator has looked."""
        step = next(step for step in self._load(key) if step.number == number)
        if ref is None:
            self._mark(step, "waiting")
            return
        there = self._get([ref])
        if ref not in there:
            raise Gone([ref])
        step.page_id, step.row = str(there[ref]["id"]), self._rows.read([there[ref]])[0]
        self._mark(step, "done")

    # -- reading -------------------------------------------------------------------------------------------------------

    def read(self, refs: Sequence[str]) -> dict[str, TruthRow]:
        """One request for each row."""
        return {row.ref: row for row in self._rows.read(list(self._get(refs).values()))}

    def also(self, ref: str) -> Mapping[str, str]:
        """What Notion holds beside a record's properties, by Notion's names, as people read it; as of the last look."""
        with self._store.read() as conn:
            ids = pages.ids_of(conn, [ref])
            found = pages.known(conn, ids.values())
        return {name: text for one in found.values() for name, text in (one.also or {}).items()}

    def page(self, ref: str, part: Part) -> list[str]:
        """One request for a hundred blocks, and one for each block that holds others."""
        id_ = self._page_ids([ref]).get(ref)
        if id_ is None:
            raise Gone([ref])
        try:
            if part == "body":
                return self._notion.body(id_)
            self._people.learn()
            return self._notion.comments(id_, self._people.names)
        except Missing:
            raise Gone([ref]) from None

    def changed_since(self, watermark: str | None) -> Iterator[Batch]:
        """Each data source is walked from where it was, its trash after it."""
        self._people.learn()
        yield from self._lists.changed_since(watermark)

    def ids(self) -> dict[str, frozenset[str]]:
        """Every page by its number alone, and those of our own that the lists don't show yet."""
        since = iso(self._clock.now() - self._lag)
        there = self._lists.ids()
        with self._store.read() as conn:
            shown = steps.shown_since(conn, since)
        return {kind: refs | shown.get(kind, frozenset()) for kind, refs in there.items()}

    def noticed(self) -> frozenset[str]:
        """What pages and refusals have shown since their kind was last looked at."""
        return frozenset(self._rows.noticed)

    def tally(self, firm: str) -> dict[str, tuple[int, int]]:
        """How many rows each kind has, in the trash too: all, and those that are none of this firm's records."""
        return self._lists.tally(firm)

    def mismatches(self, kinds: Collection[str]) -> list[Mismatch]:
        """One request for each data source. Of a firm of which nothing is shown it is said in one sentence."""
        places = self._mapping.places.values()
        wanted = [place.data_source for place in places if place.kind in kinds or "" in kinds]
        found = self._notion.sources(wanted)
        self._rows.noticed -= {key for key in self._rows.noticed if kind_of(key) in kinds}
        if len(found) == len(places) > 1 and all(_is_away(seen) for seen in found.values()):
            return [questions.nothing_seen(len(found))]
        return questions.mismatches(self._mapping, self._schema, found)

    def following(self, schema: Schema, steps: Sequence[PlanStep]) -> Following:
        """Properties, options and databases for what is new; other names for the rest, in notion.yaml alone."""
        return schema_change.following(self._mapping, self._schema, schema, steps, self._prepare)

    def _prepare(self, wanted: schema_change.Widening) -> Prepared:
        return schema_change.prepare(self._notion, self._store, self._clock, wanted)

    def _get(self, refs: Sequence[str]) -> dict[str, Page]:
        """The pages of these refs; one that is missing in the answer is gone. Raises Unreachable.

        A page goes with its data source when that is put into the trash or not shared any more: then it isn't gone.
        """
        ids = self._page_ids(refs)
        found = self._notion.pages(list(ids.values()))
        there = {ref: found[id_] for ref, id_ in ids.items() if id_ in found}
        away = [ref for ref in ids if ref not in there or is_trashed(there[ref])]
        for kind in {self._schema.kind_of(ref).name for ref in away}:
            if kind in self._mapping.places and _is_away(self._seen(kind)):
                self._rows.noticed.add(f"{kind}:unseen")
                raise Unreachable(f"the data source of {kind} in notion.yaml can't be seen")
        return there

    def _page_ids(self, refs: Sequence[str]) -> dict[str, str]:
        with self._store.read() as conn:
            return pages.ids_of(conn, refs)

    def _load(self, key: str) -> list[Step]:
        with self._store.read() as conn:
            return steps.load(conn, key)


def _is_away(seen: Seen) -> bool:
    """Whether a data source can't be read, and all its pages with it."""
    return isinstance(seen, Absent) or seen.in_trash
