"""What is told beside the files that load, by the hooks as Claude Code runs them."""

from pathlib import Path

import pytest

from onefirm.sessions import db, told
from support.hook import Answer, Firm

pytestmark = pytest.mark.row("NAR-03")

DEEP = "context/clients/acme/launch/calls/monday.md"


@pytest.fixture
def firm(tmp_path: Path) -> Firm:
    firm = Firm.at(tmp_path / "firm")
    firm.write("CLAUDE.md", "# The firm\n")
    firm.write("context/clients/acme/CLAUDE.md", "# Acme\n\nRecord: CL-1\n")
    firm.write("context/clients/acme/launch/CLAUDE.md", "# Launch site\n\nRecord: P-1\n")
    firm.write(DEEP, "# Monday\n\nNobody called.\n")
    firm.truth("CL-1", title="Acme Rockets", status="active")
    firm.truth("P-1", title="Launch site", status="discovery", next_action="Send the plan", due="2026-12-01")
    firm.start()
    return firm


def read(firm: Firm, path: str = DEEP, **more: object) -> Answer:
    return firm.run("post_tool_use", tool_name="Read", tool_input={"file_path": str(firm.root / path)}, **more)


def test_a_file_deep_in_the_tree_brings_the_state_of_every_record_above_it(firm: Firm) -> None:
    assert read(firm).context.splitlines()[1:] == [
        "- P-1 “Launch site”: status discovery; next action “Send the plan”; due 2026-12-01",
        "- CL-1 “Acme Rockets”: status active",
    ]


def test_state_is_told_once_and_again_only_when_it_moved(firm: Firm) -> None:
    assert read(firm).context
    assert read(firm).stdout == ""
    firm.truth("P-1", due="2026-12-15")
    assert read(firm).context.splitlines()[1:] == [
        "- P-1 “Launch site”: due 2026-12-15 (was 2026-12-01), by the operator at 10:00 UTC"
    ]
    assert read(firm).stdout == ""


def test_what_a_look_has_shown_is_not_told_again(firm: Firm) -> None:
    firm.look("P-1")
    assert [line[:6] for line in read(firm).context.splitlines()[1:]] == ["- CL-1"]


def test_the_state_never_reaches_the_files(firm: Firm) -> None:
    before = {path: path.read_bytes() for path in (firm.root / "context").rglob("*.md")}
    read(firm)
    assert {path: path.read_bytes() for path in (firm.root / "context").rglob("*.md")} == before


def test_a_new_file_and_a_command_that_reads_one_bring_it_too(firm: Firm) -> None:
    written = {"tool_name": "Write", "tool_input": {"file_path": str(firm.root / "context/clients/acme/new.txt")}}
    assert "CL-1" in firm.run("post_tool_use", **written).context
    assert "P-1" in firm.bash(f"cat '{DEEP}' | head -3").context


def test_a_file_without_a_record_above_it_brings_nothing(firm: Firm) -> None:
    firm.write("src/main.py", "total = 0\n")
    assert read(firm, "src/main.py").stdout == ""
    assert read(firm, "CLAUDE.md").stdout == ""


def test_a_record_that_nobody_knows_brings_nothing(firm: Firm) -> None:
    firm.write("context/new/CLAUDE.md", "# New\n\nRecord: P-77\n")
    assert read(firm, "context/new/CLAUDE.md").stdout == ""


def test_a_subagent_is_told_for_itself_and_the_session_for_itself(firm: Firm) -> None:
    assert "P-1" in read(firm, agent_id="a1").context
    assert read(firm, agent_id="a1").stdout == ""
    assert "P-1" in read(firm).context


def test_after_clear_it_is_told_again(firm: Firm) -> None:
    assert read(firm).context
    firm.client = "client-after-clear"
    firm.start("clear")
    assert "P-1" in read(firm).context


def test_a_session_that_starts_in_a_projects_folder_is_told_its_state_at_once(firm: Firm) -> None:
    firm.client = "client-2"
    here = firm.root / "context/clients/acme/launch"
    said = firm.run("session_start", source="startup", cwd=here).context
    assert "- P-1 “Launch site”: status discovery" in said
    assert read(firm).stdout == ""


def test_many_records_stay_within_the_prompts_budget_and_the_rest_is_named(firm: Firm, tokens) -> None:
    for number in range(2, 40):
        firm.truth(f"P-{number}", title=f"Launch site {number}", status="discovery", next_action="Send the plan")
    heads = " ".join(f"P-{number}" for number in range(2, 40))
    firm.write("context/all/CLAUDE.md", f"# All\n\nRecord: {heads}\n")
    firm.write("context/more/CLAUDE.md", "# More\n\nRecord: P-39\n")
    answers = [read(firm, "context/all/CLAUDE.md").context, read(firm, "context/more/CLAUDE.md").context]
    assert sum(map(tokens, answers)) <= told.PROMPT
    assert "no room here for" in answers[0]
    assert "record_get" in answers[0]


# --- what another hand moved


def ask(firm: Firm) -> str:
    return firm.run("prompt", prompt="How is the launch site doing?").context


def test_another_hands_change_of_a_record_in_play_is_told_at_the_next_prompt_and_once(firm: Firm) -> None:
    read(firm)
    assert ask(firm) == ""
    firm.truth("P-1", status="delivery")
    assert ask(firm).splitlines()[1:] == [
        "- P-1 “Launch site”: status delivery (was discovery), by the operator at 10:00 UTC"
    ]
    assert ask(firm) == ""
    assert read(firm).stdout == ""


def test_a_change_that_the_session_made_or_looked_at_is_no_news(firm: Firm) -> None:
    firm.look("P-1")
    firm.tell("record.updated", "P-1", session=firm.session(), actor="claude", after={"status": "delivery"})
    assert ask(firm) == ""
    firm.truth("P-1", status="review")
    firm.look("P-1")
    assert ask(firm) == ""


def test_a_record_that_is_not_in_play_is_no_news(firm: Firm) -> None:
    firm.look("CL-1")
    firm.truth("P-1", status="delivery")
    assert ask(firm) == ""


def test_news_stays_within_the_budget_and_what_has_no_room_comes_with_the_next_prompt(firm: Firm, tokens) -> None:
    refs = [f"P-{number}" for number in range(2, 40)]
    for ref in refs:
        firm.truth(ref, title=f"Launch site {ref}", status="discovery")
        firm.look(ref)
    for ref in refs:
        firm.truth(ref, status="delivery", next_action="Send the plan to Jana")
    told_of: list[str] = []
    for _ in range(len(refs)):
        said = ask(firm)
        if not said:
            break
        assert tokens(said) <= told.PROMPT
        told_of += [line.split()[1] for line in said.splitlines()[1:] if "was discovery" in line]
    assert sorted(told_of) == sorted(refs)


def test_a_prompt_makes_room_for_the_state_of_what_loads_next(firm: Firm) -> None:
    session = firm.session()
    with db.writing(str(firm.root)) as conn:
        told.spend(conn, session, "word " * told.PROMPT)
    assert read(firm).stdout == ""
    assert ask(firm) == ""
    assert read(firm).context


def test_a_prompt_is_never_held_up_by_a_lost_database(firm: Firm) -> None:
    (firm.root / ".onefirm/session.db").write_bytes(b"this is no database " * 500)
    answer = firm.run("prompt", prompt="Hello")
    assert (answer.code, answer.stdout) == (0, "")
