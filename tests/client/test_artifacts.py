"""A draft becomes an artifact in the real client: one Bash rule suffices, and the model can read it back."""

import pytest

from client.driver import Lab, call
from client.firm import TOOLS, found, tool

RULE = "Bash(onefirm artifact add:*)"
DRAFT = "# Offer\n\nTwelve days at 900 EUR.\n"


@pytest.mark.row("STA-13")
def test_a_draft_is_kept_by_the_one_command_that_its_rule_allows(lab: Lab) -> None:
    firm = found(lab)
    file = lab.project / "offer.md"
    run = firm.run(
        "draft the offer",
        call("Write", file_path=str(file), content=DRAFT),
        call("Bash", command="onefirm artifact add offer.md --about P-1 --kind proposal"),
        call(tool("record_get"), refs=["P-1"], detail="detailed"),
        call("ReadMcpResourceTool", server="plugin:onefirm:firm", uri="firm://artifacts/ART-1"),
        call("Bash", command="onefirm record archive P-1"),
        "Kept as ART-1.",
        allow=[TOOLS, RULE, "Write"],
    )
    _, added, looked, text, other = run.results
    assert not added.refused
    assert "ART-1 offer.md (proposal) for P-1" in added.text
    assert "ART-1 offer.md (proposal)" in looked.text
    assert "Twelve days at 900 EUR." in text.text
    assert other.refused, "the rule allows nothing else"
    (kept,) = firm.json("artifact", "list", "--about", "P-1")
    assert (kept["kind"], kept["actor"]) == ("proposal", "claude")
