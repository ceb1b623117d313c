"""The ledger through the command line."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from onefirm.demo import damage
from support.terminal import Terminal


@pytest.mark.row("LED-01")
def test_an_entry_says_who_what_when_why_and_on_which_record(onefirm: Terminal) -> None:
    onefirm.done("record", "update", "P-1", "status=review", "--why", "Jana watches first")
    (entry,) = onefirm.data("ledger", "log", "--limit", "1")
    assert (entry["actor"], entry["kind"], entry["subjects"]) == ("operator", "record.updated", ["P-1"])
    assert entry["reason"] == "Jana watches first"
    assert entry["at"].endswith("Z")


@pytest.mark.row("LED-02")
def test_a_whole_ledger_is_verified_and_prints_its_heads(shared: Terminal) -> None:
    verified = shared.done("ledger", "verify", "--anchor", "git").out
    assert "The ledger is whole" in verified
    assert ", held against " in verified
    assert verified.splitlines()[-1].startswith("head ")


@pytest.mark.row("LED-02")
def test_a_changed_byte_is_found_and_its_entry_named(onefirm: Terminal, tmp_path: Path) -> None:
    found = onefirm.data("decision", "show", "DEC-3")
    database = damage.copy(onefirm.root, tmp_path / "damaged")
    damage.change_a_byte(database, found["event_id"], "booking path")
    answer = Terminal(tmp_path / "damaged")("ledger", "verify", "--json")
    assert answer.code == 1
    assert [finding["event_id"] for finding in answer.data["findings"]] == [found["event_id"]]


@pytest.mark.row("LED-02")
def test_a_cut_tail_is_found_against_an_anchor_of_each_form(onefirm: Terminal, tmp_path: Path) -> None:
    (head,) = onefirm.data("ledger", "verify")["heads"]
    heads = tmp_path / "heads.txt"
    heads.write_text(f"{head}\n")
    database = damage.copy(onefirm.root, tmp_path / "cut")
    damage.cut_the_tail(database, int(head.split(":")[1]) - 2)
    cut = Terminal(tmp_path / "cut")
    assert cut("ledger", "verify").code == 0
    for anchor in ("git", head, str(heads)):
        answer = cut("ledger", "verify", "--anchor", anchor)
        assert answer.code == 1, anchor
        assert "3 entries are lost" in answer.out


@pytest.mark.row("LED-02")
def test_what_is_no_anchor_is_refused(shared: Terminal) -> None:
    refused = shared("ledger", "verify", "--anchor", "tomorrow")
    assert refused.code == 1
    assert "chain:number:hash" in refused.err


@pytest.mark.row("LED-02")
def test_no_anchor_in_git_is_told_and_no_repository_refused(onefirm: Terminal) -> None:
    shutil.rmtree(onefirm.root / ".git")
    refused = onefirm("ledger", "verify", "--anchor", "git")
    assert refused.code == 1
    assert "no git repository" in refused.err
    subprocess.run(["git", "init", "--quiet"], cwd=onefirm.root, check=True)
    told = onefirm.done("ledger", "verify", "--anchor")
    assert "a cut tail can't be seen" in told.err


@pytest.mark.row("LED-02")
def test_what_verify_or_export_printed_is_an_anchor_of_tomorrow(shared: Terminal, tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    for words in (("ledger", "verify"), ("ledger", "verify", "--json"), ("ledger", "export")):
        kept.write_text(shared.done(*words).out)
        assert "held against 1 anchor" in shared.done("ledger", "verify", "--anchor", str(kept)).out
    for junk in ('{"heads": 1', "[]", "{}\n{}", ""):
        kept.write_text(junk)
        assert shared("ledger", "verify", "--anchor", str(kept)).code == 1
    missing = shared("ledger", "verify", "--anchor", str(tmp_path / "nowhere.txt"))
    assert missing.code == 1
    assert "There is no file" in missing.err


@pytest.mark.row("LED-04")
def test_an_export_is_checked_without_the_ledger(shared: Terminal, tmp_path: Path) -> None:
    copy = tmp_path / "ledger.jsonl"
    copy.write_text(shared.done("ledger", "export").out, encoding="utf-8")
    assert "The ledger is whole" in shared.done("ledger", "verify", "--export", str(copy), "--anchor", "git").out
    copy.write_text(copy.read_text(encoding="utf-8").replace("booking path", "looking path", 1), encoding="utf-8")
    changed = shared("ledger", "verify", "--export", str(copy))
    assert changed.code == 1
    assert "its payload was changed" in changed.out


@pytest.mark.row("LED-04")
def test_an_export_is_checked_where_there_is_no_workspace(shared: Terminal, tmp_path: Path) -> None:
    (tmp_path / "ledger.jsonl").write_text(shared.done("ledger", "export").out, encoding="utf-8")
    (tmp_path / "heads.txt").write_text(shared.done("ledger", "verify").out)
    check = ("ledger", "verify", "--export", str(tmp_path / "ledger.jsonl"))
    alone = Terminal(tmp_path)
    assert "The ledger is whole" in alone.done(*check).out
    assert "held against 1 anchor" in alone.done(*check, "--anchor", str(tmp_path / "heads.txt")).out
    assert "There is no workspace" in alone(*check, "--anchor", "git").err


@pytest.mark.row("LED-04")
def test_an_anchor_that_is_newer_than_an_export_is_told_as_newer(shared: Terminal, tmp_path: Path) -> None:
    lines = shared.done("ledger", "export").out.splitlines(keepends=True)
    older, heads = tmp_path / "older.jsonl", tmp_path / "heads.txt"
    older.write_text("".join(lines[:20]), encoding="utf-8")
    check = ("ledger", "verify", "--export", str(older))
    told = shared.done(*check, "--anchor", "git")
    assert "The ledger is whole: 20 entries in 1 chain, held against 1 anchor up to" in told.out
    assert "this copy ends before" in told.err
    assert len(shared.data(*check, "--anchor", "git")["newer"]) >= 1
    # What the operator names is asked of this copy.
    heads.write_text(shared.done("ledger", "verify").out)
    assert "are lost" in shared(*check, "--anchor", "git", "--anchor", str(heads)).out
    older.write_text("")
    assert "are lost" in shared(*check, "--anchor", "git").out


@pytest.mark.row("LED-02")
def test_erasing_takes_the_words_and_leaves_the_chain_whole(onefirm: Terminal) -> None:
    assert "not archived" in onefirm("ledger", "erase", "CN-10", "--why", "asked for by her", "--yes").err
    onefirm.done("record", "archive", "CN-10")
    erased = onefirm.done("ledger", "erase", "CN-10", "--why", "asked for by her", "--yes")
    assert "the chain stays whole" in erased.out
    assert all(event["payload"] is None for event in onefirm.data("record", "timeline", "CN-10") if event["seq"] < 376)
    assert onefirm("ledger", "verify", "--anchor", "git").code == 0
    exported = onefirm.done("ledger", "export").out
    assert "Halvorsen" not in exported


@pytest.mark.row("LED-02")
def test_what_an_erasure_takes_from_other_records_is_named_before_the_yes(onefirm: Terminal) -> None:
    onefirm.done(
        "decision", "record", "They share a slot", "--why", "both agreed", "--about", "CN-10", "--about", "CN-1"
    )
    onefirm.done("record", "archive", "CN-10")
    asked = onefirm("ledger", "erase", "CN-10", "--why", "asked for by her", "--yes")
    (decision,) = onefirm.data("decision", "list", "--about", "CN-1")["rows"]
    assert f"It takes the words of {decision['ref']} too" in asked.err
    assert decision["erased"]


@pytest.mark.row("LED-03")
def test_a_trace_shows_provenance_in_one_screen(shared: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    traced = shared.done("ledger", "trace", "P-1").out
    assert "Launch site" in traced
    assert "DEC-3" in traced
    assert "CL-1" in traced
    lines = traced.splitlines()
    assert len(lines) <= 120
    assert max(map(len, lines)) <= 80
    assert "instead of" in shared.done("ledger", "trace", "DEC-3").out


@pytest.mark.row("LED-04")
def test_the_log_reads_as_sentences_in_the_firms_time(shared: Terminal) -> None:
    lines = shared.done("ledger", "log", "--about", "P-1").out.splitlines()
    # 09:20 in Berlin, a month ago
    assert lines[0][10:].startswith(" 09:20 CEST  The operator created project P-1 “Launch site”")


@pytest.mark.row("LED-04")
def test_the_ledger_exports_as_json_lines_and_as_a_page(shared: Terminal) -> None:
    entries = [json.loads(line) for line in shared.done("ledger", "export").out.splitlines()]
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    page = shared.done("ledger", "export", "--format", "md", "--about", "P-1").out
    assert "Launch site" in page


@pytest.mark.row("LED-01")
@pytest.mark.embedded("a copy of a workspace shares its Notion, where a change of the one is seen by the other")
def test_a_ledger_of_another_workspace_is_not_touched(onefirm: Terminal, tmp_path: Path) -> None:
    shutil.copytree(onefirm.root, tmp_path / "other", symlinks=True)
    onefirm.done("record", "update", "P-1", "status=review")
    assert Terminal(tmp_path / "other").data("record", "get", "P-1")["status"] == "delivery"


@pytest.mark.row("LED-04")
@pytest.mark.parametrize("words", [("--about", "P-999"), ("--kind", "nothing."), ("--session", "S-aaaaaaaaaaaa")])
def test_a_log_without_entries_says_so(shared: Terminal, words: tuple[str, str]) -> None:
    answer = shared.done("ledger", "log", *words)
    assert (answer.out, answer.err) == ("", "No entries meet this.\n")
    assert shared.data("ledger", "log", *words) == []
