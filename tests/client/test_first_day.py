"""The first day in the real client: brief, guard, identity, Stop, the end of a session, and a person's yes."""

import subprocess
import threading

import pytest

from client.driver import Host, Lab, accept, allow, call, delegate, deny, held, read
from client.firm import NARRATIVE, PLUGIN, TOOLS, Firm, tool

WHY = "Jana's board meets on the ninth, so the front page comes first.\n"
LAST = "The shop must feel like a workshop, not like a catalogue.\n"


def add(firm: Firm, line: str):
    """The model adds a line at the end of the narrative."""
    return call("Edit", file_path=str(firm.narrative), old_string=LAST, new_string=LAST + line)


def look(ref: str = "P-1"):
    return call(tool("record_get"), refs=[ref])


@pytest.mark.row("STA-12")
@pytest.mark.row("OPS-02")
def test_the_brief_reaches_the_model(firm: Firm, tokens) -> None:
    firm.cli("record", "update", "T-1", "status=blocked")
    run = firm.run("good morning", "Good morning.")
    assert "blocked: T-1 Sketch the front page" in run.first.text
    [hook] = run.hooks("SessionStart")
    assert hook.outcome == "success"
    assert tokens(hook.stdout) <= 1_250  # the brief's 1,200 and the JSON around it


@pytest.mark.row("NAR-04")
def test_an_edit_is_denied_with_the_call_to_make_and_passes_after_it(firm: Firm) -> None:
    run = firm.run("write it down", read(firm.narrative), add(firm, WHY), look(), add(firm, WHY), "Written.")
    _, denied, looked, edited = run.results
    assert denied.refused
    assert tool("record_get") in denied.text
    assert "P-1" in denied.text
    assert not looked.refused
    assert not edited.refused
    assert firm.narrative.read_text() == NARRATIVE + WHY


@pytest.mark.row("NAR-04")
def test_an_edit_that_contradicts_the_truth_is_denied_until_the_truth_says_so(firm: Firm) -> None:
    claim = "The project is now in delivery.\n"
    write = call(tool("record_write"), changes=[{"op": "update", "ref": "P-1", "set": {"status": "delivery"}}])
    run = firm.run("it moved", read(firm.narrative), look(), add(firm, claim), write, add(firm, claim), "Done.")
    denied, written, edited = run.results[2:]
    assert denied.refused
    assert "discovery" in denied.text
    assert not written.refused
    assert not edited.refused


@pytest.mark.row("NAR-04")
def test_a_property_stated_as_prose_is_denied(firm: Firm) -> None:
    run = firm.run("note it", read(firm.narrative), look(), add(firm, "Status: delivery\n"), "I see.")
    assert run.results[-1].refused
    assert firm.narrative.read_text() == NARRATIVE


@pytest.mark.row("NAR-04")
def test_identity_survives_clear_and_receipts_do_not(firm: Firm) -> None:
    with firm.session() as session:
        session.ask("look", look(), "seen")
        session.clear()
        session.ask("write", read(firm.narrative), add(firm, WHY), look(), add(firm, WHY), "written")
    denied, _, edited = session.run.results[-3:]
    assert denied.refused
    assert not edited.refused


@pytest.mark.row("NAR-04")
def test_receipts_survive_compaction(firm: Firm) -> None:
    with firm.session() as session:
        session.ask("look", look(), "seen")
        session.compact()
        session.ask("write", read(firm.narrative), add(firm, WHY), "written")
    assert not session.run.results[-1].refused
    assert firm.narrative.read_text() == NARRATIVE + WHY


@pytest.mark.row("NAR-04")
def test_a_subagents_look_is_its_sessions_look(firm: Firm) -> None:
    run = firm.run(
        "delegate",
        delegate("look at the shop"),
        read(firm.narrative),
        add(firm, WHY),
        "written",
        agents={"look at the shop": [look(), "It is in discovery."]},
    )
    assert not run.results[-1].refused
    assert firm.narrative.read_text() == NARRATIVE + WHY


@pytest.mark.row("NAR-04")
def test_a_subagents_edit_is_guarded_like_any(firm: Firm) -> None:
    script = [read(firm.narrative), add(firm, WHY), "It was refused."]
    run = firm.run("delegate", delegate("edit the shop"), "done", agents={"edit the shop": script})
    assert run.lane("agent:edit the shop")[-1].results[-1].refused
    assert firm.narrative.read_text() == NARRATIVE


