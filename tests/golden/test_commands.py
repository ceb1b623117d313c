"""Each playbook as the client and the model see it, and the reference that is written from them.

`ONEFIRM_ACCEPT_GOLDEN=1` writes the reference; read what changed as a diff.
"""

import os
import re
from collections.abc import Callable

import pytest

from support import playbooks

PLAYBOOKS = playbooks.every()
BODY_BUDGET = 600
CATALOGUE_BUDGET = 1_400


def test_the_reference_says_what_the_playbooks_say(tokens: Callable[[str], int]) -> None:
    said = playbooks.markdown(tokens(playbooks.catalogue()))
    if os.environ.get("ONEFIRM_ACCEPT_GOLDEN") == "1":
        playbooks.REFERENCE.write_text(said, encoding="utf-8")
    assert playbooks.REFERENCE.read_text(encoding="utf-8") == said


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_the_readme_names_it(name: str) -> None:
    assert re.search(f"`(/onefirm:)?{name}`", (playbooks.PROJECT / "README.md").read_text(encoding="utf-8"))


def test_the_catalogue_costs_little_in_every_session(tokens: Callable[[str], int]) -> None:
    assert tokens(playbooks.catalogue()) <= CATALOGUE_BUDGET


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_a_playbook_is_short(name: str, tokens: Callable[[str], int]) -> None:
    assert tokens(PLAYBOOKS[name].body) <= BODY_BUDGET


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_its_front_matter_sections_tools_gate_and_cases_are_as_the_operators_must_be(name: str) -> None:
    assert playbooks.faults(name) == []
