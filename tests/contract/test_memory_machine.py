"""Whatever is recorded, in whatever order: memory as of a time is what it was then, and no copy of it differs."""

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from contract.stores import sqlite_url
from contract.test_facts import OPERATOR, Knowledge
from onefirm.core.attribution import By
from onefirm.core.clock import iso
from onefirm.core.errors import FirmError
from onefirm.day import lessons as rule_files
from onefirm.memory import fact_rows, faults
from onefirm.memory.decisions import DecisionQuery
from onefirm.memory.facts import Fact
from onefirm.memory.statements import no_secrets
from onefirm.store.tables import passage
from support.clock import FixedClock

ABOUT = ((), ("CL-1",), ("P-1",), ("P-2",), ("CL-2",), ("P-1", "CL-2"))
SUBJECTS, VALUES = ("hosting", "portal"), ("400 EUR", "500 EUR", "600 EUR")
DAYS = (None, "2026-01-01", "2026-03-01")
RULES = (
    "Ask who approves a draft before sending it", "Check the invoice address with every new contract",
    "Never promise a day for a delivery by phone", "Write the open question at the top of every handover",
)  # fmt: skip
ACTS = st.tuples(
    st.sampled_from(("value", "claim", "note", "retract", "decide", "supersede", "learn", "again", "harden", "retire",
                     "merge", "expire", "erase")),
    st.integers(0, 11), st.integers(0, 11),
)  # fmt: skip


@dataclass
class Then:
    """What memory said at one time."""

    at: str
    facts: list[Fact]
    waiting: list[Fact]
    recalled: set[tuple[str, str, str]]


