"""The check of the context tree, by number of files: processor time beside the least that any check must do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import firms, processes, seeds, trees
from benchmarks.bench import Bench
from benchmarks.rows import Goal, Report, Row
from benchmarks.samples import Sample, in_turn
from onefirm import bootstrap

_RECORDS = 5  # of five seeded records one may have a file


def measure(bench: Bench) -> Report:
    """Trees of growing size: every check of every file, from nothing."""
    notes = (
        "a page of twelve sentences for each record, no two alike; peer reads the same files and looks at no word.",
        "each figure is a process of its own: nothing is kept between two checks.",
    )
    return Report("context", "checking the context tree, processor time", "reading it", tuple(_rows(bench)), notes)


def _rows(bench: Bench) -> Iterator[Row]:
    for size in (100, 300) if bench.quick else (200, 1_000, 2_000):
        bench.tell(f"growing a tree of {size:,} files")
        root = tree(bench.folder / f"tree{size}", size)
        bench.tell(f"checking {size:,} files")
        ours, peer = _taken(root, 3 if bench.quick else 7)
        yield Row(f"check of {size:,} files", "s", ours, peer, Goal("ours", "at most", 3) if size == 2_000 else None)


def tree(folder: Path, size: int) -> Path:
    """A firm with a tree of about so many files."""
    root = firms.of_size(folder, size * _RECORDS)
    with bootstrap.open_firm(root) as firm:
        trees.grow(root, (one.ref for one in seeds.records(size * _RECORDS, firm.clock.now())), size)
    return root


def _taken(root: Path, rounds: int) -> tuple[Sample, ...]:
    def ours() -> float:
        return processes.alone("context:check_alone", str(root))["cpu_s"]

    def peer() -> float:
        return processes.alone("context:read_alone", str(root))["cpu_s"]

    return in_turn(rounds, [ours, peer], warm_up=1)


def check_alone(root: str) -> dict[str, Any]:
    """In a process of its own: the first check of an open firm."""
    with bootstrap.open_firm(Path(root)) as firm:
        began = time.process_time()
        faults = firm.day.check_context()
        cpu_s = time.process_time() - began
    if faults:
        raise processes.Failed(f"the tree isn't clean: {faults[:3]}")
    return {"cpu_s": cpu_s}


def read_alone(root: str) -> dict[str, Any]:
    """In a process of its own: every file read once."""
    began = time.process_time()
    size = sum(len(path.read_text(encoding="utf-8")) for path in Path(root, "context").rglob("*.md"))
    return {"cpu_s": time.process_time() - began, "size": size}
