"""Memory on every store: decisions and lessons that are never rewritten, and recall that finds them."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select, text

from contract.stores import sqlite_url
from onefirm.core.attribution import By
from onefirm.core.errors import InvalidInput, NotFound, Refused, Unavailable
from onefirm.core.sight import Sight
from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Event
from onefirm.memory import court, passages, search, stories, told_lessons
from onefirm.memory.abstraction import Name, abstracted
from onefirm.memory.decisions import Decision, DecisionQuery, Decisions
from onefirm.memory.hits import tokens
from onefirm.memory.languages import Languages
from onefirm.memory.lessons import Lesson, Lessons
from onefirm.memory.passages import Part
from onefirm.memory.recall import Document, Recall
from onefirm.memory.statements import DAMAGED, ERASED
from onefirm.memory.uses import Uses
from onefirm.store import inbox
from onefirm.store.engine import Store
from onefirm.store.tables import passage, record, record_alias
from support.clock import FixedClock

OPERATOR = By("operator")
CLAUDE = By("claude", session="S-A")


class Memory:
    """The memory room over one store, with a few records that decisions and lessons can be about."""

    def __init__(self, url: str, clock: FixedClock) -> None:
        self.clock, self.store = clock, Store.open(url)
        self.ledger = Ledger(clock, "laptop")
        self.closed: dict[str, str] = {}
        self.secrets: dict[str, str] = {}
        self.projected = 0
        self.files: dict[str, Document] = {}

        def check(given: str) -> str | None:
            return next((name for secret, name in self.secrets.items() if secret in given), None)

        self.decisions = Decisions(self.store, self.ledger, clock, self.project, self.closed.get, check)
        self.lessons = Lessons(self.store, self.ledger, clock, self.project, check, past=self.past)
        self.uses = Uses(self.store, clock)
        self.memory = Recall(self.store, self.ledger, lambda: self.files.values(), log=self.uses)
        with self.store.write() as conn:
            self.ledger.found(conn, "host")
        self.record("CL-1", "client")
        self.record("P-1", "project", client="CL-1")
        self.record("P-2", "project", client="CL-1")
        self.record("T-1", "task", project="P-1")
        self.record("T-2", "task", project="P-1")
        self.record("T-3", "task", project="P-2")

    def project(self) -> None:
        self.projected += 1

    def past(self) -> list[court.Past]:
        with self.store.read() as conn:
            return court.past(conn, self.ledger)

    def record(self, ref: str, kind: str, **after: str) -> None:
        with self.store.write() as conn:
            data = {"kind": kind, "title": ref, "after": after}
            self.ledger.append(conn, "record.created", data, subjects=[ref], by=CLAUDE)

    def mirror(self, ref: str, kind: str, title: str, **props: str) -> None:
        """Let a record be so in the mirror, and an entry tell of it."""
        row = dict.fromkeys(("status", "etag", "created_at", "updated_at", "synced_at"), "")
        with self.store.write() as conn:
            conn.execute(record.delete().where(record.c.ref == ref))
            conn.execute(record.insert().values(ref=ref, kind=kind, title=title, props=props, archived=False, **row))
            self.ledger.append(conn, "record.pulled", {"kind": kind, "title": title}, subjects=[ref], by=CLAUDE)

    def speaking(self, languages: Languages) -> None:
        """Open recall anew, as a program does after onefirm.yaml was changed; no file ever changes."""
        self.memory = Recall(self.store, self.ledger, list, unchanged=lambda: 1, languages=languages, log=self.uses)

    def decide(self, what: str, why: str = "it is simpler", **more: Any) -> Decision:
        self.clock.advance(days=1)
        return self.decisions.record(what, why, by=more.pop("by", OPERATOR), **more)

    def learn(self, rule: str, why: str = "it cost a day", **more: Any) -> Lesson:
        self.clock.advance(days=1)
        return self.lessons.record(rule, why, by=more.pop("by", CLAUDE), **more)

    def write(self, path: str, text: str, *about: str) -> None:
        self.files[path] = Document(path, about, text)

    def refs(self, query: str, **more: Any) -> list[str]:
        return [hit.ref for hit in self.memory.recall(query, **more).hits]

    def erase(self, *event_ids: str) -> None:
        with self.store.write() as conn:
            self.ledger.erase(conn, event_ids, OPERATOR)

    def kinds(self, ref: str) -> list[str]:
        with self.store.read() as conn:
            return [event.kind for event in self.ledger.events(conn, ref=ref)]


@pytest.fixture
def memory(database: str, clock: FixedClock) -> Iterator[Memory]:
    memory = Memory(database, clock)
    yield memory
    memory.store.close()


# -- decisions ---------------------------------------------------------------------------------------------------------


def test_a_decision_keeps_what_why_alternatives_evidence_and_who(memory: Memory) -> None:
    made = memory.decide(
        "Static site", alternatives=["a CMS"], evidence=["INV-3", "their mail"], about=["p-1"], by=CLAUDE
    )
    assert (made.ref, made.what, made.why, made.actor) == ("DEC-1", "Static site", "it is simpler", "claude")
    assert (made.alternatives, made.evidence, made.about) == (("a CMS",), ("INV-3", "their mail"), ("P-1",))
    assert memory.decisions.get("dec-1") == made
    assert memory.kinds("P-1") == ["record.created", "decision.recorded"]
    assert memory.projected == 1


def test_a_decision_is_superseded_once_and_the_refusal_names_what_superseded_it(memory: Memory) -> None:
    first = memory.decide("Static site", about=["P-1"])
    second = memory.decide("A CMS after all", supersedes="DEC-1")
    assert (second.supersedes, second.about) == (first.ref, ("P-1",))
    assert memory.decisions.get("DEC-1").superseded_by == "DEC-2"
    with pytest.raises(Refused, match="DEC-1 was superseded by DEC-2 already"):
        memory.decide("Paper", supersedes="DEC-1")
    assert memory.decisions.find().total == 2
    assert memory.decide("Paper", supersedes="DEC-2").ref == "DEC-3"


def test_an_erased_decision_stands_no_longer_and_stays_in_the_whole_list(memory: Memory) -> None:
    kept, erased = memory.decide("Static site"), memory.decide("A CMS")
    memory.erase(erased.event_id)
    for standing, refs in ((True, [kept.ref]), (False, []), (None, [erased.ref, kept.ref])):
        page = memory.decisions.find(DecisionQuery(standing=standing))
        assert ([one.ref for one in page.rows], page.total) == (refs, len(refs))


def test_of_two_who_supersede_at_once_one_wins(memory: Memory) -> None:
    memory.decide("Static site")
    barrier, outcomes = threading.Barrier(4), []

    def supersede(number: int) -> None:
        barrier.wait()
        try:
            outcomes.append(memory.decisions.record(f"Way {number}", "why", supersedes="DEC-1", by=CLAUDE).ref)
        except Refused as refused:
            outcomes.append(refused.message)

    threads = [threading.Thread(target=supersede, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["DEC-1 was superseded by DEC-2 already."] * 3 + ["DEC-2"]


def test_a_decision_says_until_when_it_can_be_reversed_and_superseding_it_later_says_so(memory: Memory) -> None:
    first = memory.decide("Static site", reversible_until="2026-11-06")
    assert memory.decisions.get(first.ref).reversible_until == "2026-11-06"
    assert [one.ref for one in memory.decisions.closing(3)] == ["DEC-1"]
    assert memory.decisions.closing(2) == []
    assert "Reversible until: 2026-11-06" in memory.memory.recall("static site").hits[0].text
    memory.clock.advance(days=3)
    in_time = memory.decisions.record(
        "A CMS", "they asked", supersedes="DEC-1", reversible_until="2026-11-06", by=CLAUDE
    )
    assert in_time.note == ""
    late = memory.decide("Paper", supersedes="DEC-2")
    assert late.note == "DEC-2 could be reversed until 2026-11-06: what has been done since stays done."
    assert memory.decisions.closing(3) == []
    for day in ("2026-11-06", "Friday", "2026-02-30"):
        with pytest.raises(InvalidInput):
            memory.decide("Stone", reversible_until=day)


def test_the_log_tells_the_whole_chain_of_a_decision_as_it_was_known_then(memory: Memory) -> None:
    memory.decide("Static site", about=["P-1"], reversible_until="2026-11-03")  # on the 3rd, then day by day
    memory.decide("A CMS", supersedes="DEC-1")
    memory.decide("Paper", supersedes="DEC-2")

    def log(**query: Any) -> dict[str, list[tuple[str, bool]]]:
        page = memory.decisions.log(DecisionQuery(**query))
        return {one.decision.ref: [(link.ref, link.late) for link in one.chain] for one in page.rows}

    whole = [("DEC-1", False), ("DEC-2", True), ("DEC-3", False)]
    assert log() == {"DEC-3": whole, "DEC-2": whole, "DEC-1": whole}
    assert log(standing=True, as_of="2026-11-04") == {"DEC-2": whole[:2]}
    assert log(standing=False, as_of="2026-11-04") == {"DEC-1": whole[:2]}
    assert log(text="site", as_of="2026-11-03") == {"DEC-1": whole[:1]}
    memory.decisions = memory.decisions.behind(Sight("Acme", frozenset({"DEC-2"}), frozenset({"DEC-1", "DEC-3"})))
    assert log() == {ref: [whole[0], whole[2]] for ref in ("DEC-3", "DEC-1")}


def test_nothing_more_is_decided_about_a_closed_engagement(memory: Memory) -> None:
    memory.decide("Static site", about=["P-1"])
    memory.closed["P-1"] = "the project was done on 2026-11-01."
    with pytest.raises(Refused, match="Nothing more is decided about P-1: the project was done"):
        memory.decide("A CMS", about=["P-1"])
    with pytest.raises(Refused, match="P-1"):
        memory.decide("A CMS", supersedes="DEC-1")
    assert memory.decide("A CMS", about=["P-2"]).ref == "DEC-2"


def test_decisions_are_listed_and_filtered(memory: Memory) -> None:
    memory.decide("Static site", "Nobody edits", about=["P-1"])
    memory.decide("Weekly calls", about=["P-2"], evidence=["a survey"])
    memory.decide("A CMS after all", supersedes="DEC-1")

    def found(**query: Any) -> list[str]:
        return [one.ref for one in memory.decisions.find(DecisionQuery(**query)).rows]

    assert found() == ["DEC-3", "DEC-2", "DEC-1"]
    assert found(about="p-1") == ["DEC-3", "DEC-1"]
    assert found(standing=True) == ["DEC-3", "DEC-2"]
    assert found(standing=False) == ["DEC-1"]
    assert found(text="EDITS nobody") == ["DEC-1"]
    assert found(text="survey") == ["DEC-2"]
    assert found(text="nobody calls") == []
    assert found(since="2026-11-04") == ["DEC-3", "DEC-2"]
    assert found(until="2026-11-04") == ["DEC-2", "DEC-1"]
    assert found(since="2026-11-04T08:00:01Z", until="2026-11-05T09:00:00+01:00") == []
    assert found(about="P-9") == []


@pytest.mark.parametrize("words", [None, "way"])
def test_pages_of_decisions_hold_every_one_exactly_once(memory: Memory, words: str | None) -> None:
    for number in range(7):
        memory.decisions.record(f"Way {number}", "why", by=CLAUDE)  # all at the same instant
    cursor, seen = None, []
    while True:
        page = memory.decisions.find(DecisionQuery(limit=3, cursor=cursor, text=words))
        assert page.total == 7
        seen += [one.ref for one in page.rows]
        if (cursor := page.cursor) is None:
            break
    assert seen == [f"DEC-{number}" for number in range(7, 0, -1)]
    with pytest.raises(InvalidInput, match="is no cursor"):
        memory.decisions.find(DecisionQuery(cursor="DEC-99", text=words))


def test_a_decision_about_a_temporary_ref_is_found_under_the_true_one(memory: Memory) -> None:
    memory.record("T-x1a2b", "task")
    memory.decide("Call first", about=["T-x1a2b"])
    with memory.store.write() as conn:
        conn.execute(record_alias.insert().values(alias="T-x1a2b", ref="T-9"))
    assert [one.ref for one in memory.decisions.find(DecisionQuery(about="T-9")).rows] == ["DEC-1"]
    assert memory.refs("call", about=["T-9"]) == ["DEC-1"]


def test_an_erased_decision_keeps_its_place_and_loses_its_words(memory: Memory) -> None:
    made = memory.decide("Zebra crossing", about=["P-1"])
    memory.decide("Better", supersedes="DEC-1")
    memory.erase(made.event_id)
    erased = memory.decisions.get("DEC-1")
    assert (erased.what, erased.erased, erased.superseded_by, erased.about) == (ERASED, True, "DEC-2", ("P-1",))
    assert memory.decisions.find(DecisionQuery(text="zebra")).total == 0
    assert memory.decisions.find(DecisionQuery(text="erased")).total == 0


def test_a_damaged_decision_or_lesson_is_named_as_such_beside_the_others(memory: Memory) -> None:
    damage(memory, memory.decide("Zebra crossing").event_id, memory.learn("Ask first").event_id)
    memory.decide("Something else")
    memory.learn("Another rule")
    assert [one.what for one in memory.decisions.find().rows] == ["Something else", DAMAGED]
    assert [one.rule for one in memory.lessons.find().rows] == ["Another rule", DAMAGED]
    assert memory.decisions.find(DecisionQuery(text="e")).total == 1
    assert memory.memory.rebuild() == 2


def damage(memory: Memory, *event_ids: str) -> None:
    """Leave half of these payloads, behind the database's back."""
    with memory.store.write() as conn:
        on_table = "" if conn.dialect.name == "sqlite" else " ON payload"
        conn.execute(text(f"DROP TRIGGER payload_only_erased{on_table}"))
        for one in event_ids:
            conn.execute(text("UPDATE payload SET body = substr(body, 1, 20) WHERE event_id = :id"), {"id": one})


