"""What a question asks for, and which passages fit it best."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, select

from onefirm.memory import index, traits, words
from onefirm.memory.index import ENGLISH, Asked, Term
from onefirm.store.tables import passage

MOST_TERMS = 24
REF = re.compile(r"\b[A-Za-z]{1,4}-[1-9][0-9]{0,8}\b")
_WORD = re.compile(r"[^\W_]+")
_NAME = re.compile(r"([^\W_]+)(?:['’]s\b)?")
_SUFFIXES = ("ations", "ation", "ings", "ing", "ies", "ied", "edly", "ers", "ed", "er", "es", "ly", "s", "y", "e")
_SHORTEST_STEM, _SHORTEST_ROOT = 4, 6
# Of the languages that aren't stemmed, without accents: what German and Romance words are formed and bent with.
_FORMED = (
    "erungen", "erung", "ungen", "ung", "heiten", "heit", "keiten", "keit", "lichen", "liche", "lich", "ischen",
    "ische", "isch", "ieren", "iert", "ements", "ement", "ations", "ation", "aciones", "acion", "azioni", "azione",
    "euses", "euse", "eurs", "eur", "iones", "ione", "aient", "ando", "iendo", "ados", "ado", "idas", "ida", "ait",
    "ais", "ant", "ent", "oir",
)  # fmt: skip
_BENT = ("ern", "aux", "eaux", "ees", "ten", "em", "en", "er", "es", "et", "te", "st", "ee", "ez", "os", "as", "e", "n",
         "s", "t", "a", "o", "i")  # fmt: skip
_MOST_NAMED = 50
# What carries no meaning of its own in a question; kept in the index, dropped from the query.
_STOPWORDS = frozenset(
    _WORD.findall(
        "a about after again all also am an and any are as at be because been before being both but by can could did "
        "do does doing for from had has have having he her hers him his how i if in into is it its itself just many "
        "me more most much my no nor not now of off on once only or other our out over own she should so some such "
        "than that the their them themselves then there these they this those through to too until up us very was we "
        "were what when where which while who whom whose why will with would you your "
        "ll re s t ve"  # what is left of “she'll”, “we're”, “Jon's”, “don't”, “I've”
    )
)
_BY_ACTOR, _ABOUT_NAMED, _OF_NAMED, _TELLS_WHEN, _ASKS, _NEAR = 0.25, 0.5, 0.3, 0.1, 0.1, 0.7
_NOTHING: Mapping[int, float] = {}


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that was found; a higher `score` fits better, and only scores of one search compare."""

    source: str
    ref: str
    part: int
    heading: str
    body: str
    actor: str | None
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
    terms = [_term(piece, language) for word in carrying for piece in words.pieces(word)]
    return list({term.begin: term for term in (*refs, *terms)}.values())[:MOST_TERMS]


def _term(word: str, language: str) -> Term:
    if language == ENGLISH:
        return Term(word, word, prefix=False)
    return Term(word, _root(word), prefix=len(word) >= _SHORTEST_STEM)


def stem(word: str) -> str:
    """Where a word's forms begin: without its ending, as long as enough is left to be specific."""
    return _cut(word, _SUFFIXES, _SHORTEST_STEM)


def _root(word: str) -> str:
    """The same in a language that isn't stemmed."""
    root = _cut(word, _FORMED, _SHORTEST_ROOT)
    return root if root != word else _cut(word, _BENT, _SHORTEST_STEM)


def _cut(word: str, endings: Sequence[str], shortest: int) -> str:
    for ending in endings:
        if word.endswith(ending) and len(word) - len(ending) >= shortest and word.isascii():
            return word[: -len(ending)]
    return word


def widened(conn: Connection, asked: Sequence[Asked], met: Collection[str]) -> Sequence[Asked]:
    """The same question in each language, with words that stand in for those that no passage in scope has: unfinished
    or mistyped, or part of a longer one. The words that were `met` are known to be there.
    """
    doubtful = {term.word for one in asked for term in one.terms if "-" not in term.begin}.difference(met)
    for one in asked:
        terms = [term for term in one.terms if term.word in doubtful]
        there = index.held(conn, replace(one, terms=terms))
        doubtful -= {term.word for term, is_there in zip(terms, there, strict=True) if is_there}
    wider = [_standing_in(conn, one, doubtful) for one in asked] if doubtful else asked
    return wider if any(term.others for one in wider for term in one.terms) else asked


def _standing_in(conn: Connection, asked: Asked, missing: Collection[str]) -> Asked:
    others: dict[str, tuple[str, ...]] = {}
    for term in (term for term in asked.terms if term.word in missing):
        near = [Term(word, word, prefix=False) for word in words.near(conn, term.begin)]
        held = index.held(conn, replace(asked, terms=near))
        others[term.word] = tuple(one.word for one, is_there in zip(near, held, strict=True) if is_there)
    return replace(asked, terms=[replace(term, others=others.get(term.word, ())) for term in asked.terms])


