"""The driver itself, proven against a plugin of a few lines: what is green here, other tests may lean on."""

import signal
import threading
from pathlib import Path

import pytest

from client import probe as probe_plugin
from client.driver import (
    Answer,
    ClientEnded,
    Fail,
    Host,
    Lab,
    Permission,
    ScriptMismatch,
    accept,
    allow,
    call,
    delegate,
    deny,
    held,
    read,
    together,
)
from client.probe import Probe

ECHO = "mcp__plugin_probe_srv__echo"
FORM = "mcp__plugin_probe_srv__form"
SIGN = "mcp__plugin_probe_srv__sign"
ALL_TOOLS = ("mcp__plugin_probe_srv",)
SESSION_CONTEXT = {"hookSpecificOutput": {"hookEventName": "SessionStart", "additionalContext": "THE-BRIEF-OF-TODAY"}}


@pytest.fixture
def probe(tmp_path: Path) -> Probe:
    return probe_plugin.write(tmp_path / "probe")


def refusal(reason: str) -> dict[str, object]:
    return {
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": "deny",
            "permissionDecisionReason": reason,
        }
    }


def test_one_prompt_is_answered_by_the_script(lab: Lab) -> None:
    run = lab.run("hello", "Good morning.")
    assert (run.returncode, run.text, run.stderr) == (0, "Good morning.", "")
    assert "hello" in run.first.text


def test_what_a_session_start_hook_says_reaches_the_model(lab: Lab, probe: Probe) -> None:
    probe.answers(SessionStart=SESSION_CONTEXT)
    run = lab.run("hello", "hi", plugins=[probe.folder])
    assert "THE-BRIEF-OF-TODAY" in run.first.text
    assert [h.outcome for h in run.hooks("SessionStart")] == ["success"]


def test_a_denied_edit_leaves_the_file_and_shows_the_reason(lab: Lab, probe: Probe) -> None:
    notes = lab.write("notes.md", "before")
    probe.answers(**{"PreToolUse:Edit": refusal("look it up first")})
    edit = call("Edit", file_path=str(notes), old_string="before", new_string="after")
    run = lab.run("edit it", read(notes), edit, "I could not.", plugins=[probe.folder])
    looked, edited = run.results
    assert (looked.tool, looked.refused) == ("Read", False)
    assert edited.refused
    assert "look it up first" in edited.text
    assert notes.read_text() == "before"


def test_the_plugins_mcp_tool_is_offered_and_called(lab: Lab, probe: Probe) -> None:
    run = lab.run("say", call(ECHO, text="well"), "done", plugins=[probe.folder], allow=ALL_TOOLS)
    assert ECHO in run.first.tools
    assert [r.text for r in run.results] == ["echo: well"]


def test_parallel_calls_come_back_each_with_its_result(lab: Lab, probe: Probe) -> None:
    both = together(call(ECHO, text="one"), call(ECHO, text="two"))
    run = lab.run("say", both, "done", plugins=[probe.folder], allow=ALL_TOOLS)
    assert [r.text for r in run.results] == ["echo: one", "echo: two"]


def test_a_turn_may_be_computed_from_what_was_asked(lab: Lab, probe: Probe) -> None:
    again = lambda asked: call(ECHO, text=asked.results[-1].text)  # noqa: E731
    run = lab.run("say", call(ECHO, text="x"), again, "done", plugins=[probe.folder], allow=ALL_TOOLS)
    assert run.results[-1].text == "echo: echo: x"


def test_a_conversation_keeps_its_context_and_clear_gives_a_new_session(lab: Lab, probe: Probe) -> None:
    with lab.session(plugins=[probe.folder]) as session:
        first = session.ask("the word is heron", "noted")["session_id"]
        session.ask("which word", "heron")
        second = session.clear()
        session.ask("which word now", "I do not know")
    before, after = session.run.lane()[1:]
    assert "the word is heron" in before.text
    assert "the word is heron" not in after.text
    assert (before.session_id, after.session_id) == (first, second)
    assert [g["source"] for g in probe.seen("SessionStart")] == ["startup", "clear"]


def test_compaction_goes_on_with_a_summary_in_the_same_session(lab: Lab, probe: Probe) -> None:
    with lab.session(plugins=[probe.folder]) as session:
        session.ask("the word is heron", "noted")
        session.compact()
        session.ask("go on", "gladly")
    assert "as the scripted model sums it up" in session.run.last.text
    assert [g["source"] for g in probe.seen("SessionStart")] == ["startup", "compact"]
    assert len({a.session_id for a in session.run.asked}) == 1


def test_a_session_can_be_resumed_and_forked(lab: Lab, probe: Probe) -> None:
    first = lab.run("the word is heron", "noted", plugins=[probe.folder])
    resumed = lab.run("which word", "heron", plugins=[probe.folder], resume=first.session_id)
    forked = lab.run("which word", "heron", plugins=[probe.folder], resume=first.session_id, fork=True)
    assert "the word is heron" in resumed.first.text
    assert "the word is heron" in forked.first.text
    assert resumed.session_id == first.session_id != forked.session_id
    assert [g["source"] for g in probe.seen("SessionStart")] == ["startup", "resume", "fork"]


