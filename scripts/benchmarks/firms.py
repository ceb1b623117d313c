"""Workspaces to measure in: the demo firm, and firms of any number of records."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from benchmarks import seeds
from onefirm import bootstrap, workspace
from onefirm.demo import seed
from onefirm.demo.clock import StoryClock
from onefirm.workspace import Wishes


def demo(folder: Path) -> Path:
    """The firm that `onefirm demo` makes: some 150 records, a month of history, narrative."""
    return seed.found(folder, Wishes(timezone="UTC")).root


def of_size(folder: Path, count: int) -> Path:
    """A firm of `count` records, with session.db level with its ledger."""
    now = datetime.now(UTC)
    founded = StoryClock(now - seeds.AGE)
    root = workspace.init(folder, Wishes(firm="Acme Rockets", timezone="UTC"), founded).root
    with bootstrap.open_firm(root) as firm:
        seeds.grow(firm.store, firm.ledger, firm.schema, count, now)
    with bootstrap.open_firm(root):  # opening projects what the ledger has
        return root
