"""Memory in the real client: what was decided comes back by itself, and a mistake that recurs becomes a rule."""

from collections.abc import Callable

import pytest

from client.driver import Call, Host, Reply, Run, allow, call
from client.firm import TOOLS, Firm
from onefirm.sessions.told import PROMPT

RULE, ONCE = "Copy the database before a deploy", "Name the file after the day it was sent"
MISTAKE = {"rule": RULE, "why": "Two hours of orders were lost.", "trigger": {"words": ["deploy"]}}
LINE = "about P-1): The shop runs on Shopify. Acme has nobody to look after a server."


def told(run: Run, what: str) -> list[int]:
    """How often the model was told something in each request of the conversation."""
    return [asked.text.count(what) for asked in run.lane()]


@pytest.mark.row("MEM-07")
def test_a_decision_comes_back_at_the_prompt_that_it_concerns_once(firm: Firm) -> None:
    why = "Acme has nobody to look after a server."
    firm.cli("decision", "record", "The shop runs on Shopify", "--why", why, "--about", "P-1")
    with firm.session() as session:
        session.ask("What time is it?", "Late.")
        session.ask("On which server does the shop of Acme run?", "On Shopify.")
        session.ask("The server of the Acme shop, once more?", "On Shopify.")
    assert told(session.run, LINE) == [0, 1, 1]


@pytest.mark.row("MEM-01")
def test_what_the_operator_chose_is_told_once_and_waits_until_a_decision_says_it(firm: Firm) -> None:
    host = Host(lambda permission: allow(permission, answers={"Where?": "One file"}))
    choices = [{"label": label, "description": label} for label in ("One file", "A server")]
    asked = {"question": "Where?", "header": "Place", "multiSelect": False, "options": choices}
    ask = Reply(calls=(Call("AskUserQuestion", {"questions": [asked]}),))
    with firm.session(host=host) as session:
        session.ask("/onefirm:start", ask, "There.")
        assert firm.json("decision", "choices") == [], "a playbook records by itself"
        session.ask("Keep the calendar somewhere.", ask, ask, "There.")
        assert [one["question"] for one in firm.json("decision", "choices")] == ["Where?", "Where?"]
        record = call(f"{TOOLS}__decision_record", what="The calendar is one file", why="Said so.")
        session.ask("For good.", record, "Noted.")
        assert firm.json("decision", "choices") == []
    assert told(session.run, "the operator chose “One file” over “A server”") == [0, 0, 0, 1, 1, 1, 1]


@pytest.mark.row("MEM-02", "MEM-03", "MEM-04")
def test_a_mistake_that_recurs_elsewhere_is_a_rule_before_it_happens_a_third_time_until_it_cries_wolf(
    firm: Firm, tokens: Callable[[str], int]
) -> None:
    firm.cli("record", "create", "project", "title=Launch site", "client=CL-1")
    once = {"rule": ONCE, "why": "Nobody found it.", "about": ["P-1"]}
    with firm.session() as session:
        session.ask("note it", call(f"{TOOLS}__lesson_record", **MISTAKE, about=["P-1"]), "Noted.")
        session.ask("and that", call(f"{TOOLS}__lesson_record", **once), "Noted.")
        session.ask("again, the same", call(f"{TOOLS}__lesson_record", **once), "Noted.")
    assert standing(firm) == {"L-1": "candidate", "L-2": "candidate"}
    with firm.session() as session:
        session.ask("it happened again", call(f"{TOOLS}__lesson_record", **MISTAKE, about=["P-2"]), "Noted.")
    assert standing(firm) == {"L-1": "hardened", "L-2": "candidate"}
    with firm.session() as session:
        session.ask("Deploy the site now.", "First a copy.")
        session.ask("And deploy the shop.", "First a copy.")
    assert told(session.run, f"- L-1: {RULE}") == [1, 1]
    assert told(session.run, ONCE) == [0, 0]
    said = session.run.first.text.partition("The firm learned:")[2].partition("\n\n")[0]
    assert 0 < tokens(said) <= PROMPT
    assert asked_about(firm) == []
    for _ in range(4):
        with firm.session() as session:
            session.ask("Deploy the site now.", "Done.")
    assert asked_about(firm) == [("wolf", ["L-1"])]


def asked_about(firm: Firm) -> list[tuple[str, list[str]]]:
    """What the operator is asked about the firm's rules, once the sessions before are closed."""
    firm.cli("session", "close")
    return [(one["what"], one["refs"]) for one in firm.json("lesson", "consolidate")["proposals"]]


def standing(firm: Firm) -> dict[str, str]:
    """How each lesson stands."""
    return {one["ref"]: one["status"] for one in firm.json("lesson", "list")["rows"]}
