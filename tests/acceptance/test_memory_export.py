"""Memory leaves as files that programs and people can read, and its history is kept apart from the workspace's git."""

import dataclasses
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from onefirm import git
from onefirm.bootstrap import Firm, open_firm
from onefirm.core.attribution import By
from onefirm.core.errors import Refused
from onefirm.day import snapshots
from onefirm.memory import export
from onefirm.memory.facts import Fact
from onefirm.memory.lessons import Lesson
from onefirm.memory.quotes import Quote
from onefirm.memory.sources import Source
from onefirm.memory.stories import Sighting
from onefirm.memory.told_decisions import Decision
from onefirm.state.records import Change
from onefirm.workspace import Wishes
from support.firms import new_firm
from support.terminal import Terminal

pytestmark = pytest.mark.row("MEM-06")

ANN = By("operator")
HOWTO = Path(__file__).resolve().parents[2] / "docs" / "howto" / "export-memory.md"


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    """A firm with two clients; each has a decision that took another's place, a price that did, and a lesson."""
    root: Path = tmp_path_factory.mktemp("firm")
    new_firm(root, Wishes(firm="Ann Consulting", timezone="Europe/Berlin"))
    with open_firm(root) as firm:
        for number, name in enumerate(("Acme", "Borealis"), 1):
            client = f"CL-{number}"
            firm.records.write([Change("create", kind="client", set={"title": name})], ANN)
            fill(firm, client, name)
        yield firm


def fill(firm: Firm, client: str, name: str) -> None:
    first = firm.decisions.record(f"{name} gets <b>no</b> app", "too dear", about=[client], by=ANN)
    firm.decisions.record(f"{name} gets an app after all", "cheaper now", supersedes=first.ref, by=ANN)
    for price, day in ((40, "2026-05-02"), (45, "2026-08-01")):
        said = f"At {name} the portal costs {price} EUR a month."
        source = firm.sources.add(said, at=day, about=[client], by=ANN).source.ref
        firm.facts.record(
            said, quotes=[Quote(source, said)], subject=f"{name}'s portal", predicate="price", value=str(price), by=ANN
        )
    rule = {"Acme": "Ask for the budget before an offer.", "Borealis": "Send minutes on the same day."}[name]
    firm.lessons.record(rule, "It went wrong.", about=[client], by=ANN)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def log(root: Path, *more: str) -> str:
    command = ["git", f"--git-dir={snapshots.place(root)}", "log", "--format=%s", *more]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_an_export_is_the_same_to_the_byte_with_everything_in_it_and_its_form_is_documented(firm: Firm) -> None:
    terminal = Terminal(firm.root)
    told = terminal.done("memory", "export", "--texts").out
    assert told == terminal.done("memory", "export", "--texts").out
    every = lines(told)
    refs = [
        f"{kind}-{number}"
        for kind, most in (("DEC", 4), ("L", 2), ("F", 4), ("SRC", 4))
        for number in range(1, most + 1)
    ]
    assert [one["ref"] for one in every] == refs
    by_ref = {one["ref"]: one for one in every}
    assert by_ref["SRC-1"]["text"] == "At Acme the portal costs 40 EUR a month."
    assert (by_ref["F-1"]["status"], by_ref["F-1"]["ended_by"]) == ("superseded", "F-2")
    assert by_ref["F-1"]["evidence"][0]["quote"] == by_ref["SRC-1"]["text"]
    assert by_ref["L-2"]["met"][0]["why"] == "It went wrong."
    documented = HOWTO.read_text()
    fields = {one.name for kind in (Decision, Lesson, Fact, Source, Sighting) for one in dataclasses.fields(kind)}
    assert [name for name in sorted(fields - export.UNKEPT) if f"`{name}`" not in documented] == []


def test_each_client_has_a_page_whose_links_lead_somewhere_and_whose_words_are_no_markup(
    firm: Firm, tmp_path: Path
) -> None:
    terminal = Terminal(firm.root)
    made = terminal.done("memory", "export", str(tmp_path / "out")).out.splitlines()
    assert [Path(path).name for path in made] == ["memory.jsonl", "CL-1.md", "CL-2.md"]
    page = (tmp_path / "out" / "CL-1.md").read_text()
    assert page.startswith("# CL-1 Acme\n")
    assert "Borealis" not in page
    assert ("superseded by [DEC-2](#dec-2)" in page, '<a id="dec-2">' in page) == (True, True)
    assert r"\<b\>no\</b\>" in page
    assert "[SRC-2](#src-2): “At Acme the portal costs 45 EUR a month.”" in page
    assert "is there, and not empty" in terminal("memory", "export", str(tmp_path / "out")).err
    assert "lies in the workspace" in terminal("memory", "export", str(firm.root / "memory")).err
    refused = terminal("memory", "export", str(tmp_path / "out" / "CL-1.md" / "more"))
    assert (refused.code, "more can't be written: Not a directory." in refused.err) == (1, True)
    with pytest.raises(Refused, match="memory itself gave"):
        firm.sources.add(page, by=ANN)