def test_the_tables_of_memory_hold_no_words(memory: Memory) -> None:
    memory.decide("Zebra", "because")
    memory.learn("Giraffe", "because")
    with memory.store.read() as conn:
        rows = [str(row) for table in ("decision", "lesson") for row in conn.execute(text(f"SELECT * FROM {table}"))]
    assert len(rows) == 2
    assert not any(word in row for row in rows for word in ("Zebra", "Giraffe", "because"))


WRONG: list[tuple[str, dict[str, Any], type[Exception], str]] = [
    ("no what", {"what": " \n "}, InvalidInput, "“what” is empty"),
    ("no why", {"why": ""}, InvalidInput, "“why” is empty"),
    ("too long", {"why": "x" * 4_001}, InvalidInput, "4,001 characters; 4,000 is the most"),
    ("a control character", {"what": "a\x00b"}, InvalidInput, "control characters"),
    ("an escape", {"what": "a\x1b[2Jb"}, InvalidInput, "control characters"),
    ("half a character", {"what": "a\ud800b"}, InvalidInput, "control characters"),
    ("an empty alternative", {"alternatives": [""]}, InvalidInput, "“alternatives” is empty"),
    ("too much evidence", {"evidence": ["x"] * 21}, InvalidInput, "20 is the most"),
    ("a secret", {"why": "the key is hunter2"}, Refused, r"looks like a secret \(a password\)"),
    ("a secret as evidence", {"evidence": ["hunter2"]}, Refused, "looks like a secret"),
    ("no ref", {"about": ["../../etc"]}, InvalidInput, "is not a ref"),
    ("an unknown record", {"about": ["P-77"]}, NotFound, "There is no record P-77"),
    ("an unknown decision", {"supersedes": "DEC-77"}, NotFound, "There is no decision DEC-77"),
    ("a record as decision", {"supersedes": "P-1"}, NotFound, "There is no decision P-1"),
]


