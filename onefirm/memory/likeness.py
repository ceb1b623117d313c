"""How alike two rules are: by the words that carry them, however they are bent and ordered."""

from __future__ import annotations

import re

from onefirm.memory import search, triggers
from onefirm.memory.triggers import Trigger

SAME, SAME_MOMENT, LIKE = 0.6, 0.45, 0.3
"""From here on two rules are taken for one; if their triggers meet; may be one, and a person should look."""

_LEAST_SHARED = 3
_FORBIDS = re.compile(r"(?i)\b(never|not|no|nor|without|avoid|don['’]?t|nie|niemals|nicht|ohne|kein\w*)\b")


def words(rule: str) -> frozenset[str]:
    """The stems that carry a rule."""
    return frozenset(search.stem(term.begin) for term in search.terms_of(rule))


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """The share of their words that two rules have in common (Jaccard), 0 to 1; none where their numbers differ."""
    if {word for word in one if word.isdigit()} != {word for word in other if word.isdigit()}:
        return 0.0  # within 14 days is another rule than within 30
    shared = one & other
    if len(shared) < _LEAST_SHARED and one != other:
        return 0.0  # two words say too little
    return len(shared) / len(one | other) if shared else 0.0


def is_opposed(one: str, other: str) -> bool:
    """Whether one of two rules forbids and the other doesn't: however alike their words, they don't say the same."""
    return bool(_FORBIDS.search(one)) != bool(_FORBIDS.search(other))


def is_same(share: float, one: Trigger, other: Trigger) -> bool:
    """Whether so much likeness makes one rule of two."""
    return share >= (SAME_MOMENT if triggers.meet(one, other) else SAME)
