"""When two statements say the same: equal when evened out, or nearly the same words and none that tells them apart."""

from __future__ import annotations

import hashlib
import re
import unicodedata

SAME, ALIKE = 0.8, 0.5
_WORD = re.compile(r"[^\W_]+(?:[-'’.,][^\W_]+)*")
_SENTENCE = re.compile(r"(?:^|[.!?:]\s+)[\"'“„(]*")
_NEGATIONS = frozenset(
    _WORD.findall(
        "no not never none nobody nothing without neither nor cannot isn't aren't won't don't doesn't didn't can't "
        "kein keine keiner keinen nicht nie niemals ohne weder pas jamais aucun sans non nunca sin ni"
    )
)


def even(text: str) -> str:
    """The text without what doesn't change what it says: case, space, the sign at its end."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")
    return " ".join(folded.split()).strip(" .!;\"'“”„")


def words(text: str) -> frozenset[str]:
    """Its words, evened out."""
    return frozenset(_WORD.findall(even(text)))


def digest(*parts: str) -> str:
    """A name for evened texts that isn't their words; equal for equal ones."""
    return hashlib.sha256("\0".join(map(even, parts)).encode()).hexdigest()[:32]


def numbers(text: str) -> frozenset[int]:
    """Its words as numbers of 63 bits, by which they are found again."""
    return frozenset(int(digest(word)[:16], 16) >> 1 for word in words(text))


def likeness(one: str, other: str) -> float:
    """Which share of all their words both have (Jaccard)."""
    return share(words(one), words(other))


def share(one: frozenset[str], other: frozenset[str]) -> float:
    """The share of two sets that both have."""
    return len(one & other) / len(one | other) if one or other else 0.0


def is_same(one: str, other: str) -> bool:
    """Whether the second is the first said again: nothing that tells statements apart is in only one of them."""
    return even(one) == even(other) or (likeness(one, other) >= SAME and not _telling(one) ^ _telling(other))


def _telling(text: str) -> frozenset[str]:
    """The words by which statements differ that look alike: numbers, names, negations."""
    starts = {found.end() for found in _SENTENCE.finditer(text)}
    found: set[str] = set()
    for one in _WORD.finditer(text):
        word = one[0]
        is_name = word[0].isupper() and one.start() not in starts
        if is_name or any(char.isdigit() for char in word) or even(word) in _NEGATIONS:
            found.add(even(word))
    return frozenset(found)