@pytest.mark.parametrize(("given", "error", "match"), [wrong[1:] for wrong in WRONG], ids=[wrong[0] for wrong in WRONG])
def test_what_can_not_be_kept_is_refused_and_nothing_is_written(
    memory: Memory, given: dict[str, Any], error: type[Exception], match: str
) -> None:
    memory.secrets["hunter2"] = "a password"
    fields = {"what": "Static site", "why": "simple", **given}
    with pytest.raises(error, match=match):
        memory.decisions.record(**fields, by=CLAUDE)
    assert memory.decisions.find().total == 0
    assert memory.decide("Next").ref == "DEC-1"


@pytest.mark.parametrize(
    ("reason", "error"),
    [("x" * 4_001, InvalidInput), ("a\x00b", InvalidInput), ("it is hunter2", Refused), (" ", InvalidInput)],
)
def test_a_reason_obeys_the_rules_of_every_text(memory: Memory, reason: str, error: type[Exception]) -> None:
    memory.secrets["hunter2"] = "a password"
    memory.learn("Ask first")
    by = By("operator", reason=reason)
    for write in (
        lambda: memory.decide("Static site", by=by),
        lambda: memory.learn("Another rule", by=by),
        lambda: memory.learn("", again="L-1", by=by),
        lambda: memory.lessons.decide("L-1", "harden", by=by),
    ):
        with pytest.raises(error, match="reason"):
            write()
    assert memory.kinds("L-1") == ["lesson.recorded"]
    assert memory.decisions.find().total == 0


# -- lessons -----------------------------------------------------------------------------------------------------------


def test_a_lesson_begins_as_a_candidate_with_its_reasoning(memory: Memory) -> None:
    made = memory.learn("Ask for the order number", "the invoice came back", theme="Finance", about=["T-1"])
    assert (made.ref, made.status, made.theme, made.sightings, made.about) == (
        "L-1",
        "candidate",
        "finance",
        1,
        ("T-1",),
    )
    assert (made.rule, made.why) == ("Ask for the order number", "the invoice came back")
    assert memory.lessons.get("l-1") == made


def test_a_lesson_hardens_when_it_recurs_elsewhere(memory: Memory) -> None:
    memory.learn("Ask first", about=["T-1"])
    again = memory.learn("", "it held there too", again="l-1", about=["T-3"])
    assert (again.ref, again.status, again.sightings) == ("L-1", "hardened", 2)
    assert memory.kinds("L-1") == ["lesson.recorded", "lesson.seen_again", "lesson.decided"]


@pytest.mark.parametrize(
    "about",
    [["T-2"], ["P-1"], ["CL-1"], []],
    ids=["the same project", "the project itself", "its client", "nowhere said"],
)
def test_the_same_place_again_only_counts(memory: Memory, about: list[str]) -> None:
    memory.learn("Ask first", about=["T-1"])
    again = memory.learn("", "once more", again="L-1", about=about)
    assert (again.status, again.sightings) == ("candidate", 2)


def test_a_lesson_that_was_noted_nowhere_takes_its_first_place_from_the_next_sighting(memory: Memory) -> None:
    memory.learn("Ask first")
    assert memory.learn("", "here", again="L-1", about=["T-1"]).status == "candidate"
    assert memory.learn("", "and there", again="L-1", about=["T-3"]).status == "hardened"


def test_a_person_hardens_retires_or_keeps_a_lesson(memory: Memory) -> None:
    memory.learn("Ask first", about=["T-1"])
    assert memory.lessons.decide("L-1", "harden", by=OPERATOR).status == "hardened"
    with pytest.raises(Refused, match="L-1 is hardened already"):
        memory.lessons.decide("L-1", "harden", by=OPERATOR)
    assert memory.lessons.decide("L-1", "retire", by=OPERATOR).status == "retired"
    assert memory.learn("", "elsewhere", again="L-1", about=["T-3"]).status == "retired"
    assert memory.lessons.decide("L-1", "keep", by=OPERATOR).status == "candidate"
    with pytest.raises(InvalidInput, match="is no verdict"):
        memory.lessons.decide("L-1", "praise", by=OPERATOR)  # type: ignore[arg-type]
    with pytest.raises(NotFound, match="There is no lesson L-9"):
        memory.lessons.decide("L-9", "keep", by=OPERATOR)


