"""What of the found passages is given: as many as the budget holds, each with where it stands, none twice."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from onefirm.memory import marks, repeats, search, words
from onefirm.memory.index import Term
from onefirm.memory.search import Found
from onefirm.memory.standing import Standing

_CHARS_PER_TOKEN = 3.6
_MOST_OF_A_FILE = 3
_SHORTEST_TEXT = 120


@dataclass(frozen=True, slots=True)
class Hit:
    """One passage. `ref` is a decision's, lesson's, fact's or source's, or a file's path, and then `at` (ISO) is None.

    `note` tells what weakens it: superseded by which decision, retired, only a candidate, or archived. `start` and
    `end` are characters of the source's text.
    """

    source: str
    ref: str
    heading: str
    text: str
    about: tuple[str, ...]
    at: str | None
    score: float
    note: str = ""
    part: int = 0
    start: int | None = None
    end: int | None = None


def tokens(given: str) -> int:
    """How many tokens a text takes, rather too many than too few."""
    return math.ceil(len(given) / _CHARS_PER_TOKEN)


def cost(hit: Hit) -> int:
    """The tokens of a hit with what names it."""
    return tokens(f"{hit.source} {hit.ref} {hit.heading} {hit.text}")


def given(ranked: Sequence[tuple[Found, Standing]], terms: Sequence[Term], limit: int, budget: int) -> Iterator[Hit]:
    """As many as the budget holds, best first; the same isn't said twice, and no file fills the answer."""
    told: list[repeats.Said] = []
    of_file: Counter[str] = Counter()
    for found, standing in ranked:
        # What a file is called doesn't make it another text.
        named = "" if found.source == "narrative" else found.heading
        said = repeats.said(f"{named} {found.body}")
        if any(repeats.is_same(said, other) for other in told):
            continue
        if found.source == "narrative" and of_file[found.ref] >= _MOST_OF_A_FILE:
            continue
        heading = f"({standing.note}) {found.heading}" if standing.note else found.heading
        room = int((budget - tokens(f"{found.source} {found.ref} {heading}")) * _CHARS_PER_TOKEN)
        if told and room < min(_SHORTEST_TEXT, len(found.body)):
            continue  # a shorter one may still fit
        heading, body = marks.defused(heading), marks.defused(excerpt(found.body, terms, max(_SHORTEST_TEXT, room)))
        hit = Hit(
            found.source, found.ref, heading, body, found.about, standing.at, found.score, standing.note, found.part,
            found.start, found.end,
        )  # fmt: skip
        yield hit
        told.append(said)
        of_file[found.ref] += 1
        budget -= cost(hit)
        if len(told) == limit or budget <= 0:
            return


def stand_ins(terms: Sequence[Term], hits: Sequence[Hit]) -> str:
    """Which of the question's words were read as others; only those are told that stand in what was found."""
    text = words.folded(" ".join(f"{hit.heading} {hit.text}" for hit in hits))
    told = [(term.word, [other for other in term.others if other in text]) for term in terms]
    return " ".join(
        f"Nothing has “{word}”; looked for {', '.join(f'“{other}”' for other in others)}."
        for word, others in told
        if others
    )


def excerpt(body: str, terms: Sequence[Term], longest: int) -> str:
    """The text, or the part of it around the first of the terms, with ellipses where it was cut."""
    if len(body) <= longest:
        return body
    low = words.folded(body) if len(words.folded(body)) == len(body) else body.lower()
    begins = [search.stem(word) for term in terms for word in (term.begin, *term.others)]
    places = [at for begin in begins if (at := low.find(begin)) >= 0]
    start = max(0, min(min(places, default=0) - longest // 4, len(body) - longest))
    start = body.find(" ", start, start + 20) + 1 if start else 0
    end = start + longest - 2
    cut = body[start:end]
    if end < len(body):
        cut = cut.rpartition(" ")[0] or cut
    return f"{'…' if start else ''}{cut.strip()}{'…' if end < len(body) else ''}"
