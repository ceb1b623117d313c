"""Whether two passages say the same: nearly the same words, and no other number, name of a record or "not"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from onefirm.memory.words import folded

_WORD = re.compile(r"\w+(?:[-.,]\d+)*")
_TURNS = frozenset(("no", "not", "never", "none", "nothing", "without", "don", "doesn", "isn", "won"))
_ALIKE = 0.8
_FEWEST = 5  # of shorter texts only equal ones are the same


@dataclass(frozen=True, slots=True)
class Said:
    """The words of a text, and those among them that change what it says."""

    words: frozenset[str]
    telling: frozenset[str]


def said(text: str) -> Said:
    """A text as it is compared."""
    words = frozenset(_WORD.findall(folded(text)))
    telling = (word for word in words if word in _TURNS or (not word.isalpha() and any(map(str.isdigit, word))))
    return Said(words, frozenset(telling))


def is_same(one: Said, other: Said) -> bool:
    """Whether giving both would say the same twice."""
    if one.telling != other.telling:
        return False
    fewer, more = len(one.words), len(other.words)
    if more < fewer:
        fewer, more = more, fewer
    if fewer < _FEWEST:
        return one.words == other.words
    if fewer < _ALIKE * more:
        return False
    shared = len(one.words & other.words)
    return shared >= _ALIKE * (fewer + more - shared)