def test_a_hardened_lesson_stays_so_when_a_clients_words_are_erased(memory: Memory) -> None:
    memory.learn("Ask first", about=["T-1"])
    memory.learn("", "there", again="L-1", about=["T-3"])
    with memory.store.read() as conn:
        [seen] = memory.ledger.events(conn, ref="T-3", kinds=["lesson.seen_again"])
    memory.erase(seen.id)
    known = memory.lessons.get("L-1")
    assert (known.status, known.sightings) == ("hardened", 2)


def test_a_rule_that_says_what_a_known_one_says_is_that_one_met_again(memory: Memory) -> None:
    memory.learn("Ask for the order number before the invoice is sent.", about=["T-1"])
    same = memory.learn("before sending an invoice, ask for the ORDER number", "it came back", about=["T-3"])
    assert (same.ref, same.status, same.sightings) == ("L-1", "hardened", 2)
    assert "taken for L-1, met again (likeness 0." in same.noted
    assert "onefirm lesson apart L-1" in same.noted
    assert memory.learn("Ask for the logo as a vector", about=["T-3"]).ref == "L-2"


def test_less_likeness_is_enough_where_the_triggers_meet(memory: Memory) -> None:
    trigger = {"kinds": ["invoice"]}
    memory.learn("Ask for the order number first", trigger=trigger)
    assert memory.learn("Get the order number before billing", about=["T-3"]).ref == "L-2"
    met = memory.learn("Put the order number first on invoices", about=["T-3"], trigger=trigger)
    assert (met.ref, met.sightings) == ("L-1", 2)


