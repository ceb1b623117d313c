"""What Notion does to a firm, through the command line: lists that are late and cut, and requests that fail."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from onefirm.simulators.notion import Notion
from onefirm.simulators.notion.faults import Kind
from support.connected import Connected, connected

FAULTS: tuple[Kind, ...] = ("429", "529", "409", "500", "502", "504", "drop", "after")


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Connected]:
    with Notion() as notion, connected(tmp_path, notion) as firm:
        yield firm


def shown(firm: Connected, ref: str) -> dict[str, Any]:
    """What the mirror says: a find asks nobody."""
    rows = firm.terminal.data("record", "find", "task", "--archived", "--limit", "500")["rows"]
    return next((row for row in rows if row["ref"] == ref), {})


@pytest.mark.row("STA-05")
def test_an_edit_that_lists_show_only_after_a_poll_of_the_same_minute_is_not_lost(firm: Connected) -> None:
    page = firm.row("task", "Call Jana").id
    firm.terminal.done("sync")
    firm.notion.workspace.index.lag_s = 90
    firm.notion.phone.edit(page, {"owner": "Ben"})
    assert firm.terminal.data("sync")["pulled"] == []
    firm.notion.clock.advance(seconds=100)
    assert firm.terminal.data("sync")["pulled"] == ["T-1"]


@pytest.mark.row("STA-05")
def test_trash_unshared_rows_long_relations_and_more_rows_than_a_query_shows_all_come(firm: Connected) -> None:
    firm.notion.queries.cap = 30
    pages = list[str]()
    for number in range(50):
        pages.append(firm.row("task", f"Task {number}").id)
        if number % 20 == 19:
            firm.notion.clock.advance(minutes=2)
    firm.notion.phone.edit(pages[0], {"blocked_by": pages[1:41]})
    assert len(firm.terminal.data("sync")["pulled"]) == 50
    refs = {row["title"]: row["ref"] for row in firm.terminal.data("record", "find", "task", "--limit", "99")["rows"]}
    blocked_by = firm.terminal.data("record", "get", refs["Task 0"])["props"]["blocked_by"]
    assert blocked_by == [refs[f"Task {number}"] for number in range(1, 41)]
    firm.notion.phone.trash(pages[48])
    firm.notion.phone.unshare(pages[49], firm.notion.token)
    assert set(firm.terminal.data("sync", "--sweep")["pulled"]) == {refs["Task 48"], refs["Task 49"]}
    firm.notion.phone.restore(pages[48])
    assert firm.terminal.data("sync", "--sweep")["pulled"] == [refs["Task 48"]]


@pytest.mark.row("STA-08")
def test_whatever_a_request_meets_it_is_survived_and_no_row_is_doubled(firm: Connected) -> None:
    firm.notion.faults.add("after", "pages$", method="POST")
    assert "T-1" in firm.terminal.done("record", "create", "task", "title=Call Jana").out
    for number, kind in enumerate(FAULTS):
        firm.notion.faults.add(kind, "pages/", method="PATCH", retry_after_s=0)
        firm.notion.faults.add(kind, "pages/", method="GET", retry_after_s=0)
        firm.terminal.done("record", "update", "T-1", f"owner=O{number}")
        (page,) = firm.pages("task")
        held = firm.terminal.data("record", "get", "T-1")
        assert (held["props"]["owner"], held.get("pending")) == (f"O{number}", None), kind
    assert firm.notion.workspace.pages[page.id].face.in_trash is False


@pytest.mark.row("STA-08")
def test_a_create_that_may_have_been_applied_waits_and_is_not_sent_again(firm: Connected) -> None:
    firm.notion.workspace.index.lag_s = 90
    firm.notion.faults.add("after", "pages$", method="POST")
    told = firm.terminal.done("record", "create", "task", "title=Call Jana")
    assert "waits" in told.out + told.err
    firm.row("task", "Somebody else's")
    firm.notion.clock.advance(seconds=30)
    told = firm.terminal.data("sync")
    assert (told["reachable"], told["waiting"], len(firm.pages("task"))) == (True, 1, 2), "the rest goes on meanwhile"
    firm.notion.clock.advance(seconds=100)
    firm.terminal.data("sync")
    titles = [row["title"] for row in firm.terminal.data("record", "find", "task")["rows"]]
    assert sorted(titles) == ["Call Jana", "Somebody else's"]
    assert len(firm.pages("task")) == 2