def test_a_subagent_has_a_script_of_its_own(lab: Lab, probe: Probe) -> None:
    task = delegate("count the invoices")
    run = lab.run(
        "delegate",
        task,
        "All counted.",
        plugins=[probe.folder],
        allow=ALL_TOOLS,
        agents={"count the invoices": [call(ECHO, text="seven"), "There are seven."]},
    )
    inside = run.lane("agent:count the invoices")
    assert [r.text for r in inside[-1].results] == ["echo: seven"]
    assert inside[0].agent_id
    assert "There are seven." in run.results[0].text
    by_agent = [g.get("agent_id", "") for g in probe.seen("PreToolUse") if g["tool_name"] == ECHO]
    assert by_agent == [inside[0].agent_id]


def test_without_a_host_what_needs_a_person_is_denied(lab: Lab, probe: Probe) -> None:
    run = lab.run("sign it", call(SIGN, text="yes"), "denied", plugins=[probe.folder], allow=ALL_TOOLS)
    assert run.results[0].refused


def test_a_host_is_asked_for_permission_and_its_answer_holds(lab: Lab, probe: Probe) -> None:
    def only_blue(permission: Permission) -> Answer:
        return allow(permission) if permission.input["text"] == "blue" else deny("only blue")

    host = Host(permit=only_blue)
    with lab.session(plugins=[probe.folder], allow=ALL_TOOLS, host=host) as session:
        session.ask("sign", call(SIGN, text="blue"), call(SIGN, text="red"), "done")
    signed, refused = session.run.results
    assert signed.text == "sign: blue"
    assert refused.refused
    assert "only blue" in refused.text
    assert [p.tool for p in host.permissions] == [SIGN, SIGN]


def test_a_host_fills_in_a_form_and_plain_print_mode_cancels_it(lab: Lab, probe: Probe) -> None:
    host = Host(fill=lambda form: accept(colour="green"))
    with lab.session(plugins=[probe.folder], allow=ALL_TOOLS, host=host) as session:
        session.ask("ask me", call(FORM), "done")
    alone = lab.run("ask me", call(FORM), "done", plugins=[probe.folder], allow=ALL_TOOLS)
    assert '"colour": "green"' in session.run.results[0].text
    assert host.forms[0].message == "Which colour?"
    assert '"cancel"' in alone.results[0].text


def test_a_killed_client_runs_no_hook_and_leaves_nothing_running(lab: Lab, probe: Probe) -> None:
    never = threading.Event()
    with lab.session(held("too late", never), plugins=[probe.folder], prompt="wait for it") as session:
        session.wait_for_request(1)
        run = session.kill()
    never.set()
    assert run.returncode == -9
    assert not probe.seen("SessionEnd")
    assert lab.settle(10)


def test_a_terminated_client_still_runs_its_session_end_hook(lab: Lab, probe: Probe) -> None:
    never = threading.Event()
    with lab.session(held("too late", never), plugins=[probe.folder], prompt="wait for it") as session:
        session.wait_for_request(1)
        session.kill(signal.SIGTERM)
    never.set()
    assert [g["reason"] for g in probe.seen("SessionEnd")] == ["other"]


def test_a_session_that_is_left_runs_its_session_end_hook(lab: Lab, probe: Probe) -> None:
    lab.run("hello", "bye", plugins=[probe.folder])
    assert [g["reason"] for g in probe.seen("SessionEnd")] == ["other"]


def test_an_api_error_ends_the_run_with_exit_one(lab: Lab) -> None:
    run = lab.run("hello", Fail(401, "authentication_error", "no such key"))
    assert run.returncode == 1
    assert run.final["is_error"]


def test_a_script_that_does_not_fit_is_an_error(lab: Lab) -> None:
    with pytest.raises(ScriptMismatch, match=r"not asked for: \{'main': 1\}"):
        lab.run("hello", "one", "never asked for")
    with pytest.raises(ScriptMismatch, match="without a turn"):
        lab.run("hello", call("Bash", command="true"))


def test_waiting_for_a_client_that_has_ended_says_how_it_ended(lab: Lab) -> None:
    with (
        lab.session(args=["--no-such-flag"], strict=False) as session,
        pytest.raises(ClientEnded, match="no-such-flag"),
    ):
        session.wait(lambda event: event.get("type") == "result")


def test_nothing_of_the_machine_reaches_the_client(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", "machine-secret")
    run = lab.run("look", call("Bash", command="env"), "done", allow=["Bash(env)"])
    assert "machine-secret" not in run.results[0].text
    assert f"HOME={lab.home}" in run.results[0].text


def test_a_lab_leaves_nothing_behind(claude: Path) -> None:
    with Lab(claude) as lab:
        lab.run("hello", "bye")
    assert not lab.root.exists()
    assert not lab.running()
