"""Full-text search over passages: the words of a question, weighed alike on SQLite (FTS5) and Postgres.

A word is searched from its stem on, so that *deliver* meets *delivered* and *deliveries*; what is common in the whole
index counts little. Nothing that is typed can be read as query syntax: terms are made of letters and digits only.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Text, cast, column, func, literal_column, or_, select, table
from sqlalchemy.dialects.postgresql import JSONB

from onefirm.store.listed import listed
from onefirm.store.tables import passage

MOST_TERMS = 24
REF = re.compile(r"\b[A-Za-z]{1,4}-[1-9][0-9]{0,8}\b")
_CANDIDATES = 80
_HEADING_WEIGHT = 3.0
_INDEX = table("passage_text", column("rowid"))
_SIMPLE = literal_column("'simple'", Text)
_WORD = re.compile(r"[^\W_]+")
_MARKS = re.compile(r"[\u0300-\u036f]")
_SUFFIXES = ("ations", "ation", "ings", "ing", "ies", "ied", "edly", "ers", "ed", "er", "es", "ly", "s", "y", "e")
_SHORTEST_STEM = 4
# What carries no meaning of its own in a question; kept in the index, dropped from the query.
_STOPWORDS = frozenset(
    _WORD.findall(
        "a about after all also am an and any are as at be because been before but by can could did do does for "
        "from had has have he her him his how i if in into is it its just me more most my no not of on or our out "
        "over she should so some than that the their them then there these they this those to too up us was we "
        "were what when where which who whom why will with would you your"
    )
)


@dataclass(frozen=True, slots=True)
class Term:
    """What is looked for: a word in lower case, from `begin` on if `prefix`; or a ref (`p-12`), as it is."""

    word: str
    begin: str
    prefix: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that was found; a higher `score` fits better, and only scores of one search compare."""

    source: str
    ref: str
    part: int
    heading: str
    body: str
    about: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to look: only passages about one of these refs (empty: all), and none of a decision, lesson or file of
    `without`.
    """

    about: Sequence[str] = ()
    without: frozenset[str] = frozenset()


def terms_of(query: str) -> list[Term]:
    """What a question asks for, each once: its refs, and the words that carry it (or all, if only small ones came).

    The last word may be unfinished.
    """
    refs = [Term(ref.lower(), ref.lower(), prefix=False) for ref in REF.findall(query)]
    every = _WORD.findall(REF.sub(" ", query).lower())
    words = [word for word in every if word not in _STOPWORDS] or (every if not refs else [])
    terms = [Term(word, stem(word), prefix=len(word) >= _SHORTEST_STEM) for word in words]
    if terms and len(terms[-1].word) > 1:
        terms[-1] = replace(terms[-1], prefix=True)
    return list({term.begin: term for term in (*refs, *terms)}.values())[:MOST_TERMS]


def stem(word: str) -> str:
    """Where the search for a word begins: without its ending, as long as enough is left to be specific."""
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST_STEM and word.isascii():
            return word[: -len(suffix)]
    return word


def search(conn: Connection, terms: Sequence[Term], within: Scope) -> list[Found]:
    """Passages with any of the terms within a scope, best first."""
    found = _sqlite(conn, terms, within) if conn.dialect.name == "sqlite" else _postgres(conn, terms, within)
    return sorted((_weighed(one, terms) for one in found), key=lambda one: (-one.score, one.source, one.ref, one.part))


def containing(conn: Connection, terms: Sequence[Term], within: Scope) -> list[Found]:
    """Passages with any of the words as a part of another word: the way out when `search` finds nothing."""
    texts = (passage.c.heading, passage.c.body)
    held = (text.icontains(term.word, autoescape=True) for term in terms for text in texts)
    return [_weighed(one, terms) for one in _founds(conn, select(passage).where(or_(*held)), within)]


def named(conn: Connection, refs: Sequence[str], within: Scope) -> list[Found]:
    """The passages of these decisions and lessons themselves."""
    return _founds(conn, select(passage).where(passage.c.ref.in_(refs)).order_by(passage.c.id), within)


def newest(conn: Connection, within: Scope) -> list[Found]:
    """Passages within a scope, the last indexed first."""
    return _founds(conn, select(passage).order_by(passage.c.id.desc()), within)


def counts(conn: Connection, within: Scope) -> dict[str, int]:
    """How many passages of each source a search looks through."""
    query = select(passage.c.source, func.count()).where(passage.c.body != "").group_by(passage.c.source)
    query = query.where(*_conditions(conn, within))
    return {row[0]: row[1] for row in conn.execute(query.order_by(passage.c.source))}


def _weighed(found: Found, terms: Sequence[Term]) -> Found:
    """The engine's rank, lowered by how much of the question the passage leaves out."""
    text = _folded(f"{found.heading} {found.body}")
    words = _WORD.findall(text)
    held = sum(_holds(text, words, _folded(term.begin), term.prefix) for term in terms)
    return replace(found, score=found.score * (0.5 + 0.5 * held / len(terms)))


