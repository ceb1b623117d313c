"""The golden questions about a firm's own memory: all can be answered from what is there, not by full text alone."""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
sys.path.append(str(PROJECT / "scripts"))  # the benchmarks are no package of the project

from benchmarks import golden_firm, golden_peers  # noqa: E402
from benchmarks.golden_firm import Life  # noqa: E402
from benchmarks.golden_set import Passage, Verdict, folded, items, judged, mean, owners, questions  # noqa: E402

KINDS = {
    "plain", "inflected", "paraphrase", "person", "client", "record", "when", "instead", "current", "scoped",
    "identifier", "several",
}  # fmt: skip


def test_every_quote_stands_verbatim_in_its_source() -> None:
    sources = {one.id: folded(one.said["text"]) for one in items().values() if one.kind == "source"}
    facts = [one for one in items().values() if one.kind == "fact"]
    assert [one.id for one in facts if sources[one.source].count(folded(one.said["quote"])) != 1] == []


def test_every_question_is_answered_by_what_is_there() -> None:
    for question in questions():
        for answer in (answer for need in question.needs for answer in need):
            if isinstance(answer, Passage):
                assert folded(answer.quote) in folded(items()[answer.place].said["text"]), question
            else:
                assert answer in items(), question
        assert {*question.over} <= {*items()}, question


def test_no_question_for_one_client_is_answered_by_what_belongs_to_another() -> None:
    for question in (one for one in questions() if one.client):
        for answer in (answer for need in question.needs for answer in need):
            known = items()[answer.place if isinstance(answer, Passage) else answer]
            assert owners(known) <= {question.client}, question


def test_of_150_questions_every_third_is_held_out() -> None:
    numbers = {int(one.id.removeprefix("q")): one for one in questions()}
    assert (len(questions()), sorted(numbers)) == (150, [*range(1, 151)])
    assert [number for number, one in numbers.items() if one.held_out] == [*range(3, 151, 3)]
    kinds = Counter(one.kind for one in questions())
    assert {*kinds} == KINDS
    assert min(kinds.values()) >= 4


def test_full_text_as_most_write_it_misses_three_of_ten() -> None:
    naive = golden_peers.naive()
    assert mean(judged(one, naive(one, 5)) for one in questions()) <= 0.7


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    """The firm with everything in it: two years are lived once for this file."""
    with golden_firm.lived(tmp_path_factory.mktemp("golden") / "firm") as life:
        yield life


@pytest.fixture(scope="module")
def found(life: Life) -> list[Verdict]:
    return [judged(one, life.ask(one, 5)) for one in questions()]


def test_recall_finds_nine_of_ten_within_five_hits(found: list[Verdict]) -> None:
    assert mean(found) >= 0.9
    assert mean(one for one in found if one.question.held_out) >= 0.9


def test_what_holds_no_more_never_stands_above_what_does(found: list[Verdict]) -> None:
    assert [one.question.ask for one in found if not one.in_order] == []


def test_a_question_for_one_client_is_given_nothing_of_another(life: Life) -> None:
    for question in (one for one in questions() if one.client):
        known = [items()[hit.id] for hit in life.ask(question, 20) if hit.id in items()]
        assert [one.id for one in known if not owners(one) <= {question.client}] == [], question


@pytest.mark.postgres
def test_postgres_finds_as_much(life: Life, found: list[Verdict], migrated_postgres: str) -> None:
    with golden_firm.moved(life, migrated_postgres) as there:
        again = [judged(one, there.ask(one, 5)) for one in questions()]
    assert mean(again) >= 0.9
    assert abs(mean(again) - mean(found)) <= 0.03
