"""A passage of an artifact that a narrative file of its record repeats: found however it is set; a quote may stand."""

import textwrap

import pytest

from onefirm.narrative.faults import Fault
from onefirm.narrative.pasted import Kept
from support.context_tree import ACME, CLIENTS, WHOLE, faults, world

PASSAGE = (
    "We rebuild the ticket path in twelve days, in three steps that each can be used by themselves: the form, the"
    " payment, and the mail that confirms it. Nothing of the old shop is switched off before the last step stands."
)
OFFER = Kept("ART-1", "offer.md", f"# Offer\n\n{PASSAGE}\n\nIt costs what we said.\n")


def told(path: str, text: str, kept: Kept = OFFER) -> list[Fault]:
    """What the check finds with this text behind a file, where the artifact is CL-1's."""
    return faults({**WHOLE, path: f"{WHOLE[path]}\n{text}\n"}, world(kept={"CL-1": [kept]}))


@pytest.mark.parametrize(
    "text",
    [
        PASSAGE,
        textwrap.fill(PASSAGE, 60),
        "\n".join(f"> {line}" for line in textwrap.wrap(PASSAGE.upper(), 50)),
        f"They said: {PASSAGE.replace(',', '')} And so on.",
    ],
)
def test_a_passage_is_found_however_it_is_wrapped_or_set(text: str) -> None:
    (fault,) = told(ACME, text)
    assert (fault.path, fault.line, fault.rule) == (ACME, 8, "pasted")
    assert fault.what == "41 words stand in ART-1 “offer.md” too, which never changes"
    assert fault.fix == "name ART-1 here, and keep only the why"


@pytest.mark.parametrize(
    "text",
    [
        "They took “in three steps that each can be used by themselves” at once, because of the board.",
        "The offer is ART-1: three steps, since they can't close the shop.",
        "Nothing of the shop is old. Twelve steps stand before the last mail, and each of the days can be used.",
    ],
)
def test_a_quote_and_a_name_may_stand(text: str) -> None:
    assert told(ACME, text) == []


def test_a_file_of_another_record_is_not_held_against_it() -> None:
    assert told(CLIENTS, PASSAGE) == []


def test_two_passages_are_two_faults() -> None:
    second = " ".join(f"word{number}" for number in range(30))
    both = Kept("ART-1", "offer.md", f"{PASSAGE}\n\n{second}\n")
    assert [fault.line for fault in told(ACME, f"{PASSAGE}\n\nOur own words between them.\n\n{second}", both)] == [
        8,
        12,
    ]
