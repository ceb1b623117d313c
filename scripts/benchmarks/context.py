"""The check of the context tree, by number of files: processor time beside the least that any check must do."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import firms, processes, seeds, trees
from benchmarks.bench import Bench
from benchmarks.rows import Goal, Report, Row
from benchmarks.samples import Sample, in_turn
from onefirm import bootstrap

_EDITS = 9
_RECORDS = 5  # of five seeded records one may have a file


def measure(bench: Bench) -> Report:
    """Trees of growing size: every file checked, from nothing and after an edit, and what else reads them all."""
    notes = (
        "a page of twelve sentences for each record, no two alike; peer reads the same files and looks at no word.",
        "each figure is a process of its own, in which nothing is kept of another.",
        "after one edit: a look of `context watch`, from the save of a file to its fault; the median of nine edits.",
    )
    return Report("context", "checking the context tree, processor time", "reading it", tuple(_rows(bench)), notes)


def _rows(bench: Bench) -> Iterator[Row]:
    rounds = 3 if bench.quick else 7
    for size in (100, 300) if bench.quick else (200, 1_000, 2_000):
        bench.tell(f"growing a tree of {size:,} files")
        root = tree(bench.folder / f"tree{size}", size)
        bench.tell(f"checking {size:,} files")
        ours, peer = _taken(root, rounds, "check_alone", "read_alone")
        yield Row(f"check of {size:,} files", "s", ours, peer, Goal("ours", "at most", 3) if size == 2_000 else None)
        if size in (300, 2_000):
            yield from _of_many(bench, root, rounds, size)


def _of_many(bench: Bench, root: Path, rounds: int, size: int) -> Iterator[Row]:
    bench.tell(f"editing one of {size:,} files, and looking for drift")
    edited, drift, fresh, peer = _taken(root, rounds, "edit_alone", "drift_alone", "fresh_alone", "read_alone")
    goal = Goal("ours", "at most", 0.1) if size == 2_000 else None
    yield Row(f"check of {size:,} files after one edit", "s", edited, peer, goal)
    yield Row(f"drift of {size:,} files", "s", drift, peer)
    yield Row(f"freshness of {size:,} files", "s", fresh, peer)


def tree(folder: Path, size: int) -> Path:
    """A firm with a tree of about so many files."""
    root = firms.of_size(folder, size * _RECORDS)
    with bootstrap.open_firm(root) as firm:
        trees.grow(root, (one.ref for one in seeds.records(size * _RECORDS, firm.clock.now())), size)
    return root


def _taken(root: Path, rounds: int, *names: str) -> tuple[Sample, ...]:
    def one(name: str) -> float:
        return processes.alone(f"context:{name}", str(root))["cpu_s"]

    return in_turn(rounds, [partial(one, name) for name in names], warm_up=1)


def edit_alone(root: str) -> dict[str, Any]:
    """In a process of its own: a watcher tells the fault of each edit, in the middle one's time."""
    taken: list[float] = []
    with bootstrap.open_firm(Path(root)) as firm, closing(firm.day.watch_context()) as looks:
        next(looks)
        for path in sorted(Path(root, "context").rglob("*.md"))[-_EDITS:]:
            before = path.read_text(encoding="utf-8")
            began = time.process_time()
            path.write_text(f"{before}\nSee [the plan](plan.md), which the bakers keep.\n", encoding="utf-8")
            look = next(looks)
            taken.append(time.process_time() - began)
            path.write_text(before, encoding="utf-8")
            if [fault.rule for fault in look.appeared] != ["link"] or not next(looks).gone:
                raise processes.Failed(f"the edit wasn't seen alone: {look}")
    return {"cpu_s": statistics.median(taken)}


def drift_alone(root: str) -> dict[str, Any]:
    """In a process of its own: what the narrative says, held against the truth."""
    with bootstrap.open_firm(Path(root)) as firm:
        began = time.process_time()
        firm.day.drift()
        return {"cpu_s": time.process_time() - began}


def fresh_alone(root: str) -> dict[str, Any]:
    """In a process of its own: how fresh each file is."""
    with bootstrap.open_firm(Path(root)) as firm:
        began = time.process_time()
        firm.day.freshness()
        return {"cpu_s": time.process_time() - began}


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