def test_a_rule_that_was_taken_for_another_is_told_apart_again(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    memory.learn("Ask for the order number before the invoice is sent.", about=["T-1"])
    said, trigger = "before the invoice is sent, ask for the number of the order", {"kinds": ["invoice"]}
    memory.learn(said, "it was paid late", about=["T-3"], trigger=trigger, theme="Orders")
    put = told_lessons.index

    def cut(conn: Connection, entry: Event, **more: Any) -> None:
        if entry.subjects[0] == "L-2":
            raise Unavailable("the disk is full")
        put(conn, entry, **more)

    with monkeypatch.context() as full:
        full.setattr(told_lessons, "index", cut)
        with pytest.raises(Unavailable):  # and the rule isn't lost
            memory.lessons.apart("L-1", by=OPERATOR)
    other = memory.lessons.apart("L-1", by=OPERATOR)
    assert (other.ref, other.status, other.about, other.why) == ("L-2", "candidate", ("T-3",), "it was paid late")
    assert (other.trigger, other.theme) == (trigger, "orders")
    first = memory.lessons.get("L-1")
    assert (first.status, first.sightings, first.recurred) == ("candidate", 1, False)
    with pytest.raises(Refused, match="No rule was taken for L-1"):
        memory.lessons.apart("L-1", by=OPERATOR)


def test_of_two_who_note_the_same_rule_at_once_the_second_meets_it_again(memory: Memory) -> None:
    barrier, noted = threading.Barrier(3), list[str]()

    def note(number: int) -> None:
        barrier.wait()
        by = By("claude", session=f"S-{number}")
        noted.append(memory.lessons.record("Ask for the order number first", "it came back", by=by).ref)

    threads = [threading.Thread(target=note, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (noted, memory.lessons.get("L-1").sightings) == (["L-1"] * 3, 3)


@pytest.mark.parametrize(
    ("days", "session", "status"), [(0, "S-B", "candidate"), (1, "S-A", "candidate"), (1, "S-B", "hardened")]
)
def test_another_day_and_session_is_another_situation(memory: Memory, days: int, session: str, status: str) -> None:
    memory.lessons.record("Ask first", "it cost a day", about=["T-1"], by=CLAUDE)
    memory.clock.advance(days=days)
    by = By("claude", session=session)
    again = memory.lessons.record("", "once more", again="L-1", about=["T-2"], by=by)
    assert (again.status, again.recurred) == (status, False)


def test_a_patched_lesson_is_open_again_when_it_recurs_and_the_operator_is_asked(memory: Memory) -> None:
    memory.learn("Ask first", about=["T-1"])
    memory.lessons.decide("L-1", "patch", by=OPERATOR)
    again = memory.learn("", "once more", again="L-1", about=["T-1"])
    assert (again.status, again.patched) == ("candidate", False)
    with memory.store.read() as conn:
        [question] = inbox.open_items(conn, "lesson")
    assert (question.title, question.payload["command"]) == (
        "Is L-1 a rule? What was patched happened again",
        "onefirm lesson court L-1",
    )
    memory.lessons.decide("L-1", "harden", by=OPERATOR)
    with memory.store.read() as conn:
        assert inbox.open_items(conn) == []


def test_a_rule_that_a_hidden_lesson_says_makes_that_one_the_firms_own_where_it_recurs(memory: Memory) -> None:
    memory.learn("Ask for the order number before the invoice is sent", about=["T-1"])
    behind = memory.lessons.behind(Sight("Borealis", frozenset({"L-1"}), frozenset({"P-2", "T-3"})))
    alone = behind.record("Ask for the order number before the invoice is sent", "nobody knows where", by=CLAUDE)
    assert (alone.ref, behind.find().total) == ("L-2", 1)
    memory.lessons.decide("L-2", "retire", by=OPERATOR)
    met = behind.record("Ask for the order number before the invoice is sent", "again", about=["T-3"], by=CLAUDE)
    assert (met.ref, met.status, met.recurred) == ("L-1", "hardened", True)
    with memory.store.read() as conn:
        assert stories.recurred(conn, memory.ledger) == {"L-1"}


def worked(memory: Memory, session: str, title: str) -> None:
    """A session that wrote one invoice."""
    with memory.store.write() as conn:
        data = {"kind": "invoice", "title": title, "after": {"title": title}, "etag": "1"}
        memory.ledger.append(conn, "record.created", data, subjects=[f"INV-{session[2:]}"], by=By("claude", session))


def test_a_lesson_is_replayed_over_past_sessions_before_it_hardens(memory: Memory) -> None:
    trigger = {"kinds": ["invoice"], "words": ["deposit"]}
    memory.learn("Name the order", about=["T-1"], trigger=trigger)
    assert "not enough history: 1 comparable past session, " in memory.lessons.case("L-1").replay.told()
    for number, title in enumerate(["Deposit A", "deposits of B", "Deposit C", "Final D", "Final E"], start=1):
        worked(memory, f"S-{number}", title)
    held = memory.learn("", "there", again="L-1", about=["T-3"], by=By("claude", session="S-1"))
    assert held.status == "candidate"
    assert "over 6 comparable past sessions it would have fired in 3, 3 of them false alarms" in held.noted
    replay = memory.lessons.case("L-1").replay
    assert [(one.session, one.right) for one in replay.fired] == [("S-3", False), ("S-2", False), ("S-1", True)]
    assert replay.false_alarms == 2


def test_the_past_is_read_before_anybody_has_to_wait_and_the_lesson_looked_at_again(memory: Memory) -> None:
    memory.learn("Name the order", about=["T-1"], trigger={"kinds": ["invoice"]})

    def past() -> list[court.Past]:
        if len(memory.lessons.case("L-1").sightings) == 1:  # another session writes meanwhile, and meets it too
            memory.learn("", "there", again="L-1", about=["T-3"])
        return memory.past()

    slow = Lessons(memory.store, memory.ledger, memory.clock, memory.project, past=past)
    held = slow.record("", "here", again="L-1", about=["T-3"], by=CLAUDE)
    assert (held.status, held.sightings) == ("hardened", 3)
    assert memory.kinds("L-1").count("lesson.decided") == 1


NAMES = [Name("client", "Acme Rockets GmbH"), Name("client", "Studio Lumen"), Name("contact", "Ida Brandt"),
         Name("project", "Launch site"), Name("client", "North Sales"), Name("contact", "Lena Park")]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ("Ask Acme Rockets GmbH for the logo", "Ask the client for the logo"),
        ("Acme's invoices need P-12 and 12,500.00 EUR", "The client's invoices need the record and an amount"),
        ("The invoice INV-4 needs project P-12", "The invoice needs the project"),
        ("Call Brandt, or write to ida@acme.example", "Call the contact, or write to an address"),
        ("The Launch Site waits for €3k and Lumen", "The project waits for an amount and the client"),
        ("North Sales pays late; sales in the north don't", "The client pays late; sales in the north don't"),
        ("Ask Park where the car park is", "Ask the contact where the car park is"),
        ("Test three rockets, 2 studios and 14 days", "Test three rockets, 2 studios and 14 days"),
    ],
)
def test_a_lesson_names_nobody(rule: str, kept: str) -> None:
    assert abstracted(rule, NAMES).text == kept


@pytest.mark.parametrize("rule", ["never trust acme", "the lumen-shop breaks"])
def test_a_name_that_can_not_be_taken_out_is_refused(rule: str) -> None:
    with pytest.raises(Refused, match="names somebody, and a lesson serves every client"):
        abstracted(rule, NAMES)


@pytest.mark.parametrize("more", [{"theme": "Acme sites"}, {"theme": "ida brandt"}, {"trigger": {"words": ["acme"]}}])
def test_neither_theme_nor_trigger_names_anybody(memory: Memory, more: Any) -> None:
    named = Lessons(memory.store, memory.ledger, memory.clock, memory.project, names=lambda: NAMES)
    with pytest.raises(Refused, match="names somebody"):
        named.record("Ask first", "it cost a day", by=CLAUDE, **more)


@pytest.mark.parametrize("trigger", [
    {"when": ["x"]}, {"paths": ["*"]}, {"paths": ["/etc/*"]}, {"words": ["a"]}, {"kinds": ["In voice"]},
    {"words": [f"word{n}" for n in range(9)]},
])  # fmt: skip
def test_a_trigger_that_would_always_speak_or_never_is_refused(memory: Memory, trigger: dict[str, list[str]]) -> None:
    with pytest.raises(InvalidInput):
        memory.learn("Ask first", trigger=trigger)


def test_lessons_are_listed_and_filtered(memory: Memory) -> None:
    memory.learn("Ask first", theme="finance", about=["T-1"])
    memory.learn("Draw later", "drawn too early", theme="design")
    memory.lessons.decide("L-2", "harden", by=OPERATOR)

    def found(**filters: Any) -> list[str]:
        return [one.ref for one in memory.lessons.find(**filters).rows]

    assert found() == ["L-2", "L-1"]
    assert found(status="hardened") == ["L-2"]
    assert found(theme="Finance") == ["L-1"]
    assert found(text="EARLY draw") == ["L-2"]
    assert found(about="t-1") == ["L-1"]
    page = memory.lessons.find(limit=1)
    assert (page.cursor, page.total) == ("L-2", 2)
    assert found(limit=1, cursor=page.cursor) == ["L-1"]
    with pytest.raises(InvalidInput, match="is no cursor"):
        memory.lessons.find(cursor="x")


@pytest.mark.parametrize(
    ("fields", "error"),
    [({"rule": ""}, InvalidInput), ({"why": " "}, InvalidInput), ({"theme": "a/b"}, InvalidInput),
     ({"theme": "x" * 41}, InvalidInput), ({"about": ["P-77"]}, NotFound), ({"again": "L-9"}, NotFound),
     ({"rule": "use hunter2"}, Refused)],
)  # fmt: skip
def test_a_lesson_that_can_not_be_kept_is_refused(
    memory: Memory, fields: dict[str, Any], error: type[Exception]
) -> None:
    memory.secrets["hunter2"] = "a password"
    with pytest.raises(error):
        memory.lessons.record(**{"rule": "Ask first", "why": "it cost a day", **fields}, by=CLAUDE)
    assert memory.lessons.find().total == 0


# -- recall ------------------------------------------------------------------------------------------------------------

HARBOUR = """# Harbour Ltd

Record: CL-1

They sell moorings by the month. The owner decides everything himself.

## Invoices

Their bookkeeping rejects invoices without an order number. Send them before the 25th.

## Website

The booking form loses people at the calendar: four of five students gave up there.

```
# not a heading
```
"""


def filled(memory: Memory) -> None:
    memory.write("context/harbour/CLAUDE.md", HARBOUR, "CL-1")
    memory.write("context/style.md", "# Style\n\nWe write short letters. No jargon.\n")
    memory.decide("The booking path comes before the blog", "visitors leave at the calendar", about=["P-1"])
    memory.decide(
        "Hosting stays with the client", "they pay for it already", alternatives=["our server"], about=["P-2"]
    )
    memory.learn("Ask for the order number before the first invoice", "two invoices came back", theme="finance")


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("what to ask for before an invoice", "L-1"),
        ("rejected invoices of the bookkeeping", "context/harbour/CLAUDE.md"),
        ("Where do visitors leave?", "DEC-1"),
        ("who hosts the site", "DEC-2"),
        ("jargon in letters", "context/style.md"),
        ("DEC-2", "DEC-2"),
        ("what does dec-1 say about hosting", "DEC-1"),
        ("calend", "DEC-1"),
    ],
)
def test_recall_puts_the_fitting_passage_first(memory: Memory, question: str, first: str) -> None:
    filled(memory)
    assert memory.refs(question)[0] == first


