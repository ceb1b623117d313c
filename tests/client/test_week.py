"""The week of a consultant in the real client: six sessions over five days, and what they leave."""

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from client import casework
from client.driver import Session
from client.firm import PLUGIN, TOOLS, Firm

WEEK: Sequence[Mapping[str, Any]] = yaml.safe_load(Path(__file__).with_name("week.yaml").read_text(encoding="utf-8"))
MOST_DENIALS = 5


@pytest.fixture
def firm(lab) -> Firm:
    firm = Firm(lab)
    firm.cli("demo", str(lab.project))
    return firm


def operate(firm: Firm, lines: Sequence[str]) -> None:
    """The operator's own commands, in a terminal."""
    for line in lines:
        firm.cli(*shlex.split(line))


def say(firm: Firm, session: Session, host_answers: list[str], ask: Mapping[str, Any] | str) -> int:
    """The operator says one thing, everything goes as written; how many calls were denied."""
    if ask == "compact":
        session.compact()
        return 0
    assert isinstance(ask, Mapping)
    operate(firm, ask.get("between", ()))
    host_answers.extend(ask.get("answers", ()))
    before = len(session.results)
    session.ask(ask["say"], *(casework.turn(firm, one) for one in ask["turns"]))
    casework.hold_calls(session.results[before:], ask)
    assert host_answers == []
    return len(ask.get("refused", ()))


@pytest.mark.slow
@pytest.mark.row("NAR-04")
@pytest.mark.row("STA-15")
@pytest.mark.row("CMD-03")
def test_a_week_ends_with_state_narrative_and_ledger_in_agreement(firm: Firm) -> None:
    denied, before = 0, len(history(firm))
    for day in WEEK:
        operate(firm, day.get("before", ()))
        answers: list[str] = []
        host = casework.operator(answers, [])
        options = {
            "plugins": [PLUGIN],
            "permission_mode": "default",
            "host": host,
            "allow": [TOOLS, "Edit(context/**)"],
        }
        with firm.lab.session(**options) as session:
            denied += sum(say(firm, session, answers, ask) for ask in day["asks"])
        assert firm.lab.settle(), f"{day['session']}: a process of the session still runs"
    assert 0 < denied <= MOST_DENIALS
    agree(firm, history(firm)[before:])


def history(firm: Firm) -> Sequence[Mapping[str, Any]]:
    """The whole ledger, oldest entry first."""
    return firm.json("ledger", "log", "--limit", "100000")


def agree(firm: Firm, week: Sequence[Mapping[str, Any]]) -> None:
    """State, narrative and ledger tell one story, in every way there is to ask."""
    assert firm.json("ledger", "verify", "--anchor", "git")["ok"]
    assert firm.json("context", "check")["faults"] == []
    assert [one for one in firm.json("doctor")["findings"] if one["level"] == "broken"] == []
    told = told_last(week)
    left = {ref: firm.json("record", "get", ref)["props"] for ref, _ in told}
    assert {(ref, name): left[ref].get(name) for ref, name in told} == told
    closed = [entry["payload"] for entry in week if entry["kind"] == "session.closed"]
    assert [(one["how"], one["unreconciled"], one["pending"]) for one in closed] == [("ended", [], 0)] * len(WEEK)
    left_over = subprocess.run(["git", "status", "--porcelain"], cwd=firm.lab.project, capture_output=True, check=True)
    assert left_over.stdout == b""


def told_last(week: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], Any]:
    """What these entries told last of each property, by ref and name."""
    told: dict[tuple[str, str], Any] = {}
    for entry in week:
        if entry["kind"] in ("record.created", "record.updated"):
            told.update({(entry["subjects"][0], name): value for name, value in entry["payload"]["after"].items()})
    return told
