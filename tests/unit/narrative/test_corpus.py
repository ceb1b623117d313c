"""How well the check tells copied facts and copied state from narrative, by 300 labelled pairs and lines that were
written before it: tests/data/context. Half of them were held out while it was made.
"""

from collections.abc import Iterable
from typing import Any

import pytest
import yaml

from onefirm.narrative import facts
from support.context_tree import WHOLE, faults, world
from support.hook import PROJECT

DATA = PROJECT / "tests/data/context"
HEAD = "# {title}\n\nRecord: {ref}\nParent: [The firm](../CLAUDE.md)\n\n"


def corpus(name: str) -> Any:
    return yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8"))


def precision_and_recall(judged: Iterable[tuple[bool, bool]]) -> tuple[float, float]:
    """Of (found, labelled)."""
    every = list(judged)
    right = every.count((True, True))
    return right / sum(found for found, _ in every), right / sum(labelled for _, labelled in every)


def are_one(one: str, other: str) -> bool:
    first, second = facts.of(one), facts.of(other)
    return first is not None and second is not None and facts.are_one(first, second)


def is_state(ref: str, title: str, status: str, line: str) -> bool:
    texts = {**WHOLE, "context/one/CLAUDE.md": HEAD.format(title=title, ref=ref) + line + "\n"}
    found = faults(texts, world(known={"CL-1": "active", ref: status}, titles={ref: title}))
    return "state" in {fault.rule for fault in found}


def test_there_are_three_hundred() -> None:
    pairs, groups = corpus("pairs"), corpus("lines")
    for half in ("tuned", "held"):
        assert len(pairs[half]) == 90
        assert sum(len(group["lines"]) for group in groups[half]) == 60


@pytest.mark.parametrize("half", ["tuned", "held"])
def test_copied_facts_are_told_from_facts_that_are_near(half: str) -> None:
    judged = [(are_one(one, other), label == "same") for label, one, other in corpus("pairs")[half]]
    precision, recall = precision_and_recall(judged)
    assert precision >= 0.95
    assert recall >= 0.9


@pytest.mark.parametrize("half", ["tuned", "held"])
def test_copied_state_is_told_from_reasons(half: str) -> None:
    judged = [
        (is_state(group["ref"], group["title"], group["status"], line), label == "state")
        for group in corpus("lines")[half]
        for label, line in group["lines"]
    ]
    precision, recall = precision_and_recall(judged)
    assert precision >= 0.95
    assert recall >= 0.9


def test_two_sentences_are_one_fact_whichever_comes_first() -> None:
    for half in corpus("pairs").values():
        for _, one, other in half:
            assert are_one(one, other) == are_one(other, one)
