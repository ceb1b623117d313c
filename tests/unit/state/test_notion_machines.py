"""Several machines, each with a store of its own, on one Notion: what one does reaches the other, once."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from contract import notions
from contract.notions import LAG
from contract.office import OPERATOR, SCHEMA, Office, agree, sqlite_office
from onefirm.simulators.notion import Notion
from onefirm.state.truth.notion import gaps, survey
from onefirm.state.truth.notion.call import Caller
from onefirm.state.truth.notion.mapping import NotionMapping
from onefirm.state.truth.notion.pace import Pace
from support.clock import FixedClock
from support.notion_wire import Wire


class Machines:
    """A laptop and a desk computer, and the Notion between them."""

    def __init__(self, folder: Path, clock: FixedClock, numbered: bool) -> None:
        self.clock, self.folder = clock, folder
        self.notion = Notion(clock=clock, index_lag_s=LAG.total_seconds())
        self.desk = notions.office(self.notion, SCHEMA, clock, only=("task", "project"))
        if not numbered:
            places = {name: replace(place, ref=None) for name, place in self.desk.mapping.places.items()}
            self.desk = replace(self.desk, mapping=NotionMapping(places, self.notion.url))
        self.laptop, self.tower = self._machine("laptop"), self._machine("tower")

    def _machine(self, name: str) -> Office:
        (self.folder / name).mkdir()
        return sqlite_office(
            self.folder / name, self.clock, lambda store, *_: self.desk.truth(store, transport=Wire(self.notion))
        )

    def sync(self) -> None:
        """Both look, once the lists have caught up."""
        self.clock.advance(seconds=LAG.total_seconds() + 61)
        self.laptop.records.sync()
        self.tower.records.sync()

    def rows(self) -> int:
        return len(self.notion.workspace.pages) - 1  # the page that the databases lie on


@pytest.fixture
def make(tmp_path: Path, clock: FixedClock) -> Iterator[Callable[[bool], Machines]]:
    made = list[Machines]()

    def build(numbered: bool = True) -> Machines:
        made.append(Machines(tmp_path, clock, numbered))
        return made[-1]

    yield build
    for machines in made:
        machines.sync()
        for office in (machines.laptop, machines.tower):
            agree(office)
            office.truth.close()
            office.store.close()
        machines.notion.stop()
        assert machines.notion.crashes == []


def said(office: Office) -> dict[str, dict[str, object]]:
    return {ref: dict(record.props) for ref, record in office.mirrored().items()}


def test_edits_of_each_reach_the_other_under_the_same_refs(make: Callable[..., Machines]) -> None:
    machines = make()
    project = machines.laptop.create("project", title="Shop")
    machines.sync()
    task = machines.tower.create("task", title="Call", project=project)
    machines.sync()
    machines.laptop.update(task, status="doing")
    machines.tower.update(task, owner="Ben")
    machines.sync()
    assert said(machines.laptop) == said(machines.tower)
    held = machines.tower.records.get(task).props
    assert (held["status"], held["owner"], held["project"]) == ("doing", "Ben", project)
    assert machines.rows() == 2


def test_what_both_make_at_once_is_two_rows_and_never_three(make: Callable[..., Machines]) -> None:
    machines = make()
    machines.notion.faults.add("after", path="pages", method="POST", times=2)
    for office, title in ((machines.laptop, "ours"), (machines.tower, "theirs")):
        office.create("task", title=title)
    for _ in range(3):
        machines.sync()
    assert sorted(str(props["title"]) for props in said(machines.laptop).values()) == ["ours", "theirs"]
    assert said(machines.laptop) == said(machines.tower)
    assert machines.rows() == 2


def test_a_conflict_between_two_machines_is_asked_about_with_both_values(make: Callable[..., Machines]) -> None:
    machines = make()
    task = machines.laptop.create("task", title="Call", due="2026-12-01")
    machines.sync()
    machines.notion.faults.add("drop", times=None)
    assert machines.laptop.update(task, due="2026-12-09").receipt == "pending"
    machines.notion.faults.clear()
    machines.tower.update(task, due="2026-12-24")
    machines.sync()
    (item,) = machines.laptop.records.conflicts()
    (side,) = item.payload["records"]
    assert (side["mine"], side["theirs"]) == ({"due": "2026-12-09"}, {"due": "2026-12-24"})
    machines.laptop.records.decide_conflict(item.id, "mine", OPERATOR)
    machines.sync()
    assert machines.tower.records.get(task).props["due"] == "2026-12-09"
    assert machines.tower.records.conflicts() == []


def test_without_a_property_that_numbers_rows_refs_differ_and_the_check_of_the_mapping_says_so(
    make: Callable[..., Machines],
) -> None:
    machines = make(numbered=False)
    for title in ("one", "two"):
        machines.notion.phone.row(machines.desk.sources["task"], {"title": title})
    first = machines.tower.create("task", title="three")
    machines.sync()
    by_title = {str(props["title"]): ref for ref, props in said(machines.laptop).items()}
    machines.laptop.update(by_title["three"], owner="Ben")
    machines.sync()
    assert machines.tower.records.get(first).props["owner"] == "Ben", "whatever it is called there"
    assert by_title["three"] != first
    caller = Caller(machines.notion.token, machines.notion.url, Pace(), transport=Wire(machines.notion))
    found = asyncio.run(survey.sources(caller, [source.id for source in machines.desk.sources.values()]))
    told = [gap.said for gap in gaps.gaps(machines.desk.mapping, SCHEMA, found) if gap.sort == "ref"]
    assert len(told) == 2
    assert all(gaps.WITHOUT_REF in one for one in told)
    assert machines.rows() == 3