@dataclass
class Machine:
    """A memory, what was done to it and what it said after each act."""

    memory: Knowledge
    past: list[Then] = field(default_factory=list[Then])
    gone: set[str] = field(default_factory=set[str])
    said: int = 0

    def act(self, name: str, one: int, two: int) -> None:
        """One act; what the firm refuses is none."""
        self.memory.clock.advance(hours=1)
        try:
            getattr(self, name)(one, two)
        except FirmError:
            return
        finally:
            self.memory.clock.advance(hours=1)
            self.past.append(self.look())

    def look(self, at: str | None = None) -> Then:
        """What memory says now, or of another time."""
        told = self.memory.memory.recall("hosting portal draft invoice 400 500 way", limit=50, budget_tokens=100_000,
                                         as_of=at)  # fmt: skip
        find = self.memory.facts.find
        kept = [hit for hit in told.hits if hit.source != "source"]  # the text of a source may have gone since
        return Then(
            at or iso(self.memory.clock.now()), find(as_of=at, limit=500),
            find(as_of=at, status="candidate", limit=500), {(hit.ref, hit.note, hit.text) for hit in kept},
        )  # fmt: skip

    def value(self, one: int, two: int) -> None:
        subject, value = SUBJECTS[one % 2], VALUES[two % 3]
        self.said += 1
        text = f"The {subject} has the price {value}, as letter {self.said} says."
        source = self.memory.sources.add(text, at=DAYS[one % 3], about=ABOUT[two % 6], by=OPERATOR).source
        self.memory.found(f"{subject} costs {value}", text, source.ref, subject=subject, predicate="price", value=value)

    def claim(self, one: int, two: int) -> None:
        known = self.memory.sources.find()
        source = known[one % len(known)] if known else self.memory.archive().source
        quote = self.memory.sources.text(source.ref)[:30]
        self.memory.found(f"The shop {RULES[two % 4].lower()} {one}", quote, source.ref, about=ABOUT[two % 6])

    def note(self, one: int, two: int) -> None:
        self.memory.archive(f"Remember the {SUBJECTS[one % 2]} number {two}.", kind="note", about=ABOUT[two % 6])

    def retract(self, one: int, two: int) -> None:
        self.memory.facts.retract(f"F-{one + 1}", by=OPERATOR)

    def decide(self, one: int, two: int) -> None:
        waiting: list[Any] = self.memory.facts.candidates()
        if waiting:
            self.memory.facts.decide(
                waiting[one % len(waiting)].ref, ("accept", "reject", "both")[two % 3], by=OPERATOR
            )

    def supersede(self, one: int, two: int) -> None:
        old = f"DEC-{one}" if one else None
        self.memory.decide(f"Way {one} of the portal {two}", about=ABOUT[two % 6], supersedes=old)

    def learn(self, one: int, two: int) -> None:
        self.memory.learn(RULES[one % 4], about=ABOUT[two % 6], by=By("claude", session=f"S-{two}"))

    def again(self, one: int, two: int) -> None:
        known = [one.ref for one in self.memory.lessons.every()]
        if known:
            self.memory.learn("", again=known[one % len(known)], about=ABOUT[two % 6])

    def harden(self, one: int, two: int) -> None:
        self.memory.lessons.decide(f"L-{one % 4 + 1}", "harden", by=OPERATOR)

    def retire(self, one: int, two: int) -> None:
        self.memory.lessons.decide(f"L-{one % 5 + 1}", ("retire", "patch", "keep")[two % 3], by=OPERATOR)

    def merge(self, one: int, two: int) -> None:
        before = {one.ref: one.sightings for one in self.memory.lessons.every()}
        refs = [ref for ref in before if self.memory.lessons.get(ref).status == "hardened"][:2]
        guide = self.memory.lessons.merge(refs, "Do both of what these two rules ask for", by=OPERATOR)
        after = {one.ref: one.sightings for one in self.memory.lessons.every()}
        assert {ref: after[ref] for ref in before} == before
        assert guide.of == tuple(refs)

    def expire(self, one: int, two: int) -> None:
        self.memory.clock.advance(days=one)
        self.memory.sources.expire(OPERATOR)

    def erase(self, one: int, two: int) -> None:
        if two % 3 or f"F-{one}" in self.gone:
            return
        event = self.memory.facts.get(f"F-{one}").event_id
        self.memory.erase(event)
        with self.memory.store.write() as conn:
            fact_rows.restate(conn, self.memory.ledger, [f"F-{one}"])
        self.gone.add(f"F-{one}")

    # -- what must hold ------------------------------------------------------------------------------------------------

    def check(self) -> None:
        for then in self.past:
            now = self.look(then.at)
            assert self.left(now.facts) == self.left(then.facts), then.at
            assert self.left(now.waiting) == self.left(then.waiting), then.at
            gone = self.gone
            assert {x for x in now.recalled if x[0] not in gone} == {x for x in then.recalled if x[0] not in gone}
        self.check_copies()
        self.check_all_is_there()
        self.check_rules()

    def left(self, facts: list[Fact]) -> list[Fact]:
        return [one for one in facts if one.ref not in self.gone]

    def check_copies(self) -> None:
        memory = self.memory
        kept, rows = self.passages(), memory.rows()
        memory.memory.rebuild()
        assert self.passages() == kept
        with memory.store.read() as conn:
            assert list(faults.faults(conn, memory.ledger)) == []
        memory.facts.rebuild()
        assert memory.rows() == rows

    def passages(self) -> list[Any]:
        self.memory.memory.refresh()
        columns = [column for column in passage.c if column.name != "id"]
        with self.memory.store.read() as conn:
            return [tuple(row) for row in conn.execute(select(*columns).order_by(*columns[:3]))]

    def check_all_is_there(self) -> None:
        """Everything that was recorded is listed and shown, and what has words is recalled by its ref."""
        memory = self.memory
        with memory.store.read() as conn:
            kinds = ["decision.recorded", "lesson.recorded", "source.archived", "fact.recorded"]
            entries = memory.ledger.events(conn, kinds=kinds)
        rooms: dict[str, Any] = {"DEC": memory.decisions, "L": memory.lessons, "SRC": memory.sources, "F": memory.facts}
        every = (None, "candidate", "active", "superseded", "retracted", "erased")
        listed = {one.ref for status in every for one in memory.facts.find(status=status, limit=500)}  # pyright: ignore[reportArgumentType]
        listed |= {one.ref for one in memory.decisions.find(DecisionQuery(limit=200)).rows}
        listed |= {one.ref for one in (*memory.lessons.every(), *memory.sources.find(limit=200))}
        for entry in entries:
            ref = entry.subjects[0]
            one = rooms[ref.partition("-")[0]].get(ref)
            assert one.event_id == entry.id
            assert ref in listed

    def check_rules(self) -> None:
        """The same lessons make the same files, in whatever order they come."""
        every = self.memory.lessons.every()
        first = rule_files.plan(every, dict, no_secrets)
        assert rule_files.plan(every[::-1], dict, no_secrets) == first


@settings(max_examples=1_000 if settings().max_examples >= 5000 else 4)
@given(st.lists(ACTS, min_size=3, max_size=14))
def test_memory_as_of_a_time_is_what_it_was_then_and_its_copies_agree(acts: list[tuple[str, int, int]]) -> None:
    with TemporaryDirectory() as folder:
        machine = Machine(Knowledge(sqlite_url(Path(folder)), FixedClock()))
        machine.memory.record("CL-2", "client")
        for act in acts:
            machine.act(*act)
        machine.check()
        machine.memory.store.close()
