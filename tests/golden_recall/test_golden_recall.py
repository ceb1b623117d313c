"""The golden questions about a firm's own memory: all can be answered from what is there, not by full text alone."""

import sys
from collections import Counter
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path.append(str(PROJECT / "scripts"))  # the benchmarks are no package of the project

from benchmarks import golden_peers  # noqa: E402
from benchmarks.golden_set import Passage, folded, items, judged, mean, owners, questions  # noqa: E402

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
