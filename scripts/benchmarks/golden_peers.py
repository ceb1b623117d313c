"""What the golden set is held against: full text as most people write it, and as it is with a stemmer and stopwords."""

from __future__ import annotations

import re
import sqlite3
from typing import Literal

from benchmarks.golden_set import Ask, Hit, Question, in_scope, items

_WORD = re.compile(r"[^\W_]+")
# The small words of a question; any list of them would do.
_STOPWORDS = frozenset(
    _WORD.findall(
        "a about after again all also am an and any anything are as at be because been before being by can could did "
        "do does for from had has have he her here him his how i if in into is it its just may me more most my no not "
        "now of on once only or our out over own she should so some somebody such than that the their them then there "
        "these they this those to too under until up us was we were what when where which while who whom why will with "
        "would you your"
    )
)


class Peer:
    """An FTS5 index over the bare words, asked with the question's words joined by OR, best by BM25.

    It knows the scope as a filter behind the search, as whoever adds one later does.
    """

    def __init__(self, tokenizer: Literal["unicode61", "porter unicode61"], *, stopwords: bool) -> None:
        self._stopwords = stopwords
        self._index = sqlite3.connect(":memory:")
        self._index.execute(f"CREATE VIRTUAL TABLE passage USING fts5(id UNINDEXED, words, tokenize='{tokenizer}')")
        rows = [(one.id, text) for one in items().values() for text in one.texts]
        self._index.executemany("INSERT INTO passage VALUES (?, ?)", rows)

    def ask(self, question: Question, limit: int) -> list[Hit]:
        """The best passages in the question's scope."""
        words = _WORD.findall(question.ask.lower())
        carrying = [word for word in words if word not in _STOPWORDS] if self._stopwords else words
        match = " OR ".join(f'"{word}"' for word in carrying or words)
        rows = self._index.execute("SELECT id, words FROM passage WHERE passage MATCH ? ORDER BY rank", (match,))
        seen = (Hit(*row) for row in rows if in_scope(items()[row[0]], question))
        return [hit for _, hit in zip(range(limit), seen, strict=False)]


def naive() -> Ask:
    """The question as it is, over the words as they are."""
    return Peer("unicode61", stopwords=False).ask


def stemmed() -> Ask:
    """English stems, and without the words that carry nothing."""
    return Peer("porter unicode61", stopwords=True).ask
