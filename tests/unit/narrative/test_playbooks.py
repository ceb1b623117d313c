"""The check of a playbook and of its cases: what is wrong is named with its line, what is right is left alone."""

from pathlib import Path

import pytest

from onefirm.core.errors import InvalidInput, NotFound, Refused
from onefirm.narrative import playbook_cases, playbook_files, playbooks
from onefirm.narrative.faults import Fault
from onefirm.narrative.playbooks import Known

KNOWN = Known(
    tools={"record_find": False, "record_get": False, "record_write": True, "lesson_decide": True},
    commands=frozenset({"onefirm", "onefirm doctor", "onefirm lesson", "onefirm lesson list", "onefirm lesson decide"}),
    playbooks=frozenset({"start"}),
    exists=lambda path: path == "context/CLAUDE.md",
)
SOUND = """\
---
description: "Do a thing. Use when it must be done."
argument-hint: "[what]"
allowed-tools:
  - AskUserQuestion
  - mcp__plugin_onefirm_firm__record_find
  - mcp__plugin_onefirm_firm__record_write
---
# Do

About: $ARGUMENTS

## When to use

Then.

## Facts first

`record_find` of it. What it is for: `context/CLAUDE.md`.

## Steps

1. Think.
2. `record_write` it.

## Gate

Ask with AskUserQuestion. Nobody can be asked: write nothing.

## When something is missing

Say so: `onefirm doctor`.

## Answer

```
## no heading
It is done.
```

## Next

`/onefirm:start`
"""
CASES = """\
- case: a yes
  answers: [Write]
  turns:
    - record_find: {text: it}
    - ask: [Write, Leave]
    - record_write: {changes: []}
  written: [record.updated]
- case: a no
  answers: [Leave]
  turns:
    - ask: [Write, Leave]
  written: []
- case: nobody
  turns:
    - ask: [Write, Leave]
  written: []
"""
FULL = "mcp__plugin_onefirm_firm__"


def faults(text: str) -> list[Fault]:
    return playbooks.check(playbooks.read("do.md", text), KNOWN)


def case_faults(cases: str, text: str = SOUND) -> list[Fault]:
    return playbook_cases.check("do.cases.yaml", cases.encode(), playbooks.read("do.md", text), KNOWN)


