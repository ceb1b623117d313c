"""A firm on Notion through the tools, over real stdio: what Claude is told when Notion doesn't do as it was asked."""

from collections.abc import Iterator
from typing import Any

import pytest

from onefirm.simulators.notion import Notion
from support import over_mcp
from support.connected import Connected, connected
from support.over_mcp import Firm, Refusal


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connected]:
    with Notion() as notion, connected(tmp_path_factory.mktemp("firm"), notion) as office:
        yield office


@pytest.fixture(scope="module")
def firm(office: Connected) -> Iterator[Firm]:
    with over_mcp.connected(office.root) as firm:
        yield firm


@pytest.mark.row("STA-06")
def test_what_was_made_before_a_refusal_is_named_with_where_it_lies_and_holds_nowhere(
    office: Connected, firm: Firm
) -> None:
    office.notion.phone.delete_property(office.desk.sources["task"], "waiting_on")
    changes: list[dict[str, Any]] = [
        {"op": "create", "kind": "project", "set": {"title": "New project"}},
        {"op": "create", "kind": "task", "set": {"title": "New task", "waiting_on": "the range"}},
    ]
    with pytest.raises(Refusal) as refused:
        firm.call("record_write", changes=changes)
    for told in ("lies in Notion's trash: P-1 “New project”", "Nothing of it holds", "write all of it again"):
        assert told in str(refused.value)
    (page,) = office.pages("project")
    assert page.face.in_trash
    assert firm.rows("record_find", text="New") == []
    archived, created = firm.rows("record_get", refs=["P-1"], timeline=True)
    assert "created project P-1" in created["what"]
    assert "because: what was to be written with it was refused" in archived["what"]
    office.terminal.done("sync")
    assert len(firm.rows("record_get", refs=["P-1"], timeline=True)) == 2, "a pull finds it as it is known"
    del changes[1]["set"]["waiting_on"]
    written = firm.rows("record_write", changes=changes)
    assert [row["ref"] for row in written] == ["P-2", "T-1"]
