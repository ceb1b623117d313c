"""`onefirm sync` against a simulated Notion."""

import os
import pty
import re
import select
import signal
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from onefirm.simulators.notion import Notion
from support.connected import Connected, connected
from support.terminal import LAUNCHER, environment

WAIT_S = 60.0
ROWS = 130


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Connected]:
    with Notion() as notion, connected(tmp_path, notion) as firm:
        yield firm


def until(screen: int, words: str) -> None:
    """Wait until a terminal has shown these words."""
    shown = ""
    while not re.search(words, shown):
        assert select.select([screen], [], [], WAIT_S)[0], shown
        shown += os.read(screen, 10_000).decode()


def made_through_hours(firm: Connected) -> None:
    """Rows that were made a minute apart, the last of them a while ago."""
    clock = firm.notion.clock
    clock.stop(clock.now() - timedelta(hours=6))
    for number in range(ROWS):
        firm.row("task", f"Task {number}")
        clock.advance(minutes=1)
    clock.run()
    clock.advance(seconds=(6 * 60 - ROWS) * 60)


def tasks(firm: Connected) -> int:
    return len(firm.terminal.data("record", "find", "task", "--limit", "500")["rows"])


@pytest.mark.row("STA-05")
def test_a_first_pull_that_was_killed_goes_on_where_it_was(firm: Connected) -> None:
    made_through_hours(firm)
    query = f"data_sources/{firm.source('task')}/query"
    firm.notion.faults.add("slow", query, after_times=2, times=None, delay_s=WAIT_S)
    screen, stderr = pty.openpty()
    command, env = [LAUNCHER, "-C", firm.root, "sync"], environment(TERM="xterm", COLUMNS="100")
    pulling = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=stderr)
    try:
        until(screen, r"1\d\d records looked at")
    finally:
        os.kill(pulling.pid, signal.SIGKILL)
        pulling.wait()
        os.close(screen)
        os.close(stderr)
    firm.notion.faults.clear()
    taken = tasks(firm)
    assert taken >= 100
    asked = len(firm.notion.exchanges)
    told = firm.terminal.data("sync")
    assert (told["reachable"], len(told["pulled"])) == (True, ROWS - taken)
    bodies = [one.body for one in firm.notion.exchanges[asked:] if one.path.endswith(query)]
    first = next(body for body in bodies if "in_trash" not in body)
    assert first["filter"]["last_edited_time"]["on_or_after"], "what was taken over is not asked for again"
    assert tasks(firm) == ROWS


@pytest.mark.row("STA-04")
def test_a_truth_out_of_reach_is_told_with_its_reason_and_the_mirrors_age(firm: Connected) -> None:
    firm.terminal.done("sync")
    firm.notion.phone.revoke(firm.notion.token)
    refused = firm.terminal("sync")
    assert refused.code == 1
    assert "Notion refuses the token" in refused.err
    assert "What stands here is of 20" in refused.err
