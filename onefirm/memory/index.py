"""The full-text index of the passages, asked alike on SQLite (FTS5) and Postgres (tsvector).

English passages are stemmed, those of other languages stand in an index of their own and are looked for from a word's
stem on. Nothing that is typed can be read as query syntax: terms and scope words are made of letters and digits only.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Integer, TextClause, TextualSelect, column, text
from sqlalchemy.types import NullType

ENGLISH, OTHER = "english", "other"
LANGUAGES = (ENGLISH, OTHER)
_INDEX = {ENGLISH: "passage_text", OTHER: "passage_text_other"}
_CONFIG = {ENGLISH: "english", OTHER: "simple"}
_COLUMNS = "{heading body meta context titles}"
# What a word counts in scope, heading, body, meta, context, titles.
_WEIGHTS = "0.0, 2.0, 1.0, 1.0, 0.5, 1.0"
_PG_WEIGHTS = "'{0, 0.5, 0.9, 1}'"  # D (scope), C (context), B (meta, titles), A (heading, body)
# A word counts less the more often it stands there and the longer the passage is, as BM25 has it: k1 1.2 and b 0.75 for
# what ts_rank gives to a word that stands there once (0.61), and passages of 600 characters with what is around them.
_PG_LENGTH = "(length(p.heading) + length(p.body) + length(p.context))"
_PG_NORM = f"(1.2 * 0.61 * (0.25 + 0.75 * {_PG_LENGTH} / 600.0))"
_MARKS = re.compile(r"[\u0300-\u036f\u064b-\u065f\u0670\u3099\u309a]")
_TALLY = text("SELECT scope, source, language, passages FROM passage_tally WHERE passages > 0")
_LIGHT, _JUDGED = "p.id, p.actor, p.traits", ", p.source, p.ref, p.about, p.scope"
_FIELDS = "p.id, p.source, p.ref, p.part, p.heading, p.body, p.actor, p.at, p.about, p.start_char, p.end_char"


def _giving(statement: str, fields: str) -> TextualSelect:
    """A query that gives these columns of `p`: named here, they needn't be looked at anew for each answer."""
    return text(statement).columns(*(column(name, NullType()) for name in fields.replace("p.", "").split(", ")))


_WHOLE = {
    "sqlite": _giving(f"SELECT {_FIELDS} FROM json_each(:ids) i CROSS JOIN passage p ON p.id = i.value", _FIELDS),  # noqa: S608
    "postgresql": _giving(
        f"SELECT {_FIELDS} FROM passage p JOIN jsonb_array_elements_text(CAST(:ids AS jsonb)) i ON p.id = i::int",  # noqa: S608
        _FIELDS,
    ),
}


@dataclass(frozen=True, slots=True)
class Term:
    """What is looked for: a word in lower case, from `begin` on if `prefix`; or a ref (`p-12`), as it is.

    `others` are words of the index that stand in for one that the index doesn't have.
    """

    word: str
    begin: str
    prefix: bool
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """`scope` holds groups of scope words: a passage has one of each group. `known_by` (ISO) leaves out what was
    written down later. `language` is that of the passages. `judged`: rows tell what they are about.
    """

    terms: Sequence[Term]
    scope: Sequence[Sequence[str]] = ()
    known_by: str | None = None
    language: str = ENGLISH
    judged: bool = False


@dataclass(frozen=True, slots=True)
class Tally:
    """How many passages of one source and language have the same scope words."""

    scope: frozenset[str]
    source: str
    language: str
    passages: int


def tally(conn: Connection) -> list[Tally]:
    """Which passages there are, for each set of scope words that any of them has."""
    rows = conn.execute(_TALLY).all()
    return [Tally(frozenset(scope.split()), source, language, number) for scope, source, language, number in rows]


def ranked(conn: Connection, asked: Asked, most: int) -> Sequence[Any]:
    """What has any of the terms, best first; without terms what the scope has, the last indexed first.

    Rows of id, actor, traits and score, with `judged` of source, ref, about and scope too: texts are read of a few.
    """
    if conn.dialect.name == "postgresql":
        return _postgres(conn, asked, most)
    statement = _sqlite(bool(asked.terms), asked.known_by is not None, asked.judged, _INDEX[asked.language])
    return conn.execute(statement, {"match": _match(asked), "most": most, "known_by": asked.known_by}).all()


def light(conn: Connection, ids: Sequence[int], asked: Asked) -> Sequence[Any]:
    """Rows as `ranked` gives them, with a score of nothing, of passages that were found in another way."""
    statement = _found_otherwise(conn.dialect.name, asked.known_by is not None, asked.judged)
    return conn.execute(statement, {"ids": json.dumps(list(ids)), "known_by": asked.known_by}).all()


