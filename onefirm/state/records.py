"""Records: the state plane's one door. Every room and interface above reads and writes state through it."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from onefirm.core.attribution import By
from onefirm.core.clock import Clock
from onefirm.core.errors import NoRef, NotFound
from onefirm.core.ids import parse_ref
from onefirm.core.sight import WHOLE, Sight
from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Event
from onefirm.sessions import walls
from onefirm.state import claims, conflicts, drafts, history, mismatches, query, schema_change, values
from onefirm.state import home as homes
from onefirm.state import schema as schemas
from onefirm.state.board import Board
from onefirm.state.changes import Change, IllegalMove, KeyReused, StaleWrite, Written
from onefirm.state.conflicts import Keep
from onefirm.state.mirror import Record
from onefirm.state.pending import Pending
from onefirm.state.plane import Plane
from onefirm.state.query import Page, Query
from onefirm.state.reads import PageText, Reader
from onefirm.state.relay import Relay, Relayed
from onefirm.state.schema import CLOSED, Schema
from onefirm.state.schema_change import Proposal
from onefirm.state.schema_plan import Declared
from onefirm.state.standing import Line, StandingRules
from onefirm.state.sync import vanished
from onefirm.state.sync.pull import Puller
from onefirm.state.sync.report import SyncReport, synchronise
from onefirm.state.truth.base import Part, Truth, Unreachable
from onefirm.state.undo import Undoer
from onefirm.state.values import Reading, SecretsCheck
from onefirm.state.writes import Writer
from onefirm.store import inbox
from onefirm.store.engine import Store
from onefirm.store.inbox import InboxItem

__all__ = [
    "Change",
    "IllegalMove",
    "KeyReused",
    "Page",
    "PageText",
    "Part",
    "Pending",
    "Query",
    "Record",
    "Records",
    "StaleWrite",
    "SyncReport",
    "Written",
]


_MOST_CALLED = 5
_SIMPLE = {mismatches.KIND: mismatches.decide, vanished.KIND: vanished.decide}
_QUESTIONS = (conflicts.KIND, *_SIMPLE)


class Records:
    """The firm's records. Safe to share between threads."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        truth: Truth,
        schema: Schema,
        clock: Clock,
        *,
        timezone: str,
        currency: str,
        project: Callable[[], None] = lambda: None,
        secrets_check: SecretsCheck = lambda text: None,
        rules: StandingRules | None = None,
        pause: Callable[[float], None] = time.sleep,
        step: Callable[[str], None] = lambda name: None,
    ) -> None:
        reading = Reading(schema, timezone, currency, secrets_check)
        plane = Plane(store, ledger, truth, schema, clock, reading, project, pause, step)
        self.plane = plane
        self._rules = rules or StandingRules()
        self._relay = Relay(plane)
        self._puller = Puller(plane)
        self._writer = Writer(plane, self._relay, self._puller)
        self._reader = Reader(plane, self._puller)
        self._undoer = Undoer(plane, self._writer)
        self._board = Board(plane, self._reader)
        self._sight = WHOLE

    @property
    def sight(self) -> Sight:
        """What the session may see that these records are read for."""
        return self._sight

    def behind(self, sight: Sight) -> Records:
        """The same records as a session with this sight has them: what is hidden is left out of every answer, and
        naming it raises Refused. What the firm does for itself (syncing, handing in) goes on whole.
        """
        seen = copy.copy(self)
        seen._sight = sight
        seen._undoer = Undoer(replace(self.plane, ledger=self.plane.ledger.behind(sight)), self._writer)
        return seen

    # -- writing -------------------------------------------------------------------------------------------------------

    def write(self, changes: Sequence[Change], by: By, *, key: str | None = None) -> list[Written]:
        """Write all changes or none, to the truth first; the answers in their order.

        The same `key` again gives the same answer, marked repeated. Raises InvalidInput with every mistake, NotFound,
        StaleWrite, IllegalMove, KeyReused, Refused, Unavailable.
        """
        with self._naming():
            self._check_changes(changes)
            return self._writer.write(changes, by, key)

    def undo(self, event_or_ref: str, by: By) -> list[Written]:
        """Take back one change: the entry with this id, or the record's newest one that was not taken back.

        Raises NotFound, InvalidInput, and Refused with who moved it since and when.
        """
        self._sight.check([event_or_ref])
        return self._undoer.undo(event_or_ref, by)

    # -- what waits ----------------------------------------------------------------------------------------------------

    def sync(
        self,
        by: By | None = None,
        *,
        sweep: bool = False,
        tell: Callable[[int], None] = lambda rows: None,
        check: Callable[[], None] = lambda: None,
    ) -> SyncReport:
        """Hand in what waits, then take over what changed at the truth; never raises for a truth out of reach.

        Who asks for it leaves no trace: what is handed in keeps its author, what is taken over was done outside.
        `sweep` also finds rows that the truth has lost without telling, which reads the refs of all of them. `tell`
        hears how many rows were looked at so far. `check` is called between two steps, where it may end all by raising.
        """
        return synchronise(self.plane, self._relay, self._puller, sweep=sweep, tell=tell, check=check)

    def hand_in(self, check: Callable[[], None] = lambda: None) -> Relayed:
        """Only hand in what waits, as `sync` does; the truth isn't asked where nothing does."""
        return self._relay.run(check=check)

    def synced_at(self) -> str | None:
        """When the mirror was last known to have everything, whoever pulled; None: never."""
        with self.plane.store.read() as conn:
            return self._puller.synced_at(conn)

    def pending(self) -> list[Pending]:
        """Every change that waits for the truth or for the operator, oldest first."""
        with self.plane.store.read() as conn:
            waiting = [(claim, draft) for claim in claims.every(conn) for draft in claim.drafts]
        return [Pending.of(claim, draft) for claim, draft in waiting if self._sight.sees([draft.ref])]

    def conflicts(self) -> list[InboxItem]:
        """The open questions about the truth, oldest first.

        Writes that met somebody else's change; where the truth's rows have another form than the firm was told; and
        records that it lost many of at once.
        """
        with self.plane.store.read() as conn:
            found = inbox.open_items(conn)
        return [item for item in found if item.kind in _QUESTIONS and self._sight.sees(item.subjects)]

    def question(self, item_id: str) -> InboxItem:
        """One of them, open or decided. Raises NotFound."""
        with self.plane.store.read() as conn:
            return self._question(inbox.get(conn, item_id), item_id)

    def decide_conflict(self, item_id: str, keep: Keep, by: By) -> InboxItem:
        """Answer one: `mine` writes what waited over what is there, `theirs` drops it. Returns the decided item.

        Of a create that may have been applied, `mine` writes it, and `theirs` or a row's ref says what it made. Of the
        form of rows, only the answer is noted here: whoever keeps what the firm was told has changed that before.
        Raises NotFound, InvalidInput, Refused.
        """
        values.check_reason(self.plane.reading, by)
        asked = self.question(item_id)
        if asked.kind == conflicts.KIND:
            self._decide_write(item_id, keep, by)
        else:
            with self.plane.store.write() as conn:
                _SIMPLE[asked.kind](self.plane, conn, asked, keep, by)
            if asked.kind == vanished.KIND and keep == "theirs":
                self._let_go(asked)
        self.plane.project()
        return self.question(item_id)

    def _decide_write(self, item_id: str, keep: Keep, by: By) -> None:
        with self.plane.store.write() as conn:
            item = conflicts.decide(self.plane, conn, item_id, keep, by)
            concerned = conflicts.concerned(conn, item)
        for number, ref in conflicts.answers(item, keep):
            self.plane.truth.answer(str(item.payload["key"]), number, ref)
        self._relay.run(concerned)

    def _let_go(self, item: InboxItem) -> None:
        with suppress(Unreachable):  # then the next sweep finds them, and asks again
            self._puller.let_go(item.subjects)

    # -- the schema ----------------------------------------------------------------------------------------------------

    def outdated(self) -> bool:
        """Whether another process has applied a newer schema or moved the records to another truth; whoever holds these
        records then opens the firm anew.
        """
        with self.plane.store.read() as conn:
            return schemas.version(conn) != self.plane.schema.version or homes.has_moved(conn, self.plane)

    def schema_proposal(self, declared: Declared, remove: Sequence[str] = ()) -> Proposal:
        """What would change if these kinds came into force, held against every record. Raises InvalidInput."""
        with self.plane.store.read() as conn:
            return schema_change.propose(self.plane, conn, declared, remove)

    def schema_apply(
        self,
        declared: Declared,
        by: By,
        *,
        remove: Sequence[str] = (),
        ready: Callable[[Proposal], Sequence[Mapping[str, Any]]],
    ) -> Proposal:
        """Bring these kinds into force, with the records that must follow, in one transaction.

        `ready` is called with what will be done once nothing stands against it, before anything is written; what it
        returns is told to the firm with it. Raises InvalidInput, and Refused with everything that stands against it.
        """
        values.check_reason(self.plane.reading, by)
        self.sync()
        with self.plane.store.read() as conn:
            found = schema_change.propose(self.plane, conn, declared, remove, ending=True)
        prepared = ready(found.accepted())
        done = schema_change.apply(self.plane, declared, by, remove, prepared)
        self.plane.project()
        return done

    # -- reading -------------------------------------------------------------------------------------------------------

    def get(self, ref: str, by: By | None = None, *, fresh: bool = True) -> Record:
        """One record. With `fresh` it is compared with the truth, and `by`'s session has a receipt afterwards.

        Where the truth can't be reached the mirror answers: `synced_at` tells its age, and there is no receipt. Raises
        InvalidInput, NotFound.
        """
        self._sight.check([ref])
        with self._naming():
            return self._reader.get(ref, by, fresh=fresh)

    def also(self, ref: str) -> Mapping[str, str]:
        """What the truth holds of a record beside its properties, by the truth's own names, as of the last look."""
        self._sight.check([ref])
        with self._naming():
            return self.plane.truth.also(self._reader.meant(parse_ref(ref)))

    def page(self, ref: str, part: Part) -> PageText:
        """A part of a record's page, read now and never written. Raises InvalidInput, NotFound."""
        self._sight.check([ref])
        with self._naming():
            return self._reader.page(ref, part)

    def find(self, wanted: Query) -> Page:
        """One page of the records that a query finds, from the mirror. Raises InvalidInput, NotFound."""
        self._sight.check([wanted.about] if wanted.about else [])
        sight = self._sight.renew() if self._sight.renew else self._sight
        with self._naming():
            return self._reader.find(wanted, sight.hidden)

    def timeline(
        self, ref: str, *, kinds: Sequence[str] | None = None, limit: int | None = None, newest_first: bool = False
    ) -> list[Event]:
        """All entries of the ledger about a record, in time order. Raises InvalidInput."""
        self._sight.check([ref])
        with self._naming(), self.plane.store.read() as conn:
            ledger = self.plane.ledger.behind(self._sight)
            return history.timeline(conn, ledger, ref, kinds=kinds, limit=limit, newest_first=newest_first)

    def as_of(self, ref: str, at: datetime) -> Record:
        """A record as it was at an aware instant; `gaps` counts changes whose content was erased. Raises NotFound."""
        self._sight.check([ref])
        with self._naming(), self.plane.store.read() as conn:
            return history.as_of(conn, self.plane.ledger, ref, at)

    def standing(self, now: datetime) -> list[Line]:
        """Where things stand, most urgent first."""
        return self._board.standing(now, self._rules, self._sight)

    def next_actions(self, touched: Sequence[str]) -> dict[str, str]:
        """The next actions to write down for the projects and prospects among these records, or above them.

        Only those are there that differ from what the record says.
        """
        return self._board.next_actions(touched)

    def present(self, record: Record) -> dict[str, Any]:
        """A record's values as people and models read them, in the schema's order."""
        return self.render(record.kind, record.props)

    def render(self, kind: str, stored: Mapping[str, Any]) -> dict[str, Any]:
        """Stored values as people and models read them, in the schema's order; money reads `1250.00 EUR`."""
        known = self.plane.schema.kinds.get(kind)
        order = [name for name in known.properties if name in stored] if known else []
        return {name: values.show(stored[name]) for name in dict.fromkeys([*order, *stored])}

    def closed(self, ref: str) -> str | None:
        """A sentence when a record is archived, done or dropped; None while it is open."""
        record = self.get(ref, fresh=False)
        if record.archived:
            return f"{record.ref} “{record.title}” is archived."
        if self.plane.schema.kinds[record.kind].group_of(record.status) in CLOSED:
            return f"{record.ref} “{record.title}” is closed: its status is {record.status}."
        return None

    @contextmanager
    def _naming(self) -> Generator[None]:
        """Say of what is no ref which records are called so, as far as they may be seen."""
        try:
            yield
        except NoRef as error:
            with self.plane.store.read() as conn:
                told = [self._called(conn, text, kind) for text, kind in error.named.items()]
            said = "".join(f" {sentence}" for sentence in told if sentence)
            hint = "Send the ref of the one that is meant." if said else error.hint
            raise NoRef(error.message + said, hint=hint, named=error.named) from None

    def _called(self, conn: Connection, text: str, kind: str | None) -> str:
        found = query.called(conn, text, kind, self._sight.hidden, _MOST_CALLED + 1)
        shown = ", ".join(f"{one.ref} “{one.title[:60]}”" for one in found[:_MOST_CALLED])
        more = " and more" if len(found) > _MOST_CALLED else ""
        return f"Called so: {shown}{more}." if found else ""

    def _question(self, item: InboxItem | None, item_id: str) -> InboxItem:
        if item is None or item.kind not in _QUESTIONS or not self._sight.sees(item.subjects):
            raise NotFound(f"There is no conflict {item_id[:20]}.", hint="onefirm record conflicts lists them.")
        return item

    def _check_changes(self, changes: Sequence[Change]) -> None:
        """Neither a hidden record nor a relation to one: a record must not be handed over the wall."""
        if self._sight.client:
            self._sight.check(change.ref for change in changes if change.ref)
            wanted = drafts.read(self.plane.reading, changes)
            self._sight.check(ref for one in wanted for ref in walls.relations(one.set))
