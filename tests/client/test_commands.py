"""Every playbook in the client: it expands, its calls need no prompt, its gates hold, and it leaves what it must."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from client import casework
from client.driver import Call, Reply
from client.firm import PLUGIN, Firm, tool
from client.stage import Stages
from support import playbooks
from support.firms import Made

PLAYBOOKS = playbooks.every()
CASES = [(name, case) for name in PLAYBOOKS for case in playbooks.cases(name)]
WRITES = {
    "record_write": {"changes": [{"op": "update", "ref": "T-1", "set": {"status": "doing"}}]},
    "record_undo": {"target": "T-1"},
    "decision_record": {"what": "We stop.", "why": "No reason."},
    "lesson_record": {"rule": "Stop.", "why": "No reason."},
    "lesson_decide": {"ref": "L-1", "verdict": "harden"},
}
"""What writes, each with arguments that would do."""


@pytest.fixture(scope="module")
def stages(claude: Path, founded: Made) -> Iterator[Stages]:
    stages = Stages(claude, founded)
    yield stages
    stages.close()


def short(text: str) -> str:
    return text.replace(" ", "-")[:60]


@pytest.mark.row("CMD-01")
@pytest.mark.row("CMD-03")
@pytest.mark.parametrize(("command", "case"), CASES, ids=[f"{name}-{short(case['case'])}" for name, case in CASES])
def test_a_case_of_a_playbook_goes_as_written(stages: Stages, command: str, case: dict[str, Any]) -> None:
    with stages.on(hosted="answers" in case) as stage:
        casework.play(stage, command, case)


@pytest.mark.row("CMD-02")
def test_what_a_playbook_may_not_do_alone_is_denied_where_nobody_can_be_asked(firm: Firm) -> None:
    """One conversation for all of them, which also tells that none has more than is its own from one before it."""
    path = str(firm.lab.project / "onefirm.yaml")
    settings = Path(path).read_text()
    beside = (
        Call("Bash", {"command": "onefirm record update T-1 status=doing"}),
        Call("Edit", {"file_path": path, "old_string": "name", "new_string": "x"}),
    )
    asked = 0
    with firm.lab.session(plugins=[PLUGIN], permission_mode="default") as session:
        for command, playbook in PLAYBOOKS.items():
            calls = [Call(tool(name), given) for name, given in WRITES.items() if name not in playbook.allowed]
            look = Reply(calls=(Call("Read", {"file_path": path}),))
            session.ask(f"/onefirm:{command}", look, Reply(calls=(*calls, *beside)), "I may not.")
            asked += len(calls) + len(beside)
    done = [result for result in session.run.results if not result.refused]
    assert [result.tool for result in done] == ["Read"] * len(PLAYBOOKS)
    assert len(session.run.results) == asked + len(PLAYBOOKS)
    assert firm.lab.settle()
    assert Path(path).read_text() == settings
    assert casework.written(firm) == []


@pytest.mark.row("CMD-03")
@pytest.mark.parametrize("command", PLAYBOOKS)
def test_the_cases_of_a_playbook_use_all_that_it_may_use_and_try_its_gate_with_yes_no_and_nobody(command: str) -> None:
    assert playbooks.faults(command) == []


@pytest.mark.row("CMD-01")
def test_a_playbook_of_the_operators_own_expands_in_their_workspace(firm: Firm) -> None:
    firm.cli("playbook", "new", "chase-invoice")
    run = firm.lab.run("/chase-invoice Acme", "I see.", plugins=[PLUGIN])
    assert "<command-name>/chase-invoice</command-name>" in run.first.text
    assert "# Chase invoice\n\nAbout: Acme\n" in run.first.text
