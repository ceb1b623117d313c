"""A kind that the operator adds, in the real client: Claude's running session can use it at its next call."""

import pytest

from client.driver import call
from client.firm import Firm, tool
from support.own_schema import Workshop

CREATE = {"op": "create", "kind": "asset", "set": {"title": "Camera one", "serial": "0012", "condition": "new"}}


@pytest.mark.row("STA-02")
def test_a_kind_that_is_applied_beside_a_running_session_is_used_by_its_next_call(firm: Firm) -> None:
    write = call(tool("record_write"), changes=[CREATE])
    with firm.session() as session:
        session.ask("add our camera", write, "There is no such kind yet.")
        Workshop(firm.lab.project).file("asset")
        firm.cli("schema", "apply", "--why", "we rent out equipment")
        found = call(tool("record_find"), kind="asset", where={"condition": "new"})
        moved = call(tool("record_write"), changes=[{"op": "update", "ref": "AS-1", "set": {"status": "rented"}}])
        session.ask("now add it", write, found, moved, "AS-1 is rented.")
    refused, written, listed, rented = session.run.results
    assert refused.refused
    assert "There is no kind “asset”" in refused.text
    assert not written.refused
    assert "AS-1" in written.text
    assert "Camera one" in listed.text
    assert "rented" in rented.text
    assert firm.json("record", "get", "AS-1")["props"]["serial"] == "0012"


@pytest.mark.row("STA-02")
def test_the_next_session_is_told_of_the_kind(firm: Firm) -> None:
    firm.run("hello", "Hello.")
    Workshop(firm.lab.project).file("asset")
    firm.cli("schema", "apply")
    run = firm.run("good morning", "Good morning.")
    assert "The kind asset is added: its refs look like AS-1" in run.first.text
