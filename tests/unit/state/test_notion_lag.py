"""Edits and polls at random, in lists that lag and times cut to the minute: at rest no row of the mirror is stale.

The profile `long` makes 200 runs at each lag.
"""

import random
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings

from contract import notions
from contract.office import SCHEMA, Office, sqlite_office
from onefirm.simulators.notion import Notion
from support.clock import FixedClock
from support.notion_wire import Wire

RUNS = 200 if settings().max_examples >= 5000 else 2
ROWS, ACTS = 20, 60


def live(folder: Path, lag_s: int, seed: int) -> tuple[Office, dict[str, tuple[str, bool]]]:
    """A while of edits by phone and polls, 1 to 25 s apart; the firm afterwards, and each title's owner and trash."""
    chance, clock = random.Random(seed), FixedClock()
    notion = Notion(clock=clock, index_lag_s=lag_s, seed=seed)
    desk = notions.office(notion, SCHEMA, clock, only=("task",))
    firm = sqlite_office(
        folder, clock, lambda store, *_: desk.truth(store, lag=timedelta(seconds=120), transport=Wire(notion))
    )
    rows = {f"row {n}": notion.phone.row(desk.sources["task"], {"title": f"row {n}"}).id for n in range(ROWS)}
    true = dict.fromkeys(rows, ("", False))
    for number in range(ACTS):
        clock.advance(seconds=chance.uniform(1, 25))
        title, what = chance.choice(sorted(rows)), chance.random()
        owner, trashed = true[title]
        if what < 0.35:
            firm.records.sync()
        elif what < 0.45:
            (notion.phone.restore if trashed else notion.phone.trash)(rows[title])
            true[title] = owner, not trashed
        elif not trashed:
            notion.phone.edit(rows[title], {"owner": f"edit {number}"})
            true[title] = f"edit {number}", False
    clock.advance(seconds=lag_s + 1)
    firm.records.sync()
    notion.stop()
    firm.truth.close()
    return firm, true


@pytest.mark.parametrize("lag_s", [0, 20, 90])
def test_at_rest_no_row_is_stale(tmp_path: Path, lag_s: int) -> None:
    stale = list[str]()
    for seed in range(RUNS):
        firm, true = live(tmp_path, lag_s, seed)
        mirrored = {row.title: (str(row.props.get("owner", "")), row.archived) for row in firm.mirrored().values()}
        firm.store.close()
        stale += [f"{seed}: {title} {mirrored.get(title)}" for title in true if mirrored.get(title) != true[title]]
    assert stale == []
