"""The clock that is moved: for the programs started by way of it, the ones that run too, and for nobody else."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support.moved_clock import ClockMissing, MovedClock
from support.unmeasured import not_measured

MONDAY = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
TOLD = """
import os, sys, time
for line in sys.stdin:
    open(line.strip(), "w").close()
    print(time.time(), time.monotonic(), *(os.stat(path).st_mtime for path in sys.argv[1:]), flush=True)
"""


@pytest.fixture
def clock(tmp_path: Path) -> MovedClock:
    try:
        return MovedClock(tmp_path / "clock", MONDAY)
    except ClockMissing as missing:
        not_measured(str(missing))


def test_a_running_program_sees_the_days_pass_and_its_files_age(clock: MovedClock, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    second.touch()
    python = clock.env("/usr/bin:/bin")["ONEFIRM_PYTHON"]
    with subprocess.Popen(
        [python, "-c", TOLD, first, second], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdin
        assert program.stdout
        told = []
        for path, at in ((first, MONDAY), (second, MONDAY + timedelta(days=1))):
            clock.move_to(at)
            program.stdin.write(f"{path}\n")
            program.stdin.flush()
            told.append([float(word) for word in program.stdout.readline().split()])
        program.stdin.close()
    days = [[round((word - MONDAY.timestamp()) / 86400) for word in (now, *files)] for now, _, *files in told]
    assert days == [[0, 0, 0], [1, 0, 1]]
    assert told[1][1] - told[0][1] < 86400  # what counts since the boot has stayed
