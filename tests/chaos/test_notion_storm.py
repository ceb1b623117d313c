"""Two processes write to Notion while it refuses, fails, loses answers and says nothing: nothing is lost or doubled.

The profile `long` lets 1,000 writes through each weather, and prints how long that took beside what the budget allows.
"""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings

from chaos.storm import Answer, Job
from contract import notions
from contract.office import OPERATOR, SCHEMA, Office, agree, open_office
from contract.stores import sqlite_url
from onefirm.ledger.verify import verify
from onefirm.simulators.notion import Notion
from onefirm.state.truth.notion.mapping import NotionMapping
from onefirm.store.engine import Store
from onefirm.store.inbox import InboxItem
from support.clock import MORNING
from support.notion_wire import Wire
from support.shared_time import Timekeeper

PROJECT = Path(__file__).resolve().parents[2]
LONG = settings().max_examples >= 5000
WRITES = 1000 if LONG else 120
WEATHERS = [(lag, key) for lag in (0, 20, 90) for key in (True, False)] if LONG else [(20, True), (90, False)]
PROCESSES, THREADS = 2, 4
BUDGET = 180  # requests a minute


class Storm:
    """The weather, the firm in it, and what was answered there."""

    def __init__(self, folder: Path, lag_s: int, key: bool) -> None:
        self.time = Timekeeper(MORNING)
        self.notion = Notion(self.time, index_lag_s=lag_s, seed=lag_s, per_connection=BUDGET).start()
        self.desk = notions.office(self.notion, SCHEMA, self.time, only=("task",))  # type: ignore[arg-type]
        if not key:
            places = {name: replace(place, key=None) for name, place in self.desk.mapping.places.items()}
            self.desk = replace(self.desk, mapping=NotionMapping(places, self.notion.url))
        self.url = sqlite_url(folder)
        self.firm = self._open()
        self.asked = 0

    def _open(self) -> Office:
        store = Store.open(self.url)
        made = lambda *_: self.desk.truth(store, lag=timedelta(seconds=120), transport=Wire(self.notion))  # noqa: E731
        return open_office(store, self.time, made)  # type: ignore[arg-type]

    def rage(self, writers: subprocess.Popen[str], shared: int = 8) -> list[Answer]:
        """Everything that the processes were answered."""
        refs = [self.firm.create("task", title=f"shared {n}", owner=f"shared {n}") for n in range(shared)]
        self.time.advance(minutes=2)
        for kind, share in (("429", 0.1), ("after", 0.03), ("500", 0.02), ("502", 0.01), ("503", 0.01), ("504", 0.01)):
            self.notion.faults.add(kind, share=share, times=None)  # type: ignore[arg-type]
        jobs = [
            Job(name, self.url, self.notion.token, self.desk.mapping, WRITES // PROCESSES, THREADS, tuple(refs), 0.02)
            for name in "ab"[:PROCESSES]
        ]
        assert writers.stdin
        for _ in jobs:
            writers.stdin.write(f"{self.time.folder}\n")
        writers.stdin.flush()
        before, began = len(self.notion.exchanges), self.time.time()
        told = self.time.keep(jobs, PROCESSES * THREADS)
        self.asked, self.took_s = len(self.notion.exchanges) - before, self.time.time() - began
        self.notion.faults.clear()
        return [answer for answers in told for answer in answers]

    def come_to_rest(self) -> int:
        """Hand in what waits and decide what is unsure, as somebody who looks into Notion; how much was asked."""
        questions = 0
        for _ in range(60):
            self.time.advance(seconds=200)
            self.firm.records.sync()
            for item in self.firm.records.conflicts():
                questions += 1
                self.firm.records.decide_conflict(item.id, self._answer(item), OPERATOR)
            if not self.firm.waiting():
                break
        assert self.firm.waiting() == 0
        self.time.advance(seconds=400)
        self.firm.records.sync()
        return questions

    def _answer(self, item: InboxItem) -> str:
        assert "unsure" in item.payload, f"nothing else can be in question here: {item.title}"
        (_, refs), wanted = item.payload["unsure"][0], item.payload["records"][0]["mine"]["title"]
        true = self.firm.truth.read(refs)
        return next((ref for ref in refs if true[ref].props["title"] == wanted), "mine")

    def close(self) -> None:
        self.firm.truth.close()
        self.firm.store.close()
        self.notion.stop()
        self.time.close()


@pytest.fixture(scope="module")
def writers() -> Iterator["subprocess.Popen[str]"]:
    env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(PROJECT), str(PROJECT / "tests")))}
    command = [sys.executable, "-c", "from chaos.storm import main; main()"]
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, text=True) as process:
        yield process
        assert process.stdin
        process.stdin.close()


@pytest.mark.slow
@pytest.mark.parametrize(("lag_s", "key"), WEATHERS)
def test_a_storm_loses_and_doubles_nothing(
    tmp_path: Path, writers: "subprocess.Popen[str]", lag_s: int, key: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    storm = Storm(tmp_path, lag_s, key)
    answers = storm.rage(writers)
    questions = storm.come_to_rest()
    firm, told = storm.firm, Counter[str]()
    assert len(answers) == WRITES
    assert [answer for answer in answers if answer.error] == []
    for event in firm.events("record.created", "record.updated"):
        told[(event.payload or {})["after"]["owner"]] += 1
    assert {answer.word: told[answer.word] for answer in answers} == {answer.word: 1 for answer in answers}
    titles = Counter(row.props["title"] for row in firm.true().values())
    created = [answer.word for answer in answers if answer.created]
    assert titles == Counter([*created, *(f"shared {n}" for n in range(8))])
    agree(firm)
    with firm.store.read() as conn:
        assert verify(conn).ok
    assert storm.notion.crashes == []
    assert key <= (questions == 0)
    if LONG:
        least_s, waited = storm.asked / BUDGET * 60, sum(answer.receipt == "pending" for answer in answers)
        with capsys.disabled():
            print(
                f"\nlag {lag_s} s, {'key' if key else 'no key'}: {WRITES} writes in {storm.took_s:.0f} s, "
                f"{storm.asked} requests, {least_s:.0f} s by the budget ({least_s / storm.took_s:.0%}); "
                f"{storm.notion.limits.refused} refused by it; {waited} had to wait, {questions} questions; "
                f"{Counter(kind for kind, _, _ in storm.notion.faults.struck)}"
            )
    storm.close()
