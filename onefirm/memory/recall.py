"""Asking memory: the few passages of decisions, lessons and narrative that a task needs, inside a budget of tokens."""

from __future__ import annotations

import copy
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from onefirm.core.errors import InvalidInput, Unavailable
from onefirm.core.sight import WHOLE, Sight
from onefirm.ledger import aliases
from onefirm.ledger.append import Ledger
from onefirm.memory import decisions, lessons, passages, search, statements
from onefirm.memory.passages import Document
from onefirm.memory.search import Found, Scope, Term
from onefirm.store.engine import Store
from onefirm.store.tables import decision, passage

__all__ = ["Document", "Hit", "Recall", "Recalled", "tokens"]

_CHARS_PER_TOKEN = 3.6
_MOST_HITS = 50
_MOST_OF_A_FILE = 3
_LONGEST_QUERY = 1_000
_SHORTEST_TEXT = 120
_NAMED = 1.5  # a passage about a record that the question names


@dataclass(frozen=True, slots=True)
class Hit:
    """One passage. `ref` is a decision's or lesson's, or a file's path; `at` (ISO) is None for a file.

    `note` tells what weakens it: superseded by which decision, retired, only a candidate, or archived.
    """

    source: str
    ref: str
    heading: str
    text: str
    about: tuple[str, ...]
    at: str | None
    score: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Recalled:
    """`searched` counts the passages of each source that were looked through; `note` says what was not."""

    hits: tuple[Hit, ...]
    searched: Mapping[str, int]
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Standing:
    """What is known about a found decision or lesson besides its words."""

    at: str | None
    note: str = ""
    stale: bool = False


class Recall:
    """The firm's memory, asked in words. `documents` gives the narrative files as they are now; `archived` tells by its
    path whether one is of an engagement that is over.
    """

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        documents: Callable[[], Iterable[Document]],
        archived: Callable[[str], bool] = lambda _path: False,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._documents = documents
        self._archived = archived
        self._sight = WHOLE

    def behind(self, sight: Sight) -> Recall:
        """The same memory as a session with this sight has it: it is searched without what is hidden."""
        seen = copy.copy(self)
        seen._sight = sight
        return seen

    def recall(self, query: str, *, about: Sequence[str] = (), limit: int = 8, budget_tokens: int = 1_500) -> Recalled:
        """The passages that fit the question best, at most `limit` and about `budget_tokens` in all.

        1. Bring the index up to the files and the ledger as they are.
        2. Search any of the question's words; if none is found as a word's beginning, as a part of words.
        3. Put superseded decisions and retired lessons below everything else, marked.
        4. Fill the budget, best first; the first passage is always given, cut where it must be.

        With `about` only passages about one of these refs are searched, and the question may be empty. Raises
        InvalidInput for a question without a word, or a wrong ref.
        """
        terms, refs = _question(query), statements.refs(about)
        if not terms and not refs:
            raise InvalidInput("There is no word to search for.", hint="Ask in words, or name a record in about.")
        self._sight.check(refs)
        note = self._renewed()
        with self._store.read() as conn:
            scope = self._scope(conn, refs)
            ranked = self._ranked(conn, _found(conn, terms, scope))
            counted = search.counts(conn, scope)
        hits = _fitting(ranked, terms, max(1, min(limit, _MOST_HITS)), budget_tokens)
        return Recalled(tuple(hits), counted, note)

    def refresh(self) -> int:
        """Bring the index up to date; how many files and erased entries it had to take in."""
        documents = {document.path: document for document in self._documents()}
        with self._store.read() as conn:
            if not _outdated(conn, documents) and not passages.erased(conn):
                return 0
        with self._store.write() as conn:
            passages.lock(conn)
            changed, gone = _outdated(conn, documents), passages.erased(conn)
            for path in changed:
                _take(conn, path, documents.get(path))
            if gone:
                passages.wipe(conn, gone)
            return len(changed) + len(gone)

    def rebuild(self) -> int:
        """Make the whole index anew from ledger and files; how many passages it has."""
        documents = list(self._documents())
        with self._store.write() as conn:
            passages.lock(conn)
            conn.execute(passage.delete())
            for entry in self._ledger.events(conn, kinds=["decision.recorded", "lesson.recorded"]):
                (decisions if entry.kind.startswith("decision.") else lessons).index(conn, entry)
            for document in documents:
                _take(conn, document.path, document)
            return sum(search.counts(conn, Scope()).values())

    def _scope(self, conn: Connection, refs: Sequence[str]) -> Scope:
        about = [name for ref in refs for name in aliases.names(conn, ref)]
        if self._sight is WHOLE:
            return Scope(about)
        files = frozenset(path for path in passages.files(conn) if self._sight.hides_path(path))
        return Scope(about, self._sight.hidden | files)

    def _renewed(self) -> str:
        try:
            self.refresh()
        except Unavailable as error:
            # An answer from yesterday's index is worth more than none, as long as it says so.
            return f"The index could not be brought up to date: {error.message}"
        return ""

    def _ranked(self, conn: Connection, found: Sequence[Found]) -> list[tuple[Found, _Standing]]:
        standings = self._standings(conn, found)
        pairs = [(one, standings.get((one.source, one.ref), _Standing(None))) for one in found]
        return sorted(pairs, key=lambda pair: pair[1].stale)

    def _standings(self, conn: Connection, found: Sequence[Found]) -> dict[tuple[str, str], _Standing]:
        taken = [one.ref for one in found if one.source == "decision"]
        learned = [one.ref for one in found if one.source == "lesson"]
        over = [one.ref for one in found if one.source == "narrative" and self._archived(one.ref)]
        return {
            **{("narrative", path): _Standing(None, "archived") for path in over},
            **{("decision", ref): standing for ref, standing in _decided(conn, taken)},
            **{("lesson", ref): standing for ref, standing in self._learned(conn, learned)},
        }

    def _learned(self, conn: Connection, refs: Sequence[str]) -> Iterator[tuple[str, _Standing]]:
        for ref in refs:
            for story in lessons.told(self._ledger.events(conn, ref=ref, kinds=["lesson."])):
                one = story.told()
                note = "" if one.status == "hardened" else one.status
                yield one.ref, _Standing(one.at, note, one.status == "retired")


