"""Statements that only the truth should make: found in whole files, in the line in which they begin."""

from typing import Any

import pytest

from onefirm.narrative import statements
from onefirm.narrative.faults import Fault
from support.context_tree import ACME, WHOLE, changed, faults, world

SITE = "context/clients/acme/site/CLAUDE.md"
HEAD = "# Launch site\n\nRecord: P-1\nParent: [Acme](../CLAUDE.md)\n\n"


def found_in(text: str, **given: Any) -> list[Fault]:
    texts = changed(ACME, "They count.\n", "- [Launch site](site/CLAUDE.md): two minutes\n") | {SITE: HEAD + text}
    return faults(texts, world(**given))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Status: delivery\n", 6),
        ("Words.\n\n- **Due:** 2026-12-01\n", 8),
        ("Words.\n\nThe project is in discovery.\n", 8),
        ("A long beginning.\nThe project was moved to the\nreview yesterday.\n", 7),
        ("We are in delivery now.\n", 6),
        ("| | |\n|---|---|\n| Owner | Mira |\n", 8),
    ],
)
def test_what_the_truth_should_say_is_found_where_it_begins(text: str, line: int) -> None:
    (fault,) = found_in(text)
    assert (fault.path, fault.line, fault.rule) == (SITE, line, "state")


@pytest.mark.parametrize(
    "text",
    [
        "We begin with the booking path, since four of five gave up there.\n",
        "It is in delivery because Jana wants it before the fair.\n",
        "We waited in discovery until the range officer came back.\n",
        "Delivery of the signs comes on a Friday.\n",
        "Status: see P-1\n",
        "```\nStatus: delivery\n```\n",
    ],
)
def test_a_reason_a_history_or_a_pointer_is_narrative(text: str) -> None:
    assert found_in(text) == []


def test_a_record_that_is_closed_may_be_told_so() -> None:
    closed = {"CL-1": "active", "P-1": "done"}
    assert found_in("The project is done.\n", known=closed) == []


def test_a_record_whose_creation_waits_is_known_and_has_no_status_to_contradict() -> None:
    waiting = {"CL-1": "active", "P-1": None}
    assert found_in("The project is in discovery.\n", known=waiting) == []


def test_a_sentence_of_the_root_answers_for_the_record_that_it_names() -> None:
    texts = changed("context/CLAUDE.md", "# The firm\n", "# The firm\n\nP-1 is done.\n")
    (fault,) = faults(texts)
    assert (fault.path, fault.line, fault.rule) == ("context/CLAUDE.md", 3, "state")


def test_a_citation_that_is_not_found_again_stands_in_the_first_line() -> None:
    assert statements.line_of(WHOLE[ACME], "something else") == 1
    assert statements.line_of("", "") == 1
