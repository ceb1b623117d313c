"""What is old is summed up by engagement and month, before its texts go, and can be taken back."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from onefirm.bootstrap import Firm, open_firm
from onefirm.core.attribution import By
from onefirm.core.errors import Refused
from onefirm.memory.hits import Hit
from onefirm.memory.rollups import Rollups
from onefirm.sessions.shapes import Wall
from onefirm.state.records import Change
from onefirm.workspace import Wishes
from support.clock import FixedClock
from support.firms import new_firm
from support.terminal import Terminal

pytestmark = pytest.mark.row("MEM-09")

ANN, CLAUDE = By("operator"), By("claude", "S-1")
BOREALIS: Wall = {"client": "CL-2", "title": "Borealis", "parties": ["CL", "PR"], "at": ""}
SAID = "> Compare the zanzibar prices with last year\n\n$ make prices\n\n~ prices.md\n~ forty"
OTHERS = "> Which zanzibar spices do both of them want to buy this spring?"
NOBODYS = "> Is zanzibar an island, and who has been there already?"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2024, 3, 4, 9, tzinfo=UTC))


@pytest.fixture
def firm(tmp_path: Path, clock: FixedClock) -> Iterator[Firm]:
    """A firm with two clients and a project, in which a month's work was done, and three sessions archived."""
    new_firm(tmp_path, Wishes(firm="Ann Consulting", timezone="Europe/Berlin"), clock)
    with open_firm(tmp_path, clock=clock) as firm:
        for kind, values in (
            ("client", {"title": "Acme"}), ("client", {"title": "Borealis"}),
            ("project", {"title": "Menu", "client": "CL-1"}), ("task", {"title": "Price list", "project": "P-1"}),
        ):  # fmt: skip
            firm.records.write([Change("create", kind=kind, set=values)], CLAUDE)
        firm.records.write([Change("update", ref="T-1", set={"status": "doing"})], CLAUDE)
        firm.decisions.record("Print the prices", "guests ask", about=["P-1"], by=CLAUDE)
        for text, about in ((SAID, ["P-1", "CL-1"]), (OTHERS, ["CL-1", "CL-2"]), (NOBODYS, [])):
            firm.sources.add(text, kind="session", title="Session S-1", about=about, keep_days=20, by=CLAUDE)
        yield firm


def asked(firm: Firm, **more: str) -> dict[str, Hit]:
    return {hit.ref: hit for hit in firm.recall.recall("zanzibar", **more).hits}


def test_a_month_is_summed_up_before_its_sessions_expire_and_found_when_they_are_gone(
    firm: Firm, clock: FixedClock
) -> None:
    clock.advance(days=15)
    firm.day.take_in(ANN)
    assert firm.facts.every() == []
    clock.advance(days=3)
    firm.day.take_in(ANN)  # as each close and the service do
    (made,) = firm.facts.every()
    assert made.statement == (
        "March 2024 at P-1 “Menu”: 4 entries in 1 session; 2 records, 1 decision, 1 archived session."
    )
    assert made.lines == (
        "decided: DEC-1 Print the prices",
        "2024-03-04 in a session: “Compare the zanzibar prices with last year”",
        "T-1 “Price list”: new, todo → doing",
        "P-1 “Menu”: new, discovery",
    )
    (quote,) = made.evidence
    assert firm.sources.text("SRC-1", quote.start, quote.end) == quote.quote
    assert (made.status, made.about, quote.stance) == ("active", ("P-1", "T-1"), "derived")
    hits = asked(firm)
    assert next(iter(hits)) == "F-1"
    assert hits["SRC-1"].note == "said in a session, summed up in F-1"
    assert [hits[ref].note for ref in ("SRC-2", "SRC-3")] == ["said in a session"] * 2  # of several clients, of nobody
    before = asked(firm, as_of="2024-03-10")
    assert ("F-1" in before, before["SRC-1"].note) == (False, "said in a session")
    # What came later in that month takes its place, and the quote outlives the text.
    firm.records.write([Change("update", ref="T-1", set={"status": "done"})], CLAUDE)
    clock.advance(days=5)
    firm.day.take_in(ANN)
    assert [one.text_is for one in firm.sources.every()] == ["expired"] * 3
    clock.advance(days=120)
    firm.day.take_in(ANN)
    old, new = sorted(firm.facts.every(), key=lambda one: one.ref)
    assert (old.status, old.ended_by, new.replaces) == ("superseded", "F-2", ("F-1",))
    assert "T-1 “Price list”: new, todo → doing → done" in new.lines
    assert [one.quote for one in new.evidence] == [quote.quote]
    assert next(iter(asked(firm))) == "F-2"
    assert firm.facts.rebuild() == 2
    assert {one.ref: one for one in firm.facts.every()} == {"F-1": old, "F-2": new}