def _holds(text: str, words: Sequence[str], begin: str, prefix: bool) -> bool:
    if "-" in begin:
        return begin in text
    return any(word.startswith(begin) for word in words) if prefix else begin in words


def _folded(text: str) -> str:
    """Lower case without accents, as SQLite's index compares."""
    return _MARKS.sub("", unicodedata.normalize("NFD", text.lower()))


def _sqlite(conn: Connection, terms: Sequence[Term], within: Scope) -> list[Found]:
    match = " OR ".join(f'"{term.begin}"{"*" if term.prefix else ""}' for term in terms)
    score = (-func.bm25(literal_column("passage_text"), _HEADING_WEIGHT, 1.0)).label("score")
    query = select(passage, score).join(_INDEX, _INDEX.c.rowid == passage.c.id)
    query = query.where(literal_column("passage_text").op("MATCH")(match)).order_by(score.desc())
    return _founds(conn, query, within)


def _postgres(conn: Connection, terms: Sequence[Term], within: Scope) -> list[Found]:
    """Each term's rank times its rarity: by itself Postgres ranks by frequency in the passage alone."""
    queries = [_tsquery(term) for term in terms]
    # Written as the index has it, else Postgres would not use the index.
    held = func.to_tsvector(_SIMPLE, passage.c.heading + literal_column("' '") + passage.c.body)
    counted = select(func.count(), *(func.count().filter(held.op("@@")(query)) for query in queries))
    every, *frequencies = conn.execute(counted.select_from(passage)).one()
    heading = func.setweight(func.to_tsvector(_SIMPLE, passage.c.heading), literal_column("'A'"))
    ranked = heading.op("||")(func.setweight(func.to_tsvector(_SIMPLE, passage.c.body), literal_column("'C'")))
    ranks = [_rarity(every, f) * func.ts_rank(ranked, query) for query, f in zip(queries, frequencies, strict=True)]
    score = sum(ranks[1:], ranks[0]).label("score")
    matching = or_(*(held.op("@@")(query) for query in queries))
    return _founds(conn, select(passage, score).where(matching).order_by(score.desc()), within)


def _tsquery(term: Term) -> ColumnElement[Any]:
    if term.prefix:
        return func.to_tsquery(_SIMPLE, f"'{term.begin}':*")
    return func.phraseto_tsquery(_SIMPLE, term.begin)


def _rarity(every: int, frequency: int) -> float:
    return math.log(1 + (every - frequency + 0.5) / (frequency + 0.5))


def _founds(conn: Connection, query: Select[Any], within: Scope) -> list[Found]:
    query = query.where(passage.c.body != "", *_conditions(conn, within))
    rows = conn.execute(query.limit(_CANDIDATES)).mappings()
    names = ("source", "ref", "part", "heading", "body")
    return [
        Found(*(row[name] for name in names), about=tuple(row["about"]), score=float(row.get("score", 1.0)))
        for row in rows
    ]


def _conditions(conn: Connection, within: Scope) -> Iterator[ColumnElement[bool]]:
    if within.about:
        yield _concerns(conn, within.about)
    if within.without:
        yield passage.c.ref.not_in(listed(conn, within.without))


def _concerns(conn: Connection, about: Sequence[str]) -> ColumnElement[bool]:
    if conn.dialect.name == "postgresql":
        return or_(*(cast(passage.c.about, JSONB).contains([ref]) for ref in about))
    held = func.json_each(passage.c.about).table_valued("value")
    return select(held.c.value).where(held.c.value.in_(about)).exists()
