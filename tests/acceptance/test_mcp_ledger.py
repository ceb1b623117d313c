"""Provenance through the tools: a dispute is settled by one call."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from onefirm.workspace import Wishes
from support.firms import new_firm
from support.over_mcp import Firm, Refusal, connected


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    root: Path = tmp_path_factory.mktemp("firm")
    new_firm(root, Wishes(firm="Ann Consulting", timezone="Europe/Berlin"))
    with connected(root) as firm:
        yield firm


@pytest.mark.row("LED-03")
def test_one_call_shows_who_did_what_when_and_why(firm: Firm) -> None:
    client = firm.create("client", title="Acme Rockets")
    invoice = firm.create("invoice", title="First third", client=client, amount="4166.67 EUR")
    change = {"op": "update", "ref": invoice, "set": {"amount": "4000.00 EUR"}}
    written = firm.row("record_write", changes=[change], reason="the discount we agreed on the phone")
    decision = firm.row("decision_record", what="Acme gets a discount", why="they pay in advance", about=[invoice])
    tree = firm.call("ledger_trace", ref=invoice)["tree"]
    for told in (
        "First third", "Claude created invoice", "amount from 4166.67 EUR to 4000.00 EUR",
        "because: the discount we agreed on the phone", decision["ref"], "they pay in advance", client,
    ):  # fmt: skip
        assert told in tree
    assert len(tree.splitlines()) < 45
    assert invoice in firm.call("ledger_trace", ref=written["event"])["tree"]


@pytest.mark.row("LED-03")
def test_a_decision_is_traced_to_what_it_weighed_and_replaced(firm: Firm) -> None:
    project = firm.create("project", title="Launch site")
    first = firm.row("decision_record", what="Use a wiki", why="we know it", about=[project])["ref"]
    second = firm.row(
        "decision_record", what="Use plain pages", why="the wiki was down", alternatives=["a shop"], supersedes=first
    )["ref"]
    tree = firm.call("ledger_trace", ref=second)["tree"]
    assert "instead of: a shop" in tree
    assert first in tree


@pytest.mark.row("LED-03")
def test_an_unknown_ref_is_refused_with_what_to_do(firm: Firm) -> None:
    with pytest.raises(Refusal, match="knows nothing about INV-99"):
        firm.call("ledger_trace", ref="INV-99")
