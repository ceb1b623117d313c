"""Sources and facts on every store: quoted word for word, never overwritten, and gone when they are erased."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from contract.stores import sqlite_url
from contract.test_memory import Memory
from onefirm.core.attribution import By
from onefirm.core.errors import InvalidInput, NotFound, Refused, Unavailable
from onefirm.core.sight import Sight
from onefirm.ledger.verify import verify
from onefirm.memory import fact_rows, marks, places, quotes, sameness, statements, told_facts, transcripts
from onefirm.memory.claims import Claim
from onefirm.memory.facts import Fact, Facts, Recorded
from onefirm.memory.quotes import Quote
from onefirm.memory.rivals import near
from onefirm.memory.sources import Archived, Sources
from onefirm.store import inbox
from onefirm.store.tables import evidence, fact, fact_word, setting, source_text
from support.clock import FixedClock

OPERATOR = By("operator")
CLAUDE = By("claude", session="S-A")
ABOUT = st.sampled_from(((), ("CL-1",), ("P-1",), ("CL-2",), ("P-1", "CL-2")))
TALK = """# Talk with Anna

The hosting contract of the shop ends on 31 March 2027. It costs 400 EUR a month, and nobody
has asked for a new offer yet.

Anna prefers calls before noon.
"""


class Knowledge(Memory):
    """The memory room with its sources and facts."""

    def __init__(self, url: str, clock: FixedClock) -> None:
        super().__init__(url, clock)

        def check(given: str) -> str | None:
            return "an API key" if "sk-secret" in given else None

        self.sources = Sources(self.store, self.ledger, clock, self.project, check)
        self.facts = Facts(self.store, self.ledger, clock, self.sources, self.project, check)

    def archive(self, text: str = TALK, **more: Any) -> Archived:
        self.clock.advance(hours=1)
        return self.sources.add(text, by=more.pop("by", CLAUDE), **more)

    def found(self, statement: str, quote: str, source: str = "SRC-1", **more: Any) -> Recorded:
        self.clock.advance(hours=1)
        return self.facts.record(statement, quotes=[Quote(source, quote)], by=more.pop("by", CLAUDE), **more)

    def valued(self, value: str, dated: str | None, subject: str = "hosting", predicate: str = "price") -> Recorded:
        """A fact that fills a slot, out of a source of that day."""
        said = f"The {subject} has the {predicate} {value} in note {self.clock.now().isoformat()}."
        made = self.archive(said, at=dated)
        return self.found(
            f"{subject}: {predicate} {value}", said, made.source.ref, subject=subject, predicate=predicate, value=value
        )

    def asked(self) -> list[inbox.InboxItem]:
        with self.store.read() as conn:
            return inbox.open_items(conn)

    def rows(self) -> list[Any]:
        with self.store.read() as conn:
            kept = conn.execute(select(fact).order_by(fact.c.ref)).all()
            spelt = conn.execute(select(fact_word).order_by(fact_word.c.fact, fact_word.c.word)).all()
            return [*kept, *spelt, *conn.execute(select(evidence).order_by(evidence.c.fact, evidence.c.number))]


@pytest.fixture
def url(tmp_path: Path) -> str:
    """What is decided without the database is tried on one."""
    return sqlite_url(tmp_path)


@pytest.fixture
def memory(url: str, clock: FixedClock) -> Iterator[Knowledge]:
    memory = Knowledge(url, clock)
    yield memory
    memory.store.close()


# -- sources -----------------------------------------------------------------------------------------------------------


def test_the_same_bytes_for_the_same_records_are_one_source(memory: Knowledge) -> None:
    assert [memory.archive().source.ref, memory.archive().source.ref] == ["SRC-1", "SRC-1"]
    assert not memory.archive(title="otherwise").is_new
    assert memory.archive(about=["P-1"]).source.ref == "SRC-2"
    assert [one.ref for one in memory.sources.find()] == ["SRC-2", "SRC-1"]
    assert [one.ref for one in memory.sources.find(about="P-1", words="ANNA talk")] == ["SRC-2"]
    assert memory.archive("Blue folder", kind="note").source.expires_at
    assert memory.archive("Blue folder").source.expires_at is None
    assert not memory.archive("Blue folder", kind="note").is_new
    assert memory.archive("Of a week", at="2026-W05-1").source.dated == "2026-01-26"


def test_a_session_whose_text_is_damaged_is_left_out_of_the_past(memory: Knowledge) -> None:
    memory.archive("> hello", kind="session")
    memory.archive("> good day\n\n! make\n! no rule", kind="session")
    with memory.store.write() as conn:
        conn.exec_driver_sql("DROP TRIGGER source_text_only_erased")
        conn.execute(source_text.update().where(source_text.c.ref == "SRC-1").values(body=b"x"))
    with memory.store.read() as conn:
        assert [one.moments for one in transcripts.past(conn)] == [({"text": "good day"},)]
        assert [(one.command, one.said) for one in transcripts.failures(conn)] == [("make", "no rule")]


@pytest.mark.parametrize(
    ("given", "told"),
    [("  \n", "no text"), (b"\x00\x01\x02", "no text that can be read"), ("key sk-secret-1", "Line 1 .* an API key"),
     (f"{marks.begin('R-7')} the shop ends in March", "out of memory|memory itself gave")],
)  # fmt: skip
def test_what_is_no_source_is_refused_and_leaves_nothing(memory: Knowledge, given: str | bytes, told: str) -> None:
    with pytest.raises((InvalidInput, Refused), match=told):
        memory.sources.add(given, name="it.txt", by=CLAUDE)
    assert memory.sources.find() == []


# -- quotes ------------------------------------------------------------------------------------------------------------


def test_a_fact_carries_the_words_it_came_from_and_their_place(memory: Knowledge) -> None:
    memory.archive(about=["P-1"], at="2026-11-02")
    made = memory.found("Nobody asked for an offer", "nobody has asked\tfor a new  offer", subject="hosting").fact
    (shown,) = made.evidence
    assert shown.quote == "nobody\nhas asked for a new offer"
    assert memory.sources.text("SRC-1", shown.start, shown.end) == shown.quote
    assert (made.status, made.about, made.dated) == ("active", ("P-1",), "2026-11-02")
    assert memory.facts.find() == [made]


@pytest.mark.parametrize(
    ("quote", "told"),
    [("The hosting contract of the shop ends on 31 March 2026.", "nearest is: “.*ends on 31 March 2027"),
     ("It costs 400 USD a month", "nearest is"), ("It costs 40", "doesn't say"), ("costs 4", "too short"),
     ("The hоsting contract of the shop", "doesn't say"), ("ends on ３１ March 2027", "doesn't say"),
     ("ends on 31 March 202", "doesn't say"),
     ("It was sold for 12", "doesn't say"), ("000 EUR in May", "doesn't say"),
     ("quantum tunnelling of cats", "Nothing in it comes near")],
)  # fmt: skip
def test_a_quote_that_only_nearly_stands_there_is_refused_with_what_does(
    memory: Knowledge, quote: str, told: str
) -> None:
    memory.archive(f"{TALK}It was sold for 12 000 EUR in May. In 2026 300 came.")
    assert quotes.find(Quote("SRC-1", "EUR in May. In 2026"), memory.sources.text("SRC-1"))
    with pytest.raises((Refused, InvalidInput), match=told):
        memory.found("A claim", quote)
    assert memory.rows() == []
    with pytest.raises(InvalidInput, match="needs the words"):
        memory.facts.record("A claim", quotes=[], by=CLAUDE)
    with pytest.raises(NotFound):
        memory.found("A claim", "The hosting contract", "SRC-9")


def test_words_that_came_out_of_memory_prove_nothing_in_a_session_either(memory: Knowledge) -> None:
    said = f"You: look\n\n{marks.begin('R-3')} Anna prefers tea {marks.end('R-3')}\n\nAnna: I prefer coffee, always."
    memory.archive(said, kind="session")
    assert memory.sources.get("SRC-1").recalled
    with pytest.raises(Refused, match="came out of memory itself"):
        memory.found("Anna prefers tea", "Anna prefers tea")
    assert memory.found("Anna prefers coffee", "I prefer coffee, always.").is_new


# -- what is known never changes ---------------------------------------------------------------------------------------


def test_an_older_value_that_comes_late_is_recorded_as_closed(memory: Knowledge) -> None:
    now = memory.valued("500 EUR", "2026-01-01").fact
    late = memory.valued("400 EUR", "2025-01-01").fact
    assert (late.status, late.ended_by, late.valid_to) == ("superseded", now.ref, "2026-01-01")
    assert memory.facts.find() == [memory.facts.get(now.ref)]
    assert memory.facts.find(on="2025-03-01") == [late]


@pytest.mark.parametrize("days", [(None, None), ("2026-01-01", "2026-01-01"), ("2026-01-01", None)])
def test_what_contradicts_and_is_not_clearly_newer_waits_for_the_operator(
    memory: Knowledge, days: tuple[str | None, str | None]
) -> None:
    first = memory.valued("400 EUR", days[0]).fact
    second = memory.valued("500 EUR", days[1]).fact
    assert (second.status, second.against) == ("candidate", (first.ref,))
    assert memory.facts.find() == [memory.facts.get(first.ref)]
    (asked,) = memory.asked()
    assert (asked.kind, asked.subjects) == ("fact", [second.ref, first.ref])
    assert second.ref in asked.title


@pytest.mark.parametrize(
    ("verdict", "standing"),
    [("accept", ("superseded", "active")), ("reject", ("active", "retracted")), ("both", ("active", "active"))],
)
def test_the_operator_decides_which_of_two_holds(memory: Knowledge, verdict: Any, standing: tuple[str, str]) -> None:
    memory.valued("400 EUR", None)
    memory.valued("500 EUR", None)
    memory.facts.decide("F-2", verdict, by=OPERATOR)
    assert (memory.facts.get("F-1").status, memory.facts.get("F-2").status) == standing
    assert memory.asked() == []
    with pytest.raises(Refused, match="nothing is to decide"):
        memory.facts.decide("F-2", verdict, by=OPERATOR)


def test_what_is_accepted_takes_the_place_of_all_that_it_is_newer_than(memory: Knowledge) -> None:
    for value, day in (("400 EUR", "2026-01-01"), ("500 EUR", "2026-01-01"), ("600 EUR", "2026-02-01")):
        memory.valued(value, day)
    assert memory.facts.get("F-3").against == ("F-2", "F-1")
    memory.facts.decide("F-3", "accept", by=OPERATOR)
    assert [one.ref for one in memory.facts.find()] == ["F-3"]


def test_a_value_that_was_over_before_anybody_told_of_it_held_until_then(memory: Knowledge) -> None:
    memory.archive("It cost 300 EUR a month until the end of January, says Anna.", at="2026-03-05")
    slot = {"subject": "hosting", "predicate": "price", "value": "300 EUR", "valid_to": "2026-02-01"}
    made = memory.found("Hosting cost 300 EUR", "It cost 300 EUR a month until the end of January", **slot).fact
    assert (made.valid_from, memory.facts.find(), memory.facts.find(on="2026-01-15")) == (None, [], [made])


def test_a_value_of_a_day_to_come_says_so_and_the_one_until_then_too(memory: Knowledge) -> None:
    memory.valued("400 EUR", "2026-01-01")
    memory.archive("From January 2027 on it costs 450 EUR a month.", at="2026-02-01")
    slot = {"subject": "hosting", "predicate": "price", "value": "450 EUR", "valid_from": "2027-01-01"}
    memory.found("hosting: price 450 EUR", "it costs 450 EUR a month", "SRC-2", **slot)
    notes = {hit.ref: hit.note for hit in memory.memory.recall("hosting price").hits if hit.source == "fact"}
    assert notes == {"F-2": "from 2027-01-01", "F-1": "superseded by F-2, until 2027-01-01"}
    assert [one.ref for one in memory.facts.find()] == ["F-1"]


def test_as_of_a_day_is_up_to_its_end_where_the_firm_is(memory: Knowledge) -> None:
    memory.archive()
    made = memory.found("Anna prefers calls before noon.", "Anna prefers calls before noon").fact
    assert memory.facts.find(as_of=made.at[:10]) == [made]
    assert statements.end("2026-03-01", "Asia/Tokyo") == "2026-03-01T15:00:00.000000Z"


def test_the_same_statement_gets_more_evidence_and_no_second_fact(memory: Knowledge) -> None:
    memory.archive()
    memory.archive("We heard it again: Anna prefers calls before noon, as she told us.")
    first = memory.found("Anna prefers calls before noon.", "Anna prefers calls before noon")
    again = memory.found("anna prefers  calls before noon", "Anna prefers calls before noon", "SRC-2")
    nearly = memory.found("Anna really prefers calls before noon", "Anna prefers calls before noon", "SRC-2")
    assert (again.is_new, nearly.is_new) == (False, False)
    assert [one.source for one in nearly.fact.evidence] == ["SRC-1", "SRC-2"]
    assert memory.kinds(first.fact.ref) == ["fact.recorded", "fact.evidenced"]


def test_what_an_onefirm_recorded_that_kept_no_words_is_met_again_too(memory: Knowledge) -> None:
    memory.archive()
    memory.found("Anna prefers calls before noon.", "Anna prefers calls before noon")
    with memory.store.write() as conn:
        conn.execute(fact_word.delete())
        conn.execute(setting.delete())
    assert not memory.found("Anna really prefers calls before noon", "Anna prefers calls before noon").is_new


@pytest.mark.parametrize(
    "said", ["ends on 31 March 2028", "never ends on 31 March 2027", "of Berta ends on 31 March 2027"]
)
def test_a_number_a_name_or_a_no_is_a_contradiction_and_never_merged(memory: Knowledge, said: str) -> None:
    memory.archive()
    quote, other = "The hosting contract of the shop ends", f"The shop hosting contract for the web store {said}"
    memory.found("The shop hosting contract for the web store ends on 31 March 2027", quote, subject="hosting")
    assert memory.found(other, quote, subject="Hosting").fact.status == "candidate"
    assert memory.found(other, quote, subject="another shop").fact.status == "active"


def test_a_fact_is_replaced_by_name_and_retracted_and_stays_readable(memory: Knowledge) -> None:
    memory.archive()
    memory.found("Anna prefers calls", "Anna prefers calls before noon")
    second = memory.found("Anna wants mail", "Anna prefers calls before noon", replaces=["F-1"])
    assert second.superseded == ("F-1",)
    memory.facts.retract("F-2", by=OPERATOR)
    assert [one.ref for one in memory.facts.find()] == ["F-1"]
    assert (memory.facts.get("F-2").status, memory.facts.get("F-2").statement) == ("retracted", "Anna wants mail")
    with pytest.raises(Refused, match="retracted already"):
        memory.facts.retract("F-2", by=OPERATOR)
    with pytest.raises(Refused, match="can't be replaced"):
        memory.found("Anna is away", "Anna prefers calls before noon", replaces=["F-2"])


SAID = st.lists(
    st.sampled_from(("Straße", "STRASSE", "ﬁne", "fine", "isn't", "12.5", "the", "shop", "pays", "Anna")), max_size=6
)
STATED = st.tuples(SAID, st.sampled_from(("", "hosting", "Hosting")), st.sampled_from(("", "price")), ABOUT)


@settings(max_examples=500 if settings().max_examples >= 5000 else 3)
@given(st.lists(STATED, min_size=8, max_size=20), STATED)
def test_what_a_statement_is_held_against_is_what_reading_every_fact_finds(stated: list[Any], last: Any) -> None:
    with TemporaryDirectory() as folder:
        memory = Knowledge(sqlite_url(Path(folder)), FixedClock())
        memory.record("CL-2", "client")
        memory.archive()
        for said in stated:
            memory.found(quote="Anna prefers calls", **_stated(*said))
        with memory.store.read() as conn:
            owned = partial(places.owners, conn, memory.ledger)
            scope = " ".join(sorted(owned(last[3]))) or "firm"
            claim = Claim({**_stated(*last), "kind": "fact", "scope": scope}, ())
            every = told_facts.facts_of(conn, conn.execute(told_facts.rows()).mappings().all())
            standing = sorted((one for one in every if one.status in ("active", "candidate")), key=lambda one: one.at)
            mine = [one for one in standing if (" ".join(sorted(owned(one.about))) or "firm") == scope]
            wanted = [one.ref for one in mine if _is_near(one, claim)]
            found = near(conn, claim, lambda about: " ".join(sorted(owned(about))) or "firm")
        memory.store.close()
    assert [one.ref for one in found] == wanted


def _stated(words: list[str], subject: str, predicate: str, about: tuple[str, ...]) -> dict[str, Any]:
    slot = {"predicate": predicate, "value": words[0]} if subject and predicate and words else {}
    named = {"predicate": "", "value": "", **slot}
    return {"statement": f"{' '.join(words)} !?", "subject": subject, "about": about, **named}


def _is_near(one: Fact, claim: Claim) -> bool:
    said, is_same = claim.said, sameness.even(one.statement) == sameness.even(claim.said["statement"])
    of_slot = bool(claim.slot) and sameness.digest(one.subject, one.predicate) == claim.slot and bool(one.value)
    return is_same or of_slot or sameness.likeness(one.statement, said["statement"]) >= sameness.ALIKE


def test_a_fact_goes_along_with_a_project_that_moves_to_another_client(memory: Knowledge) -> None:
    memory.record("CL-2", "client")

    def told(value: str, about: str, day: str) -> Recorded:
        said = f"For {about} hosting costs {value} EUR a month."
        source = memory.archive(said, about=[about], at=day).source.ref
        slot = {"subject": "hosting", "predicate": "price", "value": value}
        return memory.found(f"{about}: hosting costs {value}", said, source, **slot)

    told("400", "P-1", "2026-01-01")
    with memory.store.write() as conn:
        moved = {"kind": "project", "title": "P-1", "after": {"client": "CL-2"}}
        memory.ledger.append(conn, "record.updated", moved, subjects=["P-1"], by=CLAUDE)
    assert told("300", "CL-1", "2026-02-01").superseded == ()
    assert told("500", "P-1", "2026-03-01").superseded == ("F-1",)


def test_facts_of_one_client_never_touch_those_of_another(memory: Knowledge) -> None:
    memory.record("CL-2", "client")
    quote = "Anna prefers calls before noon."
    for ref, about in (("SRC-1", "P-1"), ("SRC-2", "CL-2")):
        memory.archive(about=[about])
        memory.found("Anna prefers calls before noon", quote, ref)
    assert [one.about for one in memory.facts.find()] == [("CL-2",), ("P-1",)]
    assert not memory.found("Anna prefers calls before noon", quote, "SRC-1", about=["P-2"]).is_new
    wall = Sight(
        "CL-2 Nord", hidden=frozenset({"CL-1", "P-1", "SRC-1", "F-1"}), known=frozenset({"CL-2", "SRC-2", "F-2"})
    )
    behind = memory.facts.behind(wall)
    assert [one.ref for one in behind.find()] == ["F-2"]
    with pytest.raises(Refused, match="not for this session"):
        behind.record("A claim", quotes=[Quote("SRC-1", quote)], by=CLAUDE)
    with pytest.raises(Refused, match="must say whose it is"):
        memory.sources.behind(wall).add("A note of theirs", by=CLAUDE)


# -- what the database does --------------------------------------------------------------------------------------------


class TestOnEveryStore:
    @pytest.fixture
    def url(self, database: str) -> str:
        return database

    def test_a_source_keeps_its_text_as_it_was_given(self, memory: Knowledge) -> None:
        made = memory.archive(
            title="Talk", about=["p-1"], at="2026-11-02", uri="https://shop.example/talk", author="Ada"
        )
        one = made.source
        assert (made.is_new, one.ref, one.kind, one.title, one.about) == (True, "SRC-1", "research", "Talk", ("P-1",))
        assert (one.dated, one.author, one.uri, one.session) == ("2026-11-02", "Ada", "https://shop.example/talk", None)
        assert memory.sources.text("src-1") == TALK.strip()
        assert memory.sources.text("SRC-1", 2, 16) == "Talk with Anna"
        assert memory.kinds("P-1") == ["record.created", "source.archived"]
        with memory.store.read() as conn:
            assert verify(conn).ok

    def test_what_two_archive_at_once_is_one_source(self, memory: Knowledge) -> None:
        barrier = threading.Barrier(3)

        def archive() -> Archived:
            barrier.wait()
            return memory.sources.add(TALK, by=CLAUDE)

        with ThreadPoolExecutor(3) as pool:
            made = [one.result() for one in [pool.submit(archive) for _ in range(3)]]
        assert sorted((one.source.ref, one.is_new) for one in made) == [("SRC-1", False), ("SRC-1", False),
                                                                        ("SRC-1", True)]  # fmt: skip

    def test_a_note_belongs_to_its_session_and_expires_and_what_was_quoted_stays(self, memory: Knowledge) -> None:
        memory.archive("The client is on leave until Monday.", kind="note")
        fact = memory.found("The client is on leave", "The client is on leave until Monday.").fact
        assert memory.sources.get("SRC-1").session == "S-A"
        memory.clock.advance(days=13)
        assert memory.sources.expire(OPERATOR) == 0
        memory.clock.advance(days=1)
        assert (memory.sources.expire(OPERATOR), memory.sources.expire(OPERATOR)) == (1, 0)
        assert memory.sources.get("SRC-1").text_is == "expired"
        with pytest.raises(Unavailable, match="expired"):
            memory.sources.text("SRC-1")
        assert memory.facts.get(fact.ref).evidence[0].quote == "The client is on leave until Monday."
        with pytest.raises(Unavailable, match="expired"):
            memory.found("On leave", "The client is on leave")
        with memory.store.read() as conn:
            assert verify(conn).ok

    def test_the_text_of_a_source_can_only_be_taken_away_under_its_tombstone(self, memory: Knowledge) -> None:
        memory.archive()
        for statement in (
            "UPDATE source_text SET body = NULL, sha256 = NULL", "DELETE FROM source_text",
            "UPDATE source SET kind = 'x'",
            "UPDATE source_text SET body = NULL, sha256 = NULL, tombstone = (SELECT event_id FROM source)",
        ):  # fmt: skip
            with pytest.raises(Exception, match="append-only"), memory.store.write() as conn:
                conn.execute(text(statement))
        with memory.store.write() as conn:
            tombstone = memory.ledger.erase(conn, [memory.sources.get("SRC-1").event_id], OPERATOR)
            gone = source_text.update().values(body=None, sha256=None, tombstone=tombstone.id)
            conn.execute(gone)
        assert memory.sources.get("SRC-1").text_is == "erased"

    def test_a_newer_value_closes_the_older_and_both_are_linked(self, memory: Knowledge) -> None:
        first, second = memory.valued("400 EUR", "2025-01-01").fact, memory.valued("500 EUR", "2026-01-01")
        assert second.superseded == (first.ref,)
        old, new = memory.facts.get(first.ref), second.fact
        assert (old.status, old.ended_by, old.valid_to, new.replaces) == (
            "superseded",
            new.ref,
            "2026-01-01",
            (old.ref,),
        )
        assert memory.facts.find() == [new]
        assert memory.facts.find(on="2025-06-01") == [old]
        before = memory.facts.find(as_of=first.at)
        assert [(one.ref, one.status, one.valid_to) for one in before] == [(first.ref, "active", None)]
        assert memory.kinds(first.ref) == ["fact.recorded", "fact.ended"]

    def test_what_a_fact_had_closed_holds_again_when_it_is_taken_back(self, memory: Knowledge) -> None:
        old = memory.valued("400 EUR", "2025-01-01").fact
        new = memory.valued("500 EUR", "2026-01-01").fact
        between = memory.valued("450 EUR", "2025-06-01").fact
        memory.clock.advance(hours=1)
        memory.facts.retract(new.ref, by=OPERATOR)
        assert [one.ref for one in memory.facts.find()] == [between.ref]
        again = memory.facts.get(between.ref)
        assert (again.valid_from, again.valid_to, again.ended_at, again.ended_by) == ("2025-06-01", None, None, None)
        assert memory.facts.get(old.ref).status == "superseded"
        assert [one.ref for one in memory.facts.find(as_of=between.at, on="2026-02-01")] == [new.ref]
        before = memory.rows()
        memory.facts.rebuild()
        assert memory.rows() == before

    def test_facts_of_a_prospect_and_of_the_client_it_became_meet(self, memory: Knowledge) -> None:
        def told(value: str, about: str, day: str | None, statement: str = "") -> Recorded:
            said = f"{about} pays {value} EUR a month, {statement or 'as agreed'}."
            source = memory.archive(said, about=[about], at=day).source.ref
            slot = {} if statement else {"predicate": "price", "value": value}
            return memory.found(statement or f"Pays {value}", said, source, subject="hosting", **slot)

        memory.record("PR-1", "prospect")
        memory.record("C-1", "contact", prospect="PR-1")
        told("400", "C-1", "2026-01-01")
        told("400", "PR-1", None, "The invoice goes to Anna in the Hamburg office")
        memory.record("PR-1", "prospect", client="CL-1")
        memory.mirror("PR-1", "prospect", "Nord", client="CL-1")
        assert told("500", "CL-1", "2026-02-01").superseded == ("F-1",)
        other = told("500", "P-1", None, "The invoice goes to Berta in the Hamburg office").fact
        assert (other.status, other.against) == ("candidate", ("F-2",))
        assert told("700", "C-1", "2026-03-01").superseded == ("F-3",)
        memory.facts.retract("F-5", by=OPERATOR)
        assert [one.ref for one in memory.facts.find(subject="hosting")] == ["F-3", "F-2"]

    def test_a_fact_that_is_taken_back_leaves_a_place_alone_that_another_holds(self, memory: Knowledge) -> None:
        memory.valued("400 EUR", "2025-01-01")
        wrong = memory.valued("500 EUR", "2026-01-01").fact
        other = memory.valued("600 EUR", None).fact
        memory.facts.decide(other.ref, "both", by=OPERATOR)
        memory.facts.retract(wrong.ref, by=OPERATOR)
        assert [one.ref for one in memory.facts.find()] == [other.ref]

    def test_how_facts_stand_is_made_anew_from_the_ledger_and_is_the_same(self, memory: Knowledge) -> None:
        memory.valued("400 EUR", "2025-01-01")
        memory.valued("500 EUR", "2026-01-01")
        memory.valued("600 EUR", None)
        memory.facts.decide("F-3", "accept", by=OPERATOR)
        memory.valued("600 EUR", "2027-01-01")
        before = memory.rows()
        assert memory.facts.rebuild() == 3
        assert memory.rows() == before
        with memory.store.write() as conn:
            memory.ledger.erase(conn, [memory.facts.get("F-2").event_id], OPERATOR)
            fact_rows.restate(conn, memory.ledger, ["F-2"])
        gone: Fact = memory.facts.get("F-2")
        assert (gone.status, gone.evidence) == ("erased", ())
        before = memory.rows()
        memory.facts.rebuild()
        assert memory.rows() == before


def test_what_lessons_and_facts_make_of_what_was_shown_is_counted_as_decisions_do(memory: Knowledge) -> None:
    memory.archive()
    fact = memory.found("Anna takes calls before noon.", "Anna prefers calls before noon.").fact.ref
    rule = memory.learn("Ring people when they like it.").ref
    for question in ("calls before noon", "ring people"):
        memory.memory.recall(question, session="S-A")
    memory.learn("", why=f"Rang Anna at nine, as {fact} says.", again=rule)
    assert (memory.uses.stats().cited, memory.uses.stats().wrong) == (2, 0)
    memory.found("The shop's hosting contract runs until 31 March 2027.", "ends on 31 March 2027")
    assert memory.uses.stats().cited == 3
    memory.facts.retract(fact, by=OPERATOR)
    memory.lessons.decide(rule, "retire", by=OPERATOR)
    assert (memory.uses.stats().cited, memory.uses.stats().wrong) == (1, 2)
