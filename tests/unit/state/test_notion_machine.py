"""Two sides, and anything on either, in any order: at rest they say the same, nothing is lost and nothing doubled."""

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, cast

import httpx
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import Connection

from contract import notions
from contract.office import HOME, OPERATOR, SCHEMA, Office, open_office
from contract.stores import sqlite_url
from onefirm.core.errors import FirmError
from onefirm.simulators.notion import Notion
from onefirm.state.truth.notion.truth import NotionTruth
from onefirm.store import tables
from onefirm.store.engine import Store
from onefirm.store.inbox import InboxItem
from support.clock import FixedClock
from support.notion_wire import Wire
from unit.state.test_machine import DUES, KINDS, Firm, Killed

MAPPED = ("task", "project", "client")  # a poll asks for each
LAG = timedelta(seconds=120)
FAULTS = ["429", "409", "500", "502", "503", "504", "529", "drop", "after"]


class MortalStore(Store):
    """A store whose process may die right before a commit, or right after it."""

    touched: Callable[[], None] = staticmethod(lambda: None)

    @contextmanager
    def write(self, *, durable: bool = True) -> Generator[Connection]:
        with super().write(durable=durable) as conn:
            yield conn
            self.touched()
        self.touched()


class NotionFirm(Firm):
    """The firm on a simulated Notion: lists that lag, minutes, faults, deaths, and a phone beside it."""

    refs = Firm.refs
    key = True
    steps = 0  # of all the runs of a class

    def __init__(self) -> None:
        type(self).steps -= 1  # what must hold is asked once before the first step
        self.notion = Notion(clock=FixedClock())
        self.left: int | None = None  # how many more steps that leave something this process lives
        self.meanwhile: Callable[[], None] | None = None  # what somebody does while a write is on its way
        self.timeout: str | None = None
        self.made: dict[str, str] = {}  # the title under which a page came to be, which its history tells
        self.outside: dict[tuple[str, str], str] = {}  # the last word that somebody wrote into a page's property
        self.shown = {(kind, name): name for kind in MAPPED for name in SCHEMA.kinds[kind].properties}
        self.todo = "TODO"
        super().__init__()

    def _open(self) -> Office:
        self.clock = cast("FixedClock", self.notion.clock)
        self.desk = notions.office(self.notion, SCHEMA, self.clock, only=MAPPED)
        store = MortalStore.open(sqlite_url(self.folder))
        office = open_office(store, self.clock, lambda store, *_: self._connected(store))
        store.touched = self._touched
        return office

    def _connected(self, store: Store) -> NotionTruth:
        wire = Wire(self.notion, self._before, self._after)
        return self.desk.truth(store, key=self.key, lag=LAG, transport=wire)

    # -- death, and what happens on the way ----------------------------------------------------------------------------

    def _touched(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.left = None
                raise Killed

    def _before(self, method: str, path: str) -> None:
        if not _leaves_something(method, path):
            return
        if self.meanwhile:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        self._touched()
        self._time_out("before")

    def _after(self, method: str, path: str) -> None:
        if _leaves_something(method, path):
            if (method, path) == ("POST", "/v1/pages") and self.notion.workspace.pages:
                page = next(reversed(self.notion.workspace.pages.values()))
                self.made.setdefault(page.id, "".join(part["plain_text"] for part in page.face.values["title"]))
            self._touched()
            self._time_out("after")

    def _time_out(self, when: str) -> None:
        if self.timeout == when:
            self.timeout = None
            self.clock.advance(seconds=60)
            raise httpx.ReadTimeout("")

    def _died(self) -> None:
        """Another process goes on, at once or later; it sees that this one is gone."""
        self.left = self.die_at = None
        cast("NotionTruth", self.office.truth).close()
        with self.office.store.write() as conn:
            for row in conn.execute(tables.outbox.select()).mappings().all():
                payload = {**row["payload"], "holder": f"{HOME}/999999999/"}
                conn.execute(tables.outbox.update().where(tables.outbox.c.key == row["key"]).values(payload=payload))
        self.office = self.office.again(step=self._step, truth=self._connected(self.office.store))

    @rule(steps=st.integers(0, 16))
    def die_after(self, steps: int) -> None:
        self.left = steps

    @rule(kind=st.sampled_from(FAULTS), method=st.sampled_from(["GET", "POST", "PATCH"]), later=st.integers(0, 2))
    def fail_soon(self, kind: Any, method: str, later: int) -> None:
        self.notion.faults.add(kind, method=method, after_times=later)

    @rule(when=st.sampled_from(["before", "after"]))
    def time_out_soon(self, when: str) -> None:
        self.timeout = when

    @rule(seconds=st.sampled_from([5, 30, 90, 400]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds=seconds)

    @rule(seconds=st.sampled_from([0, 20, 90]))
    def lists_lag(self, seconds: int) -> None:
        self.notion.workspace.index.lag_s = seconds

    # -- what somebody does in Notion ----------------------------------------------------------------------------------

    def _drawn(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(sorted(self.office.mirrored())))

    def _page(self, ref: str) -> str:
        return self.desk.page(cast("NotionTruth", self.office.truth), ref)

    def _write(self, page_id: str, kind: str, name: str, value: str | None) -> None:
        if not self.notion.workspace.pages[page_id].face.in_trash:
            self.notion.phone.edit(page_id, {self.shown[kind, name]: value})
            if name != "due":
                self.outside[page_id, name] = value or ""

    @precondition(lambda self: self.office.mirrored())
    @rule(data=st.data(), due=DUES, name=st.sampled_from(["owner", "title", "due"]))
    def somebody_edits(self, data: st.DataObject, due: str | None, name: str) -> None:
        ref = self._drawn(data)
        kind = self.office.mirrored()[ref].kind
        if name != "due":
            self._write(self._page(ref), kind, name, f"outside {next(self.words)}")
        elif kind != "client":
            self._write(self._page(ref), kind, name, due)

    @precondition(lambda self: self.office.mirrored())
    @rule(data=st.data())
    def somebody_edits_another_property_right_now(self, data: st.DataObject) -> None:
        ref = self._drawn(data)
        page, kind, word = self._page(ref), self.office.mirrored()[ref].kind, f"outside {next(self.words)}"
        self.meanwhile = lambda: self._write(page, kind, "title", word)

    @precondition(lambda self: self.office.mirrored())
    @rule(data=st.data(), archived=st.booleans())
    def somebody_archives(self, data: st.DataObject, archived: bool) -> None:
        page = self._page(self._drawn(data))
        (self.notion.phone.trash if archived else self.notion.phone.restore)(page)

    @precondition(lambda self: self.office.mirrored())
    @rule(data=st.data())
    def somebody_archives_right_now(self, data: st.DataObject) -> None:
        page = self._page(self._drawn(data))
        self.meanwhile = lambda: self.notion.phone.trash(page)

    @rule()
    def somebody_adds(self) -> None:
        word = f"outside {next(self.words)}"
        cells = {self.shown["task", "title"]: word, self.shown["task", "status"]: self.todo}
        page = self.notion.phone.row(self.desk.sources["task"], cells)
        self.outside[page.id, "title"] = word

    @rule(kind=KINDS, name=st.sampled_from(["title", "owner", "status", "due"]))
    def somebody_renames_a_property(self, kind: str, name: str) -> None:
        if (kind, name) in self.shown:
            new = f"{name} {next(self.words)}"
            self.notion.phone.rename_property(self.desk.sources[kind], self.shown[kind, name], new)
            self.shown[kind, name] = new

    @rule()
    def somebody_renames_an_option(self) -> None:
        new = f"To do {next(self.words)}"
        self.notion.phone.rename_option(self.desk.sources["task"], self.shown["task", "status"], self.todo, new)
        self.todo = new

    # -- what we decide ------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.office.records.conflicts())
    @rule(keep=st.sampled_from(["mine", "theirs"]))
    def decide(self, keep: str) -> None:
        item = self.office.records.conflicts()[0]
        self.meanwhile = None  # a title that is decided is written over whatever stands there at that moment
        if item.kind != "conflict":
            try:
                self._answer(item)
            except Killed:
                self._died()
            return
        if "unsure" in item.payload:
            keep = self._found(item)
        waiting = [one for one in self.office.records.pending() if one.key == item.payload["key"]]
        try:
            self.office.records.decide_conflict(item.id, keep, OPERATOR)
        except FirmError:
            return
        except Killed:
            self._died()
            if not any(one.id == item.id for one in self.office.records.conflicts()) and keep == "theirs":
                self.dropped |= {str(one.set.get("owner")) for one in waiting}
            return
        if keep == "theirs":
            self.dropped |= {str(one.set.get("owner")) for one in waiting}

    def _answer(self, item: InboxItem) -> None:
        if item.kind != "conflict":  # a form that is another one is left so, what vanished is believed
            keep = "mine" if item.kind == "mapping" else "theirs"
            self.office.records.decide_conflict(item.id, keep, OPERATOR)
        elif "unsure" in item.payload:
            self.office.records.decide_conflict(item.id, self._found(item), OPERATOR)
        else:
            super()._answer(item)

    def _found(self, item: InboxItem) -> str:
        """The operator looks into Notion, also at what a page said before: the row that a create made, or `mine`."""
        ((_, refs),) = item.payload["unsure"]
        mine = item.payload["records"][0]["mine"]
        found = next((ref for ref in refs if self.made.get(self._page(ref)) == mine["title"]), "mine")
        if found != "mine":
            self.dropped.add(str(mine.get("owner")))  # it was written, and may have been overwritten there since
        return found

    # -- at rest -------------------------------------------------------------------------------------------------------

    @invariant()
    def another_step_was_taken(self) -> None:
        type(self).steps += 1

    def _come_to_rest(self) -> None:
        self.notion.faults.clear()
        self.left = self.meanwhile = self.timeout = None
        super()._come_to_rest()
        for item in self.office.records.conflicts():
            if item.kind != "conflict":
                self._answer(item)

    def teardown(self) -> None:
        try:
            self._come_to_rest()
            self._no_edit_of_others_is_lost()
            super().teardown()
            assert self.notion.crashes == []
        finally:
            cast("NotionTruth", self.office.truth).close()
            self.notion.stop()

    def _no_edit_of_others_is_lost(self) -> None:
        """It stands in Notion, or the ledger tells of it: then whoever changed it again had seen it."""
        true = {self._page(ref): row for ref, row in self.office.true().items()}
        told = json.dumps([dict(event.payload or {}) for event in self.office.events()])
        gone = {
            word for (page, name), word in self.outside.items()
            if true[page].props.get(name) != word and f'"{word}"' not in told
        }  # fmt: skip
        assert not gone


class KeylessFirm(NotionFirm):
    """The same without a key property: whether a create was applied may be a question for the operator."""

    refs = Firm.refs
    key = False
    steps = 0


def _leaves_something(method: str, path: str) -> bool:
    return method == "PATCH" or (method, path) == ("POST", "/v1/pages")


@pytest.mark.slow
@pytest.mark.parametrize("firm", [NotionFirm, KeylessFirm])
def test_whatever_happens_notion_and_the_mirror_agree_at_rest(
    firm: type[NotionFirm], capsys: pytest.CaptureFixture[str]
) -> None:
    """The profile `long` goes 100,000 steps with each, and more, in one run; it says how many."""
    long = settings().max_examples >= 5000
    examples = settings().max_examples // 4 if long else max(settings().max_examples // 10, 1)
    one = settings(max_examples=examples, stateful_step_count=100 if long else 30)
    run_state_machine_as_test(firm, settings=one)  # type: ignore[no-untyped-call]
    if long:
        assert firm.steps >= 100_000
        with capsys.disabled():
            print(f"\n{firm.__name__}: {firm.steps:,} steps in {examples:,} runs")
