"""Provenance and exports, read from events on every store."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onefirm.core.attribution import By
from onefirm.core.errors import NotFound
from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Event
from onefirm.ledger.export import jsonl, markdown, verify_jsonl
from onefirm.ledger.trace import Node, render, trace
from onefirm.store.engine import Store
from onefirm.store.tables import record_alias
from support.clock import FixedClock


class Book:
    """A ledger that is written line by line, an hour apart."""

    def __init__(self, url: str, clock: FixedClock) -> None:
        self.clock, self.store = clock, Store.open(url)
        self.ledger = Ledger(clock, "laptop")
        with self.store.write() as conn:
            self.ledger.found(conn, "host")

    def write(self, kind: str, data: dict[str, Any], *subjects: str, cause: Event | None = None, **by: Any) -> Event:
        self.clock.advance(hours=1)
        who = By(by.pop("actor", "claude"), cause=cause.id if cause else None, **by)
        with self.store.write() as conn:
            return self.ledger.append(conn, kind, data, subjects=subjects, by=who)

    def created(self, ref: str, title: str, *also: str, cause: Event | None = None, **after: Any) -> Event:
        kind = {"CL": "client", "P": "project", "T": "task"}[ref.partition("-")[0]]
        data = {"kind": kind, "title": title, "after": {"title": title, **after}}
        return self.write("record.created", data, ref, *also, cause=cause)

    def moved(self, ref: str, title: str, old: str, new: str, cause: Event | None = None) -> Event:
        data = {"kind": "project", "title": title, "before": {"status": old}, "after": {"status": new}}
        return self.write("record.updated", data, ref, cause=cause)

    def trace(self, asked: str, **limits: Any) -> Node:
        with self.store.read() as conn:
            return trace(conn, self.ledger, asked, **limits)

    def events(self, **filters: Any) -> list[Event]:
        with self.store.read() as conn:
            return list(self.ledger.stream(conn, **filters))


@pytest.fixture
def book(database: str, clock: FixedClock) -> Iterator[Book]:
    book = Book(database, clock)
    yield book
    book.store.close()


def lines(node: Node) -> list[str]:
    return render(node).splitlines()


def every(node: Node) -> list[Node]:
    return [node, *(found for child in node.children for found in every(child))]


def test_a_record_is_traced_with_its_history_its_decisions_and_its_relations(book: Book) -> None:
    book.created("CL-1", "Harbour Ltd", status="active")
    project = book.created("P-12", "Harbour website", "CL-1", status="discovery", client="CL-1")
    book.created("T-9", "Draft the letter", "P-12", cause=project, status="todo", project="P-12")
    moved = book.moved("P-12", "Harbour website", "discovery", "delivery")
    book.write("record.seen", {"kind": "project", "title": "Harbour website"}, "P-12")
    book.write("decision.recorded", {"ref": "DEC-1", "what": "No search", "why": "Nobody uses it"}, "DEC-1", "P-12",
               actor="operator", cause=moved)  # fmt: skip
    assert lines(book.trace("p-12")) == [
        "P-12 “Harbour website” (project, delivery): 5 entries since 2026-11-02 10:00 UTC  ◀ asked",
        "├─ what happened",
        "│  ├─ 2026-11-02 10:00 UTC  Claude created project P-12 “Harbour website” with client CL-1 and status"
        " discovery.",
        "│  │  └─ 2026-11-02 11:00 UTC  Claude created task T-9 “Draft the letter” with project P-12 and status todo.",
        "│  └─ 2026-11-02 12:00 UTC  Claude changed project P-12 “Harbour website”: status from discovery to delivery.",
        "├─ decided and learned",
        "│  └─ 2026-11-02 14:00 UTC  The operator decided “No search” (DEC-1) about P-12; why: Nobody uses it.",
        "└─ related",
        "   ├─ client: CL-1 “Harbour Ltd” (client, active)",
        "   └─ T-9 “Draft the letter” (task, todo)",
    ]


def test_an_entry_is_traced_with_its_causes_above_and_its_effects_below(book: Book) -> None:
    first = book.created("P-1", "Site", status="discovery")
    asked = book.moved("P-1", "Site", "discovery", "delivery", cause=first)
    effect = book.moved("P-1", "Site", "delivery", "review", cause=asked)
    book.moved("P-1", "Site", "review", "done", cause=effect)
    root = book.trace(asked.id)
    assert root.event_id == first.id
    [middle] = root.children
    assert (middle.event_id, middle.asked) == (asked.id, True)
    about, below = middle.children
    assert (about.text, below.event_id) == ("about P-1 “Site” (project, done)", effect.id)
    assert "from review to done" in below.children[0].text


def test_a_decision_is_traced_with_what_it_weighed_and_what_it_is_about(book: Book) -> None:
    book.created("P-1", "Site", status="discovery")
    data = {"ref": "DEC-2", "what": "Static site", "why": "cheap", "alternatives": ["a CMS"], "evidence": ["INV-3"]}
    book.write("decision.recorded", data, "DEC-2", "P-1", "DEC-1", actor="operator", session="S-1")
    assert lines(book.trace("DEC-2")) == [
        "DEC-2 “Static site” (decision): 1 entry since 2026-11-02 10:00 UTC  ◀ asked",
        "├─ what happened",
        "│  └─ 2026-11-02 10:00 UTC  The operator decided “Static site” (DEC-2) about P-1 and DEC-1; why: cheap. [S-1]",
        "│     ├─ instead of: a CMS",
        "│     └─ evidence: INV-3",
        "└─ related",
        "   ├─ P-1 “Site” (project, discovery)",
        "   └─ DEC-1",
    ]


def test_a_long_history_keeps_its_beginning_and_its_newest_entries_and_counts_the_rest(book: Book) -> None:
    book.created("P-1", "Site", status="discovery")
    for number in range(60):
        book.moved("P-1", "Site", str(number), str(number + 1))
    node = book.trace("P-1", most=20)
    drawn = lines(node)
    assert len(drawn) <= 24
    assert "created project P-1" in drawn[2]
    assert "more here" in drawn[3]
    assert "from 59 to 60" in drawn[-1]
    assert sum("changed" in line for line in drawn) + int(drawn[3].split("… ")[1].split()[0]) == 60


def test_looks_do_not_hide_the_history(book: Book) -> None:
    book.created("P-1", "Site", status="discovery")
    with book.store.write() as conn:
        for _ in range(450):
            book.ledger.append(conn, "record.seen", {}, subjects=["P-1"], by=By("claude"))
    assert "created project P-1" in render(book.trace("P-1"))


def test_deep_and_wide_effects_are_bounded_and_counted(book: Book) -> None:
    root = cause = book.created("P-1", "Site")
    for number in range(9):
        cause = book.moved("P-1", "Site", str(number), str(number + 1), cause=cause)
    for number in range(30):
        book.created(f"T-{number + 1}", "Task", cause=root)
    node = book.trace(root.id, depth=3, most=12)
    assert len(every(node)) < 25
    assert any(child.left_out for child in every(node))
    deep = book.trace(cause.id, depth=3)
    assert deep.text == "… earlier causes were left out"


def test_causes_that_were_made_to_run_in_a_circle_end(book: Book) -> None:
    one = book.created("P-1", "Site")
    own = book.write("record.updated", {"undo_of": one.id}, "P-1")
    again = book.write("record.updated", {}, "P-1", cause=own)
    assert render(book.trace(again.id))
    assert render(book.trace("P-1"))


def test_an_erased_entry_still_has_its_place(book: Book) -> None:
    event = book.created("P-1", "Site")
    with book.store.write() as conn:
        book.ledger.erase(conn, [event.id], By("operator"))
    assert "what it said was erased later" in render(book.trace("P-1"))


def test_a_temporary_ref_leads_to_the_record_it_became(book: Book) -> None:
    book.write("record.queued", {"kind": "task", "title": "Call", "op": "create", "after": {}}, "T-x1a2b")
    book.write("record.created", {"kind": "task", "title": "Call", "after": {"status": "todo"}}, "T-5", "T-x1a2b")
    with book.store.write() as conn:
        conn.execute(record_alias.insert().values(alias="T-x1a2b", ref="T-5"))
    for asked in ("T-5", "T-x1a2b"):
        drawn = render(book.trace(asked))
        assert "asked to create" in drawn
        assert "created task T-5" in drawn


def test_a_session_is_named_and_times_are_the_firms_own(book: Book) -> None:
    event = book.write("record.archived", {"kind": "task", "title": "Call"}, "T-1", session="S-ABC")
    assert book.trace(event.id, timezone="Europe/Berlin").text == (
        "2026-11-02 10:00 CET  Claude archived task T-1 “Call”. [S-ABC]"
    )


@pytest.mark.parametrize("asked", ["P-99", "no such thing", "", "0190a1b2-0000-7000-8000-000000000000"])
def test_what_the_ledger_does_not_know_is_told(book: Book, asked: str) -> None:
    with pytest.raises(NotFound):
        book.trace(asked)


# -- exports -----------------------------------------------------------------------------------------------------------


def filled(book: Book) -> list[str]:
    for number in range(1, 8):
        book.created(f"P-{number}", f"Säge “{number}”", reason="naïve", price=0.1)
    with book.store.write() as conn:
        book.ledger.erase(conn, [book.events()[2].id], By("operator"))
    return list(jsonl(book.events()))


def test_an_export_is_verified_without_a_database(book: Book) -> None:
    exported = filled(book)
    with book.store.read() as conn:
        anchors = book.ledger.heads(conn)
    verdict = verify_jsonl(exported, anchors)
    assert (verdict.ok, verdict.entries, verdict.chains) == (True, 8, 1)
    assert json.loads(exported[2])["payload"] is None


@pytest.mark.parametrize("number", [1, 4, 7])
@pytest.mark.parametrize("change", ["word", "subject", "removed", "exchanged"])
def test_a_changed_export_names_its_first_bad_entry(book: Book, change: str, number: int) -> None:
    exported = filled(book)
    at = number - 1
    if change == "removed":
        del exported[at]
    elif change == "exchanged":
        exported[at], exported[at + 1] = exported[at + 1], exported[at]
    else:
        old, new = (f"Säge “{number}”", "Sage") if change == "word" else (f'"P-{number}"', '"P-99"')
        exported[at] = exported[at].replace(old, new)
    assert verify_jsonl(exported).findings[0].seq == number


def test_an_excerpt_is_checked_as_far_as_it_goes(book: Book) -> None:
    filled(book)
    excerpt = list(jsonl(book.events(ref="P-2"))) + list(jsonl(book.events(ref="P-5")))
    assert verify_jsonl(excerpt, excerpt=True).ok
    assert not verify_jsonl(excerpt).ok
    excerpt[1] = excerpt[1].replace("Säge", "Sage")
    assert [finding.seq for finding in verify_jsonl(excerpt, excerpt=True).findings] == [5]


def test_a_payload_left_out_of_an_export_is_told(book: Book) -> None:
    exported = filled(book)
    entry = json.loads(exported[4])
    exported[4] = json.dumps({**entry, "payload": None})
    [finding] = verify_jsonl(exported).findings
    assert (finding.seq, finding.problem) == (5, "payload_missing")


@pytest.mark.parametrize("line", ["nonsense", "[]", "{}", '{"chain_id": 1}', "[" * 100_000, '"\\ud800"'])
def test_a_line_that_is_no_entry_is_named_by_its_number(line: str) -> None:
    [finding] = verify_jsonl([line]).findings
    assert finding.sentence == "line 1: it is no entry of an export in form 1."


@pytest.mark.parametrize(
    "change",
    [lambda entry: entry | {"export": 2}, lambda entry: entry | {"note": "added"},
     lambda entry: {name: value for name, value in entry.items() if name != "export"},
     lambda entry: entry | {"payload": entry["payload"] | {"note": "added"}}],
    ids=["another form", "one more key", "no form", "one more key of the payload"],
)  # fmt: skip
def test_an_entry_with_more_or_less_than_an_entry_has_is_named(book: Book, change: Any) -> None:
    exported = filled(book)
    exported[4] = json.dumps(change(json.loads(exported[4])))
    assert "line 5: it is no entry of an export in form 1." in [one.sentence for one in verify_jsonl(exported).findings]


def test_a_key_that_comes_twice_is_named(book: Book) -> None:
    exported = filled(book)
    exported[4] = exported[4].replace('"actor":', '"actor":"operator","actor":', 1)
    assert any(one.sentence.startswith("line 5: ") for one in verify_jsonl(exported).findings)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_line_breaks_the_check(data: Any) -> None:
    names = "chain_id seq id at actor session kind version subjects cause effect_key payload_sha256 prev hash payload"
    parts = st.fixed_dictionaries(dict.fromkeys(names.split(), JSON))
    entry = data.draw(parts) | {"export": 1}
    if data.draw(st.booleans()):
        entry["payload"] = {"data": data.draw(JSON), "reason": data.draw(JSON), "salt": "x"}
    verdict = verify_jsonl(
        [json.dumps(entry), json.dumps({**entry, "kind": "payload.erased", "chain_id": "c", "id": "i"})]
    )
    assert not verdict.ok


def test_markdown_lists_sentences_by_day_and_nothing_of_a_payload_is_markup(book: Book) -> None:
    book.write("record.archived", {"kind": "task", "title": "*Call* [x](http://x) <b>"}, "T-1")
    book.clock.advance(days=1)
    book.write("record.restored", {"kind": "task", "title": "Call"}, "T-1", actor="operator")
    assert list(markdown(book.events(), "Europe/Berlin")) == [
        "## 2026-11-02",
        "",
        "- 10:00 CET Claude archived task T-1 “\\*Call\\* \\[x\\](http://x) \\<b\\>”.",
        "",
        "## 2026-11-03",
        "",
        "- 11:00 CET The operator restored task T-1 “Call”.",
    ]