def test_it_is_made_once_shown_before_and_what_is_taken_back_stays_so(firm: Firm, clock: FixedClock) -> None:
    terminal = Terminal(firm.root)
    planned = terminal.done("memory", "rollup", "--dry-run").out
    assert "March 2024 at P-1 “Menu”" in planned
    assert firm.facts.every() == []
    both = [
        Rollups(firm.store, firm.ledger, clock, firm.secrets.looks_secret, firm.settings.timezone) for _ in range(2)
    ]
    clock.advance(days=18)
    plans = [(one, one.expiring()) for one in both]
    assert [len(one.make(plan, CLAUDE)) for one, plan in plans] == [1, 0]
    assert "Nothing is due" in terminal.done("memory", "rollup").err
    shown = terminal.done("memory", "show", "F-1").out
    assert all(word in shown for word in ("decided: DEC-1", "made of the entries", "derived: SRC-1"))
    taken = terminal.data("memory", "rollup", "--undo", "F-1", "--why", "too early")
    assert (taken["status"], asked(firm)["SRC-1"].note) == ("retracted", "said in a session")
    assert "Nothing is due" in terminal.done("memory", "rollup").err
    assert "90d" in terminal("memory", "rollup", "--older-than", "a while").err


def test_no_client_sees_what_was_summed_up_for_another_and_erasing_takes_it(firm: Firm, clock: FixedClock) -> None:
    clock.advance(days=18)
    firm.day.take_in(ANN)
    walled = firm.behind(BOREALIS)
    assert (walled.facts.every(), asked(walled)) == ([], {})
    with pytest.raises(Refused, match="not for this session"):
        walled.facts.get("F-1")
    firm.records.write([Change("archive", ref="T-1")], ANN)
    firm.day.erase("T-1", By("operator", reason="asked for"))
    (gone,) = firm.facts.every()
    assert (gone.status, gone.lines, gone.evidence) == ("erased", (), ())
    assert "F-1" not in asked(firm)
    assert "Price list" not in "".join(p for pieces in firm.day.export_memory(firm.sources).values() for p in pieces)


def test_what_a_roll_up_says_goes_with_the_words_it_had_them_from(firm: Firm, clock: FixedClock) -> None:
    def known() -> str:
        return "".join(piece for pieces in firm.day.export_memory(firm.sources).values() for piece in pieces)

    clock.advance(days=18)
    room = Rollups(firm.store, firm.ledger, clock, firm.secrets.looks_secret, firm.settings.timezone)
    planned = room.expiring()
    firm.day.erase("DEC-1", By("operator", reason="asked for"))
    assert (room.make(planned, ANN), "Print the prices" in known()) == ([], False)  # erased since it was planned
    assert len(room.make(room.expiring(), ANN)) == 1

    clock.advance(days=20)
    firm.decisions.record("Paint the menu mauve", "guests ask", about=["T-1"], by=CLAUDE)
    for page in range(4):
        firm.decisions.record(f"Print page {page}", "guests ask", about=["P-1"], by=CLAUDE)
    clock.advance(days=130)
    firm.day.take_in(ANN)
    assert ("mauve" in known(), "zanzibar" in known()) == (True, True)
    for ref in ("T-1", "P-1", "CL-1"):
        firm.records.write([Change("archive", ref=ref)], ANN)
    # Its roll-ups name neither the task of which they say what was decided, nor the client that the session was about.
    for ref in ("T-1", "CL-1"):
        firm.day.erase(ref, By("operator", reason="asked for"))
    assert ("mauve" in known(), "zanzibar" in known()) == (False, False)
    assert [one.status for one in firm.facts.every()] == ["erased", "erased"]