def read(conn: Connection, ids: Sequence[int]) -> dict[int, Any]:
    """Whole rows by their ids."""
    return {row[0]: row for row in conn.execute(_WHOLE[conn.dialect.name], {"ids": json.dumps(list(ids))}).all()}


def held(conn: Connection, asked: Asked) -> list[bool]:
    """Of each term, whether any passage of the scope in this language has it."""
    if not asked.terms:
        return []
    if conn.dialect.name == "postgresql":
        given = {f"q{n}": _tsquery(asked, [term]) for n, term in enumerate(asked.terms)}
    else:
        given = {f"q{n}": _match(Asked([term], asked.scope)) for n, term in enumerate(asked.terms)}
    return list(map(bool, conn.execute(_held(conn.dialect.name, len(asked.terms), asked.language), given).one()))


def frequencies(conn: Connection, terms: Sequence[Term], most: int) -> list[int]:
    """In how many passages each term stands, counted up to `most`."""
    if conn.dialect.name == "postgresql":
        given: dict[str, Any] = {f"q{n}": _tsquery(Asked([term]), [term]) for n, term in enumerate(terms)}
    else:
        given = {f"q{n}": _match(Asked([term])) for n, term in enumerate(terms)}
    return list(conn.execute(_counts(conn.dialect.name, len(terms)), given | {"most": most}).one())


def scoped(conn: Connection, words: Iterable[str]) -> TextualSelect:
    """A query of the passages that have one of these scope words: more than a statement takes parameters."""
    return _within(conn, [sorted(words)])


def within(conn: Connection, scope: Sequence[Sequence[str]]) -> list[int]:
    """The passages of a scope: those that have one word of each group."""
    return list(conn.execute(_within(conn, scope)).scalars())


def _within(conn: Connection, scope: Sequence[Sequence[str]]) -> TextualSelect:
    if conn.dialect.name == "postgresql":
        query, match = "SELECT id FROM passage WHERE passage_text @@ CAST(:scope AS tsquery)", _pg_scope(scope)
    else:
        found = (f"SELECT rowid AS id FROM {name} WHERE {name} MATCH :scope" for name in _INDEX.values())  # noqa: S608
        query, match = " UNION ALL ".join(found), _scope(scope)
    return text(query).bindparams(scope=match).columns(column("id", Integer))


def _light(judged: bool) -> str:
    return _LIGHT + (_JUDGED if judged else "")


# -- SQLite


def _match(asked: Asked) -> str:
    words = [word for term in asked.terms for word in _quoted(term)]
    refs = [f'scope : "{term.begin.replace("-", "")}"' for term in asked.terms if "-" in term.begin]
    # Without columns to look in, FTS5 counts a word's passages twice as fast; scope words are no words of a language.
    columns = f"{_COLUMNS} : " if any(term.prefix for term in asked.terms) else ""
    either = [f"{columns}({' OR '.join(words)})"] if words else []
    parts = [f"({_scope(asked.scope)})"] if asked.scope else []
    if either:
        parts.append(f"({' OR '.join([*either, *refs])})")
    return " AND ".join(parts)


def _quoted(term: Term) -> list[str]:
    return [f'"{term.begin}"{"*" if term.prefix else ""}', *(f'"{word}"' for word in term.others)]


def _scope(groups: Sequence[Sequence[str]]) -> str:
    return " AND ".join("scope : ({})".format(" OR ".join(f'"{word}"' for word in group)) for group in groups)


@lru_cache
def _sqlite(by_rank: bool, dated: bool, judged: bool, name: str) -> TextualSelect:
    score = f"-bm25({name}, {_WEIGHTS})" if by_rank else "1.0"
    known = f" JOIN passage k ON k.id = {name}.rowid AND k.known_at <= :known_by" if dated else ""
    inner = (
        f"SELECT {name}.rowid AS id, {score} AS score FROM {name}{known} WHERE {name} MATCH :match "  # noqa: S608
        f"ORDER BY {'score' if by_rank else f'{name}.rowid'} DESC LIMIT :most"
    )
    order = "r.score DESC, p.id DESC" if by_rank else "p.id DESC"
    return _giving(
        f"SELECT {_light(judged)}, r.score FROM ({inner}) r CROSS JOIN passage p ON p.id = r.id "  # noqa: S608
        f"WHERE p.body <> '' ORDER BY {order}",
        f"{_light(judged)}, score",
    )


@lru_cache
def _found_otherwise(dialect: str, dated: bool, judged: bool) -> TextClause:
    known = " AND p.known_at <= :known_by" if dated else ""
    given = {"sqlite": "SELECT value FROM json_each(:ids)"}.get(
        dialect, "SELECT i::int FROM jsonb_array_elements_text(CAST(:ids AS jsonb)) i"
    )
    light = f"{_light(judged)}, CAST(0 AS double precision)"
    return text(f"SELECT {light} FROM passage p WHERE p.id IN ({given}) AND p.body <> ''{known}")  # noqa: S608


