"""Asking memory: the few passages of decisions, lessons, facts, sources and narrative that a task needs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from onefirm.core.errors import InvalidInput, Unavailable
from onefirm.core.sight import WHOLE, Sighted
from onefirm.ledger import aliases
from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Event
from onefirm.memory import (
    decisions,
    hits,
    index,
    scopes,
    search,
    statements,
    told_facts,
    told_lessons,
    told_sources,
    uses,
)
from onefirm.memory.hits import Hit
from onefirm.memory.index import Asked, Tally, Term
from onefirm.memory.languages import Languages
from onefirm.memory.passages import Document
from onefirm.memory.renewal import Renewal
from onefirm.memory.search import Found
from onefirm.memory.standing import Standing
from onefirm.memory.uses import Shown, Use, Uses
from onefirm.memory.vectors.meaning import Look, Meaning
from onefirm.store.engine import Store

__all__ = ["Document", "Hit", "Recall", "Recalled"]

MODE = "lexical"
_CANDIDATES, _CANDIDATES_BY_MEANING = 80, 200
_FEWEST_READ = 30
_MOST_HEIRS = 5  # one that took the place of one that took the place of one
_NAMED = 10.0  # above all that only fits
_MOST_HITS = 50
_LONGEST_QUERY = 1_000
_ALL_ENGLISH = Languages()
_NOTHING: Mapping[int, float] = {}

# How what was found stands, by its source. A new kind of memory adds itself here, and its words to `_INDEXED`.
_STANDINGS: Mapping[str, Callable[[Connection, Sequence[str], str | None], Mapping[str, Standing]]] = {
    "decision": decisions.standings,
    "lesson": told_lessons.standings,
    "source": told_sources.standings,
    "fact": told_facts.standings,
    "summary": told_facts.standings,
}
_INDEXED: Mapping[str, Callable[[Connection, Event], None]] = {
    "decision.recorded": decisions.index,
    "lesson.recorded": told_lessons.index,
    "lesson.seen_again": told_lessons.index_again,
    "lesson.told_apart": told_lessons.index_again,
    "source.archived": told_sources.index,
    "fact.recorded": told_facts.index,
    "fact.evidenced": told_facts.index,
}


@dataclass(frozen=True, slots=True)
class Recalled:
    """`searched` counts the passages of each source that were looked through, `mode` says how, `scope` for whom; `note`
    says what was not searched, and which words stood in for others. `tokens` is what the hits take. `id` names this
    answer: a decision that cites it, or a ref that it gave, counts as its use. Empty for one that isn't logged.
    """

    hits: tuple[Hit, ...]
    searched: Mapping[str, int]
    note: str = ""
    id: str = ""
    mode: str = MODE
    scope: str = "the firm"
    tokens: int = 0
    took_ms: float = 0.0

    @property
    def how(self) -> str:
        """How it was searched, in a line."""
        return f"{self.mode}, {self.scope}, {sum(self.searched.values()):,} passages, {self.took_ms:g} ms"


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked, checked."""

    query: str
    terms: Sequence[Term]
    about: tuple[str, ...]
    limit: int
    budget_tokens: int
    known_by: str | None


@dataclass(frozen=True, slots=True)
class _Spread:
    """How many passages of each source a scope has, and in which languages."""

    counts: Mapping[str, int]
    languages: Sequence[str]


