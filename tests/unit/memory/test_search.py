"""How a question becomes terms, and how a passage is cut to what was asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onefirm.memory import index, search
from onefirm.memory.hits import excerpt, tokens
from onefirm.memory.index import Term
from onefirm.memory.search import stem, terms_of


def begins(question: str) -> list[str]:
    return [f"{term.begin}{'*' if term.prefix else ''}" for term in terms_of(question)]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Why did we choose the booking path?", ["choose", "booking", "path"]),
        ("what is it", ["what", "is", "it"]),
        ("status of P-12 and dec-3", ["p-12", "dec-3", "status"]),
        ("P-12", ["p-12"]),
        ("the P-12", ["p-12"]),
        ("tax in 2026", ["tax", "2026"]),
        ("a" * 5 + " " + "a" * 5, ["aaaaa"]),
        ("…!?", []),
    ],
)
def test_a_question_becomes_its_carrying_words_and_refs(question: str, expected: list[str]) -> None:
    assert begins(question) == expected


def test_where_words_are_not_stemmed_in_the_index_they_are_looked_for_from_their_stem_on() -> None:
    terms = terms_of("Rechnungen für die Säge", index.OTHER)
    assert [(term.begin, term.prefix) for term in terms] == [
        ("rechnung", True),
        ("fur", False),
        ("die", False),
        ("sage", True),
    ]


def test_a_question_has_a_bounded_number_of_terms() -> None:
    assert len(terms_of(" ".join(f"word{number}" for number in range(500)))) == search.MOST_TERMS


@pytest.mark.parametrize(
    ("word", "expected"),
    [("deliveries", "deliver"), ("delivered", "deliver"), ("delivery", "deliver"), ("tax", "tax"), ("uses", "uses"),
     ("pricing", "pric"), ("price", "pric"), ("site", "site"), ("naïves", "naïves")],
)  # fmt: skip
def test_a_word_is_searched_from_its_stem_as_long_as_enough_is_left(word: str, expected: str) -> None:
    assert stem(word) == expected


@given(st.text())
def test_terms_are_letters_and_digits_only(question: str) -> None:
    for term in terms_of(question):
        assert term.begin.replace("-", "").isalnum()


TERMS = [Term("moorings", "mooring", prefix=True)]


def test_a_short_text_is_given_whole() -> None:
    assert excerpt("All about moorings.", TERMS, 100) == "All about moorings."


@given(st.integers(0, 400), st.integers(0, 400), st.integers(120, 300))
def test_a_cut_text_holds_what_was_asked_for_and_keeps_its_length(before: int, after: int, longest: int) -> None:
    body = "beginning " * before + "our moorings here " + "the end " * after
    cut = excerpt(body, TERMS, longest)
    assert "moorings" in cut
    assert len(cut) <= max(longest, 1)


def test_tokens_are_rather_overestimated() -> None:
    assert tokens("") == 0
    assert tokens("a" * 36) == 10
    assert tokens("a" * 37) == 11
