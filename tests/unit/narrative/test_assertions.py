"""Sentences that only state a property of their record, told from those that explain it."""

import pytest

from onefirm.narrative import assertions
from onefirm.narrative.vocabulary import Vocabulary

TITLES = ("P-1", "Launch site")


@pytest.mark.parametrize(
    ("sentence", "key"),
    [
        ("The deadline is 14 March.", "due"),
        ("**The launch site's deadline** is the end of May!", "due"),
        ("P-1 is due on Friday.", "due"),
        ("Its budget stands at EUR 40,000.", "budget"),
        ("It started on 3 January.", "starts_on"),
        ("This project has high priority.", "priority"),
        ("Jana Novak owns the project.", "owner"),
        ("The next step is to call the range officer.", "next_action"),
    ],
)
def test_a_sentence_that_states_a_property_is_read(words: Vocabulary, sentence: str, key: str) -> None:
    assert assertions.stated(sentence, words.kind("project"), TITLES) == key


@pytest.mark.parametrize(
    "sentence",
    [
        "The deadline is 14 March because the range closes.",
        "The deadline is tight.",
        "The deadline of the fair is 14 March.",
        "The deadline was 14 March.",
        "The deadline isn't 14 March.",
        "Is the deadline 14 March?",
        "The budget is a sore point, 40,000 or not.",
        "The owner is afraid of heights.",
        "Jana owns the hangar.",
        "The next step frightens them.",
        "It has a long history of priority.",
        "The deadline, 14 March, is the day on which the range closes for the whole of the season.",
        "x" * 1_000_000 + " due on",
    ],
)
def test_a_reason_a_history_or_another_thing_is_narrative(words: Vocabulary, sentence: str) -> None:
    assert assertions.stated(sentence, words.kind("project"), TITLES) is None
