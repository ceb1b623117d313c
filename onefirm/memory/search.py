"""What a question asks for, and which passages fit it best."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, literal, select

from onefirm.memory import index, words
from onefirm.memory.index import ENGLISH, Asked, Term
from onefirm.store.tables import passage

MOST_TERMS = 24
REF = re.compile(r"\b[A-Za-z]{1,4}-[1-9][0-9]{0,8}\b")
_WORD = re.compile(r"[^\W_]+")
_SUFFIXES = ("ations", "ation", "ings", "ing", "ies", "ied", "edly", "ers", "ed", "er", "es", "ly", "s", "y", "e")
_SHORTEST_STEM = 4
_MOST_NAMED = 50
# What carries no meaning of its own in a question; kept in the index, dropped from the query.
_STOPWORDS = frozenset(
    _WORD.findall(
        "a about after again all also am an and any are as at be because been before being both but by can could did "
        "do does doing for from had has have having he her hers him his how i if in into is it its itself just me more "
        "most my no nor not now of off on once only or other our out over own she should so some such than that the "
        "their them themselves then there these they this those through to too until up us very was we were what when "
        "where which while who whom whose why will with would you your"
    )
)
_WHEN = re.compile(r"(?i)\s*(when|wann|since when|how long|what (date|day|month|year))\b|\bhow long\b")
_TIME = re.compile(
    r"(?i)\b(yesterday|today|tonight|tomorrow|last|next|ago|week|weekend|month|year|morning|evening|night|recently|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|may|june|july|august|"
    r"september|october|november|december|\d{4}|since|just)\b"
)
_BY_ACTOR, _ABOUT_NAMED, _TELLS_WHEN, _ASKS = 0.25, 0.5, 0.1, 0.1


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that was found; a higher `score` fits better, and only scores of one search compare."""

    source: str
    ref: str
    part: int
    heading: str
    body: str
    actor: str
    at: str | None
    about: tuple[str, ...]
    start: int | None
    end: int | None
    score: float


def terms_of(query: str, language: str = ENGLISH) -> list[Term]:
    """What a question asks for, each once: its refs, and the words that carry it (or all, if only small ones came).

    An index that doesn't stem is asked for a word from its stem on.
    """
    refs = [Term(ref.lower(), ref.lower(), prefix=False) for ref in REF.findall(query)]
    every = _WORD.findall(words.folded(REF.sub(" ", query)))
    carrying = [word for word in every if word not in _STOPWORDS] or (every if not refs else [])
    terms = [_term(word, language) for word in carrying]
    return list({term.begin: term for term in (*refs, *terms)}.values())[:MOST_TERMS]


def _term(word: str, language: str) -> Term:
    if language == ENGLISH:
        return Term(word, word, prefix=False)
    return Term(word, stem(word), prefix=len(word) >= _SHORTEST_STEM)


def stem(word: str) -> str:
    """Where a word's forms begin: without its ending, as long as enough is left to be specific."""
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST_STEM and word.isascii():
            return word[: -len(suffix)]
    return word


def widened(conn: Connection, asked: Asked) -> Asked:
    """The same question with words that stand in for those that no passage in scope has: unfinished or mistyped."""
    there = index.held(conn, asked)
    near = {
        term: [Term(word, word, prefix=False) for word in words.near(conn, term.begin)]
        for term, is_there in zip(asked.terms, there, strict=True)
        if not is_there and "-" not in term.begin
    }
    known = {
        term: tuple(
            one.word for one, held in zip(found, index.held(conn, replace(asked, terms=found)), strict=True) if held
        )
        for term, found in near.items()
    }
    if not any(known.values()):
        return asked
    return replace(asked, terms=[replace(term, others=known.get(term, ())) for term in asked.terms])


def founds(rows: Iterable[Any]) -> list[Found]:
    """What the index gave; a file without text is only remembered."""
    return [
        Found(
            row.source, row.ref, row.part, row.heading, row.body, row.actor or "", row.at, _refs(row.about),
            row.start_char, row.end_char, float(row.score),
        )
        for row in rows
        if row.body
    ]  # fmt: skip


def named(conn: Connection, refs: Sequence[str]) -> list[Found]:
    """The passages of these decisions, lessons, facts and sources themselves."""
    query = select(passage, literal(1.0).label("score")).where(passage.c.ref.in_(refs))
    return founds(conn.execute(query.order_by(passage.c.id).limit(_MOST_NAMED)).all())


def weighed(found: Sequence[Found], query: str, terms: Sequence[Term]) -> list[Found]:
    """Best first: the engine's rank as a share of the best, with what is known of the question added.

    1. Who said it, when the question names exactly one of those who say anything here.
    2. A passage about a record that the question names.
    3. A time, when the question asks for one; a passage that only asks itself is no answer.
    """
    if not found:
        return []
    top = max(one.score for one in found) or 1.0
    said = set(_WORD.findall(words.folded(query)))
    speakers = {one.actor for one in found if one.actor and said.intersection(_names(one.actor))}
    speaker = speakers.pop() if len(speakers) == 1 else None
    refs = {term.word.upper() for term in terms if "-" in term.begin}
    asks_when = _WHEN.search(query) is not None

    def score(one: Found) -> float:
        return (
            one.score / top
            + _BY_ACTOR * (speaker is not None and one.actor == speaker)
            + _ABOUT_NAMED * (not refs.isdisjoint(one.about))
            + _TELLS_WHEN * (asks_when and _TIME.search(one.body) is not None)
            - _ASKS * one.body.rstrip().endswith("?")
        )

    return sorted((replace(one, score=score(one)) for one in found), key=_order, reverse=True)


def _order(one: Found) -> tuple[float, str, str, str, int]:
    """The better one first; of equals the newest."""
    return round(one.score, 3), one.at or "", one.source, one.ref, -one.part


def _names(actor: str) -> list[str]:
    return [name for name in _WORD.findall(words.folded(actor)) if len(name) > 2 and name not in _STOPWORDS]


def _refs(about: Any) -> tuple[str, ...]:
    return tuple(json.loads(about) if isinstance(about, str) else about)