def test_a_sound_playbook_and_its_cases_have_no_fault() -> None:
    assert faults(SOUND) == []
    assert case_faults(CASES) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "rule", "what"),
    [
        ('"[what]"', "[what]", 3, "form", "makes a list of the argument hint"),
        ("About: $ARGUMENTS", "About it.", 3, "form", "no line has $ARGUMENTS"),
        ('argument-hint: "[what]"\n', "", 10, "form", "nothing tells what to type"),
        ("Do a thing.", "Do a thing." * 30, 2, "form", "at most 250"),
        ("Use when it must be done.", "", 2, "form", "doesn't tell Claude when"),
        ("description:", "about:", 2, "form", "“about” does nothing here"),
        (f"{FULL}record_find", f"{FULL}record_send", 4, "tool", "there is no tool record_send"),
        (f"{FULL}record_find", "record_find", 4, "tool", "stands without its server"),
        (f"{FULL}record_find", "Bash", 4, "tool", "Bash allows everything"),
        (f"{FULL}record_find", "Write(drafts/**)", 4, "tool", "Write(drafts/**) allows nothing"),
        (f"{FULL}record_find", "Bash(onefirm send:*)", 4, "tool", "there is no command `onefirm send`"),
        (f"{FULL}record_find", f"{FULL}lesson_decide", 4, "tool", "the operator's verdict"),
        (f"{FULL}record_find", f"{FULL}record_get", 4, "tool", "record_get is allowed, and no line names it"),
        (f"  - {FULL}record_find\n", "", 18, "tool", "“Facts first” uses record_find"),
        ("`record_find` of it", "`record_find` of it, `record_mail` it", 19, "tool", "there is no tool record_mail"),
        ("`/onefirm:start`", "`/onefirm:begin`", 43, "tool", "there is no playbook /onefirm:begin"),
        ("`onefirm doctor`", "`onefirm cure`", 32, "tool", "there is no command `onefirm cure`"),
        ("`context/CLAUDE.md`", "`context/us.md`", 19, "link", "there is no file context/us.md"),
        ("## Steps", "## Work", 9, "form", "the section “Steps” is missing"),
        ("Then.", "", 13, "form", "“When to use” says nothing"),
        ("Then.", "TODO", 15, "form", "TODO stands there 1 times"),
        ("2. `record_write`", "3. `record_write`", 21, "form", "aren't numbered"),
        ("```\n## no heading\nIt is done.\n```", "It is done.", 34, "form", "shows no form"),
        ("Ask with AskUserQuestion. ", "", 26, "gate", "may write (record_write), and the gate doesn't ask"),
        ("Nobody can be asked: write nothing.", "", 26, "gate", "where nobody can be asked"),
        ("  - AskUserQuestion\n", "", 25, "gate", "the gate asks with AskUserQuestion, and allowed-tools lacks it"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line(old: str, new: str, line: int, rule: str, what: str) -> None:
    assert old in SOUND
    found = [fault for fault in faults(SOUND.replace(old, new, 1)) if what in fault.what]
    assert [(fault.line, fault.rule, bool(fault.fix)) for fault in found] == [(line, rule, True)], faults(
        SOUND.replace(old, new, 1)
    )


@pytest.mark.parametrize(
    "rule",
    [
        "Bash(onefirm:*)", "Bash(onefirm lesson:*)", "Bash(/opt/bin/onefirm:*)", "Bash(sh:*)", "Bash(/bin/bash:*)",
        "Bash(python3.12 -c:*)", "Bash(env FOO=1:*)", "Bash(FOO=1 make:*)", "Bash(xargs:*)", "Bash(sudo rm:*)",
        "Edit(**)", "Edit(*)", "Edit(*.md)", "Edit(**/CLAUDE.md)", "Edit(./**)", "Edit(/**)", "Edit(//etc/hosts)",
        "Edit(../other/**)", "Edit(context/../../x)", "Write(**)", "Write(*)", "mcp__mail", "mcp__mail__*",
        "mcp__plugin_onefirm_firm", f"{FULL}*", "Bash(git *)",
    ],
)  # fmt: skip
def test_a_rule_that_allows_more_than_it_names_is_refused(rule: str) -> None:
    found = faults(SOUND.replace(f"{FULL}record_find", rule, 1))
    assert [(fault.line, fault.rule) for fault in found if rule.removeprefix(FULL) in fault.what] == [(4, "tool")], (
        found
    )


@pytest.mark.parametrize(
    "rule", ["Edit(context/**)", "Edit(drafts/*.md)", "Bash(git log:*)", "Bash(python report.py)", "mcp__mail__send"]
)
def test_a_rule_that_names_what_it_allows_is_no_fault(rule: str) -> None:
    assert [fault for fault in faults(SOUND.replace(f"{FULL}record_find", rule, 1)) if "allows" in fault.what] == []


@pytest.mark.parametrize(
    ("rule", "is_writing"),
    [
        ("Bash(onefirm lesson list:*)", False),
        ("Bash(onefirm lesson list --json)", False),
        ("Bash(onefirm doctor)", False),
        ("Bash(onefirm doctor:*)", True),
        ("Bash(onefirm lesson decide:*)", True),
        ("Bash(onefirm lesson list > rules.txt)", True),
        ("Bash(git log:*)", True),
        ("Bash(rm notes.md)", True),
        ("Edit(context/**)", True),
        ("Read", False),
        ("record_find", False),
        ("record_write", True),
    ],
)
def test_what_may_write_is_told_from_what_only_reads(rule: str, is_writing: bool) -> None:
    assert playbooks.writes(rule, KNOWN) is is_writing
    silent = SOUND.replace("Ask with AskUserQuestion. Nobody can be asked: write nothing.", "None: nothing is written.")
    silent = silent.replace("  - AskUserQuestion\n", "").replace(f"  - {FULL}record_write\n", "")
    told = [
        fault for fault in faults(silent.replace(f"{FULL}record_find", rule)) if "the gate doesn't ask" in fault.what
    ]
    assert bool(told) is is_writing


@pytest.mark.parametrize(
    "command",
    ["rm notes.md", "onefirm context check --fix --yes", "onefirm lesson list; rm x", "onefirm recall $(rm x)"],
)
def test_a_shell_command_before_the_question_is_a_write_unless_it_only_reads(command: str) -> None:
    cases = CASES.replace("record_find: {text: it}", f'Bash: {{command: "{command}"}}')
    assert any("Bash writes before the operator was asked" in fault.what for fault in case_faults(cases))
    cases = CASES.replace("record_find: {text: it}", "Bash: {command: 'onefirm recall \"rope & knot\" --json'}")
    assert [fault.what for fault in case_faults(cases)] == ["no case uses record_find"]


@pytest.mark.parametrize(
    "given", ["refused: 5", "answers: 5", "answers: Write", "dictated: maybe", "refused:", "refused: [1]"]
)
def test_a_word_of_a_case_that_is_not_what_it_has_to_be_is_told_and_no_crash(given: str) -> None:
    found = case_faults(CASES.replace("- case: nobody\n", f"- case: nobody\n  {given}\n"))
    assert [(fault.line, fault.what) for fault in found] == [(14, f"`{given.partition(':')[0]}` says what it can't")]


def test_a_playbook_that_an_editor_saved_with_a_byte_order_mark_is_read_and_its_name_is_told_once(
    tmp_path: Path,
) -> None:
    folder = tmp_path / playbook_files.FOLDER
    folder.mkdir(parents=True)
    (folder / "do.md").write_text(SOUND, encoding="utf-8-sig")
    (folder / "do.cases.yaml").write_text(CASES, encoding="utf-8-sig")
    (folder / "bare.md").write_text("# Bare\n")
    (folder / "torn.md").write_text("---\ndescription: x\na: [\n---\n")
    found = playbook_files.check(tmp_path, [], KNOWN)
    assert found["do"] == []
    assert [(fault.line, fault.what) for fault in found["bare"]] == [(1, "there is no front matter.")]
    assert [(fault.line > 1, playbook_files.FOLDER in fault.what) for fault in found["torn"]] == [(True, False)]


def test_sections_in_another_order_are_told() -> None:
    swapped = SOUND.replace("## Facts first", "## X").replace("## Steps", "## Facts first").replace("## X", "## Steps")
    assert any("another order" in fault.what for fault in faults(swapped))


@pytest.mark.parametrize(
    "text", ["# Do\n", "---\ndescription: x\n", "---\njust words\n---\n# Do\n", "---\na: [\n---\n"]
)
def test_front_matter_that_cannot_be_read_is_told_and_no_crash(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"do\.md:[1-3]: "):
        playbooks.read("do.md", text)


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("    - record_find: {text: it}\n", "    - record_list: {}\n", 1, "there is no tool record_list"),
        ("    - record_find: {text: it}\n", "", 1, "no case uses record_find"),
        ("    - record_find: {text: it}\n", "    - record_write: {}\n", 1, "record_write writes before the operator"),
        ("answers: [Leave]", "answers: [Write]", 1, "no case tries a no"),
        ("- case: nobody\n", "- case: nobody\n  answers: [Write]\n", 1, "no case tries nobody"),
        ("- case: a no\n", "- what: a no\n", 8, "`case` is missing"),
        (
            "  turns:\n    - ask: [Write, Leave]\n  written: []\n- case: nobody",
            "  written: []\n- case: nobody",
            8,
            "`turns`",
        ),
        ("text: it", "text: TODO", 4, "TODO stands there"),
    ],
)
def test_what_is_wrong_with_cases_is_named_with_its_line(old: str, new: str, line: int, what: str) -> None:
    assert old in CASES
    found = case_faults(CASES.replace(old, new, 1))
    assert [fault.line for fault in found if what in fault.what and fault.rule == "case"] == [line], found