def test_a_hit_tells_where_it_stands_and_when_it_was_said(memory: Memory) -> None:
    filled(memory)
    hit = memory.memory.recall("students gave up").hits[0]
    assert (hit.source, hit.ref, hit.heading) == ("narrative", "context/harbour/CLAUDE.md", "Harbour Ltd › Website")
    assert (hit.about, hit.at) == (("CL-1",), None)
    assert "four of five students" in hit.text
    decided = memory.memory.recall("hosting").hits[0]
    assert (decided.source, decided.about, decided.at) == ("decision", ("P-2",), "2026-11-04T08:00:00.000000Z")
    assert "Instead of: our server" in decided.text


def test_a_lesson_that_is_only_a_candidate_says_so(memory: Memory) -> None:
    filled(memory)
    hit = memory.memory.recall("order number first invoice").hits[0]
    assert (hit.note, hit.heading) == ("candidate", "(candidate) Ask for the order number before the first invoice")
    memory.lessons.decide("L-1", "harden", by=OPERATOR)
    assert memory.memory.recall("order number first invoice").hits[0].note == ""


def test_what_took_anothers_place_is_found_by_the_words_of_what_it_replaced(memory: Memory) -> None:
    memory.decide("Orders close at two in the night", about=["P-1"])
    memory.decide("Half past three", "the conveyor is new", supersedes="DEC-1")
    memory.decide("Four", "the conveyor is faster", supersedes="DEC-2")
    memory.decide("Nobody orders by telephone", about=["P-2"])
    assert memory.refs("when do orders close?")[0] == "DEC-3"
    assert memory.refs("when do orders close?", about=["P-1"]) == ["DEC-3", "DEC-2", "DEC-1"]
    assert memory.refs("when do orders close?", about=["P-2"]) == ["DEC-4"]


def test_what_was_superseded_or_retired_ranks_below_everything_and_is_marked(memory: Memory) -> None:
    memory.decide("Colour of buttons is blue blue blue", "blue buttons")
    memory.decide("Buttons are green", supersedes="DEC-1")
    memory.learn("Blue buttons sell", "blue buttons")
    memory.lessons.decide("L-1", "retire", by=OPERATOR)
    memory.write("context/notes.md", "Somewhere a page once mentioned buttons, in a long text about other things.")
    hits = memory.memory.recall("blue buttons").hits
    assert {hit.ref for hit in hits[:2]} == {"DEC-2", "context/notes.md"}
    assert [hit.note for hit in hits] == ["", "", "superseded by DEC-2", "retired"] or [hit.note for hit in hits] == [
        "", "", "retired", "superseded by DEC-2",
    ]  # fmt: skip


def test_about_narrows_the_search(memory: Memory) -> None:
    filled(memory)
    assert set(memory.refs("the calendar form", about=["cl-1"])) == {"context/harbour/CLAUDE.md"}
    assert memory.refs("calendar", about=["P-1"]) == ["DEC-1"]
    assert memory.refs("calendar", about=["P-2"]) == []
    assert memory.memory.recall("", about=["P-1"]).hits[0].ref == "DEC-1"
    assert memory.memory.recall("calendar", about=["P-1"]).searched == {"decision": 1}


def test_a_record_that_the_question_names_lifts_what_is_about_it(memory: Memory) -> None:
    memory.decide("Weekly calls on Monday", about=["P-1"])
    memory.decide("Weekly calls on Tuesday", about=["P-2"])
    assert memory.refs("weekly calls in P-1")[0] == "DEC-1"
    assert memory.refs("weekly calls in P-2")[0] == "DEC-2"
    assert memory.refs("P-2") == ["DEC-2"]


def test_a_client_that_the_question_names_by_title_lifts_what_belongs_to_it_under_its_new_name_too(
    memory: Memory,
) -> None:
    memory.speaking(Languages())
    memory.mirror("CL-1", "client", "Harbour Nine")
    memory.mirror("CL-2", "client", "Lagoon Kitchen")
    memory.mirror("P-1", "project", "Site", client="CL-1")
    memory.mirror("P-2", "project", "Orders", client="CL-2")
    memory.decide("Weekly calls on Mondays", about=["P-2"])
    memory.decide("Weekly calls on Sundays", about=["P-1"])
    assert memory.refs("weekly calls with Lagoon") == ["DEC-1", "DEC-2"]
    memory.mirror("CL-2", "client", "Quay Kitchen")
    assert memory.refs("weekly calls with Quay") == ["DEC-1", "DEC-2"]
    assert memory.refs("weekly calls with Lagoon") == ["DEC-2", "DEC-1"]


def test_a_client_of_more_passages_than_a_statement_takes_parameters_may_be_renamed(
    tmp_path: Path, clock: FixedClock
) -> None:
    memory = Memory(sqlite_url(tmp_path), clock)
    memory.refs("quay")
    with memory.store.write() as conn:
        driver: Any = conn.connection.driver_connection
        driver.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 1_100)
        parts = [Part("", f"note {number} of the quay") for number in range(1_200)]
        passages.put(conn, "source", "SRC-1", parts, ["CL-1"], "0" * 64)
    memory.mirror("CL-1", "client", "Harbour Nine")
    found = memory.memory.recall("the quay at Nine")
    assert (found.note, found.searched) == ("", {"source": 1_200})
    with memory.store.read() as conn:
        assert conn.execute(select(passage.c.titles).distinct()).scalars().all() == ["Harbour Nine"]
    memory.store.close()


def test_what_belongs_to_a_client_of_another_language_is_found_from_a_words_stem_on(memory: Memory) -> None:
    for number in (1, 2):
        memory.mirror(f"CL-{number}", "client", f"Client {number}")
        memory.mirror(f"P-{number}", "project", f"Project {number}", client=f"CL-{number}")
    memory.decide("Das Haus bekommt neue Fenster; Liegeplatzgebühren zahlt der Hafen", about=["P-1"])
    memory.decide("Les délais sont prolongés jusqu'à Noël, le forfait reste inchangé", about=["P-1"])
    memory.decide("Meetings move to Mondays", about=["P-2"])
    asked = {"welche Häuser": "DEC-1", "quelle prolongation du délai": "DEC-2", "noel": "DEC-2", "gebühr": "DEC-1"}
    memory.speaking(Languages())
    assert memory.refs("welche Häuser") == []
    memory.speaking(Languages(clients={"CL-1": "other"}))
    assert {question: memory.refs(question)[0] for question in asked} == asked
    assert memory.refs("moving a meeting") == ["DEC-3"]
    assert memory.memory.recall("Häuser").how.startswith("lexical (english and other), the firm, 3 passages")
    assert memory.memory.recall("Häuser", about=["P-1"]).mode == "lexical (other)"
    memory.mirror("P-1", "project", "Project 1", client="CL-2")
    assert memory.refs("welche Häuser") == []
    assert memory.refs("moving a meeting") == ["DEC-3"]
    memory.speaking(Languages("other"))
    assert memory.refs("welche Häuser") == ["DEC-1"]
    assert memory.refs("moving a meeting") == ["DEC-3"]