@pytest.mark.row("NAR-04")
def test_a_resumed_session_starts_without_receipts_once_it_was_closed(firm: Firm) -> None:
    first = firm.run("look", look(), "seen")
    second = firm.run("write", read(firm.narrative), add(firm, WHY), "refused", resume=first.session_id)
    assert second.results[-1].refused


@pytest.mark.row("NAR-04")
def test_stop_blocks_once_for_this_sessions_own_edit_behind_the_guards_back(firm: Firm) -> None:
    sneak = call("Bash", command=f"echo '{WHY.replace(chr(39), '')}' >> {firm.narrative}")
    run = firm.run("sneak", sneak, "done", "I can't mend it.", allow=[TOOLS, "Bash"])
    blocked = [hook for hook in run.hooks("Stop") if '"block"' in hook.stdout]
    assert len(blocked) == 1
    assert "P-1" in run.last.text
    assert run.text == "I can't mend it."


@pytest.mark.row("NAR-04")
def test_stop_lets_a_session_end_that_looked_after_all(firm: Firm) -> None:
    sneak = call("Bash", command=f"echo 'They wait for the board.' >> {firm.narrative}")
    run = firm.run("sneak", sneak, look(), "done", allow=[TOOLS, "Bash"])
    assert not [hook for hook in run.hooks("Stop") if '"block"' in hook.stdout]


@pytest.mark.row("NAR-04")
def test_others_edits_only_inform(firm: Firm) -> None:
    never = threading.Event()
    with firm.session(held("done", never), prompt="wait") as session:
        session.wait_for_request(1)
        firm.narrative.write_text(NARRATIVE + "The operator wrote this in an editor.\n")
        never.set()
        session.finish()
    assert session.run.text == "done"
    assert not [hook for hook in session.run.hooks("Stop") if '"block"' in hook.stdout]


