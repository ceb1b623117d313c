"""Asking memory: the few passages of decisions, lessons, facts, sources and narrative that a task needs."""

from __future__ import annotations

import copy
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from onefirm.core.errors import InvalidInput, Unavailable
from onefirm.core.sight import WHOLE, Sight
from onefirm.ledger import aliases
from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Event
from onefirm.memory import decisions, index, lessons, scopes, search, sources, statements, told_facts, words
from onefirm.memory.index import Asked, Term
from onefirm.memory.passages import Document
from onefirm.memory.renewal import Renewal
from onefirm.memory.search import Found
from onefirm.memory.standing import Standing
from onefirm.store.engine import Store

__all__ = ["Document", "Hit", "Recall", "Recalled", "tokens"]

_CHARS_PER_TOKEN = 3.6
_CANDIDATES = 200
_ENOUGH = 50
_MOST_HITS = 50
_MOST_OF_A_FILE = 3
_LONGEST_QUERY = 1_000
_SHORTEST_TEXT = 120

# How what was found stands, by its source. A new kind of memory adds itself here, and its words to `_INDEXED`.
_STANDINGS: Mapping[str, Callable[[Connection, Sequence[str], str | None], Mapping[str, Standing]]] = {
    "decision": decisions.standings,
    "lesson": lessons.standings,
    "source": sources.standings,
    "fact": told_facts.standings,
    "summary": told_facts.standings,
}
_INDEXED: Mapping[str, Callable[[Connection, Event], None]] = {
    "decision.recorded": decisions.index,
    "lesson.recorded": lessons.index,
    "lesson.seen_again": lessons.index_again,
    "lesson.told_apart": lessons.index_again,
    "source.archived": sources.index,
    "fact.recorded": told_facts.index,
    "fact.evidenced": told_facts.index,
}


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


@dataclass(frozen=True, slots=True)
class Recalled:
    """`searched` counts the passages of each source that were looked through, `mode` says how; `note` says what was
    not, and which words stood in for others. `tokens` is what the hits take.
    """

    hits: tuple[Hit, ...]
    searched: Mapping[str, int]
    note: str = ""
    mode: str = "lexical"
    tokens: int = 0


@dataclass(slots=True)
class _Counts:
    """How many passages a scope has, for as long as the index stays as it was."""

    turn: object = None
    of: dict[tuple[tuple[str, ...], ...], Mapping[str, int]] = field(
        default_factory=dict[tuple[tuple[str, ...], ...], Mapping[str, int]]
    )


class Recall:
    """The firm's memory, asked in words. `documents` gives the narrative files as they are now, and `unchanged` what
    stays the same as long as they do (None: nobody can tell); `archived` tells by its path whether one is of an
    engagement that is over.
    """

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        documents: Callable[[], Iterable[Document]],
        archived: Callable[[str], bool] = lambda _path: False,
        unchanged: Callable[[], object] = lambda: None,
        language: str = index.ENGLISH,
    ) -> None:
        self._store = store
        self._archived = archived
        self._renewal = Renewal(store, ledger, documents, unchanged, language, _INDEXED)
        self._counts = _Counts()
        self._language = language
        self._sight = WHOLE

    def behind(self, sight: Sight) -> Recall:
        """The same memory as a session with this sight has it: it is searched without what is hidden."""
        seen = copy.copy(self)
        seen._sight = sight
        return seen

    def recall(
        self,
        query: str,
        *,
        about: Sequence[str] = (),
        limit: int = 8,
        budget_tokens: int = 1_500,
        as_of: str | None = None,
    ) -> Recalled:
        """The passages that fit the question best, at most `limit` and about `budget_tokens` in all.

        1. Bring the index up to the files and the ledger as they are.
        2. Search any of the question's words; for one that no passage has, words that hold it or are spelt like it.
        3. Put superseded decisions and retired lessons below everything else, marked.
        4. Fill the budget, best first, without saying the same twice; the first passage is always given, cut where it
           must be.

        With `about` only passages about one of these refs are searched, and the question may be empty. `as_of` (a date
        or an instant) leaves out what was written down later, and files, which are as they are now. Raises InvalidInput
        for a question without a word, a wrong ref or time.
        """
        terms, refs = _question(query, self._language), statements.refs(about)
        if not terms and not refs:
            raise InvalidInput("There is no word to search for.", hint="Ask in words, or name a record in about.")
        known_by = statements.end(as_of) if as_of else None
        self._sight.check(refs)
        notes = [self._renewed()]
        with self._store.read() as conn:
            scope = self._scope(conn, refs)
            asked = search.widened(conn, Asked(terms, scope, known_by, self._language))
            ranked = self._ranked(conn, self._found(conn, asked, query), known_by)
            counted = self._counted(conn, scope)
        hits = tuple(_fitting(ranked, asked.terms, max(1, min(limit, _MOST_HITS)), budget_tokens))
        if known_by:
            notes.append("Narrative files are left out: they are as they are now.")
        notes.append(_stand_ins(asked.terms, hits))
        return Recalled(hits, counted, " ".join(filter(None, notes)), tokens=sum(map(_cost, hits)))

    def refresh(self) -> int:
        """Bring the index up to date; how many files and erased entries it had to take in."""
        return self._renewal.refresh()

    def rebuild(self) -> int:
        """Make the whole index anew from ledger and files; how many passages it has."""
        return self._renewal.rebuild()

    def _scope(self, conn: Connection, refs: Sequence[str]) -> list[tuple[str, ...]]:
        """Scope words in groups; a passage must have one of each."""
        about = tuple(scopes.about(name) for ref in refs for name in aliases.names(conn, ref))
        seen = (scopes.FIRM, scopes.owned(self._sight.ref)) if self._sight.ref else ()
        return [group for group in (about, seen) if group]

    def _renewed(self) -> str:
        try:
            self._renewal.refresh()
        except Unavailable as error:
            # An answer from yesterday's index is worth more than none, as long as it says so.
            return f"The index could not be brought up to date: {error.message}"
        return ""

    def _counted(self, conn: Connection, scope: Sequence[tuple[str, ...]]) -> Mapping[str, int]:
        """As the index has it; what only this session may not see is counted all the same."""
        turn = (self._renewal.turn(), index.newest(conn))
        if self._counts.turn != turn:
            self._counts.turn, self._counts.of = turn, {}
        key = tuple(scope)
        if key not in self._counts.of:
            self._counts.of[key] = index.counted(conn, scope)
        return self._counts.of[key]

    def _found(self, conn: Connection, asked: Asked, query: str) -> list[Found]:
        """A decision or lesson that the question names first, then what fits its words."""
        refs = [term.word.upper() for term in asked.terms if "-" in term.begin]
        itself = self._visible(search.named(conn, refs)) if refs else []
        most = _CANDIDATES
        while True:
            rows = index.matching(conn, asked, most)
            fitting = self._visible(search.founds(rows))
            if len(rows) < most or len(fitting) >= _ENOUGH:
                break
            most *= 4
        names = {one.ref for one in itself}
        if asked.terms:
            fitting = search.weighed(fitting, query, asked.terms)
        return itself + [one for one in fitting if one.ref not in names]

    def _visible(self, found: Sequence[Found]) -> list[Found]:
        """Scope words only lead the search; what may be seen is judged here, record by record and path by path."""
        sight = self._sight
        if sight is WHOLE:
            return list(found)
        return [one for one in found if _sees(sight, one)]

    def _ranked(self, conn: Connection, found: Sequence[Found], known_by: str | None) -> list[tuple[Found, Standing]]:
        standings = {("narrative", one.ref): Standing(None, "archived") for one in found if self._is_archived(one)}
        for source, told in _STANDINGS.items():
            if refs := {one.ref for one in found if one.source == source}:
                standings |= {(source, ref): standing for ref, standing in told(conn, sorted(refs), known_by).items()}
        pairs = [(one, standings.get((one.source, one.ref), Standing(one.at))) for one in found]
        return sorted((pair for pair in pairs if pair[1].known), key=lambda pair: pair[1].stale)

    def _is_archived(self, one: Found) -> bool:
        return one.source == "narrative" and self._archived(one.ref)