@lru_cache
def _held(dialect: str, terms: int, language: str) -> TextClause:
    every = (f"EXISTS(SELECT 1 FROM {_having(dialect, number, language)})" for number in range(terms))  # noqa: S608
    return text(f"SELECT {', '.join(every)}")


@lru_cache
def _counts(dialect: str, terms: int) -> TextClause:
    def count(number: int) -> str:
        every = (f"SELECT 1 FROM {_having(dialect, number, language)}" for language in LANGUAGES)  # noqa: S608
        return f"(SELECT count(*) FROM ({' UNION ALL '.join(every)} LIMIT :most) AS some)"  # noqa: S608

    return text(f"SELECT {', '.join(map(count, range(terms)))}")


def _having(dialect: str, number: int, language: str) -> str:
    if dialect == "postgresql":
        is_there = f"passage_text @@ to_tsquery('{_CONFIG[language]}', :q{number})"
        return f"passage WHERE {is_there} AND language = '{language}'"
    return f"{_INDEX[language]} WHERE {_INDEX[language]} MATCH :q{number}"


# -- Postgres


def _postgres(conn: Connection, asked: Asked, most: int) -> Sequence[Any]:
    """Each term's rank times its rarity: by itself Postgres ranks by frequency in the passage alone."""
    given: dict[str, Any] = {"most": most, "known_by": asked.known_by}
    bare = Asked(asked.terms, language=asked.language)
    given |= {f"q{n}": _tsquery(bare, [term]) for n, term in enumerate(asked.terms)}
    every, *frequencies = conn.execute(_frequencies(len(asked.terms), asked.language), given).one()
    given |= {f"rarity{n}": _rarity(every, frequency) for n, frequency in enumerate(frequencies)}
    given["any"] = _tsquery(asked, asked.terms)
    return conn.execute(
        _ranked(len(asked.terms), asked.known_by is not None, asked.judged, asked.language), given
    ).all()


@lru_cache
def _frequencies(terms: int, language: str) -> TextClause:
    every = f"SELECT coalesce(sum(passages), 0) FROM passage_tally WHERE language = '{language}'"  # noqa: S608
    has = (f"SELECT count(*) FROM {_having('postgresql', number, language)}" for number in range(terms))  # noqa: S608
    return text("SELECT " + ", ".join(f"({count})" for count in (every, *has)))


@lru_cache
def _ranked(terms: int, dated: bool, judged: bool, language: str) -> TextClause:
    config = _CONFIG[language]
    ranks = (f"ts_rank({_PG_WEIGHTS}, p.passage_text, to_tsquery('{config}', :q{n}))" for n in range(terms))
    counts = [
        f"CAST(:rarity{n} AS float8) * coalesce(1 / (1 + {_PG_NORM} / nullif({rank}, 0)), 0)"
        for n, rank in enumerate(ranks)
    ]
    score = " + ".join(counts) or "CAST(1 AS float8)"
    known = "AND p.known_at <= :known_by " if dated else ""
    return text(
        f"SELECT {_light(judged)}, {score} AS score FROM passage p "  # noqa: S608
        f"WHERE p.passage_text @@ to_tsquery('{config}', :any) AND p.language = '{language}' AND p.body <> '' {known}"
        f"ORDER BY {'score DESC, ' if terms else ''}p.id DESC LIMIT :most"
    )


def _tsquery(asked: Asked, terms: Sequence[Term]) -> str:
    words = " | ".join(part for term in terms for part in _lexemes(term))
    scope = _pg_scope(asked.scope)
    return f"({scope}) & ({words})" if scope and words else scope or words


def _lexemes(term: Term) -> list[str]:
    if "-" in term.begin:
        prefix, _, number = term.begin.partition("-")
        return [f"('{prefix}':ABC <-> '{number}':ABC)", f"'{prefix}{number}':D"]
    others = (f"'{_plain(word)}':ABC" for word in term.others)
    return [f"'{_plain(term.begin)}':{'*' if term.prefix else ''}ABC", *others]


def _plain(word: str) -> str:
    """As `onefirm_plain` in the database has it: without the marks of any letter."""
    return word if word.isascii() else _MARKS.sub("", unicodedata.normalize("NFKD", word))


def _pg_scope(groups: Sequence[Sequence[str]]) -> str:
    return " & ".join("({})".format(" | ".join(f"'{word}':D" for word in group)) for group in groups)


def _rarity(every: int, frequency: int) -> float:
    return math.log(1 + (every - frequency + 0.5) / (frequency + 0.5))
