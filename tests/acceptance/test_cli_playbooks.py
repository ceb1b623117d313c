"""The operator's own playbooks, through the command line."""

from pathlib import Path

import pytest

from onefirm.cli.playbooks import known
from onefirm.narrative.playbooks import READING, READING_ALONE
from support import playbooks
from support.terminal import Terminal


@pytest.mark.row("CMD-01")
def test_a_playbook_is_begun_checked_and_never_overwritten(onefirm: Terminal) -> None:
    assert onefirm.done("playbook", "check").err == "There are none yet: `onefirm playbook new NAME`.\n"
    made = onefirm.done("playbook", "new", "chase-invoice")
    assert made.out == ".claude/commands/chase-invoice.md\n.claude/commands/chase-invoice.cases.yaml\n"
    begun = onefirm("playbook", "check", "chase-invoice")
    assert begun.code == 1
    assert ".claude/commands/chase-invoice.md:2 form: the description says TODO" in begun.out
    assert onefirm("playbook", "new", "chase-invoice").code == 1
    assert onefirm("playbook", "check", "chase").code == 1


@pytest.mark.row("CMD-02")
def test_a_shipped_playbook_taken_over_by_the_operator_is_whole_and_a_planted_fault_is_found(onefirm: Terminal) -> None:
    folder = onefirm.root / ".claude" / "commands"
    folder.mkdir()
    for name in playbooks.every():
        (folder / f"{name}.md").write_bytes((playbooks.FOLDER / f"{name}.md").read_bytes())
        (folder / f"{name}.cases.yaml").write_bytes((playbooks.CASES / f"{name}.yaml").read_bytes())
    assert onefirm.done("playbook", "check").out == ""
    _plant(folder / "log-call.md", '"[who, and what was said]"', "[who, and what was said]")
    _plant(folder / "start.md", "`brief_get`.", "`brief_send`.")
    found = onefirm("playbook", "check", "--json")
    assert found.code == 1
    assert [(fault["path"].rpartition("/")[2], fault["line"], fault["rule"]) for fault in found.data["faults"]] == [
        ("log-call.md", 3, "form"),
        ("start.md", 4, "tool"),
        ("start.md", 22, "tool"),
    ]


@pytest.mark.row("CMD-02")
def test_what_may_run_anything_or_writes_without_a_gate_is_found_and_stops_no_other_check(onefirm: Terminal) -> None:
    folder = onefirm.root / ".claude" / "commands"
    folder.mkdir()
    for name in ("start", "log-call"):
        (folder / f"{name}.md").write_bytes((playbooks.FOLDER / f"{name}.md").read_bytes())
        (folder / f"{name}.cases.yaml").write_bytes((playbooks.CASES / f"{name}.yaml").read_bytes())
    _plant(folder / "start.md", "Bash(onefirm session client:*)", "Bash(onefirm session:*)\n  - Bash(sh:*)")
    (folder / "log-call.cases.yaml").write_text("- case: x\n  turns: [{}]\n  written: []\n  refused: 5\n")
    found = onefirm("playbook", "check")
    assert found.code == 1
    assert "start.md:4 tool: Bash(onefirm session:*) allows every command that begins so" in found.out
    assert "start.md:4 tool: Bash(sh:*) allows everything: sh runs what it is given" in found.out
    assert "gate: it may write (Bash(onefirm session:*), Bash(sh:*)), and the gate doesn't ask" in found.out
    assert "log-call.cases.yaml:4 case: `refused` says what it can't" in found.out


@pytest.mark.row("CMD-02")
def test_every_command_that_counts_as_reading_is_there(onefirm: Terminal) -> None:
    assert known(onefirm.root).commands >= READING | {command.partition(" --")[0] for command in READING_ALONE}


def _plant(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
