"""Every kind reads as one plain sentence, whatever its payload holds."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onefirm.ledger.events import GENESIS, KINDS, Event
from onefirm.ledger.sentences import SAID, line, local_time, sentence

DUE = {"kind": "project", "title": "Harbour website"}


def entry(kind: str, payload: dict[str, Any] | None, *subjects: str, **fields: Any) -> Event:
    known: dict[str, Any] = {
        "chain_id": "laptop", "seq": 1, "id": "0190-1", "at": "2026-11-02T08:00:00.000000Z", "actor": "claude",
        "session": "S-ABC", "kind": kind, "version": 1, "subjects": subjects, "cause": None, "effect_key": None,
        "payload_sha256": "", "prev": GENESIS, "hash": "", "payload": payload, "reason": None,
    }  # fmt: skip
    return Event(**{**known, **fields})


SENTENCES = [
    (entry("record.created", {**DUE, "after": {"title": "Harbour website", "status": "discovery",
                                               "budget": {"minor": 1250000, "currency": "EUR"}}}, "P-12"),
     "Claude created project P-12 “Harbour website” with status discovery and budget 12500.00 EUR."),
    (entry("record.updated", {**DUE, "before": {"status": "discovery", "due": None},
                              "after": {"status": "delivery", "due": "2026-12-01"}}, "P-12",
           reason="the client signed."),
     "Claude changed project P-12 “Harbour website”: status from discovery to delivery and due to 2026-12-01, "
     "because: the client signed."),
    (entry("record.updated", {**DUE, "before": {"owner": "Ada"}, "after": {"owner": None}, "undo_of": "x"}, "P-12",
           actor="operator"),
     "The operator took back a change of project P-12 “Harbour website”: owner from Ada to nothing."),
    (entry("record.archived", DUE, "P-12"), "Claude archived project P-12 “Harbour website”."),
    (entry("record.restored", DUE, "P-12"), "Claude restored project P-12 “Harbour website”."),
    (entry("record.seen", DUE, "P-12", actor="claude/researcher"),
     "Claude (researcher) looked at project P-12 “Harbour website”."),
    (entry("record.queued", {**DUE, "op": "update", "after": {"status": "done"}, "key": "k"}, "P-12"),
     "Claude asked to update project P-12 “Harbour website” (status done); it waits until the truth can be reached."),
    (entry("record.conflicted", {**DUE, "mine": {"due": "2026-12-01"}, "theirs": {"due": "2026-12-05"},
                                 "inbox": "I-3"}, "P-12", actor="onefirm"),
     "onefirm found project P-12 “Harbour website” changed elsewhere: here due 2026-12-01, there due 2026-12-05; "
     "the operator decides in I-3."),
    (entry("record.decided", {**DUE, "keep": "theirs", "inbox": "I-3"}, "P-12", actor="operator"),
     "The operator decided the conflict I-3 about project P-12 “Harbour website”: what was there stayed."),
    (entry("record.pulled", {**DUE, "before": {"status": "review"}, "after": {"status": "done"}, "change": "updated"},
           "P-12", actor="outside"),
     "Someone outside onefirm changed project P-12 “Harbour website” in the truth: status from review to done."),
    (entry("decision.recorded", {"ref": "DEC-4", "what": "Ship without search", "why": "nobody uses it.",
                                 "supersedes": "DEC-1"}, "DEC-4", "P-12", "DEC-1"),
     "Claude decided “Ship without search” (DEC-4) about P-12, which supersedes DEC-1; why: nobody uses it."),
    (entry("lesson.recorded", {"ref": "L-2", "rule": "Ask for the brand file first", "why": "it came late twice"},
           "L-2"),
     "Claude noted the lesson “Ask for the brand file first” (L-2); why: it came late twice."),
    (entry("lesson.seen_again", {"ref": "L-2", "where": ["P-14"]}, "L-2"), "Claude met the lesson L-2 again at P-14."),
    (entry("lesson.seen_again", {"ref": "L-2", "where": "Lost."}, "L-2"), "Claude met the lesson L-2 again: “Lost.”."),
    (entry("lesson.merged", {"ref": "L-9", "of": ["L-2", "L-5"]}, "L-9", "L-2", "L-5", actor="operator"),
     "The operator made the guide L-9 of L-2 and L-5."),
    (entry("lesson.enforcement_proposed", {"ref": "L-2", "form": "guard"}, "L-2"),
     "Claude proposed to enforce the lesson L-2 as a guard."),
    (entry("lesson.enforced", {"ref": "L-2", "form": "check"}, "L-2", actor="operator"),
     "The operator enforced the lesson L-2 as a check."),
    (entry("lesson.relaxed", {"ref": "L-2"}, "L-2", actor="operator"),
     "The operator let the lesson L-2 be words again."),
    (entry("lesson.told_apart", {"ref": "L-2", "sighting": "0190-0"}, "L-2", actor="operator"),
     "The operator said that what was taken for the lesson L-2 is another."),
    (entry("lesson.decided", {"ref": "L-2", "verdict": "patch"}, "L-2", actor="operator"),
     "The operator retired the lesson L-2, since it can't happen any more."),
    (entry("source.archived", {"ref": "SRC-1", "kind": "mail", "title": "Hosting", "about": ["P-12"]}, "SRC-1", "P-12"),
     "Claude archived the mail SRC-1 “Hosting” about P-12."),
    (entry("source.expired", {"ref": "SRC-1"}, "SRC-1", actor="onefirm"), "onefirm let the text of SRC-1 expire."),
    (entry("fact.recorded", {"ref": "F-2", "kind": "fact", "statement": "It costs 500 EUR", "status": "candidate",
                             "about": ["P-12"], "evidence": [{"source": "SRC-1"}, {"source": "SRC-1"}]}, "F-2"),
     "Claude noted as a candidate the fact “It costs 500 EUR” (F-2) about P-12, quoting SRC-1."),
    (entry("fact.evidenced", {"ref": "F-2", "evidence": [{"source": "SRC-3"}]}, "F-2"),
     "Claude found more evidence of F-2, quoting SRC-3."),
    (entry("fact.ended", {"ref": "F-1", "how": "superseded", "by": "F-2", "valid_to": "2026-01-01"}, "F-1"),
     "Claude superseded the fact F-1, which held until 2026-01-01, by F-2."),
    (entry("fact.ended", {"ref": "F-1", "how": "retracted"}, "F-1"), "Claude retracted the fact F-1."),
    (entry("fact.restored", {"ref": "F-1", "instead_of": "F-2", "valid_to": None}, "F-1"),
     "Claude let the fact F-1 hold again, without F-2."),
    (entry("fact.decided", {"ref": "F-2", "verdict": "accept", "against": ["F-1"]}, "F-2", actor="operator"),
     "The operator accepted the fact F-2 against F-1."),
    (entry("lesson.decided", {"ref": "L-2", "verdict": "harden"}, "L-2", actor="operator"),
     "The operator hardened the lesson L-2."),
    (entry("artifact.added", {"ref": "ART-1", "title": "offer.md", "kind": "proposal", "about": ["PR-2"]}, "ART-1"),
     "Claude added the proposal ART-1 “offer.md” about PR-2."),
    (entry("artifact.linked", {"ref": "ART-1", "title": "a.md", "kind": "draft", "about": ["CL-1", "P-3"]}, "ART-1"),
     "Claude linked the draft ART-1 “a.md” to CL-1 and P-3."),
    (entry("session.opened", {"source": "resume", "parent": "S-OLD"}), "Claude opened session S-ABC (resume) that "
     "continues S-OLD."),
    (entry("session.closed", {"how": "died", "touched": ["P-12", "T-3"], "pending": 1,
                              "unreconciled": ["context/x.md"]},
           actor="onefirm"),
     "onefirm closed session S-ABC, which had died: it touched P-12 and T-3; 1 write waits; "
     "without receipt: context/x.md."),
    (entry("session.closed", {"how": "ended", "commit": "0a1b", "not_committed": ""}, actor="operator", session=None),
     "The operator closed what had come without a session."),
    (entry("narrative.edited", {"path": "context/p.md", "receipt": "seen"}, "P-12"),
     "Claude edited context/p.md about P-12, after looking at it."),
    (entry("narrative.unreconciled", {"path": "context/p.md", "why": "no receipt for P-12"}, "P-12"),
     "Claude left context/p.md unreconciled with the records: no receipt for P-12."),
    (entry("narrative.archived", {"paths": ["context/archive/p.md"], "from": ["context/p.md"]}, "P-12"),
     "Claude moved the files of P-12 into the archive: context/archive/p.md."),
    (entry("narrative.confirmed", {"path": "context/p.md", "sha": "ab"}, "P-12", actor="operator"),
     "The operator confirmed that context/p.md about P-12 still holds."),
    (entry("guard.lifted", {"until": "2026-11-02T08:30:00Z", "minutes": 30}, actor="operator", reason="moving files"),
     "The operator lifted the guard for 30 minutes, because: moving files."),
    (entry("guard.restored", {}, actor="onefirm"), "onefirm restored the guard."),
    (entry("wall.declared", {"client": "CL-1", "title": "Acme", "before": None}, "CL-1", session="S-1"),
     "Claude declared session S-1 for CL-1 “Acme”."),
    (entry("wall.lifted", {"client": "CL-1", "title": "Acme"}, "CL-1", actor="operator", reason="rates are compared"),
     "The operator lifted the client wall of CL-1 “Acme” from session S-ABC, because: rates are compared."),
    (entry("wiring.accepted", {"files": {".mcp.json": "ab"}, "changed": []}, actor="onefirm"),
     "onefirm took down the hooks, permissions and MCP servers of Claude Code as they are."),
    (entry("wiring.accepted", {"files": {}, "changed": [".mcp.json"]}, actor="operator"),
     "The operator accepted changed hooks, permissions or MCP servers of Claude Code: .mcp.json."),
    (entry("payload.erased", {"events": ["a", "b"]}, actor="operator"),
     "The operator erased the content of 2 entries for good."),
    (entry("workspace.created", {"name": "Northwind Studio"}, actor="operator"),
     "The operator created the workspace of “Northwind Studio”."),
    (entry("workspace.restored", {"ends": [f"i1:79:{'a' * 64}"], "lost": []}, actor="operator"),
     "The operator put a backup back: chain i1 ends at entry 79, and what came after is lost."),
    (entry("schema.applied", {"version": 3}, actor="operator"), "The operator applied version 3 of the firm's schema."),
    (entry("question.decided", {"asked": "Notion shows 12 tasks no longer", "keep": "mine", "inbox": "I-4"},
           actor="operator"),
     "The operator answered I-4 with “mine”: Notion shows 12 tasks no longer."),
    (entry("truth.moved", {"from": "the embedded store", "to": "Notion", "records": 145}, actor="operator"),
     "The operator moved 145 records from the embedded store to Notion."),
]  # fmt: skip


@pytest.mark.parametrize(("event", "expected"), SENTENCES, ids=lambda given: getattr(given, "kind", ""))
def test_an_entry_reads_as_a_plain_sentence(event: Event, expected: str) -> None:
    assert sentence(event) == expected


def test_the_dictionary_holds_exactly_the_kinds_of_the_ledger_and_each_has_an_example() -> None:
    assert set(SAID) == set(KINDS)
    assert {event.kind for event, _ in SENTENCES} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_an_erased_entry_says_what_its_row_still_tells_and_that_the_rest_was_erased(kind: str) -> None:
    said = sentence(entry(kind, None, "P-12"))
    assert said.startswith("Claude ")
    assert said.endswith(" about P-12; what it said was erased later.")


def test_an_unknown_kind_or_a_newer_form_still_reads() -> None:
    assert (
        sentence(entry("act.sent", {"to": "x"}, "P-12", "INV-1"))
        == "Claude wrote an entry “act.sent” about P-12 and INV-1."
    )
    newer = entry("record.updated", {"what": 1}, "P-12", version=2)
    assert sentence(newer) == "Claude wrote an entry “record.updated” (form 2) about P-12."


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = [
    *(
        "kind",
        "title",
        "before",
        "after",
        "op",
        "mine",
        "theirs",
        "inbox",
        "change",
        "ref",
        "what",
        "why",
        "supersedes",
    ),
    *("rule", "where", "verdict", "source", "parent", "how", "touched", "pending", "unreconciled", "path", "receipt"),
    *("until", "minutes", "events", "name", "version", "undo_of", "minor", "currency"),
]


@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(NAMES), JSON, max_size=8), st.text(max_size=30))
def test_no_payload_breaks_a_sentence_or_reaches_the_terminal_raw(
    kind: str, payload: dict[str, Any], word: str
) -> None:
    said = sentence(entry(kind, payload, word or "P-1", reason=word, actor=word))
    assert not {unicodedata.category(char) for char in said} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert said.endswith(".")
    assert len(said) < 4_000


def test_terminal_escapes_in_a_title_are_taken_out() -> None:
    said = sentence(entry("record.seen", {"kind": "task", "title": "\x1b[2Jgone\u202e"}, "T-1"))
    assert said == "Claude looked at task T-1 “[2Jgone”."


def test_a_line_puts_the_firms_local_time_before_the_sentence() -> None:
    assert line(entry("guard.restored", {}), "Europe/Berlin") == "2026-11-02 09:00 CET  Claude restored the guard."
    assert local_time("no time") == "no time"