def test_any_writing_is_found_with_its_marks_and_where_no_spaces_tell_words_apart(memory: Memory) -> None:
    asked = {
        "новый": "Новый договор с Ёлкиным", "елкин Ёлкиным": "Новый договор с Ёлкиным", "τιμή": "Η τιμή της πύλης",
        "가격": "포털 가격은 사십 유로이다", "가격이": "포털 가격은 사십 유로이다", "أسعار": "أسعار البوابة الجديدة",
        "ガス料金": "来月からガス料金が上がります", "料金はいくら": "来月からガス料金が上がります",
        "每月价格是多少": "门户网站每月价格为四十欧元", "acme": "今日はAcmeの見積もりを送る",
        "ราคา": "กำหนดราคาใหม่ทุกเดือน", "strassen Straße": "Eine Straße wird gesperrt",
    }  # fmt: skip
    told = {text: memory.decide(text).ref for text in dict.fromkeys(asked.values())}
    for languages in (Languages(), Languages("other")):
        memory.speaking(languages)
        assert {query: memory.refs(query)[:1] for query in asked} == {query: [told[asked[query]]] for query in asked}


def test_part_of_a_word_is_found_when_nothing_else_is(memory: Memory) -> None:
    memory.write("context/a.md", "The Hafenmeisterbüro opens at nine.")
    assert memory.refs("meisterbüro") == ["context/a.md"]
    assert memory.refs("nonexistent") == []


def test_words_are_found_in_other_forms(memory: Memory) -> None:
    memory.write("context/a.md", "The deliveries were invoiced and the prices negotiated.")
    for word in ("delivery", "delivered", "invoice", "invoicing", "price", "negotiation", "PRICES"):
        assert memory.refs(word) == ["context/a.md"], word


def ask(memory: Memory, question: str) -> None:
    """Ask; a question without a word may be refused, in those words and no others."""
    if search.terms_of(question):
        memory.memory.recall(question)
        return
    with pytest.raises(InvalidInput, match="There is no word to search for"):
        memory.memory.recall(question)


HOSTILE = [
    '"', "'", '"""', "AND", "NOT", "OR OR", "a NEAR b", "NEAR(a b)", "heading: x", "body:x*", "^x", "x*", "*", "(", ")",
    "a AND (b", "-x", "x:*", "x & y | !z", "<->", "\\", "%", "_", "__", ";DROP TABLE passage;--", "{x}", "col : y",
    "+a", "\x00x", "\ud800x", "😀", "日本語", "ß", "ﬁ", "a" * 900, "1 2 3", "P-", "-1", "DEC-0", "e\u0301",
]  # fmt: skip


@pytest.mark.parametrize("question", HOSTILE, ids=range(len(HOSTILE)))
def test_no_question_is_read_as_syntax(memory: Memory, question: str) -> None:
    filled(memory)
    ask(memory, question)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.text(max_size=60))
def test_any_text_can_be_asked(memory: Memory, question: str) -> None:
    if not memory.files:
        filled(memory)
    ask(memory, question)


def test_a_question_without_end_is_refused(memory: Memory) -> None:
    with pytest.raises(InvalidInput, match="1,000 is the most"):
        memory.memory.recall("x" * 1_000_000)


@pytest.mark.parametrize("budget", [50, 200, 1_000])
def test_the_budget_is_kept_and_the_best_passage_always_given(memory: Memory, budget: int) -> None:
    for number in range(30):
        memory.write(f"context/{number}.md", f"# Note {number}\n\n" + f"harbour word{number} " * 60)
    hits = memory.memory.recall("harbour", limit=50, budget_tokens=budget).hits
    assert hits
    if len(hits) > 1:
        assert sum(tokens(f"{hit.source} {hit.ref} {hit.heading} {hit.text}") for hit in hits) <= budget + 5
    assert all("harbour" in hit.text for hit in hits)


def test_a_long_passage_is_cut_around_what_was_asked_for(memory: Memory) -> None:
    memory.decide("A long story", "beginning " * 150 + "the moorings are leased " + "end " * 300)
    [hit] = memory.memory.recall("moorings", budget_tokens=100).hits
    assert "moorings" in hit.text
    assert hit.text.startswith("…")
    assert hit.text.endswith("…")
    assert len(hit.text) < 400


def test_the_same_words_are_given_once_and_no_file_fills_the_answer(memory: Memory) -> None:
    memory.write("context/a.md", "Moorings are leased by the month.")
    memory.write("context/b.md", "Moorings  are leased by the MONTH.")
    memory.write("context/c.md", "\n".join(f"# Part {n}\n\nMoorings number {n} are blue.\n" for n in range(9)))
    hits = memory.memory.recall("moorings", limit=20).hits
    assert sorted(hit.ref for hit in hits) in (
        ["context/a.md", *["context/c.md"] * 3],
        ["context/b.md", *["context/c.md"] * 3],
    )


def test_files_are_taken_in_again_only_when_they_change(memory: Memory) -> None:
    memory.write("context/a.md", "First words.")
    memory.write("context/empty.md", "")
    assert memory.memory.refresh() == 2
    assert memory.memory.refresh() == 0
    memory.write("context/a.md", "Second words.")
    assert memory.refs("first") == []
    assert memory.refs("second") == ["context/a.md"]
    memory.write("context/a.md", "Second words.", "P-1")
    assert memory.refs("second", about=["P-1"]) == ["context/a.md"]
    del memory.files["context/a.md"]
    assert memory.refs("second") == []


def test_an_erased_decision_is_no_longer_recalled(memory: Memory) -> None:
    made = memory.decide("Zebra crossing")
    learned = memory.learn("Zebra rule", "stripes")
    assert memory.refs("zebra") == ["DEC-1", "L-1"] or memory.refs("zebra") == ["L-1", "DEC-1"]
    memory.erase(made.event_id, learned.event_id)
    assert memory.refs("zebra stripes") == []
    memory.memory.rebuild()
    assert memory.refs("zebra stripes") == []


def test_erased_words_leave_the_index_file_as_well(tmp_path: Path, clock: FixedClock) -> None:
    memory = Memory(sqlite_url(tmp_path), clock)
    filled(memory)
    made = memory.decide("Zebracrossing first", "zebracrossing")
    memory.refs("zebracrossing")
    memory.erase(made.event_id)
    memory.memory.refresh()
    memory.store.close()
    left = b"".join(path.read_bytes() for path in tmp_path.glob("firm.db*")).lower()
    assert b"calendar" in left
    assert b"zebracrossing" not in left


