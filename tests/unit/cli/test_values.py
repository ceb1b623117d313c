"""Properties and conditions as they are typed."""

import pytest

from onefirm.cli.values import conditions, properties
from onefirm.core.errors import InvalidInput


def test_a_property_is_a_name_and_a_value() -> None:
    assert properties(["status=doing", "title=Send the draft = now"]) == {
        "status": "doing",
        "title": "Send the draft = now",
    }


def test_an_empty_value_clears() -> None:
    assert properties(["due="]) == {"due": None}


def test_a_name_given_again_makes_a_list() -> None:
    assert properties(["blocked_by=T-1", "blocked_by=T-2", "blocked_by=T-3"]) == {"blocked_by": ["T-1", "T-2", "T-3"]}


@pytest.mark.parametrize("word", ["status", "=doing", " =x"])
def test_a_word_that_is_no_property_is_refused_with_an_example(word: str) -> None:
    with pytest.raises(InvalidInput, match="name=value"):
        properties([word])


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("status=doing", {"status": "doing"}),
        ("due<2026-12-01", {"due<": "2026-12-01"}),
        ("due<=2026-12-01", {"due<=": "2026-12-01"}),
        ("amount>=100.00 EUR", {"amount>=": "100.00 EUR"}),
        ("priority!=low", {"priority!=": "low"}),
        ("owner=", {"owner": None}),
        ("title=a<b", {"title": "a<b"}),
    ],
)
def test_a_condition_names_how_it_compares(word: str, wanted: dict[str, object]) -> None:
    assert conditions([word]) == wanted


def test_a_condition_given_again_means_any_of_the_values() -> None:
    assert conditions(["status=doing", "status=waiting"]) == {"status": ["doing", "waiting"]}


def test_a_word_that_is_no_condition_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no condition"):
        conditions(["doing"])
