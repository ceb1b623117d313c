"""The week of a consultant in the real client: six sessions over five days, and what they leave."""

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from client import casework
from client.driver import Host, Lab, Session
from client.firm import PLUGIN, TOOLS, Firm
from support.moved_clock import ClockMissing, MovedClock
from support.terminal import LAUNCHER
from support.unmeasured import not_measured

WEEK: Sequence[Mapping[str, Any]] = yaml.safe_load(Path(__file__).with_name("week.yaml").read_text(encoding="utf-8"))
MOST_DENIALS = 5
SIGNAGE = "context/clients/cedar-museum/museum-signage/CLAUDE.md"
SITE = "context/clients/acme-rockets/launch-site/CLAUDE.md"
VISITORS = "context/clients/cedar-museum/visitor-app/CLAUDE.md"
HERON = "context/sales/heron-logistics/CLAUDE.md"
EDITED = {SIGNAGE: "2026-11-23", SITE: "2026-11-25", HERON: "2026-11-27"}
MOVED = {SIGNAGE: ["2026-11-24"], VISITORS: ["2026-11-26"], SITE: ["2026-11-27"]}
"""Files whose records moved since somebody wrote them, and when."""


@dataclass(frozen=True, slots=True)
class Lived(Firm):
    """The demo firm, lived by a clock of its own: the operator's commands, the hooks, the server, git."""

    clock: MovedClock

    def env(self) -> Mapping[str, str]:
        return self.clock.env(self.lab.env()["PATH"])

    def cli(self, *words: str, check: bool = True) -> str:
        command = [LAUNCHER, "-C", self.lab.project, *words]
        env = {**self.lab.env(), **self.env()}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=180, check=False)
        if check and done.returncode:
            raise AssertionError(f"onefirm {' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout


@pytest.fixture
def firm(lab: Lab) -> Lived:
    try:
        clock = MovedClock(lab.root / "clock", WEEK[0]["at"])
    except ClockMissing as missing:
        not_measured(str(missing))
    firm = Lived(lab, clock)
    firm.cli("demo", str(lab.project))
    return firm


def operate(firm: Firm, lines: Sequence[str]) -> None:
    """The operator's own commands, in a terminal."""
    for line in lines:
        firm.cli(*shlex.split(line))


def live(firm: Lived, day: Mapping[str, Any]) -> int:
    """One session, with what came before it; how many calls were denied."""
    firm.clock.move_to(day["at"])
    operate(firm, day.get("before", ()))
    answers: list[str] = []
    options = {
        "plugins": [PLUGIN],
        "permission_mode": "default",
        "host": Host(permit=casework.operator(answers, [])),
        "allow": [TOOLS, "Edit(context/**)"],
        "env": firm.env(),
    }
    with firm.lab.session(**options) as session:
        denied = sum(say(firm, session, answers, ask) for ask in day["asks"])
    assert firm.lab.settle(), f"{day['session']}: a process of the session still runs"
    brief = session.run.first.text.partition("# Northlight Studio: ")[2].partition("# Environment")[0]
    assert [part for part in day["sees"] if part not in brief] == [], brief
    assert [part for part in day.get("unseen", ()) if part in brief] == [], brief
    return denied


def say(firm: Lived, session: Session, host_answers: list[str], ask: Mapping[str, Any] | str) -> int:
    """The operator says one thing, everything goes as written; how many calls were denied."""
    if ask == "compact":
        session.compact()
        return 0
    assert isinstance(ask, Mapping)
    if "at" in ask:
        firm.clock.move_to(ask["at"])
    operate(firm, ask.get("between", ()))
    host_answers.extend(ask.get("answers", ()))
    before = len(session.results)
    session.ask(ask["say"], *(casework.turn(firm, one) for one in ask["turns"]))
    casework.hold_calls(session.results[before:], ask)
    assert host_answers == []
    return len(ask.get("refused", ()))


@pytest.mark.slow
@pytest.mark.embedded("its clock moves the programs of the firm, and not Notion")
@pytest.mark.row("NAR-04")
@pytest.mark.row("STA-15")
@pytest.mark.row("CMD-03")
def test_a_week_ends_with_state_narrative_and_ledger_in_agreement(firm: Lived) -> None:
    before = len(history(firm))
    denied = sum(live(firm, day) for day in WEEK)
    assert 0 < denied <= MOST_DENIALS
    week = history(firm)[before:]
    agree(firm, week)
    dated(firm, week)


def history(firm: Lived) -> Sequence[Mapping[str, Any]]:
    """The whole ledger, oldest entry first."""
    return firm.json("ledger", "log", "--limit", "100000")


def agree(firm: Lived, week: Sequence[Mapping[str, Any]]) -> None:
    """State, narrative and ledger tell one story, in every way there is to ask."""
    assert firm.json("ledger", "verify", "--anchor", "git")["ok"]
    assert firm.json("context", "check")["faults"] == []
    assert [one for one in firm.json("doctor")["findings"] if one["level"] != "ok"] == []
    told = told_last(week)
    here = Firm(firm.lab)  # what a record says is the same at every hour, and a program for each would take a minute
    left = {ref: here.json("record", "get", ref)["props"] for ref, _ in told}
    assert {(ref, name): left[ref].get(name) for ref, name in told} == told
    closed = [entry["payload"] for entry in week if entry["kind"] == "session.closed"]
    assert [(one["how"], one["unreconciled"], one["pending"]) for one in closed] == [("ended", [], 0)] * len(WEEK)
    left_over = subprocess.run(["git", "status", "--porcelain"], cwd=firm.lab.project, capture_output=True, check=True)
    assert left_over.stdout == b""


def dated(firm: Lived, week: Sequence[Mapping[str, Any]]) -> None:
    """Every day left its date: in the ledger, in git, and in how fresh the files are."""
    days = list(dict.fromkeys(str(day["at"].date()) for day in WEEK))
    at = [entry["at"] for entry in week]
    assert at == sorted(at)
    assert list(dict.fromkeys(moment[:10] for moment in at)) == days
    closed = [entry["at"][:10] for entry in week if entry["kind"] == "session.closed"]
    assert closed == [*days[:1] * 2, days[1], days[3], days[3], days[4]]  # one slept over a night
    log = subprocess.run(
        ["git", "log", "--reverse", "--format=%cs"], cwd=firm.lab.project, capture_output=True, text=True, check=True
    )
    assert list(dict.fromkeys(log.stdout.split())) == [days[0], days[1], days[3], days[4]]
    fresh = {one["path"]: one for one in firm.json("context", "fresh")}
    assert [fresh[path]["edited_at"][:10] for path in EDITED] == list(EDITED.values())
    moved = {one["path"]: [move["at"][:10] for move in one["moved"]] for one in fresh.values()}
    assert {path: days for path, days in moved.items() if days} == MOVED


def told_last(week: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], Any]:
    """What these entries told last of each property, by ref and name."""
    told: dict[tuple[str, str], Any] = {}
    for entry in week:
        if entry["kind"] in ("record.created", "record.updated"):
            told.update({(entry["subjects"][0], name): value for name, value in entry["payload"]["after"].items()})
    return told