def test_a_lost_index_is_rebuilt_from_ledger_and_files(memory: Memory) -> None:
    filled(memory)
    memory.memory.refresh()
    with memory.store.read() as conn:
        columns = (passage.c.source, passage.c.ref, passage.c.part, passage.c.heading, passage.c.body, passage.c.about)
        before = sorted(map(str, conn.execute(select(*columns))))
    with memory.store.write() as conn:
        conn.execute(passage.delete())
    assert memory.memory.rebuild() == len(before)
    with memory.store.read() as conn:
        assert sorted(map(str, conn.execute(select(*columns)))) == before
    assert memory.refs("hosting")[0] == "DEC-2"


def test_an_index_that_can_not_be_renewed_still_answers_and_says_so(memory: Memory) -> None:
    memory.decide("Weekly calls")

    def broken() -> Any:
        raise Unavailable("The disk is full; nothing was written.")

    recalled = Recall(memory.store, memory.ledger, broken).recall("weekly")
    assert [hit.ref for hit in recalled.hits] == ["DEC-1"]
    assert recalled.note == "The index could not be brought up to date: The disk is full; nothing was written."


def test_two_who_renew_the_index_at_once_do_not_collide(memory: Memory) -> None:
    for number in range(20):
        memory.write(f"context/{number}.md", f"Note {number} about moorings.")
    barrier, errors = threading.Barrier(4), list[BaseException]()

    def renew() -> None:
        barrier.wait()
        try:
            memory.memory.refresh()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=renew) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []
    assert memory.memory.recall("moorings").searched == {"narrative": 20}


@pytest.mark.parametrize(("about", "error"), [(["nonsense"], InvalidInput), (["x" * 1_000], InvalidInput)])
def test_a_wrong_ref_is_told(memory: Memory, about: list[str], error: type[Exception]) -> None:
    with pytest.raises(error):
        memory.memory.recall("x", about=about)


# -- what stands around a passage, who said it, when, and what was known at a time -------------------------------------


def talk(memory: Memory, *turns: tuple[str, str], about: tuple[str, ...] = ()) -> None:
    """A source of several messages, each found by its neighbours too."""
    memory.memory.refresh()
    bodies = [body for _, body in turns]
    parts = [
        Part(
            "",
            body,
            context=" ".join(bodies[max(0, n - 1) : n] + bodies[n + 1 : n + 2]),
            actor=who,
            at=f"2026-05-0{n + 1}",
        )
        for n, (who, body) in enumerate(turns)
    ]
    with memory.store.write() as conn:
        passages.put(conn, "source", "SRC-1", parts, about, "0" * 64, "2026-05-09T00:00:00.000000Z")


def test_a_message_is_found_by_its_neighbour_by_who_wrote_it_and_by_its_date_in_words(memory: Memory) -> None:
    talk(
        memory,
        ("Ann", "How about the quay?"),
        ("Bob Kern", "Tuesday, once the crane is back."),
        ("Ann", "Good, thanks."),
    )
    found = memory.memory.recall("What did Bob say of the quay?").hits
    assert (found[0].text, found[0].at, found[0].part) == ("Tuesday, once the crane is back.", "2026-05-02", 1)
    assert memory.memory.recall("3 May").hits[0].text == "Good, thanks."
    assert all("quay" not in hit.text for hit in found if hit.part == 1), "the neighbours help finding and aren't shown"


def test_nearly_the_same_is_given_once_unless_a_number_or_a_not_differs(memory: Memory) -> None:
    said = "the day rate for the harbour project stays as it was agreed in spring"
    talk(
        memory,
        ("A", said),
        ("B", f"{said} indeed"),
        ("A", f"{said} at 900"),
        ("A", f"{said} at 950"),
        ("B", f"not {said}"),
    )
    assert len(memory.memory.recall("day rate harbour").hits) == 4


def test_a_word_that_is_mistyped_finds_what_was_meant_and_the_answer_says_so(memory: Memory) -> None:
    filled(memory)
    recalled = memory.memory.recall("calender")
    assert recalled.hits[0].ref == "DEC-1"
    assert "Nothing has “calender”; looked for “calendar”." in recalled.note


def test_an_answer_as_of_a_day_knows_nothing_later_and_what_held_then_holds(memory: Memory) -> None:
    memory.decide("Buttons are blue")
    day = memory.clock.now().date().isoformat()
    memory.decide("Buttons are green", supersedes="DEC-1")
    memory.write("context/a.md", "Buttons everywhere.")
    then = memory.memory.recall("buttons", as_of=day)
    assert [(hit.ref, hit.note) for hit in then.hits] == [("DEC-1", "")]
    assert "Narrative files are left out" in then.note
    assert [hit.ref for hit in memory.memory.recall("buttons").hits][-1] == "DEC-1"


def test_an_answer_says_how_it_was_searched_and_what_it_cost(memory: Memory) -> None:
    memory.decide("Weekly calls", about=["P-1"])
    told = memory.memory.recall("weekly", about=["P-1"])
    assert told.how.startswith("lexical, P-1 within the firm, 1 passages, ")
    assert (told.tokens, told.id[:2]) == (tokens("decision DEC-1 Weekly calls it is simpler"), "R-")


def test_what_was_shown_is_counted_and_so_is_what_cites_it_corrects_it_or_found_nothing(memory: Memory) -> None:
    memory.decide("Weekly calls", about=["P-1"])
    shown = memory.memory.recall("weekly", session="S-A")
    memory.clock.advance(days=1)
    memory.memory.recall("weekly")
    for _ in range(2):
        memory.memory.recall("Zeppelins?")
    memory.decide("Calls every day", evidence=[f"{shown.id}: DEC-1"], supersedes="DEC-1", by=CLAUDE)
    stats = memory.uses.stats()
    assert (stats.asked, stats.found, stats.used, stats.shown) == (4, 2, 2, 2)
    assert (stats.cited, stats.wrong) == (1, 1)
    assert [(miss.query, miss.times) for miss in stats.misses] == [("Zeppelins?", 2)]
    memory.clock.advance(days=91)
    memory.memory.recall("weekly")
    assert memory.uses.stats().asked == 1


def test_a_busy_database_does_not_hold_an_answer_up_and_the_note_is_made_later_without_its_words(
    tmp_path: Path, clock: FixedClock
) -> None:
    memory = Memory(sqlite_url(tmp_path), clock)
    memory.decide("Weekly calls")
    memory.refs("weekly")
    walled = memory.memory.behind(Sight("Harbour School", ref="CL-1"))
    with memory.store.write():
        assert memory.refs("weekly") == ["DEC-1"]
        assert memory.uses.stats().asked == 1
    assert walled.recall("Zeppelins?").hits == ()
    assert (memory.uses.stats().asked, len(memory.uses.stats().misses)) == (3, 1)
    with memory.store.write():
        assert memory.refs("balloons of Harbour School") == []
    memory.uses.settle()
    # an erasure meanwhile could not have reached these words
    assert (memory.uses.stats().asked, [miss.query for miss in memory.uses.stats().misses]) == (4, ["Zeppelins?"])
    memory.store.close()
