"""Where things stand, by number of records: processor time beside the least that any answer must do."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks import firms, processes
from benchmarks.bench import PROJECT, Bench
from benchmarks.rows import Goal, Report, Row
from benchmarks.samples import Sample, in_turn
from onefirm import bootstrap
from onefirm.core.attribution import SYSTEM, By

COMMAND = (str(PROJECT / "bin" / "onefirm"), "brief")


def measure(bench: Bench) -> Report:
    """Firms of growing size: the brief by itself, then the whole command."""
    notes = (
        "a third of the records is open; peer is one pass with sqlite3 over the same rows that reads each one's JSON.",
        "growth: ours is the time at that size, peer what the size before takes times the growth in records.",
        "`onefirm brief`: the whole process, by the launcher.",
    )
    return Report("brief", "where things stand, processor time", "reading the rows", tuple(_rows(bench)), notes)


def _rows(bench: Bench) -> Iterator[Row]:
    sizes = (300, 1_000) if bench.quick else (1_000, 10_000, 100_000)
    before: tuple[int, Sample] | None = None
    for size in sizes:
        bench.tell(f"seeding {size:,} records")
        root = firms.of_size(bench.folder / f"firm{size}", size)
        bench.tell(f"asking for the brief of {size:,} records")
        told, command, peer = _taken(root, 3 if bench.quick or size > 10_000 else 9)
        yield Row(f"brief of {size:,} records", "s", told, peer, _second(size))
        yield Row(f"  `onefirm brief`, {size:,}", "s", command, None, _second(size))
        if before:
            linear = before[1].scaled(size / before[0])
            yield Row(f"  growth to {size:,}, against linear", "s", told, linear, Goal("ratio", "at most", 1.25))
        before = size, told


def _second(size: int) -> Goal | None:
    return Goal("ours", "at most", 1) if size <= 10_000 else None


def _taken(root: Path, rounds: int) -> tuple[Sample, ...]:
    """CPU seconds of the brief, of the command and of the peer."""

    def ours() -> float:
        return processes.alone("brief:brief_alone", str(root))["cpu_s"]

    def command() -> float:
        done = processes.run(COMMAND, cwd=root)
        if done.code or not done.out:
            raise processes.Failed(f"onefirm brief: exit {done.code}")
        return done.cpu_ms / 1000

    def peer() -> float:
        return processes.alone("brief:pass_alone", str(root))["cpu_s"]

    return in_turn(rounds, [ours, command, peer], warm_up=1)


def brief_alone(root: str) -> dict[str, Any]:
    """In a process of its own: a pull that finds nothing new, and the first brief of an open firm."""
    with bootstrap.open_firm(Path(root)) as firm:
        began = time.process_time()
        firm.records.sync(By(SYSTEM))
        told = firm.day.brief()
        cpu_s = time.process_time() - began
    if not told.lines or not told.changes:
        raise processes.Failed("the brief is empty")
    return {"cpu_s": cpu_s, "lines": len(told.lines), "peak_mb": processes.peak_mb()}


def pass_alone(root: str) -> dict[str, Any]:
    """In a process of its own: every record's values read once."""
    began = time.process_time()
    with closing(sqlite3.connect(Path(root) / ".onefirm" / "firm.db")) as conn:
        rows = [
            (ref, status, json.loads(props))
            for ref, status, props in conn.execute("SELECT ref, status, props FROM record")
        ]
    return {"cpu_s": time.process_time() - began, "rows": len(rows)}
