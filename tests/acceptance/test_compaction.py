"""What a session keeps over a compaction, by the hooks as Claude Code runs them."""

from pathlib import Path

import pytest

from onefirm.sessions import db, identity, known, told, tree
from support.hook import Firm

pytestmark = pytest.mark.row("NAR-03")

FILE = "context/launch/CLAUDE.md"
BRIEF = """echo '{"text": "# The brief of today"}'"""


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    firm = Firm.at(tmp_path / "firm")
    firm.core = BRIEF
    firm.write(FILE, "# Launch site\n\nRecord: P-1\n\nWe start with the booking path.\n")
    firm.truth("P-1", title="Launch site", status="discovery", next_action="Send the plan")
    firm.truth("T-1", title="Draw the front page", status="todo")
    firm.start()
    return firm


def compact(firm: Firm) -> str:
    """The compaction, and what the session is told after it."""
    assert firm.run("pre_compact", trigger="auto").stdout == ""
    return firm.run("session_start", source="compact").context


def test_the_notes_say_what_was_asked_written_decided_changed_and_looked_at(firm: Firm) -> None:
    firm.run("prompt", prompt="Move the launch site on.")
    firm.look("T-1")
    firm.look("P-1")
    firm.tell("record.updated", "P-1", session=firm.session(), actor="claude", after={"status": "delivery"})
    firm.decide("DEC-1", "The booking path comes first", "P-1")
    firm.bash(f"echo 'Jana reads on her phone.' >> {FILE}")
    said = compact(firm).splitlines()
    assert said[0] == "# The brief of today"
    assert said[2:] == [
        "- the operator said last: “Move the launch site on.”",
        "- decided DEC-1: “The booking path comes first”",
        "- wrote P-1 “Launch site”: status delivery; next action “Send the plan”",
        f"- changed {FILE}",
        "- looked at T-1 “Draw the front page”: status todo",
    ]


def test_narrative_that_does_not_stand_is_among_the_notes(firm: Firm) -> None:
    firm.bash(f"echo 'A word more.' >> {FILE}")
    assert f"- doesn't stand yet: {FILE}: It belongs to P-1" in compact(firm)


def test_notes_are_given_back_once_and_a_session_without_any_gets_none(firm: Firm) -> None:
    firm.look("P-1")
    assert "looked at P-1" in compact(firm)
    assert "looked at P-1" not in firm.run("session_start", source="compact").context
    assert "looked at P-1" not in firm.run("session_start", source="resume").context


def test_what_moved_meanwhile_is_told_as_it_is_now_and_is_no_news_afterwards(firm: Firm) -> None:
    firm.look("P-1")
    firm.run("pre_compact", trigger="auto")
    firm.truth("P-1", status="delivery")
    assert "looked at P-1 “Launch site”: status delivery" in firm.run("session_start", source="compact").context
    assert firm.run("prompt", prompt="And now?").stdout == ""


def test_state_that_the_notes_do_not_tell_comes_again_with_its_file(firm: Firm) -> None:
    read = {"tool_name": "Read", "tool_input": {"file_path": str(firm.root / FILE)}}
    assert firm.run("post_tool_use", **read).context
    compact(firm)
    assert "status discovery" in firm.run("post_tool_use", **read).context
    firm.look("P-1")
    compact(firm)
    assert firm.run("post_tool_use", **read).stdout == ""


def test_brief_and_notes_stay_within_the_budget_of_a_start(firm: Firm, tokens) -> None:
    firm.core = (
        f"""printf '{{"text": "'; for i in $(seq 200); do printf '%s\\\\n' '- {"word " * 12}'; done; printf '"}}'"""
    )
    for number in range(2, 60):
        firm.truth(f"P-{number}", title=f"Launch site {number}", status="discovery", next_action="Send the plan")
        firm.look(f"P-{number}")
    said = compact(firm)
    assert "- looked at P-59" in said
    assert "more records, P-" in said
    assert tokens(said) <= told.START


def test_a_record_that_a_client_wall_took_out_of_play_is_in_no_notes(firm: Firm) -> None:
    firm.look("P-1")
    firm.look("T-1")
    session = firm.session()
    with db.writing(str(firm.root)) as conn:
        known.leave(conn, session, ["P-1"])
    said = compact(firm)
    assert "looked at T-1" in said
    assert "P-1" not in said


def test_a_prompt_that_holds_a_credential_is_not_kept(firm: Firm) -> None:
    firm.run("prompt", prompt="Use sk-" + "a1" * 20 + " from now on.")
    assert "said last" not in compact(firm)
    assert "a1a1" not in str(firm.rows("select * from note"))


def test_a_subagents_compaction_takes_no_notes(firm: Firm) -> None:
    firm.look("P-1")
    firm.run("pre_compact", trigger="auto", agent_id="a1")
    assert "looked at" not in firm.run("session_start", source="compact").context


def test_lost_rules_cost_the_findings_and_not_the_notes(firm: Firm) -> None:
    firm.look("P-1")
    (firm.root / ".onefirm/guard.json").unlink()
    assert "looked at P-1" in compact(firm)


def test_a_closed_session_leaves_no_notes(firm: Firm) -> None:
    firm.run("prompt", prompt="Move the launch site on.")
    firm.decide("DEC-1", "The booking path comes first")
    identity.mark_closed(str(firm.root), firm.session())
    assert firm.rows("select * from note union select ref, what, event from decided") == []


def test_erasure_takes_the_words_out_of_the_notes(firm: Firm) -> None:
    firm.run("prompt", prompt="Ask Jana what she thinks.")
    firm.decide("DEC-1", "The booking path comes first")
    with db.writing(str(firm.root)) as conn:
        tree.forget(conn, [], lambda text: "P-1" in text)
    assert firm.rows("select * from note") == []
    firm.tell("payload.erased", "T-1", events=[firm.events[-1]["id"]])
    assert firm.rows("select * from decided") == []
