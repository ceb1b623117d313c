"""Amounts and dates within a sentence, held against the truth; the labelled lines are in tests/acceptance."""

from collections.abc import Callable
from typing import Any

import pytest

from onefirm.narrative import blocks, misstatements
from onefirm.narrative.vocabulary import Vocabulary
from support import hook

TRUTH = {
    "P-1": {"title": "Launch site", "budget": "24000.00 EUR", "due": "2026-12-12"},
    "P-2": {"title": "Shop", "budget": "38000.00 EUR", "due": "2027-01-29"},
    "P-3": {"title": "Well", "budget": "5000.500 KWD"},
    "P-4": {"title": "Sign"},
}
Read = Callable[..., list[tuple[str, str, str]]]


@pytest.fixture
def read(words: Vocabulary) -> Read:
    def told(text: str, *own: str) -> list[tuple[str, str, str]]:
        known = {ref: {"title": props["title"], "props": hook.stored(props)} for ref, props in TRUTH.items()}
        units = blocks.sentences(blocks.lines(text))
        titles: Callable[[str], list[Any]] = lambda ref: [known[ref]["title"]] if ref in known else []  # noqa: E731
        found = [one for unit in units for one in misstatements.read(unit, own or ["P-1"], words, titles, known.get)]
        return [(one.ref, one.key, one.said) for one in found]

    return told


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("42,000 EUR", "42000.00 EUR"), ("EUR 42 000", "42000.00 EUR"), ("€42k", "42000.00 EUR"),
        ("42.000 euros", "42000.00 EUR"), ("42'000.50 EUR", "42000.50 EUR"), ("1.2 million EUR", "1200000.00 EUR"),
        ("42,000", "42000.00 EUR"),
    ],
)  # fmt: skip
def test_an_amount_is_read_as_people_write_it(read: Read, said: str, meant: str) -> None:
    assert read(f"The budget is {said}.") == [("P-1", "budget", meant)]


@pytest.mark.parametrize("said", ["24,000 EUR", "€24k", "24.000 EUR", "24000", "24 000 euros", "24,000.00 EUR"])
def test_the_truths_amount_may_be_written_in_any_way(read: Read, said: str) -> None:
    assert read(f"The budget is {said}.") == []


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("18 December", "2026-12-18"), ("December 18th, 2026", "2026-12-18"), ("Friday, 18 Dec.", "2026-12-18"),
        ("the 18th of December", "2026-12-18"), ("2027-12-12", "2027-12-12"), ("12.1.2027", "2027-01-12"),
        ("9 January", "2027-01-09"),
    ],
)  # fmt: skip
def test_a_date_without_a_year_is_the_one_nearest_to_the_truths(read: Read, said: str, meant: str) -> None:
    assert read(f"The deadline is {said}.") == [("P-1", "due", meant)]


@pytest.mark.parametrize(
    "text",
    [
        "The budget is 42,000 USD.",
        "The budget of 42,000 copies is printed.",
        "The deadline is 39 December.",
        "The deadline is 12.13.2026.",
        "The budget is §o ¤7 #due ¤0 and 3.",
        "The budget is ¤99999999999.",
        "> The budget is 42,000 EUR.",
        "```\nThe budget is 42,000 EUR.\n```",
        "## History\n\nThe budget is 42,000 EUR.",
    ],
)
def test_what_cannot_be_held_against_the_truth_passes(read: Read, text: str) -> None:
    assert read(text) == []


def test_a_property_without_a_value_contradicts_nothing(read: Read) -> None:
    assert read("The budget is 42,000 EUR.", "P-4") == []


def test_a_record_that_the_sentence_names_is_judged_by_its_own_truth(read: Read) -> None:
    assert read("P-2's budget is 24,000 EUR, and the deadline of P-2 is 29 January.") == [
        ("P-2", "budget", "24000.00 EUR")
    ]


def test_in_a_file_of_two_records_what_is_true_of_either_may_stand(read: Read) -> None:
    assert read("The budget is 38,000 EUR.", "P-1", "P-2") == []
    assert read("The budget is 39,000 EUR.", "P-1", "P-2") != []


def test_a_cell_is_read_by_itself(read: Read) -> None:
    assert read("| What | Why |\n|---|---|\n| Film | The budget is 42,000 EUR |") == [("P-1", "budget", "42000.00 EUR")]


def test_a_currency_with_three_decimals_keeps_them(read: Read) -> None:
    assert read("The budget is 5000.500 KWD.", "P-3") == []


def test_a_sentence_of_nothing_but_articles_is_read_as_fast_as_any_other(read: Read) -> None:
    assert read(("the " * 240 + "budget 7 EUR. ") * 40) == []
