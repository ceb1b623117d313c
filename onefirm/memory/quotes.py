"""Quotes: whether words stand in a text exactly, where, and what comes nearest when they don't."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from onefirm.core.errors import InvalidInput, Refused
from onefirm.ledger.words import clean
from onefirm.memory import marks, spans
from onefirm.memory.reader import plain

Stance = Literal["supports", "contradicts", "derived"]
STANCES = ("supports", "contradicts", "derived")
SHORTEST, LONGEST = 8, 2_000
_WORD = re.compile(r"[^\W_]+")
_SHOWN = 300
_PARTS, _THREE = "[ '’\u00a0\u2009\u202f]", re.compile(r"\d{3}(?!\d)")


@dataclass(frozen=True, slots=True)
class Quote:
    """Words said to stand in a source; `start` (a character) where they stand in it more than once."""

    source: str
    text: str
    start: int | None = None
    stance: Stance = "supports"


@dataclass(frozen=True, slots=True)
class Found:
    """Where a quote stands: characters into the source's text, and the words as they are there."""

    source: str
    start: int
    end: int
    text: str
    stance: Stance


def find(quote: Quote, text: str) -> Found:
    """The place of a quote in its source's text: word for word, only white space may differ.

    It may not begin or end inside a word or a number: “10” doesn't stand in “100” or “10.5”. Raises InvalidInput for a
    quote that proves nothing (too short), Refused, with the nearest passage, for one that isn't there, and for one out
    of text that memory itself gave.
    """
    words = _checked(quote)
    found = list(_pattern(words).finditer(text))
    if not found:
        raise Refused(
            f"{quote.source} doesn't say “{clean(words, 200)}”.{_nearest(words, text)}",
            hint="Copy the words exactly as they stand there, or leave the claim out.",
        )
    at = quote.start
    place = found[0] if at is None else min(found, key=lambda one: abs(one.start() - at))
    if recall := marks.overlapping(text, *place.span()):
        raise Refused(
            f"That part of {quote.source} came out of memory itself ({recall}), so it proves nothing.",
            hint="Quote the source that memory named for it.",
        )
    return Found(quote.source, *place.span(), place[0], quote.stance)


def _checked(quote: Quote) -> str:
    words = plain(quote.text).strip()
    if quote.stance not in STANCES:
        raise InvalidInput(f"“{quote.stance[:20]}” is no stance.", hint=f"Use one of: {', '.join(STANCES)}.")
    if len(words) < SHORTEST:
        raise InvalidInput(
            f"The quote “{clean(words)}” is too short to prove anything.", hint="Quote the sentence that says it."
        )
    if len(words) > LONGEST:
        raise InvalidInput(
            f"A quote has {len(words):,} characters; {LONGEST:,} is the most.", hint="Quote the sentence that says it."
        )
    return words


def _pattern(words: str) -> re.Pattern[str]:
    folded = r"\s+".join(map(re.escape, words.split()))
    first, last = words[0], words[-1]
    before = r"(?<![^\W_])" if first.isalnum() else ""
    behind = r"(?![^\W_])" if last.isalnum() else ""
    before += r"(?<!\d[.,])" if first.isdigit() else ""
    behind += r"(?![.,]\d)" if last.isdigit() else ""
    # Thousands are also parted by a blank or an apostrophe: 10 000, 10’000.
    before += rf"(?<!\d{_PARTS})" if _THREE.match(words) else ""
    behind += rf"(?:(?<=\d{{4}})|(?!{_PARTS}{_THREE.pattern}))" if last.isdigit() else ""
    return re.compile(f"{before}{folded}{behind}")


def _nearest(words: str, text: str) -> str:
    """The passage that shares most words with the quote, as part of the sentence that refuses it."""
    wanted = _words(words)
    scored = ((len(wanted & _words(text[one.start : one.end])), one) for one in spans.spans(text))
    shared, best = max(scored, key=lambda pair: pair[0], default=(0, None))
    if best is None or shared * 3 < len(wanted):
        return " Nothing in it comes near."
    passage = text[best.start : best.end]
    match = SequenceMatcher(None, passage, words, autojunk=False).find_longest_match()
    first = max(0, match.a - match.b)
    cut = passage[first : first + max(len(words), 40) + 40][:_SHOWN]
    return f" The nearest is: “{clean(cut, _SHOWN)}”."


def _words(text: str) -> set[str]:
    return {unicodedata.normalize("NFKD", word) for word in _WORD.findall(text.casefold())}