@dataclass(slots=True)
class _Known:
    """What is asked of the firm for every question: how its clients and projects are named, a record's other names, and
    which passages a scope has. Kept for as long as ledger and index stay as they were.
    """

    named: scopes.Named
    tally: Sequence[Tally]
    names: dict[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    spread: dict[tuple[tuple[str, ...], ...], _Spread] = field(
        default_factory=dict[tuple[tuple[str, ...], ...], "_Spread"]
    )


@dataclass(slots=True)
class _Kept:
    """What was current, and what was known then: together, as threads share it."""

    last: tuple[object, _Known] | None = None


class Recall(Sighted):
    """The firm's memory, asked in words. `documents` gives the narrative files as they are now, and `unchanged` what
    stays the same as long as they do (None: nobody can tell); `archived` tells by its path whether one is of an
    engagement that is over, and `log` takes note of what was shown. `meaning` finds what is near in other words.
    """

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        documents: Callable[[], Iterable[Document]],
        archived: Callable[[str], bool] = lambda _path: False,
        unchanged: Callable[[], object] = lambda: None,
        languages: Languages = _ALL_ENGLISH,
        log: Uses | None = None,
        timezone: str = "UTC",
        meaning: Meaning | None = None,
    ) -> None:
        self._store = store
        self._uses = log
        self._timezone = timezone
        self._meaning = meaning
        self._archived = archived
        self._renewal = Renewal(store, ledger, documents, unchanged, languages, _INDEXED)
        self._kept = _Kept()

    def recall(
        self,
        query: str,
        *,
        about: Sequence[str] = (),
        limit: int = 8,
        budget_tokens: int = 1_500,
        as_of: str | None = None,
        session: str | None = None,
        logged: bool = True,
    ) -> Recalled:
        """The passages that fit the question best, at most `limit` and about `budget_tokens` in all.

        1. Bring the index up to the files and the ledger as they are.
        2. Search any of the question's words; for one that no passage has, words that hold it or are spelt like it.
        3. Put superseded decisions and retired lessons below everything else, marked.
        4. Fill the budget, best first, without saying the same twice; the first passage is always given, cut where it
           must be.
        5. Note what was shown, under an id, unless it isn't to be `logged`.

        With `about` only passages about one of these refs are searched, and the question may be empty. `as_of` (a date
        or an instant) leaves out what was written down later, and files, which are as they are now. Raises InvalidInput
        for a question without a word, a wrong ref or time.
        """
        began = time.perf_counter()
        asked = self._asked(query, about, limit, budget_tokens, as_of)
        with self._store.read() as conn:  # nearly always nothing has changed, and one look is enough
            current = self._renewal.current(conn)
            answer = self._answer(conn, asked, self._known(conn, current)) if current is not None else None
        if answer is None:
            note = self._renewed()
            with self._store.read() as conn:
                answer = self._answer(conn, asked, self._known(conn, self._renewal.current(conn)), note)
        answer = replace(answer, took_ms=round((time.perf_counter() - began) * 1_000, 1))
        return self._noted(self._uses, answer, asked, session) if logged and self._uses else answer

    def _asked(self, query: str, about: Sequence[str], limit: int, budget_tokens: int, as_of: str | None) -> _Question:
        if len(query) > _LONGEST_QUERY:
            raise InvalidInput(
                f"The question has {len(query):,} characters; {_LONGEST_QUERY:,} is the most.",
                hint="Ask with a few words.",
            )
        terms, refs = search.terms_of(query), statements.refs(about)
        if not terms and not refs:
            raise InvalidInput("There is no word to search for.", hint="Ask in words, or name a record in about.")
        self._sight.check(refs)
        known_by = statements.end(as_of, self._timezone) if as_of else None
        return _Question(query, terms, refs, max(1, min(limit, _MOST_HITS)), budget_tokens, known_by)

    def _known(self, conn: Connection, current: object) -> _Known:
        last = self._kept.last
        if last is None or current is None or last[0] != current:
            last = self._kept.last = current, _Known(scopes.named(conn), index.tally(conn))
        return last[1]

    def _answer(self, conn: Connection, asked: _Question, known: _Known, note: str = "") -> Recalled:
        scope = self._scope(conn, asked.about, known)
        spread = _spread(known, scope)
        look = self._meaning.look(conn, scope) if self._meaning and asked.terms else None
        found, terms = self._found(conn, asked, scope, spread.languages, known.named, look)
        ranked = self._ranked(conn, found, asked)
        given = tuple(hits.given(ranked, terms, asked.limit, asked.budget_tokens))
        undated = "Narrative files are left out: they are as they are now." if asked.known_by else ""
        note = " ".join(filter(None, (note, look and look.note, undated, hits.stand_ins(terms, given))))
        mode = MODE if [*spread.languages] == [index.ENGLISH] else f"{MODE} ({' and '.join(spread.languages)})"
        mode = look.mode(sum(spread.counts.values())) if look else mode
        told, cost = self._told(asked.about), sum(map(hits.cost, given))
        return Recalled(given, spread.counts, note, mode=mode, scope=told, tokens=cost)

    def _told(self, about: Sequence[str]) -> str:
        seen = f"{self._sight.client} and the firm" if self._sight.client else "the firm"
        return f"{', '.join(about)} within {seen}" if about else seen

    def _noted(self, log: Uses, answer: Recalled, asked: _Question, session: str | None) -> Recalled:
        answer = replace(answer, id=uses.new_id())
        shown = tuple(Shown(hit.source, hit.ref, hit.part) for hit in answer.hits)
        took_us = round(answer.took_ms * 1_000)
        log.note(Use(answer.id, asked.query, asked.about, answer.mode, shown, answer.tokens, took_us, session))
        return answer

    def refresh(self) -> int:
        """Bring the index up to date; how many files and erased entries it had to take in."""
        return self._renewal.refresh()

    def rebuild(self) -> int:
        """Make the whole index anew from ledger and files; how many passages it has."""
        return self._renewal.rebuild()

    def _scope(self, conn: Connection, refs: Sequence[str], known: _Known) -> list[tuple[str, ...]]:
        """Scope words in groups; a passage must have one of each."""
        for ref in refs:
            if ref not in known.names:
                known.names[ref] = aliases.names(conn, ref)
        about = tuple(scopes.about(name) for ref in refs for name in known.names[ref])
        seen = (scopes.FIRM, scopes.owned(self._sight.ref)) if self._sight.ref else ()
        return [group for group in (about, seen) if group]

    def _renewed(self) -> str:
        try:
            self._renewal.refresh()
        except Unavailable as error:
            # An answer from yesterday's index is worth more than none, as long as it says so.
            return f"The index could not be brought up to date: {error.message}"
        return ""

    def _found(
        self,
        conn: Connection,
        question: _Question,
        scope: Sequence[Sequence[str]],
        languages: Sequence[str],
        parties: scopes.Named,
        look: Look | None,
    ) -> tuple[list[Found], Sequence[Term]]:
        """What the question names first, then what fits its words; and the terms that it was asked by at last."""
        refs = [term.word.upper() for term in question.terms if "-" in term.begin]
        named = parties.among(search.said_in(question.query))
        judged = bool(refs or named) or self._sight is not WHOLE
        asked: Sequence[Asked] = [
            Asked(search.terms_of(question.query, language), scope, question.known_by, language, judged)
            for language in languages
        ]
        found = self._fitting(conn, asked, question, named, look)
        met = search.met(search.together(asked), found)
        if any(term.word not in met for one in asked for term in one.terms):
            wider = search.widened(conn, asked, met)
            if wider is not asked:
                asked, found = wider, self._fitting(conn, wider, question, named, look)
        itself = [replace(one, score=_NAMED) for one in (self._named(conn, refs) if refs else ())]
        names = {one.ref for one in itself}
        return itself + [one for one in found if one.ref not in names], search.together(asked)

    def _fitting(
        self,
        conn: Connection,
        asked: Sequence[Asked],
        question: _Question,
        named: frozenset[str],
        look: Look | None,
    ) -> list[Found]:
        """The best so many, whole: what fits the question's words, and what is near it in others."""
        most = max(_FEWEST_READ, 2 * question.limit)
        pool = max(_CANDIDATES_BY_MEANING if look and look.have else _CANDIDATES, 2 * most)
        found = [(one, self._candidates(conn, one, most, pool)) for one in asked]
        rows = found[0][1] if len(found) == 1 else search.fused(conn, found)
        near = look.near(search.unnamed(question.query, rows), [row[0] for row in rows]) if look else _NOTHING
        if others := near.keys() - {row[0] for row in rows}:
            rows = [*rows, *self._seen(index.light(conn, sorted(others), asked[0]))]
        scores = search.weighed(rows, question.query, question.terms, named, near)
        best = sorted(scores, key=lambda number: scores[number], reverse=True)[:most]
        whole = index.read(conn, best) if best else {}
        return sorted(search.whole((whole[number] for number in best), scores), key=search.order, reverse=True)

    def _candidates(self, conn: Connection, asked: Asked, fewest: int, pool: int) -> Sequence[Any]:
        """What fits the words best in one language, as far as it may be seen; looked for among the `pool` best."""
        while True:
            every = index.ranked(conn, asked, pool)
            rows = self._seen(every)
            if len(every) < pool or len(rows) >= fewest:
                return rows
            pool *= 4

    def _seen(self, rows: Sequence[Any]) -> Sequence[Any]:
        if self._sight is WHOLE:
            return rows
        return [row for row in rows if self._sees(row.source, row.ref, search.refs_of(row.about))]

    def _sees(self, source: str, ref: str, about: Sequence[str]) -> bool:
        """Scope words only lead the search; what may be seen is judged here, record by record and path by path."""
        sight = self._sight
        # What a lesson is about doesn't count: one that recurred elsewhere is the firm's own, and its ref isn't hidden.
        refs = [ref] if source == "lesson" else [ref, *about]
        return sight.sees(refs) and not (source == "narrative" and sight.hides_path(ref))

    def _ranked(self, conn: Connection, found: Sequence[Found], asked: _Question) -> list[tuple[Found, Standing]]:
        """Each with its standing; what took another's place stands where that one would, however it is worded."""
        every = {_place(one): one for one in found}
        standings = self._standings(conn, found, asked.known_by)
        for _ in range(_MOST_HEIRS):
            due = _due(every.values(), standings)
            risen = [one for one in every.values() if one.ref in due and one.score < due[one.ref]]
            unread = due.keys() - {one.ref for one in every.values()}
            fresh = self._named(conn, sorted(unread), asked.about) if unread else []
            if not risen and not fresh:
                break
            standings |= self._standings(conn, fresh, asked.known_by)
            every |= {_place(one): replace(one, score=due[one.ref]) for one in (*risen, *fresh)}
        best = sorted(every.values(), key=search.order, reverse=True)
        pairs = [(one, standings.get((one.source, one.ref), Standing(one.at))) for one in best]
        return sorted((pair for pair in pairs if pair[1].known), key=lambda pair: pair[1].stale)

    def _named(self, conn: Connection, refs: Sequence[str], about: Sequence[str] = ()) -> list[Found]:
        """The passages of these themselves, as far as they may be given."""
        named = (one for one in search.named(conn, refs) if self._sees(one.source, one.ref, one.about))
        return [one for one in named if not about or not {*about}.isdisjoint(one.about)]

    def _standings(
        self, conn: Connection, found: Sequence[Found], known_by: str | None
    ) -> dict[tuple[str, str], Standing]:
        standings = {("narrative", one.ref): Standing(None, "archived") for one in found if self._is_archived(one)}
        for source, told in _STANDINGS.items():
            if refs := {one.ref for one in found if one.source == source}:
                standings |= {(source, ref): standing for ref, standing in told(conn, sorted(refs), known_by).items()}
        return standings

    def _is_archived(self, one: Found) -> bool:
        return one.source == "narrative" and self._archived(one.ref)


def _spread(known: _Known, scope: Sequence[tuple[str, ...]]) -> _Spread:
    """What only this session may not see is counted all the same."""
    key = tuple(scope)
    if key not in known.spread:
        mine = [one for one in known.tally if all(not one.scope.isdisjoint(group) for group in scope)]
        counts = {source: sum(one.passages for one in mine if one.source == source) for source in _sources(mine)}
        known.spread[key] = _Spread(counts, sorted({one.language for one in mine}) or [index.ENGLISH])
    return known.spread[key]


def _sources(tally: Iterable[Tally]) -> list[str]:
    return sorted({one.source for one in tally})


def _place(one: Found) -> tuple[str, str, int]:
    return one.source, one.ref, one.part


def _due(found: Iterable[Found], standings: Mapping[tuple[str, str], Standing]) -> dict[str, float]:
    """What took another's place, with the score of that one."""
    due: dict[str, float] = {}
    for one in found:
        standing = standings.get((one.source, one.ref))
        if standing and standing.by:
            due[standing.by] = max(due.get(standing.by, 0.0), one.score)
    return due