def together(asked: Sequence[Asked]) -> list[Term]:
    """The terms of a question in any of its languages, each word once, with all that stands in for it."""
    terms: dict[str, Term] = {}
    for term in (term for one in asked for term in one.terms):
        known = terms.setdefault(term.word, term)
        terms[term.word] = replace(known, others=tuple(dict.fromkeys((*known.others, *term.others))))
    return list(terms.values())


def met(terms: Sequence[Term], found: Iterable[Found]) -> set[str]:
    """The words that a text has for all to see; what has them in another form may be missing."""
    text = words.folded(" ".join(f"{one.heading} {one.body} {one.actor or ''}" for one in found))
    return {term.word for term in terms if stem(term.begin) in text}


def fused(conn: Connection, found: Sequence[tuple[Asked, Sequence[Any]]]) -> list[Any]:
    """What was found in several languages as one list: ranks of two indexes don't compare, so each is a share of the
    best in its language, and counts as much as that language has of the question's words.
    """
    rows: list[Any] = []
    for asked, ranked in found:
        held = index.held(conn, asked) if ranked else []
        weight = sum(held) / len(held) if held else 1.0
        top = max((row[-1] for row in ranked), default=0.0) or 1.0
        rows += [(*row[:-1], weight * row[-1] / top) for row in ranked]
    return rows


def whole(rows: Iterable[Any], scores: Mapping[int, float]) -> list[Found]:
    """What was read of the index, with what it scored."""
    return [
        Found(source, ref, part, heading, body, actor, at, refs_of(about), start, end, scores.get(number, 1.0))
        for number, source, ref, part, heading, body, actor, at, about, start, end in rows
    ]


def named(conn: Connection, refs: Sequence[str]) -> list[Found]:
    """The passages of these decisions, lessons, facts and sources themselves."""
    query = select(passage.c.id).where(passage.c.ref.in_(refs), passage.c.body != "")
    ids = conn.execute(query.order_by(passage.c.id).limit(_MOST_NAMED)).scalars().all()
    return whole(index.read(conn, ids).values(), {}) if ids else []


def weighed(
    rows: Sequence[Any],
    query: str,
    terms: Sequence[Term],
    named: frozenset[str] = frozenset(),
    near: Mapping[int, float] = _NOTHING,
) -> dict[int, float]:
    """The score of each passage: the engine's rank as a share of the best, with what is known of the question added.

    1. Who said it, when the question names exactly one of those who say anything here.
    2. A passage about a record that the question names by its ref, or of a client or project that it names by title
       (`named`, in scope words).
    3. A time, when the question asks for one; a passage that only asks itself is no answer.
    4. How near its meaning is (`near`, 0 to 1), where that was looked for.
    """
    top = max((row[-1] for row in rows), default=0.0) or 1.0
    said = said_in(query)
    actors = {row[1] for row in rows if row[1]}
    speakers = [actor for actor in actors if said.intersection(_names(actor))]
    speaker = speakers[0] if len(speakers) == 1 else None
    refs = {term.word.upper() for term in terms if "-" in term.begin}
    timely = _TELLS_WHEN if traits.asks_when(query) else 0.0
    scores: dict[int, float] = {}
    for number, actor, marks, *judged, rank in rows:
        score = rank / top
        if speaker is not None and actor == speaker:
            score += _BY_ACTOR
        if marks & traits.TELLS_TIME:
            score += timely
        if marks & traits.ASKS:
            score -= _ASKS
        if refs and not refs.isdisjoint(refs_of(judged[2])):
            score += _ABOUT_NAMED
        if named and not named.isdisjoint(judged[3].split()):
            score += _OF_NAMED
        scores[number] = score + _NEAR * near.get(number, 0.0)
    return scores


def unnamed(query: str, rows: Iterable[Any]) -> str:
    """A question without the names of those who say something here: who it was is another thing than what was said,
    and to a small model a name would say the most.
    """
    names = {name for actor in {row[1] for row in rows} if actor for name in _names(actor)}
    left = _NAME.sub(lambda found: "" if words.folded(found[1]) in names else found[0], query)
    return left if _WORD.search(left) else query


def said_in(query: str) -> set[str]:
    """The words of a question, the small ones too."""
    return set(_WORD.findall(words.folded(query)))


def order(one: Found) -> tuple[float, str, str, str, int]:
    """The better one first (reversed); of equals the newest."""
    return round(one.score, 3), one.at or "", one.source, one.ref, -one.part


def refs_of(about: Any) -> tuple[str, ...]:
    """A column of refs, as text or read already."""
    return _parsed(about) if isinstance(about, str) else tuple(about)


@lru_cache(4_096)
def _parsed(about: str) -> tuple[str, ...]:
    return tuple(json.loads(about))


@lru_cache
def _names(actor: str) -> tuple[str, ...]:
    return tuple(name for name in _WORD.findall(words.folded(actor)) if len(name) > 2 and name not in _STOPWORDS)
