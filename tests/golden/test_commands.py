"""Each playbook as the client and the model see it: valid front matter, sections in order, nothing that isn't there.

`ONEFIRM_ACCEPT_GOLDEN=1` writes the reference; read what changed as a diff.
"""

import os
import re
from collections.abc import Callable

import pytest

from mcp_server.registry import TOOLS
from support import playbooks

PLAYBOOKS = playbooks.every()
OFFERED = {offer.run.__name__ for offer in TOOLS if not offer.internal}
WRITING = {"record_write", "record_undo", "decision_record", "lesson_record"}
CLIENTS = {"AskUserQuestion", "Read", "Edit(context/**)"}
SHELL = re.compile(r"Bash\((onefirm [a-z -]+?)(:\*)?\)")
BODY_BUDGET = 600
CATALOGUE_BUDGET = 1_400


def words(name: str) -> set[str]:
    """What stands in backticks in a playbook."""
    return set(re.findall(r"`([^`\n]+)`", PLAYBOOKS[name].body))


def test_the_reference_says_what_the_playbooks_say() -> None:
    if os.environ.get("ONEFIRM_ACCEPT_GOLDEN") == "1":
        playbooks.REFERENCE.write_text(playbooks.markdown(), encoding="utf-8")
    assert playbooks.REFERENCE.read_text(encoding="utf-8") == playbooks.markdown()


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_the_readme_names_it(name: str) -> None:
    assert re.search(f"`(/onefirm:)?{name}`", (playbooks.PROJECT / "README.md").read_text(encoding="utf-8"))


def test_the_catalogue_costs_little_in_every_session(tokens: Callable[[str], int]) -> None:
    assert tokens("".join(playbook.listed for playbook in PLAYBOOKS.values())) <= CATALOGUE_BUDGET


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_a_playbook_is_short(name: str, tokens: Callable[[str], int]) -> None:
    assert tokens(PLAYBOOKS[name].body) <= BODY_BUDGET
    assert len(PLAYBOOKS[name].front["description"]) <= 250


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_its_front_matter_has_what_the_client_knows_and_no_more(name: str) -> None:
    front = PLAYBOOKS[name].front
    assert front.keys() <= {"description", "argument-hint", "allowed-tools"}
    assert "Use " in front["description"], "the model must be told when"
    assert isinstance(front.get("argument-hint", ""), str), "an argument hint is quoted, or YAML makes a list of it"
    assert ("argument-hint" in front) == ("$ARGUMENTS" in PLAYBOOKS[name].body)


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_it_has_its_sections_in_order_and_each_says_something(name: str) -> None:
    sections = PLAYBOOKS[name].sections
    assert tuple(sections) == playbooks.SECTIONS
    assert [title for title, text in sections.items() if title != "Answer" and not text.strip()] == []
    assert re.search(r"^## Answer\n\n```\n.+?^```\n", PLAYBOOKS[name].body, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_its_steps_are_numbered_from_one(name: str) -> None:
    numbers = [int(n) for n in re.findall(r"^(\d+)\. ", PLAYBOOKS[name].sections["Steps"], re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 2


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_it_may_use_only_what_exists_and_names_what_it_may_use(name: str) -> None:
    for rule in PLAYBOOKS[name].allowed:
        shell = SHELL.fullmatch(rule)
        assert rule in OFFERED | CLIENTS or shell, rule
        named = shell[1] if shell else rule.partition("(")[0]
        assert named in PLAYBOOKS[name].body, f"{rule} is allowed, and no step uses it"


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_every_tool_playbook_and_command_that_it_names_exists(name: str) -> None:
    from onefirm.cli import reference

    commands = {context.command_path for context in reference.commands()}
    for word in words(name):
        if re.fullmatch(r"(brief|record|decision|lesson|memory|ledger|session)_[a-z]+", word):
            assert word in OFFERED, word
        if named := re.fullmatch(r"/onefirm:([a-z-]+).*", word):
            assert named[1] in PLAYBOOKS, word
        if word.startswith("onefirm "):
            assert any(word.startswith(path) for path in commands - {"onefirm"}), word


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_a_tool_it_names_in_facts_and_steps_runs_without_a_prompt(name: str) -> None:
    sections = PLAYBOOKS[name].sections
    used = {word for part in ("Facts first", "Steps") for word in re.findall(r"`([a-z_]+)`", sections[part])} & OFFERED
    assert used - {"lesson_decide"} <= set(PLAYBOOKS[name].allowed)


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_who_may_write_must_ask(name: str) -> None:
    playbook = PLAYBOOKS[name]
    gated = "AskUserQuestion" in playbook.sections["Gate"]
    assert gated == ("AskUserQuestion" in playbook.allowed)
    if not gated:
        assert not WRITING & set(playbook.allowed)
        assert "Edit(context/**)" not in playbook.allowed
        assert "nothing is written" in playbook.sections["Gate"]


def test_a_lesson_is_hardened_by_no_playbook_without_the_clients_own_question() -> None:
    assert [name for name, playbook in PLAYBOOKS.items() if "lesson_decide" in playbook.allowed] == []