def tokens(given: str) -> int:
    """How many tokens a text takes, rather too many than too few."""
    return math.ceil(len(given) / _CHARS_PER_TOKEN)


def _question(query: str) -> list[Term]:
    if len(query) > _LONGEST_QUERY:
        raise InvalidInput(
            f"The question has {len(query):,} characters; {_LONGEST_QUERY:,} is the most.", hint="Ask with a few words."
        )
    return search.terms_of(query)


def _found(conn: Connection, terms: Sequence[Term], within: Scope) -> list[Found]:
    """A decision or lesson that the question names first, then what fits its words; what it names weighs more."""
    if not terms:
        return search.newest(conn, within)
    refs = [term.word.upper() for term in terms if search.REF.fullmatch(term.word)]
    fitting = search.search(conn, terms, within) or search.containing(conn, terms, within)
    if not fitting and refs and not within.about:
        fitting = search.newest(conn, replace(within, about=refs))
    itself = search.named(conn, refs, within) if refs else []
    names = {one.ref for one in itself}
    weighed = [
        replace(one, score=one.score * (_NAMED if set(refs).intersection(one.about) else 1.0)) for one in fitting
    ]
    return itself + sorted((one for one in weighed if one.ref not in names), key=lambda one: -one.score)


def _decided(conn: Connection, refs: Sequence[str]) -> Iterator[tuple[str, _Standing]]:
    later = decision.alias("later")
    query = select(decision.c.ref, decision.c.at, later.c.ref).outerjoin(later, later.c.supersedes == decision.c.ref)
    for ref, at, superseded_by in conn.execute(query.where(decision.c.ref.in_(refs))):
        note = f"superseded by {superseded_by}" if superseded_by else ""
        yield ref, _Standing(at, note, bool(superseded_by))


def _fitting(
    ranked: Sequence[tuple[Found, _Standing]], terms: Sequence[Term], limit: int, budget: int
) -> Iterator[Hit]:
    given = 0
    seen: set[str] = set()
    of_file: Counter[str] = Counter()
    for found, standing in ranked:
        plain = " ".join(found.body.casefold().split())
        if plain in seen or of_file[found.ref] >= _MOST_OF_A_FILE:
            continue
        heading = f"({standing.note}) {found.heading}" if standing.note else found.heading
        room = int((budget - tokens(f"{found.source} {found.ref} {heading}")) * _CHARS_PER_TOKEN)
        if given and room < min(_SHORTEST_TEXT, len(found.body)):
            return
        body = excerpt(found.body, terms, max(_SHORTEST_TEXT, room))
        yield Hit(found.source, found.ref, heading, body, found.about, standing.at, found.score, standing.note)
        seen.add(plain)
        of_file[found.ref] += 1
        budget -= tokens(f"{found.source} {found.ref} {heading} {body}")
        given += 1
        if given == limit:
            return


def excerpt(body: str, terms: Sequence[Term], longest: int) -> str:
    """The text, or the part of it around the first of the terms, with ellipses where it was cut."""
    if len(body) <= longest:
        return body
    low = body.lower()
    places = [at for term in terms if (at := low.find(term.begin)) >= 0]
    start = max(0, min(min(places, default=0) - longest // 4, len(body) - longest))
    start = body.find(" ", start, start + 20) + 1 if start else 0
    end = start + longest - 2
    cut = body[start:end]
    if end < len(body):
        cut = cut.rpartition(" ")[0] or cut
    return f"{'…' if start else ''}{cut.strip()}{'…' if end < len(body) else ''}"


def _outdated(conn: Connection, documents: Mapping[str, Document]) -> list[str]:
    known = passages.files(conn)
    changed = [path for path, document in documents.items() if known.get(path) != document.sha256]
    return changed + [path for path in known if path not in documents]


def _take(conn: Connection, path: str, document: Document | None) -> None:
    if document is None:
        passages.drop(conn, "narrative", [path])
    else:
        parts = passages.parts_of(document)
        passages.put(conn, "narrative", path, parts, document.about, document.sha256)
