"""What memory has to say to a prompt without being asked: the few facts and decisions that surely concern it.

A prompt is no question. What only shares a word or two with it would be noise in every session, so a passage must hold
at least half of what makes the prompt particular, its words weighed by how rare they are, and enough of it by itself.
Held against 92 questions of the golden set and 34 everyday prompts, this helps 4 in 10 questions, and speaks to one
of those prompts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from sqlalchemy import Connection, select

from onefirm.memory import index, search, words
from onefirm.memory.hits import Hit
from onefirm.memory.index import Term
from onefirm.memory.recall import Recall
from onefirm.store.engine import Store
from onefirm.store.tables import passage

_SHARE, _MASS, _OF_BEST = 0.5, 8.0, 0.8
_SOURCES = ("decision", "fact")  # a roll-up has a word of everything
_MOST, _LOOKED_AT = 3, 8
_LONGEST = 1_000
_COUNTED = 2_000
_FEWEST = 300  # passages: in a small memory every word is rare
_WORD = re.compile(r"[^\W_]+")


def suggested(store: Store, recall: Recall, prompt: str) -> list[Hit]:
    """What to remind of at this prompt, the surest first; empty where nothing is sure.

    What is superseded, retracted or only a candidate is never suggested, nor what the sight of `recall` hides.
    """
    asked = prompt[:_LONGEST]
    terms = search.terms_of(asked)
    if not terms:
        return []
    recalled = recall.recall(asked, limit=_LOOKED_AT, logged=False)  # nobody asked
    hits = [hit for hit in recalled.hits if hit.source in _SOURCES and not hit.note]
    if not hits:
        return []
    with store.read() as conn:
        rarity = _rarity(conn, terms, sum(recalled.searched.values()))
        masses = [_mass(conn, hit, terms, rarity) for hit in hits]
    least = max(_MASS, _SHARE * sum(rarity), _OF_BEST * max(masses))
    sure = [(mass, hit) for mass, hit in zip(masses, hits, strict=True) if mass >= least]
    return [hit for _, hit in sorted(sure, key=lambda pair: -pair[0])][:_MOST]


def _rarity(conn: Connection, terms: Sequence[Term], every: int) -> list[float]:
    """What each term counts; a word that memory doesn't have speaks against every passage."""
    counts = index.frequencies(conn, terms, _COUNTED)
    return [math.log(1 + max(every, _FEWEST) / (1 + count)) for count in counts]


def _mass(conn: Connection, hit: Hit, terms: Sequence[Term], rarity: Sequence[float]) -> float:
    columns = (passage.c.heading, passage.c.body, passage.c.meta, passage.c.titles)
    mine = (passage.c.source == hit.source, passage.c.ref == hit.ref, passage.c.part == hit.part)
    row = conn.execute(select(*columns).where(*mine)).first()
    text = f" {' '.join(_WORD.findall(words.folded(' '.join(row or ()))))}"
    refs = {hit.ref, *hit.about}
    return sum(
        weight
        for term, weight in zip(terms, rarity, strict=True)
        if (term.begin.upper() in refs if "-" in term.begin else f" {search.stem(term.begin)}" in text)
    )
