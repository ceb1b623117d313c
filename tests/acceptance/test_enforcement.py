"""From words to guards: a rule is proposed to be enforced, the operator says yes, and Claude Code's hooks hold it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from onefirm.core.errors import InvalidInput
from onefirm.day import checks
from onefirm.memory.enforcement import Looked
from onefirm.sessions import identity
from support.hook import Answer, Firm
from support.terminal import Terminal

RULE, WHY = "Copy the database before a deploy.", "Two hours of orders were lost."


def ruled(onefirm: Terminal, rule: str = RULE, *more: str) -> str:
    ref: str = onefirm.data("lesson", "record", rule, "--why", WHY, *more)["ref"]
    onefirm.done("lesson", "decide", ref, "harden")
    return ref


def ran(firm: Firm, command: str) -> Answer:
    return firm.run("before_command", tool_name="Bash", tool_input={"command": command}, tool_use_id="t1")


@contextmanager
def claude(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as shell:
        shell.setenv("CLAUDECODE", "1")
        yield


@pytest.mark.row("MEM-12", "MEM-10")
def test_what_claude_proposes_to_refuse_is_refused_from_the_operators_yes_until_it_is_relaxed(
    onefirm: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm, told = Firm(onefirm.root), onefirm.data("lesson", "record", RULE, "--why", WHY)["ref"]
    words = ("--command", "deploy", "--instead", "run scripts/safe-deploy")
    assert "only a rule is enforced" in onefirm("lesson", "enforce", told, *words).err
    onefirm.done("lesson", "decide", told, "harden")
    with claude(monkeypatch):
        proposed = onefirm.done("lesson", "enforce", told, *words).out
        assert "proposed: refuses command “deploy”" in proposed
        assert "not enough history" in proposed
        (asked,) = [one["item"] for one in onefirm.data("lesson", "enforce", told)]
        assert f"{asked} Shall {told} be enforced as a guard?" in onefirm.done("brief").out
        assert "operator's own decision" in onefirm("lesson", "answer", asked, "yes").err
    assert ran(firm, "./bin/deploy --prod").output == {}
    onefirm.done("lesson", "answer", asked, "yes")
    denial = ran(firm, "cd shop && sudo ./bin/deploy --prod").denial
    assert denial.startswith(f"onefirm: the command was not run. {told} holds here (command “deploy”): {RULE}")
    assert f"Why: {WHY} Instead: run scripts/safe-deploy." in denial
    assert not ran(firm, "git commit -m 'we deploy on Monday'").denial
    assert f"{told} refuses command “deploy”" in onefirm.done("doctor").out
    assert "enforced: refuses command “deploy”" in onefirm.done("lesson", "court", told).out
    with claude(monkeypatch):
        assert "operator's own decision" in onefirm("lesson", "relax", told).err
    onefirm.done("guard", "off", "--for", "5m", "--why", "a hotfix")
    lifted = ran(firm, "deploy")
    assert (lifted.denial, "the guard off (a hotfix); else: L-" in lifted.context) == ("", True)
    onefirm.done("guard", "on")
    onefirm.done("lesson", "relax", told)
    assert not ran(firm, "deploy").denial
    with claude(monkeypatch):
        onefirm.done("lesson", "enforce", told, *words)
        (asked,) = [one["item"] for one in onefirm.data("lesson", "enforce", told)]
    onefirm.done("lesson", "answer", asked, "no")
    with claude(monkeypatch):
        assert f"The operator said no to that ({asked})" in onefirm("lesson", "enforce", told, *words).err


@pytest.mark.row("MEM-12")
def test_an_edit_that_a_rule_holds_is_refused_or_asked_about_and_a_retired_rule_takes_its_guard_along(
    onefirm: Terminal,
) -> None:
    firm = Firm(onefirm.root)

    def enforced(ref: str, *words: str) -> None:
        onefirm.done("lesson", "enforce", ref, *words)
        onefirm.done("lesson", "answer", onefirm.data("lesson", "enforce", ref)[-1]["item"], "yes")

    def edit(path: str, old: str, new: str) -> dict[str, Any]:
        return firm.edit(path, old, new).output.get("hookSpecificOutput", {})

    file = firm.write("site/index.html", "<p>lorem ipsum</p>\n")
    refused, asks = ruled(onefirm), ruled(onefirm, "Ask before the price list changes.")
    enforced(refused, "--path", "site/*", "--word", "Lorem ipsum")
    enforced(asks, "--path", "prices.csv", "--ask")
    assert edit("site/index.html", "<p>lorem ipsum</p>", "<p>lorem ipsum</p><b>Hi</b>") == {}
    assert edit("site/index.html", "</p>", "</p><p>lorem\nIpsum!</p>")["permissionDecision"] == "deny"
    assert edit("other/index.html", "", "lorem ipsum") == {}
    assert edit("prices.csv", "", "1;2")["permissionDecision"] == "ask"
    gone = onefirm.done("lesson", "decide", refused, "retire").err
    assert "nothing refuses edits of site/* that add “Lorem ipsum” any more" in gone
    assert edit("site/index.html", "</p>", "</p><p>lorem ipsum</p>") == {}
    compiled = onefirm.root / ".onefirm/enforced.json"
    compiled.write_text("{")
    assert "onefirm doctor --fix" in firm.edit(file, "</p>", "</p>!").denial
    assert "can't be read" in ran(firm, "onefirm doctor && rm x").denial
    assert not ran(firm, f"cd {onefirm.root} && onefirm doctor --fix").denial
    assert "what hooks hold isn't what the lessons say" in onefirm("doctor").out
    onefirm("doctor", "--fix")
    assert edit("site/index.html", "</p>", "</p>!") == {}
    onefirm.done("lesson", "decide", refused, "harden")
    onefirm.done("lesson", "relax", asks)
    assert not compiled.exists()


@pytest.mark.row("MEM-04", "MEM-12")
def test_a_rule_that_cries_wolf_and_what_the_guard_refuses_again_and_again_are_put_to_the_operator(
    onefirm: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref, root = ruled(onefirm, RULE, "--command", "make site"), str(onefirm.root)
    file = next(
        path for path in sorted((onefirm.root / "context").rglob("CLAUDE.md")) if "Record: P-" in path.read_text()
    )
    for at in range(5):
        firm = Firm(onefirm.root, client=f"client-{at}")
        session = identity.start(root, firm.client, "startup", root, None)
        assert f"- {ref}: {RULE}" in ran(firm, "make site").context
        if at < 3:
            assert firm.edit(file, "", "A reason that nobody had thought of before.").denial
        identity.mark_ending(root, session)
    onefirm.done("session", "close")
    asked = {one["what"]: one for one in onefirm.data("lesson", "consolidate")["proposals"]}
    assert f"{ref} speaks in 5 of 5 sessions and was met in 0 of them: retire it?" in asked["wolf"]["why"]
    assert "“Look at a record (record_get) before its narrative is edited.”" in asked["candidate"]["why"]
    assert "2 questions about your rules" in onefirm("service", "status").out
    onefirm.done("lesson", "answer", asked["wolf"]["id"], "yes")
    assert ran(Firm(onefirm.root, client="client-9"), "make site").context == ""
    assert f"{asked['candidate']['id']} Shall this become" in onefirm.done("lesson", "propose").out
    onefirm.done("lesson", "answer", asked["candidate"]["id"], "yes")
    assert onefirm.data("lesson", "list")["rows"][0]["rule"].startswith("Look at a record")
    with claude(monkeypatch):
        insists = onefirm("lesson", "record", "Try again.", "--why", "It timed out.", "--anyway")
        assert "operator's own decision" in insists.err


@pytest.mark.row("MEM-12")
def test_a_rule_about_records_becomes_a_check_that_the_doctor_makes(
    onefirm: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = ruled(onefirm, "What is sent has a due day.")
    wrong = onefirm("lesson", "enforce", ref, "--kind", "invoice", "--where", "status=sent", "--has", "nonsense")
    assert (wrong.code, "nonsense" in wrong.err) == (1, True)
    task = onefirm.data("record", "create", "task", "title=Send the offer")[0]["ref"]
    shown = onefirm.done("lesson", "enforce", ref, "--kind", "task", "--where", "status=todo", "--has", "due").out
    assert "proposed: expects due of every task, status todo" in shown
    assert task in shown
    onefirm.done("lesson", "answer", onefirm.data("lesson", "enforce", ref)[0]["item"], "yes")
    assert f"{ref} expects due of every task, status todo, and" in onefirm.done("doctor").out
    monkeypatch.setattr(checks, "look", changed)
    broken = onefirm("doctor").out
    assert f"{ref} expects due of every task, status todo, which nothing can: A task has no property “due”." in broken
    assert f"onefirm lesson relax {ref}" in broken
    assert "it can't be looked for any more: A task has no" in onefirm.done("lesson", "enforce", ref).out


def changed(*_: object) -> Looked:
    """What looking comes to when the property has left the schema since."""
    raise InvalidInput("A task has no property “due”.", hint="Known properties: title.")
