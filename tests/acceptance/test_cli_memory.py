"""Decisions, lessons and recall through the command line."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from onefirm.sessions import identity
from support.terminal import Terminal


@pytest.mark.row("MEM-01")
def test_a_decision_is_superseded_and_both_stay_readable(onefirm: Terminal) -> None:
    onefirm.done(
        "decision", "record", "The calendar comes first after all", "--why", "students asked for dates",
        "--about", "P-1", "--instead-of", "keep the calculator first", "--evidence", "three calls",
        "--supersedes", "DEC-6",
    )  # fmt: skip
    shown = onefirm.done("decision", "show", "DEC-13").out
    assert "keep the calculator first" in shown
    assert "three calls" in shown
    assert onefirm.data("decision", "show", "DEC-6")["superseded_by"] == "DEC-13"
    again = onefirm("decision", "record", "No, really", "--why", "x", "--supersedes", "DEC-6")
    assert again.code == 1
    assert "DEC-13" in again.err


@pytest.mark.row("MEM-13")
def test_decisions_are_listed_by_record_standing_time_and_text(shared: Terminal) -> None:
    def refs(*words: str) -> list[str]:
        return [row["ref"] for row in shared.data("decision", "list", *words)["rows"]]

    about = refs("--about", "P-1")
    assert set(refs("--about", "P-1", "--standing")) | set(refs("--about", "P-1", "--superseded")) == set(about)
    assert refs("--about", "P-1", "--superseded") == ["DEC-1"]
    assert refs("--text", "kitchens") == ["DEC-4"] or refs("--text", "kitchens")
    assert refs("--until", "2000-01-01") == []
    assert len(refs("--limit", "3")) == 3


@pytest.mark.row("MEM-01", "MEM-13")
def test_the_log_tells_what_was_decided_why_and_what_came_of_it_until_when_it_can_be_reversed(
    onefirm: Terminal,
) -> None:
    day = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    onefirm.done("decision", "record", "Rent the second room", "--why", "two trainees", "--reversible-until", day)
    assert f"DEC-13 can be reversed until {date.fromisoformat(day):%A} {day}: Rent the second room" in _brief(onefirm)
    onefirm.done(
        "decision", "record", "No second room", "--why", "they work from home", "--instead-of", "a smaller one",
        "--supersedes", "DEC-13",
    )  # fmt: skip
    assert "DEC-13 can be reversed" not in _brief(onefirm)
    told = onefirm.done("decision", "log", "--limit", "2").out
    newer, _, older = told.partition("DEC-13 Rent the second room")
    assert "DEC-14 No second room\n    why: they work from home\n    instead of: a smaller one" in newer
    assert "came from DEC-13" in newer
    assert f"    reversible until {day}\n    superseded by DEC-14 on " in older
    rows = onefirm.data("decision", "log", "--superseded")["rows"]
    assert [link["ref"] for link in rows[0]["chain"]] == ["DEC-13", "DEC-14"]
    before = onefirm.data("decision", "log", "--as-of", "2000-01-01")
    assert (before["rows"], before["total"]) == ([], 0)


def _brief(onefirm: Terminal) -> str:
    return onefirm.done("brief").out


@pytest.mark.row("MEM-02")
def test_a_lesson_begins_as_a_candidate_and_hardens_on_the_operators_word(onefirm: Terminal) -> None:
    made = onefirm.data("lesson", "record", "Ask who signs.", "--why", "two weeks were lost", "--about", "P-1")
    assert made["status"] == "candidate"
    assert onefirm.data("lesson", "decide", made["ref"], "harden")["status"] == "hardened"
    assert made["ref"] in onefirm.done("lesson", "list", "--status", "hardened").out
    shown = onefirm.done("memory", "show", made["ref"]).out
    assert (made["at"] in shown, "Ask who signs." in shown) == (False, True)
    refused = onefirm("memory", "list", "--on", "2026-13-01").err
    assert refused.split("→")[1].strip() == "Write “on” as 2026-11-21."


@pytest.mark.row("MEM-02")
def test_a_lesson_that_holds_elsewhere_hardens_by_itself(onefirm: Terminal) -> None:
    before = {row["ref"]: row["status"] for row in onefirm.data("lesson", "list")["rows"]}
    assert before["L-2"] == "candidate"
    again = onefirm.data("lesson", "record", "--again", "L-2", "--why", "held at Heron too", "--about", "PR-4")
    assert (again["ref"], again["status"], again["sightings"]) == ("L-2", "hardened", 2)


@pytest.mark.row("MEM-05")
def test_a_lesson_names_nobody_wherever_it_is_read(onefirm: Terminal) -> None:
    client = onefirm.data("record", "get", "CL-1")["title"]
    told = onefirm.done("lesson", "record", f"Ask {client} for the plans.", "--why", f"{client} paid 300.00 EUR twice")
    assert f"“{client}” became “the client”" in told.err
    made = onefirm.data("lesson", "list")["rows"][0]
    assert (made["rule"], made["why"]) == ("Ask the client for the plans.", "The client paid an amount twice")
    told = onefirm.done("lesson", "decide", made["ref"], "harden", "--why", f"{client} lost a week")
    assert f"“{client}” became “the client”" in told.err
    assert "The client lost a week" in onefirm.done("ledger", "export").out
    rules = "".join(path.read_text() for path in (onefirm.root / ".claude/rules").rglob("*.md"))
    assert "Ask the client for the plans." in rules
    assert client not in rules


@pytest.mark.row("MEM-10")
def test_a_lessons_court_reads_charge_evidence_replay_and_verdict(onefirm: Terminal) -> None:
    ref = onefirm.data("lesson", "record", "Name the term.", "--why", "it was asked", "--kind", "proposal")["ref"]
    heard = onefirm.done("lesson", "court", ref).out
    at = [heard.index(part) for part in ("CHARGE", "EVIDENCE", "REPLAY", "VERDICT ASKED")]
    assert at == sorted(at)
    assert "applies: kinds proposal" in heard
    assert f"onefirm lesson decide {ref} harden" in heard
    replay = onefirm.data("lesson", "replay", ref)
    assert replay["has_trigger"] is True
    assert len(replay["fired"]) <= replay["comparable"]


@pytest.mark.row("MEM-04")
def test_overlapping_rules_become_a_guide_on_the_operators_answer_and_stand_alone_again_when_it_is_retired(
    onefirm: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rules() -> str:
        return "".join(path.read_text() for path in (onefirm.root / ".claude/rules/onefirm").rglob("*.md"))

    words = "Send the invoice on the day of delivery.", "Send every invoice together with the signed delivery note."
    refs = [onefirm.data("lesson", "record", one, "--why", "it was paid late")["ref"] for one in words]
    for ref in refs:
        onefirm.done("lesson", "decide", ref, "harden")
    assert onefirm.data("lesson", "consolidate", "--dry-run")["proposals"][0]["id"] == ""
    before = rules()
    told = onefirm.done("lesson", "consolidate").out
    (asked,) = onefirm.data("lesson", "consolidate")["proposals"]
    assert f"onefirm lesson answer {asked['id']} yes|no" in told
    assert "Read by every session:" in told
    assert f"{asked['id']} {asked['why']}" in onefirm.done("brief").out
    assert rules() == before
    with monkeypatch.context() as shell:
        shell.setenv("CLAUDECODE", "1")
        assert "operator's own decision" in onefirm("lesson", "answer", asked["id"], "yes").err
    onefirm.done("lesson", "answer", asked["id"], "yes", "--as", "Invoice at delivery, with the signed note.")
    guide = onefirm.data("lesson", "list")["rows"][0]
    assert guide["of"] == refs
    assert "Invoice at delivery, with the signed note." in rules()
    assert not any(one in rules() for one in words)
    onefirm.done("lesson", "decide", guide["ref"], "retire")
    assert rules() == before


@pytest.mark.row("MEM-02")
@pytest.mark.parametrize(
    "words",
    [
        ("lesson", "decide", "L-2", "harden"),
        ("guard", "off", "--for", "5m", "--why", "x"),
        ("ledger", "erase", "P-1", "--why", "x", "--yes"),
        ("record", "resolve", "I-1", "--keep", "mine"),
    ],
)
def test_what_is_the_operators_alone_is_refused_in_claudes_shell(
    shared: Terminal, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAUDECODE", "1")
    before = shared.data("ledger", "verify")["heads"]
    refused = shared(*words)
    assert refused.code == 1
    assert "operator's own decision" in refused.err
    assert shared.data("ledger", "verify")["heads"] == before


@pytest.mark.row("LED-01")
def test_a_command_in_claudes_shell_is_claudes_act_in_its_session(
    onefirm: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    from onefirm.sessions import identity

    session = identity.bind(str(onefirm.root), "client-1")
    monkeypatch.setenv("CLAUDECODE", "1")
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "client-1")
    onefirm.done("record", "update", "P-1", "status=review")
    (entry,) = onefirm.data("ledger", "log", "--limit", "1")
    assert (entry["actor"], entry["session"]) == ("claude", session)


@pytest.mark.row("MEM-13")
def test_memory_is_asked_in_words(shared: Terminal) -> None:
    hits = shared.data("recall", "booking path before the blog")["hits"]
    assert "DEC-3" in [hit["ref"] for hit in hits]
    assert shared("recall", "zyxwvut").err.startswith("Nothing found")


@pytest.mark.row("MEM-07")
def test_a_client_who_writes_another_language_is_found_in_it_and_the_answer_says_in_which_it_searched(
    onefirm: Terminal,
) -> None:
    onefirm.done(
        "decision", "record", "Die Häuser am Kai bleiben frei", "--why", "so will es der Kunde", "--about", "CL-2"
    )
    assert "DEC-" not in onefirm("recall", "welches Haus", "--about", "CL-2").out
    file = onefirm.root / "onefirm.yaml"
    file.write_text(f"{file.read_text()}\nmemory:\n  clients:\n    CL-2: other\n")
    found = onefirm.done("recall", "welches Haus", "--about", "CL-2")
    assert "Die Häuser am Kai" in found.out
    assert "lexical (english and other)" in found.err


@pytest.mark.row("MEM-13")
def test_recall_finds_every_file_of_the_context_tree_and_says_which_are_archived(onefirm: Terminal) -> None:
    onefirm.done("context", "new", "context/knowledge/lux.md", "how many lux")
    file = onefirm.root / "context/knowledge/lux.md"
    file.write_text(f"{file.read_text()}\nFifty lux is the Kompass limit.\n")
    over = onefirm.root / "context/archive/clients/kompass/light.md"
    over.parent.mkdir(parents=True)
    over.write_text("# Light\n\nThe Kompass halls were too bright.\n")
    (onefirm.root / "scratch.md").write_text("# Scratch\n\nKompass, in a file that is no part of the tree.\n")
    hits = {hit["ref"]: (hit["text"].split("\n")[-1], hit["note"]) for hit in onefirm.data("recall", "Kompass")["hits"]}
    assert hits == {
        "context/knowledge/lux.md": ("Fifty lux is the Kompass limit.", ""),
        "context/archive/clients/kompass/light.md": ("The Kompass halls were too bright.", "archived"),
    }
    assert "(archived)" in onefirm.done("recall", "Kompass").out
    file.unlink()
    assert "lux.md" not in onefirm.done("recall", "Kompass").out


@pytest.mark.row("MEM-07")
def test_what_a_start_said_too_late_for_its_hook_is_said_the_next_time_and_then_never_again(onefirm: Terminal) -> None:
    root = str(onefirm.root)
    session = identity.start(root, "late", "startup", root, None)
    given = ("hook", "start", "--session", session, "--client", "late", "--source", "resume")

    def claims(*more: str) -> set[str]:
        said = onefirm.done(*given, *more).data["text"].partition("[recalled R-brief]")[2]
        return set(re.findall(r"^- ([A-Z]+-[0-9]+) ", said, re.MULTILINE))

    late = claims("--until", "1")
    assert late
    assert claims() == late
    assert not claims() & late
