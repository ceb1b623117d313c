"""Every word of the passages, so that one that is typed wrong, or only in part, finds those that were meant."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Text, any_, cast, delete, func, select, text
from sqlalchemy.dialects import postgresql, sqlite

from onefirm.memory import index
from onefirm.memory.index import Asked, Term
from onefirm.store.listed import listed
from onefirm.store.tables import passage_word

# Names as programs have them: parser_config, getUserName.
JOINED = re.compile(r"\b[^\W_]*[a-z][A-Z][^\W_]*\b")
_HUMPS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_WORD = re.compile(r"[^\W_]+")
# Chinese, Japanese, Thai, Lao, Khmer, Burmese; and Korean, whose words carry their particles with them.
_SCRIPTS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
    "\U00020000-\U0003fffd"
)
_UNSPACED = re.compile(f"[{_SCRIPTS}]")
_RUNS = re.compile(f"[{_SCRIPTS}]+|[^{_SCRIPTS}]+")
_MARKS = re.compile(r"[\u0300-\u036f]")
_SHORTEST, _LONGEST = 4, 40
_SHORTEST_TYPED = 5  # what is shorter is a part of too many
_MOST_NEAR = 6
_LOOKED_AT = 60
_PARTS = text("SELECT word FROM passage_text_part WHERE passage_text_part MATCH :match ORDER BY rank LIMIT :most")


def apart(name: str) -> list[str]:
    """The words that a joined name is made of."""
    return _HUMPS.findall(name)


class _Folds(dict[int, str]):
    """Of each character what SQLite's index makes of it: a small letter, and of a Latin one without its accents."""

    def __missing__(self, code: int) -> str:
        char = chr(code).lower()
        plain = _MARKS.sub("", unicodedata.normalize("NFD", char))
        self[code] = plain if plain.isascii() else char
        return self[code]


_FOLDS = _Folds({ord("ς"): "σ"})


def folded(given: str) -> str:
    """Lower case without accents, as the index compares."""
    return given.lower() if given.isascii() else unicodedata.normalize("NFC", given).translate(_FOLDS)


def pieces(word: str) -> list[str]:
    """What a word is looked for by: itself, or pairs of characters where no spaces tell words apart."""
    if word.isascii() or not _UNSPACED.search(word):
        return [word]
    return [piece for run in _RUNS.findall(word) for piece in (_pairs(run) if _UNSPACED.match(run) else [run])]


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]


def unspaced(given: str) -> list[str]:
    """The pieces of all words of a text that are written so."""
    if given.isascii() or not _UNSPACED.search(given):
        return []
    return [piece for word in _WORD.findall(folded(given)) for piece in pieces(word) if piece != word]


def follow(conn: Connection, added: Iterable[Mapping[str, Any]], gone: Iterable[Mapping[str, Any]]) -> None:
    """Take in the words of passages that came, and let those go that left with a passage."""
    new, old = _every(added), _every(gone)
    if came := new - old:
        insert = (sqlite if conn.dialect.name == "sqlite" else postgresql).insert(passage_word)
        given = listed(conn, came).where(text("1 = 1"))  # without a condition SQLite reads ON CONFLICT as a join's ON
        conn.execute(insert.from_select(["word"], given).on_conflict_do_nothing())
    left = sorted(old - new)
    for start in range(0, len(left), _LOOKED_AT):
        some = left[start : start + _LOOKED_AT]
        lost = some
        for language in index.LANGUAGES:
            there = index.held(conn, Asked([Term(word, word, prefix=False) for word in lost], language=language))
            lost = [word for word, is_there in zip(lost, there, strict=True) if not is_there]
        if lost:
            conn.execute(delete(passage_word).where(passage_word.c.word.in_(lost)))


def _every(rows: Iterable[Mapping[str, Any]]) -> set[str]:
    given = folded(" ".join(f"{row['heading']} {row['body']} {row['meta']} {row['titles']}" for row in rows))
    return {word for word in _WORD.findall(given) if _SHORTEST <= len(word) <= _LONGEST and not word.isdigit()}


def near(conn: Connection, typed: str) -> list[str]:
    """Words that hold the typed one or begin like it, else those that differ by a slip of the fingers."""
    word = folded(typed)
    if len(word) < _SHORTEST_TYPED:
        return []
    holding = [one for one in _holding(conn, word) if one != word]
    if holding:
        return sorted(holding, key=lambda one: (not one.startswith(word), len(one), one))[:_MOST_NEAR]
    slips = 1 if len(word) < 8 else 2
    close = [(_distance(word, one), one) for one in _alike(conn, word) if abs(len(one) - len(word)) <= slips]
    return [one for distance, one in sorted(close) if 0 < distance <= slips][:_MOST_NEAR]


def _holding(conn: Connection, word: str) -> Sequence[str]:
    if conn.dialect.name == "sqlite":
        return conn.execute(_PARTS, {"match": f'"{word}"', "most": _LOOKED_AT}).scalars().all()
    query = select(passage_word.c.word).where(passage_word.c.word.contains(word, autoescape=True))
    return conn.execute(query.order_by(func.length(passage_word.c.word)).limit(_LOOKED_AT)).scalars().all()


def _alike(conn: Connection, word: str) -> Sequence[str]:
    grams = [word[start : start + 3] for start in range(len(word) - 2)]
    if conn.dialect.name == "sqlite":
        match = " OR ".join(f'"{gram}"' for gram in grams)
        return conn.execute(_PARTS, {"match": match, "most": _LOOKED_AT}).scalars().all()
    patterns = cast([f"%{gram}%" for gram in grams], postgresql.ARRAY(Text))
    near_length = func.length(passage_word.c.word).between(len(word) - 2, len(word) + 2)
    query = select(passage_word.c.word).where(passage_word.c.word.like(any_(patterns)), near_length)
    return conn.execute(query).scalars().all()


def _distance(one: str, other: str) -> int:
    """How many letters differ: put in, left out, another one, or two that changed places."""
    before, last = list[int](), list(range(len(other) + 1))
    for row, left in enumerate(one, 1):
        now = [row]
        for column, right in enumerate(other, 1):
            cost = min(last[column] + 1, now[-1] + 1, last[column - 1] + (left != right))
            if row > 1 and column > 1 and left == other[column - 2] and one[row - 2] == right:
                cost = min(cost, before[column - 2] + 1)
            now.append(cost)
        before, last = last, now
    return last[-1]
