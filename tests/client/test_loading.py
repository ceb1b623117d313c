"""What loads by what is being worked on, in the real client: the chain of files, the state beside them, the rules."""

import pytest

from client.driver import Run, call, delegate, read
from client.firm import TOOLS, Firm

STATE = "- P-1 “Rocket shop”: status discovery"
NOTE = "context/clients/acme/calls/2026/monday.md"


@pytest.fixture
def firm(firm: Firm) -> Firm:
    """The firm, with a note deep below the project's narrative."""
    firm.lab.write(NOTE, "# Monday\n\nNobody called.\n")
    return firm


def told(run: Run, what: str = STATE) -> list[int]:
    """How often the model was told something in each request of the conversation."""
    return [asked.text.count(what) for asked in run.lane()]


@pytest.mark.row("NAR-03")
def test_a_file_deep_in_the_tree_loads_its_chain_and_its_records_state(firm: Firm) -> None:
    note = firm.lab.project / NOTE
    run = firm.run("what was said on Monday?", read(note), read(note), "Nobody called.")
    loaded = run.lane()[1].text
    assert "The shop must feel like a workshop" in loaded
    assert told(run) == [0, 1, 1]


@pytest.mark.row("NAR-03")
@pytest.mark.parametrize("how", ["cat", "delegate"])
def test_the_state_comes_however_the_file_is_read(firm: Firm, how: str) -> None:
    note = firm.lab.project / NOTE
    if how == "cat":
        run = firm.run("read it", call("Bash", command=f"cat {note}"), "Read.", allow=[TOOLS, "Bash"])
        assert told(run)[-1] == 1
        return
    run = firm.run("delegate", delegate("read it"), read(note), "Read.", agents={"read it": [read(note), "Read."]})
    assert run.lane("agent:read it")[-1].text.count(STATE) == 1
    assert told(run) == [0, 0, 1]


@pytest.mark.row("NAR-03")
def test_state_that_moved_is_told_again_with_the_file_and_only_then(firm: Firm) -> None:
    note = firm.lab.project / NOTE
    with firm.session() as session:
        session.ask("read", read(note), "read")
        session.ask("again", read(note), "read")
        session.ask("look", call(f"{TOOLS}__record_get", refs=["P-1"]), read(note), "seen")
    assert told(session.run)[-1] == 1


@pytest.mark.row("NAR-03")
def test_another_hands_change_is_told_at_the_next_prompt_and_once(firm: Firm) -> None:
    with firm.session() as session:
        session.ask("look", call(f"{TOOLS}__record_get", refs=["P-1"]), "seen")
        session.ask("and?", "Nothing new.")
        firm.cli("record", "update", "P-1", "status=delivery")
        session.ask("and now?", "It moved.")
        session.ask("and now?", "Nothing new.")
    moved = "- P-1 “Rocket shop”: status delivery (was discovery), by the operator"
    assert told(session.run, moved) == [0, 0, 0, 1, 1]


@pytest.mark.row("NAR-03")
def test_compaction_keeps_the_notes_within_the_budget_of_a_start(firm: Firm, tokens) -> None:
    write = call(f"{TOOLS}__record_write", changes=[{"op": "update", "ref": "T-1", "set": {"status": "doing"}}])
    decide = {"what": "The front page comes first", "why": "The board meets on the ninth.", "about": ["P-1"]}
    with firm.session() as session:
        session.ask("Begin with the sketch.", call(f"{TOOLS}__record_get", refs=["P-1"]), write, "begun")
        session.ask("And write down why.", call(f"{TOOLS}__decision_record", **decide), "written")
        session.compact()
        session.ask("and now?", "The sketch.")
    kept = session.run.last.text
    for line in (
        "- the operator said last: “And write down why.”",
        "- decided DEC-1: “The front page comes first”",
        "- wrote T-1 “Sketch the front page”: status doing",
        "- looked at P-1 “Rocket shop”: status discovery",
    ):
        assert kept.count(line) == 1
    again = session.run.hooks("SessionStart")[-1]
    assert tokens(again.stdout) <= 1_650  # the 1,600 and the JSON around them


@pytest.mark.row("NAR-03")
@pytest.mark.row("MEM-03")
def test_a_rule_loads_only_where_its_path_applies(firm: Firm) -> None:
    firm.lab.write(".claude/rules/calls.md", '---\npaths: ["**/calls/**"]\n---\n\nCALLS-ARE-NOTED-THE-SAME-DAY\n')
    other, note = firm.lab.project / "context/sales/CLAUDE.md", firm.lab.project / NOTE
    run = firm.run("read", read(other), read(note), "Read.")
    assert told(run, "CALLS-ARE-NOTED-THE-SAME-DAY") == [0, 0, 1]