@pytest.mark.row("STA-15")
def test_the_end_of_a_session_commits_the_narrative_and_anchors_the_ledger(firm: Firm) -> None:
    firm.run("write", look(), read(firm.narrative), add(firm, WHY), "written")
    closed = firm.json("ledger", "log", "--kind", "session.closed")[-1]
    assert (closed["kind"], closed["payload"]["how"]) == ("session.closed", "ended")
    assert firm.json("ledger", "verify", "--anchor", "git")["ok"]
    message = subprocess.run(
        ["git", "log", "-1", "--format=%B", "--name-only"],
        cwd=firm.lab.project,
        env=firm.lab.env(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert f"Ledger-Head: {closed['payload']['head']}"[:40] in message
    assert "context/clients/acme/CLAUDE.md" in message


@pytest.mark.row("STA-15")
def test_a_killed_session_loses_nothing_and_is_closed_by_the_next_start(firm: Firm) -> None:
    never = threading.Event()
    write = call(tool("record_write"), changes=[{"op": "update", "ref": "T-1", "set": {"status": "doing"}}])
    script = (look(), write, read(firm.narrative), add(firm, WHY), held("never", never))
    firm.run("good evening", "Good evening.")
    with firm.session(*script, prompt="work") as session:
        session.wait_for_request(5)
        session.kill()
    never.set()
    assert firm.lab.settle()
    run = firm.run("good morning", "Good morning.")
    assert "T-1 Sketch the front page: status todo → doing (claude)" in run.first.text
    closes = [e for e in firm.json("ledger", "log") if e["kind"] == "session.closed"]
    assert [close["payload"]["how"] for close in closes] == ["ended", "died", "ended"]
    assert closes[1]["payload"]["commit"]


@pytest.mark.row("MEM-02")
def test_a_lesson_is_decided_by_a_person_at_the_prompt_only(firm: Firm) -> None:
    firm.cli("lesson", "record", "Ask for access before the kickoff.", "--why", "We lost a week.")
    decide = call(tool("lesson_decide"), ref="L-1", verdict="harden")
    alone = firm.run("harden it", decide, "denied")
    assert alone.results[0].refused
    host = Host(permit=lambda permission: allow(permission))
    with firm.session(host=host) as session:
        session.ask("harden it", decide, "done")
    assert not session.run.results[0].refused
    assert [asked.tool for asked in host.permissions] == [tool("lesson_decide")]
    [lesson] = firm.json("lesson", "list")["rows"]
    assert lesson["status"] == "hardened"


@pytest.mark.row("MEM-03")
def test_a_hardened_lesson_reaches_the_model_and_a_candidate_does_not(firm: Firm) -> None:
    for rule in ("Ask for access before the kickoff.", "Send the agenda a day ahead."):
        firm.cli("lesson", "record", rule, "--why", "We lost a week.")
    firm.cli("lesson", "decide", "L-1", "harden")
    run = firm.run("good morning", "Good morning.")
    assert "- L-1: Ask for access before the kickoff." in run.first.text
    assert "- L-2:" not in run.first.text
    assert "edits are overwritten" not in run.first.text


@pytest.mark.row("MEM-03")
def test_a_lesson_of_one_project_reaches_the_model_with_the_projects_files_only(firm: Firm) -> None:
    rule = "- L-1: Jana reads on her phone."  # as a rule; the brief tells it otherwise
    firm.cli("lesson", "record", "Jana reads on her phone.", "--why", "She said so.", "--about", "P-1")
    firm.cli("lesson", "decide", "L-1", "harden")
    note = firm.lab.write("context/clients/acme/calls/monday.md", "# Monday\n\nNobody called.\n")
    run = firm.run("read", read(firm.lab.project / "context" / "CLAUDE.md"), read(note), "Read.")
    assert rule not in run.first.text
    assert rule not in run.lane()[-2].text
    assert rule in run.last.text


@pytest.mark.row("MEM-03")
def test_a_rule_is_not_edited_by_hand_and_nobody_is_blamed_for_it(firm: Firm) -> None:
    firm.cli("lesson", "record", "Ask for access before the kickoff.", "--why", "We lost a week.")
    decide = call(tool("lesson_decide"), ref="L-1", verdict="harden")
    rules = firm.lab.project / ".claude" / "rules" / "onefirm" / "general.md"
    edit = call("Edit", file_path=str(rules), old_string="Ask for access", new_string="Ask for nothing")
    with firm.session(host=Host(permit=lambda permission: allow(permission))) as session:
        session.ask("harden it", decide, call("Bash", command="true"), "done")
        session.ask("change it", read(rules), edit, "done")
    assert session.run.results[-1].refused
    assert "lesson_record" in session.run.results[-1].text
    assert "Ask for access" in rules.read_text()
    assert not [hook for hook in session.run.hooks("Stop") if '"block"' in hook.stdout]


@pytest.mark.row("MEM-02")
def test_an_elicitation_hook_is_not_taken_for_a_persons_yes(firm: Firm) -> None:
    firm.cli("lesson", "record", "Ask for access before the kickoff.", "--why", "We lost a week.")
    yes = '{"hookSpecificOutput":{"hookEventName":"Elicitation","action":"accept","content":{"ok":true}}}'
    firm.lab.user_settings({"hooks": {"Elicitation": [{"hooks": [{"type": "command", "command": f"echo '{yes}'"}]}]}})
    host = Host(permit=lambda permission: deny("no"), fill=lambda form: accept(ok=True))
    decide = call(tool("lesson_decide"), ref="L-1", verdict="harden")
    alone = firm.run("harden it", decide, "denied")
    with firm.session(host=host) as session:
        session.ask("harden it", decide, "denied")
    assert alone.results[0].refused
    assert session.run.results[0].refused
    [lesson] = firm.json("lesson", "list")["rows"]
    assert lesson["status"] == "candidate"


def test_outside_a_workspace_every_hook_prints_nothing(lab: Lab) -> None:
    note = lab.write("notes.md", "# Notes\n\nRecord: P-1\n")
    edit = call("Edit", file_path=str(note), old_string="# Notes", new_string="# My notes")
    run = lab.run("edit", read(note), edit, call("Bash", command="true"), "done", plugins=[PLUGIN], allow=["Bash"])
    assert not run.results[1].refused
    reports = [
        hook
        for event in ("SessionStart", "PreToolUse", "PostToolUse", "Stop", "SessionEnd")
        for hook in run.hooks(event)
    ]
    assert reports
    assert {(hook.outcome, hook.stdout, hook.stderr) for hook in reports} == {("success", "", "")}
    assert not [name for name in run.first.tools if name.startswith(TOOLS)]
    assert sorted(path.name for path in lab.project.iterdir()) == ["notes.md"]
