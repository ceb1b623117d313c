"""Where things stand, as Claude is told it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from onefirm.workspace import Wishes
from support.firms import new_firm
from support.over_mcp import Firm, Refusal, connected

TODAY = datetime.now(UTC).date()


def day(days: int) -> str:
    """A date so many days from now; far enough from midnight in any zone where it matters."""
    return (TODAY + timedelta(days=days)).isoformat()


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    root: Path = tmp_path_factory.mktemp("firm")
    new_firm(root, Wishes(firm="Ann Consulting", timezone="UTC"))
    with connected(root) as firm:
        firm.create("task", title="Late task", due=day(-5))
        firm.create("task", title="Soon task", due=day(3))
        firm.create("task", title="Far task", due=day(90))
        blocked = firm.create("task", title="Stuck task")
        firm.update(blocked, status="blocked")
        waiting = firm.create("task", title="Waiting task")
        firm.update(waiting, status="waiting", waiting_on="the range officer")
        firm.create("project", title="Aimless project", due=day(200))
        yield firm


def lines(firm: Firm) -> dict[str, str]:
    return {row["title"]: row["rule"] for row in firm.rows("brief_get", detail="detailed")}


@pytest.mark.row("STA-12")
def test_the_brief_says_what_is_blocked_overdue_due_waiting_and_without_next_action(firm: Firm) -> None:
    assert lines(firm) == {
        "Stuck task": "blocked",
        "Late task": "overdue",
        "Soon task": "due soon",
        "Waiting task": "waiting",
        "Aimless project": "no next action",
    }


@pytest.mark.row("STA-12")
def test_the_brief_is_the_same_every_time(firm: Firm) -> None:
    one, two = (firm.call("brief_get", detail="detailed")["rows"] for _ in range(2))
    assert one == two


@pytest.mark.row("STA-12")
def test_each_line_of_the_brief_is_explained_by_its_facts(firm: Firm) -> None:
    for row in firm.rows("brief_get", detail="detailed"):
        told = firm.call("brief_get", explain=row["n"])["explanation"]
        assert row["ref"] in told
        assert row["rule"] in told
        assert "  - " in told
    with pytest.raises(Refusal, match="no line 99"):
        firm.call("brief_get", explain=99)


@pytest.mark.row("STA-12")
def test_the_text_of_the_brief_names_the_same_lines(firm: Firm) -> None:
    text = firm.call("brief_get")["brief"]
    assert all(title in text for title in lines(firm))
    assert "Far task" not in text.partition("## Where things stand")[2]
    assert firm.read("firm://brief").partition("\n")[0] == text.partition("\n")[0]


@pytest.mark.row("STA-04")
def test_the_brief_tells_all_that_changed_since_the_last_close(firm: Firm) -> None:
    ref = firm.create("client", title="Dune Couriers")
    firm.update(ref, industry="logistics")
    firm.call("decision_record", what="Dune gets the pilot", why="they pay first", about=[ref])
    changes = firm.call("brief_get", detail="detailed")["changes"]
    assert [change for change in changes if ref in change and "Dune Couriers" in change]
    assert [change for change in changes if "Dune gets the pilot" in change]


@pytest.mark.row("STA-12")
def test_a_detailed_brief_keeps_the_cap_however_much_has_changed(tmp_path: Path, tokens) -> None:
    new_firm(tmp_path / "firm", Wishes(firm="Ann Consulting", timezone="UTC"))
    with connected(tmp_path / "firm") as firm:
        for part in range(6):
            changes = [
                {
                    "op": "create",
                    "kind": "task",
                    "set": {"title": f"Task {part} {n} " + "words " * 30, "due": "2020-01-01"},
                }
                for n in range(50)
            ]
            firm.call("record_write", changes=changes)
        answer = firm.call("brief_get", detail="detailed")
    assert tokens(json.dumps(answer, ensure_ascii=False)) <= 8_000
    assert "more changes" in answer["hint"]