def _sees(sight: Sight, one: Found) -> bool:
    """What a lesson is about doesn't count: one that recurred elsewhere is the firm's own, and its ref isn't hidden."""
    refs = [one.ref] if one.source == "lesson" else [one.ref, *one.about]
    return sight.sees(refs) and not (one.source == "narrative" and sight.hides_path(one.ref))


def tokens(given: str) -> int:
    """How many tokens a text takes, rather too many than too few."""
    return math.ceil(len(given) / _CHARS_PER_TOKEN)


def _question(query: str, language: str) -> list[Term]:
    if len(query) > _LONGEST_QUERY:
        raise InvalidInput(
            f"The question has {len(query):,} characters; {_LONGEST_QUERY:,} is the most.", hint="Ask with a few words."
        )
    return search.terms_of(query, language)


def _stand_ins(terms: Sequence[Term], hits: Sequence[Hit]) -> str:
    """Which of the question's words were read as others; only those are told that stand in what was found."""
    text = words.folded(" ".join(f"{hit.heading} {hit.text}" for hit in hits))
    told = [(term.word, [other for other in term.others if other in text]) for term in terms]
    return " ".join(
        f"Nothing has “{word}”; looked for {', '.join(f'“{other}”' for other in others)}."
        for word, others in told
        if others
    )


def _fitting(ranked: Sequence[tuple[Found, Standing]], terms: Sequence[Term], limit: int, budget: int) -> Iterator[Hit]:
    given = 0
    seen: set[str] = set()
    of_file: Counter[str] = Counter()
    for found, standing in ranked:
        plain = " ".join(found.body.casefold().split())
        if plain in seen or (found.source == "narrative" and of_file[found.ref] >= _MOST_OF_A_FILE):
            continue
        heading = f"({standing.note}) {found.heading}" if standing.note else found.heading
        room = int((budget - tokens(f"{found.source} {found.ref} {heading}")) * _CHARS_PER_TOKEN)
        if given and room < min(_SHORTEST_TEXT, len(found.body)):
            return
        body = excerpt(found.body, terms, max(_SHORTEST_TEXT, room))
        hit = Hit(
            found.source, found.ref, heading, body, found.about, standing.at, found.score, standing.note, found.part,
            found.start, found.end,
        )  # fmt: skip
        yield hit
        seen.add(plain)
        of_file[found.ref] += 1
        budget -= _cost(hit)
        given += 1
        if given == limit:
            return


def _cost(hit: Hit) -> int:
    return tokens(f"{hit.source} {hit.ref} {hit.heading} {hit.text}")


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
