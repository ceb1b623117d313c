"""The searches that recall is held against, each on SQLite alone: what most people write first, and the best recipe."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.conversations import Conversation, around

_WORD = re.compile(r"[^\W_]+")
_STOPWORDS = frozenset(
    _WORD.findall(
        "a about above after again all also am an and any are as at be because been before being below between both "
        "but by can could did do does doing don down during each few for from further had has have having he her "
        "here hers herself him himself his how i if in into is it its itself just me more most my myself no nor not "
        "now of off on once only or other our ours ourselves out over own s same she should so some such t than "
        "that the their theirs them themselves then there these they this those through to too under until up very "
        "was we were what when where which while who whom why will with would you your yours yourself yourselves "
        "many much often long kind type going get got go went first ever"
    )
)
_TIME = re.compile(
    r"\b(yesterday|today|tonight|tomorrow|last|next|ago|week|weekend|month|year|morning|evening|night|recently|monday|"
    r"tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|may|june|july|august|september|"
    r"october|november|december|\d{4}|since|just)\b",
    re.IGNORECASE,
)


_Row = tuple[str, str, str, float]  # the turn, who, what, and the score


@dataclass(frozen=True, slots=True)
class Search:
    """One way to search: the words of a question joined, without common ones or with, in columns with weights."""

    name: str
    joined: str
    stemmed: bool
    stopwords: frozenset[str] = frozenset()
    by_hand: bool = False  # meta and context columns, and what is known of the question added to the rank


SEARCHES = (
    Search("FTS5 as it is (AND)", " AND ", stemmed=False),
    Search("FTS5 OR", " OR ", stemmed=False),
    Search("FTS5 OR, stemmed, stopwords out", " OR ", stemmed=True, stopwords=_STOPWORDS),
    Search("the measured recipe", " OR ", stemmed=True, stopwords=_STOPWORDS, by_hand=True),
)


def open_search(
    search: Search, path: Path, conversations: Sequence[Conversation]
) -> Callable[[str, str | None], list[str]]:
    """Index every turn; the answer asks in one conversation (or all), best first."""
    conn = sqlite3.connect(path, isolation_level=None)
    porter = "porter " if search.stemmed else ""
    conn.execute("CREATE TABLE turn (id INTEGER PRIMARY KEY, name TEXT, speaker TEXT, body TEXT)")
    conn.execute(f'CREATE VIRTUAL TABLE found USING fts5(scope, body, meta, context, tokenize="{porter}unicode61")')
    conn.execute("BEGIN")
    for conversation in conversations:
        for _, turns in conversation.sessions():
            for number, turn in enumerate(turns):
                values = (turn.id, turn.speaker, turn.text)
                rowid = conn.execute("INSERT INTO turn(name, speaker, body) VALUES (?, ?, ?)", values).lastrowid
                told = (f"{turn.speaker} {_date(turn.at)}", around(turns, number)) if search.by_hand else ("", "")
                row = (rowid, _scope(conversation.name), turn.text, *told)
                conn.execute("INSERT INTO found(rowid, scope, body, meta, context) VALUES (?, ?, ?, ?, ?)", row)
    conn.execute("COMMIT")
    speakers = {turn.speaker for conversation in conversations for turn in conversation.turns}
    return lambda question, scope: _ask(conn, search, question, scope, speakers)


def _ask(conn: sqlite3.Connection, search: Search, question: str, scope: str | None, speakers: set[str]) -> list[str]:
    every = list(dict.fromkeys(_WORD.findall(question.lower())))
    words = [word for word in every if word not in search.stopwords] or every
    match = "{{body meta context}} : ({})".format(search.joined.join(f'"{word}"' for word in words))
    if scope:
        match = f'scope : "{_scope(scope)}" AND ({match})'
    query = (
        "SELECT name, speaker, body, score FROM (SELECT rowid, -bm25(found, 0, 1, 1, 0.5) AS score FROM found "
        "WHERE found MATCH ? ORDER BY score DESC LIMIT 200) f JOIN turn ON turn.id = f.rowid ORDER BY score DESC"
    )
    rows = conn.execute(query, (match,)).fetchall()
    if search.by_hand and rows:
        rows = _reranked(rows, question, speakers)
    return [row[0] for row in rows]


def _reranked(rows: list[_Row], question: str, speakers: set[str]) -> list[_Row]:
    low, top = question.lower(), rows[0][3] or 1.0
    named = [speaker for speaker in speakers if speaker.lower() in low]
    asks_when = low.startswith("when") or "how long" in low

    def score(row: _Row) -> float:
        return (
            row[3] / top
            + 0.25 * (len(named) == 1 and row[1] == named[0])
            + 0.1 * (asks_when and _TIME.search(row[2]) is not None)
            - 0.1 * row[2].rstrip().endswith("?")
        )

    return sorted(rows, key=score, reverse=True)


def _date(at: str) -> str:
    year, month, day = at[:10].split("-")
    return f"{int(day)} {_MONTHS[int(month) - 1]} {year}"


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def _scope(name: str) -> str:
    return "c" + re.sub(r"[^a-z0-9]", "", name.lower())