@pytest.mark.parametrize("cases", ["", "word", "[]", "- word\n", "- {case: x, turns: [], written: []}\n"])
def test_cases_that_are_none_are_told(cases: str) -> None:
    assert case_faults(cases)


def test_a_new_playbook_lacks_only_what_must_be_written(tmp_path: Path) -> None:
    path, cases = playbook_files.new(tmp_path, "chase-invoice")
    found = playbook_files.check(tmp_path, [], KNOWN)["chase-invoice"]
    assert found
    assert {fault.path for fault in found} == {path, cases}
    assert [fault for fault in found if "TODO" not in fault.what] == []


def test_nothing_that_exists_is_overwritten_and_nothing_is_laid_behind_a_link(tmp_path: Path) -> None:
    playbook_files.new(tmp_path / "firm", "chase-invoice")
    with pytest.raises(Refused, match="is there already"):
        playbook_files.new(tmp_path / "firm", "chase-invoice")
    (tmp_path / "other").mkdir()
    (tmp_path / "away").mkdir()
    (tmp_path / "other" / ".claude").symlink_to(tmp_path / "away")
    with pytest.raises(Refused, match="behind a link"):
        playbook_files.new(tmp_path / "other", "chase-invoice")
    assert list((tmp_path / "away").iterdir()) == []


@pytest.mark.parametrize("name", ["", "../start", "Chase", "a b", "x" * 60, "-a"])
def test_a_name_that_cannot_be_typed_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match="no name for a playbook"):
        playbook_files.new(tmp_path, name)


def test_a_playbook_that_is_not_there_or_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"no playbook \.claude/commands/chase\.md"):
        playbook_files.check(tmp_path, ["chase"], KNOWN)
    folder = tmp_path / playbook_files.FOLDER
    folder.mkdir(parents=True)
    (folder / "bytes.md").write_bytes(b"\xff\xfe")
    (folder / "do.md").write_text(SOUND)
    found = playbook_files.check(tmp_path, [], KNOWN)
    assert [fault.what for fault in found["bytes"]] == ["It is not UTF-8 text."]
    assert [fault.what for fault in found["do"]] == ["it has no cases, so nothing tells whether it works"]
    (folder / "do.cases.yaml").write_bytes(b"\xff")
    assert [fault.line for fault in playbook_files.check(tmp_path, ["do"], KNOWN)["do"]] == [1]
