"""What the operator chooses when Claude asks: told once, listed while no decision says it, recorded by one command."""

import pytest

from onefirm.day import choices
from support.asked import chosen, question
from support.hook import Firm
from support.terminal import Terminal

PLACE = "Where do we keep the calendar?"


@pytest.mark.row("MEM-01")
def test_what_the_operator_chose_when_asked_becomes_a_decision_with_one_command(
    onefirm: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = Firm(onefirm.root)
    first = chosen(firm, question(), "One file").context
    assert "the operator chose “One file” over “A server”" in first
    assert f"asked in session {firm.session()}" in first
    assert chosen(firm, question("Which day?", Monday="", Friday=""), "Friday", "they are there then").context == ""
    for other, answer in (
        (question("Shall I?", Write="", Change="", Leave=""), "Write"),  # a gate
        (question("Which one?", A="", B=""), "What is the difference?"),
        (question("Which account?", A="", B=""), "the one with password: hunter2hunter2"),
    ):
        assert chosen(firm, other, answer).context == ""
    firm.run("prompt", prompt="/onefirm:draft-proposal PR-2")
    assert chosen(firm, question("Which price?", Fixed="", Hourly=""), "Fixed").context == ""

    assert [one["question"] for one in onefirm.data("decision", "choices")] == ["Which day?", PLACE]
    assert (
        "no decision says so: “Which day? Friday” and 1 more (`onefirm decision choices`)" in onefirm.done("brief").out
    )
    with monkeypatch.context() as killed:
        killed.setattr(choices, "_drop", died)
        assert onefirm("decision", "adopt", "1", "--about", "P-1").code == 3
    assert "There is no choice 1" in onefirm("decision", "adopt", "1").err  # it was recorded before
    (made,) = [one for one in onefirm.data("decision", "list")["rows"] if PLACE in one["what"]]
    assert (made["what"], made["why"]) == (f"{PLACE} One file", "Nobody has to look after it.")
    assert (made["alternatives"], made["evidence"]) == (["A server"], [f"asked in session {firm.session()}"])
    assert onefirm.data("decision", "choices", "--forget", "2")["why"] == "they are there then"
    assert onefirm("decision", "adopt", "2").code == 1
    assert onefirm.data("decision", "choices") == []
    assert "no decision says so" not in onefirm.done("brief").out


@pytest.mark.row("MEM-01", "NAR-09")
def test_a_choice_that_a_decision_of_its_session_says_is_settled_and_one_behind_a_wall_stays_there(
    onefirm: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = Firm(onefirm.root, client="wide")
    chosen(firm, question(), "One file")
    chosen(firm, question("Shall we raise the price in March?", Yes="", No=""), "Yes")
    which = question("Which colours?", **{"Red, dark": "", "Blue": "", "Green": ""})
    chosen(firm, which | {"multiSelect": True}, "Red, dark, Blue")
    as_claude(monkeypatch, "wide")
    colours, price, _ = onefirm.data("decision", "choices")
    assert colours["rejected"] == ["Green"]
    onefirm.done("decision", "record", "The calendar is one file", "--why", "nobody looks after a server")
    onefirm.done("decision", "record", "No portal, and yes to mail", "--why", "nobody asked")
    assert onefirm.data("decision", "choices") == [colours, price]
    onefirm.done("decision", "record", "Raise the price in March", "--why", "two years are over")
    onefirm.done("decision", "record", "The logo is red, dark, blue", "--why", "it fits")
    assert onefirm.data("decision", "choices") == []

    firm.client = "walled"
    firm.session()
    as_claude(monkeypatch, "walled")
    onefirm.done("session", "client", "CL-1")
    chosen(firm, question(), "A server")
    assert [one["chosen"] for one in onefirm.data("decision", "choices")] == ["A server"]
    firm.client = "other"
    firm.session()
    as_claude(monkeypatch, "other")
    onefirm.done("session", "client", "CL-2")
    assert onefirm.data("decision", "choices") == []
    monkeypatch.undo()
    (one,) = onefirm.data("decision", "choices")
    assert onefirm.data("decision", "adopt", str(one["id"]))["about"] == ["CL-1"]


def died(*_: object) -> None:
    raise RuntimeError("killed")


def as_claude(patch: pytest.MonkeyPatch, client: str) -> None:
    """From here on a command runs as the Bash tool of this client's session runs it."""
    patch.setenv("CLAUDECODE", "1")
    patch.setenv("CLAUDE_CODE_SESSION_ID", client)
