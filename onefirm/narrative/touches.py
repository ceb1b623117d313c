"""Edits that change no meaning: spacing, punctuation, link targets, typos. They need no receipt."""

from __future__ import annotations

import re

_TARGET = r"(?m)(\]\()[^)\]\s]*((?:\s+\"[^\"]*\")?\))|(^[ \t]*\[[^\]\n]+\]:[ \t]*)\S+|<?https?://[^\s>)]+>?"
_WORD = r"[^\W_]+(?:['’][^\W_]+)*|\S"
# Letters that people type as two, or without their marks, where the keyboard lacks them.
_SPELT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "å": "aa", "ø": "oe", "æ": "ae", "’": "'"})
_TYPO_WORDS, _LONGEST = 12, 60
# A slip of the pen never turns one of these into another word, nor another word into one of these.
_WEIGHTY = frozenset(
    [
        "no",
        "not",
        "now",
        "none",
        "never",
        "yes",
        "and",
        "or",
        "but",
        "if",
        "can",
        "cannot",
        "may",
        "must",
        "will",
        "won",
        "was",
        "is",
        "are",
        "has",
        "had",
        "did",
        "does",
        "do",
        "before",
        "after",
        "until",
        "since",
        "without",
        "within",
        "from",
        "to",
        "in",
        "on",
        "off",
        "up",
        "down",
        "all",
        "any",
        "some",
        "more",
        "less",
    ]
)


def is_light(old: str, new: str) -> bool:
    """Whether an edit only touches spacing, punctuation, link targets or single mistyped words."""
    if "".join(old.split()) == "".join(new.split()):
        return True
    old, new = _untargeted(old), _untargeted(new)
    if old == new:
        return True
    return _only_typos(re.findall(_WORD, old), re.findall(_WORD, new))


def _untargeted(text: str) -> str:
    return re.sub(_TARGET, lambda match: (match[1] or "") + (match[2] or "") + (match[3] or ""), text)


def _only_typos(old: list[str], new: list[str]) -> bool:
    old, new = _core(_letters(old), _letters(new))
    if "".join(old).lower() == "".join(new).lower():
        return True
    if len(old) != len(new):
        return False
    pairs = [(before, after) for before, after in zip(old, new) if before != after]  # noqa: B905 - as long as each other
    return len(pairs) <= _TYPO_WORDS and all(is_typo(before, after) for before, after in pairs)


def _letters(words: list[str]) -> list[str]:
    """Words without punctuation: a comma more or less is light. What changes the sense of a sentence stays."""
    return [word for word in words if word[0].isalnum() or word in "?=→%€$£+"]


def _core(old: list[str], new: list[str]) -> tuple[list[str], list[str]]:
    """Both without what they share at the start and the end."""
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return old[start : len(old) - end], new[start : len(new) - end]


def is_typo(before: str, after: str) -> bool:
    """Whether one word is the other one mistyped: letters only, one slip in a short word, two in a long one."""
    a, b = before.lower().translate(_SPELT), after.lower().translate(_SPELT)
    if a.replace("'", "") == b.replace("'", ""):
        return True
    if a in _WEIGHTY or b in _WEIGHTY or any(char.isdigit() for char in a + b):
        return False
    if min(len(a), len(b)) < 3 or a[0] != b[0] or max(len(a), len(b)) > _LONGEST:
        return False
    return _distance(a, b) <= (1 if min(len(a), len(b)) < 5 else 2)


def _distance(a: str, b: str) -> int:
    """Edit distance with neighbours swapped counted as one slip (optimal string alignment)."""
    before, rows = [], list(range(len(b) + 1))
    for i, char in enumerate(a, 1):
        older, before, rows = before, rows, [i]
        for j, other in enumerate(b, 1):
            cost = min(before[j] + 1, rows[j - 1] + 1, before[j - 1] + (char != other))
            if i > 1 and j > 1 and char == b[j - 2] and a[i - 2] == other:
                cost = min(cost, older[j - 2] + 1)
            rows.append(cost)
    return rows[-1]