def test_behind_a_client_wall_only_that_clients_memory_is_exported(firm: Firm) -> None:
    walled = firm.behind({"client": "CL-2", "title": "Borealis", "parties": ["CL", "PR"], "at": ""})
    told = {name: "".join(pieces) for name, pieces in walled.day.export_memory(walled.sources, with_texts=True).items()}
    assert set(told) == {export.JSONL, "CL-2.md"}
    assert ("Acme" in "".join(told.values()), "Borealis" in told["CL-2.md"]) == (False, True)
    of_client = "".join(firm.day.export_memory(firm.sources, "CL-2", ["jsonl"])[export.JSONL])
    assert [one["ref"] for one in lines(of_client)] == [one["ref"] for one in lines(told[export.JSONL])]
    firm.sources.add("A note to myself.", kind="note", about=["CL-2"], by=By("claude", "S-9"))
    seen = [len(list(one.day.export_memory(one.sources)[export.JSONL])) for one in (firm, firm.within("S-8"))]
    assert seen == [15, 14]
    with pytest.raises(Refused, match="not for this session"):
        walled.day.export_memory(walled.sources, "CL-1")


def test_a_snapshot_is_made_once_and_the_next_shows_what_changed_as_a_diff(firm: Firm) -> None:
    terminal, place = Terminal(firm.root), snapshots.place(firm.root)
    # What processes left that were killed at it.
    for left in ("memory.git.draft", "memory.git.dropped"):
        (place.parent / left / "refs").mkdir(parents=True)
    assert "Committed" in terminal.done("memory", "snapshot").out
    assert "Nothing has come" in terminal.done("memory", "snapshot").out
    for lock in ("refs/heads/main.lock", "HEAD.lock", "gc.pid.lock", "objects/info/commit-graph.lock"):
        (place / lock).touch()
    firm.facts.retract("F-2", by=By("operator", reason="misread"))
    firm.day.settle(ANN)  # as a close does
    assert log(firm.root) == "Snapshot memory\n" * 2
    assert set(log(firm.root, "-1", "--format=", "--name-only").split()) == {"CL-1.jsonl", "CL-1.md"}
    shown = log(firm.root, "-1", "-p", "--unified=0", "--", "CL-1.md")
    assert ("\n-- active, of 2026-08-01" in shown, "\n+- retracted, of 2026-08-01" in shown) == (True, True)
    assert [path for path in place.rglob("*") if path.stat().st_mode & 0o077] == []
    assert list(place.parent.glob("memory.git.*")) == []
    assert subprocess.run(["git", "-C", str(place), "fsck", "--strict"], capture_output=True, check=True).stdout == b""
    assert git.dirty_paths(firm.root, [".onefirm"]) == []


def test_an_erasure_drops_the_history_even_where_it_could_not_at_once(firm: Firm) -> None:
    terminal = Terminal(firm.root)
    terminal.done("memory", "snapshot")
    left = snapshots.place(firm.root).with_name("memory.git.dropped")  # by an erasure that was killed over it
    left.mkdir()
    (left / "words").touch()
    firm.day.erase("DEC-1", By("operator", reason="asked for"))
    assert not left.exists()
    assert log(firm.root) == "Snapshot memory\n"
    known = log(firm.root, "-p")
    assert ("Acme gets \\<b" in known, "(what it said was erased)" in known) == (False, True)
    with firm.store.write() as conn:  # a process that died before it came to the repository
        (said,) = firm.ledger.events(conn, ref="DEC-3", kinds=["decision.recorded"])[:1]
        firm.ledger.erase(conn, [said.id], ANN, subjects=["DEC-3"])
    (finding,) = [one for one in firm.day.examine() if one.area == "snapshot"]
    assert (finding.level, finding.what) == ("warn", "the repository of memory knows what was erased since")
    firm.day.settle(ANN)
    assert log(firm.root) == "Snapshot memory\n"
    assert "Borealis gets \\<b" not in log(firm.root, "-p")


def test_a_repository_that_cant_be_read_stops_no_close_and_the_doctor_says_what_to_do(firm: Firm) -> None:
    terminal, place = Terminal(firm.root), snapshots.place(firm.root)
    terminal.done("memory", "snapshot")
    (place / "refs/heads/main").write_text("garbage\n")
    firm.decisions.record("Work goes on", "it has to", by=ANN)
    firm.day.settle(ANN)
    (finding,) = [one for one in firm.day.examine() if one.area == "snapshot"]
    assert (finding.level, finding.fix.partition(": ")[2]) == ("broken", "onefirm memory snapshot --anew")
    assert "--anew" in terminal("memory", "snapshot").err
    assert "begins anew" in terminal.done("memory", "snapshot", "--anew").out
    elsewhere = place.rename(place.with_name("elsewhere"))
    place.symlink_to(elsewhere)
    assert "would outlive an erasure" in terminal("memory", "snapshot", "--anew").err
    assert any("repository of memory still holds it" in one for one in firm.day.erase("DEC-4", ANN).stays)
    place.unlink()
    firm.day.settle(ANN)
    assert [one.level for one in firm.day.examine() if one.area == "snapshot"] == ["ok"]
