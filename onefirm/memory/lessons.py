"""Lessons: rules in plain words, with reasons. A candidate hardens when it recurs elsewhere, or by a person's word."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Connection, select

from onefirm.core.attribution import SYSTEM, By
from onefirm.core.clock import Clock
from onefirm.core.errors import InvalidInput, NotFound, Refused
from onefirm.core.ids import parse_ref
from onefirm.core.sight import WHOLE, Sight
from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Event, event_of
from onefirm.memory import passages, statements
from onefirm.memory.pages import Page
from onefirm.memory.passages import Part
from onefirm.memory.places import places
from onefirm.memory.standing import Standing
from onefirm.memory.statements import DAMAGED, ERASED, SecretsCheck, no_secrets
from onefirm.store.counters import next_number
from onefirm.store.engine import Store
from onefirm.store.tables import event, event_subject, lesson, payload

Status = Literal["candidate", "hardened", "retired"]
Verdict = Literal["harden", "retire", "keep"]
OUTCOMES: dict[str, Status] = {"harden": "hardened", "retire": "retired", "keep": "candidate"}
_KINDS = ["lesson.recorded", "lesson.seen_again", "lesson.decided"]
_MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class Lesson:
    """One lesson. `sightings` counts how often it was met, the first time included; `recurred`: elsewhere too."""

    ref: str
    at: str
    actor: str
    rule: str
    why: str
    theme: str
    about: tuple[str, ...]
    status: Status
    sightings: int
    event_id: str
    erased: bool = False
    recurred: bool = False


class Lessons:
    """The firm's lessons."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        clock: Clock,
        project: Callable[[], None],
        secrets_check: SecretsCheck = no_secrets,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._project = project
        self._secrets_check = secrets_check
        self._sight = WHOLE

    def behind(self, sight: Sight) -> Lessons:
        """The same lessons as a session with this sight has them: hidden ones are left out, naming one is refused."""
        seen = copy.copy(self)
        seen._sight = sight
        return seen

    def record(
        self,
        rule: str,
        why: str,
        *,
        theme: str = "general",
        about: Sequence[str] = (),
        again: str | None = None,
        by: By,
    ) -> Lesson:
        """Note a new lesson as a candidate, or with `again` that a known one held once more.

        Seen again at another place than before (another project, else another client or prospect), a candidate hardens;
        at the same place, or without `about`, it is only counted. With `again` rule and theme are not read. Raises
        InvalidInput for words that can't be kept, NotFound for an unknown ref, Refused for a secret or a rule that is
        known word for word.
        """
        statements.check_reason(by, self._secrets_check)
        concerned = statements.refs(about)
        self._sight.check([*concerned, *([again] if again else [])])
        because = statements.statement("why", why, self._secrets_check)
        if again:
            return self._see_again(parse_ref(again), because, concerned, by)
        worded = statements.statement("rule", rule, self._secrets_check)
        named = _theme(theme, self._secrets_check)
        with self._store.write() as conn:
            statements.existing(conn, concerned)
            ref = f"L-{next_number(conn, 'lesson')}"
            self._check_new(conn, worded)
            data = {"ref": ref, "rule": worded, "why": because, "theme": named, "about": list(concerned)}
            data["places"] = list(places(conn, self._ledger, concerned))
            entry = self._ledger.append(conn, "lesson.recorded", data, subjects=[ref, *concerned], by=by)
            conn.execute(
                lesson.insert().values(
                    ref=ref, event_id=entry.id, at=entry.at, actor=by.actor, theme=named, subjects=list(concerned)
                )
            )
            index(conn, entry)
        self._project()
        return self.get(ref)

    def _see_again(self, ref: str, where: str, about: tuple[str, ...], by: By) -> Lesson:
        with self._store.write() as conn:
            statements.existing(conn, about)
            _take_turn(conn)
            story = self._story(conn, ref)
            here = places(conn, self._ledger, about)
            data = {"ref": ref, "where": list(about) or where, "why": where, "places": list(here)}
            entry = self._ledger.append(conn, "lesson.seen_again", data, subjects=[ref, *about], by=by)
            if story.status == "candidate" and story.is_elsewhere(here):
                verdict = {"ref": ref, "verdict": "harden"}
                known = By(SYSTEM, by.session, "it recurred elsewhere", entry.id)
                self._ledger.append(conn, "lesson.decided", verdict, subjects=[ref], by=known)
        self._project()
        return self.get(ref)

    def decide(self, ref: str, verdict: Verdict, *, by: By) -> Lesson:
        """A person's word: make it a rule, retire it, or keep it (again) as a candidate.

        Raises InvalidInput for another verdict or a reason that can't be kept, NotFound, and Refused where it would
        change nothing.
        """
        statements.check_reason(by, self._secrets_check)
        name = parse_ref(ref)
        self._sight.check([name])
        if verdict not in OUTCOMES:
            raise InvalidInput(f"“{verdict}” is no verdict.", hint=f"Use one of: {', '.join(OUTCOMES)}.")
        with self._store.write() as conn:
            _take_turn(conn)
            status = self._story(conn, name).status
            if verdict != "keep" and status == OUTCOMES[verdict]:
                raise Refused(f"{name} is {status} already.", hint="lesson_decide takes harden, retire or keep.")
            self._ledger.append(conn, "lesson.decided", {"ref": name, "verdict": verdict}, subjects=[name], by=by)
        self._project()
        return self.get(name)

    def get(self, ref: str) -> Lesson:
        """The lesson with this ref. Raises NotFound."""
        self._sight.check([ref])
        with self._store.read() as conn:
            return self._story(conn, parse_ref(ref)).told()

    def find(
        self,
        *,
        status: Status | None = None,
        theme: str | None = None,
        text: str | None = None,
        about: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Lesson]:
        """Lessons that pass every filter, newest first; `text` is words, all in it. Raises InvalidInput."""
        concerned = parse_ref(about) if about else None
        met = [
            one
            for one in reversed(self.every())
            if (status is None or one.status == status)
            and (theme is None or one.theme.casefold() == theme.strip().casefold())
            and (concerned is None or concerned in one.about)
            and (not text or (not one.erased and statements.contains(text, one.ref, one.rule, one.why)))
        ]
        start = _start([one.ref for one in met], cursor)
        limit = max(1, min(limit, _MOST_ROWS))
        kept = tuple(met[start : start + limit])
        more = len(met) > start + limit
        return Page(kept, kept[-1].ref if more else None, len(met))

    def every(self) -> list[Lesson]:
        """All lessons, in the order in which they were noted."""
        with self._store.read() as conn:
            every = [story.told() for story in told(self._ledger.events(conn, kinds=_KINDS))]
        return [one for one in every if self._sight.sees([one.ref])]

    def _story(self, conn: Connection, ref: str) -> _Story:
        for story in told(self._ledger.events(conn, ref=ref, kinds=_KINDS)):
            if story.first.subjects[0] == ref:
                return story
        raise NotFound(f"There is no lesson {ref}.", hint="`onefirm lesson list` lists them; memory_recall finds them.")

    def _check_new(self, conn: Connection, rule: str) -> None:
        for story in told(self._ledger.events(conn, kinds=_KINDS)):
            known = story.told()
            if not known.erased and _plain(known.rule) == _plain(rule):
                self._sight.check([known.ref])
                raise Refused(
                    f"{known.ref} says the same ({known.status}).",
                    hint=f"Record it as seen again: again={known.ref} (`--again {known.ref}`), with where it held.",
                )


@dataclass(slots=True)
class _Story:
    """What the entries about one lesson tell, in their order. An erased entry still counts."""

    first: Event
    status: Status = "candidate"
    sightings: int = 1
    places: set[str] = field(default_factory=set[str])
    recurred: bool = False

    def told(self) -> Lesson:
        said: Any = self.first.payload or {}
        lost = DAMAGED if self.first.damaged else ERASED
        return Lesson(
            self.first.subjects[0],
            self.first.at,
            self.first.actor,
            said.get("rule", lost),
            said.get("why", lost),
            said.get("theme", "general"),
            self.first.subjects[1:],
            self.status,
            self.sightings,
            self.first.id,
            erased=not said,
            recurred=self.recurred,
        )

    def is_elsewhere(self, here: Sequence[str]) -> bool:
        """Whether this is another place than those where it was met."""
        return bool(self.places) and not self.places.issuperset(here)

    def take(self, event: Event) -> None:
        said = event.payload or {}
        here = said.get("places", ())
        self.recurred = self.recurred or self.is_elsewhere(here)
        self.places.update(here)
        if event.kind == "lesson.seen_again":
            self.sightings += 1
        elif event.kind == "lesson.decided":
            self.status = OUTCOMES.get(str(said.get("verdict")), self.status)


def told(events: Iterable[Event]) -> list[_Story]:
    """Every lesson as its entries tell it."""
    every = list(events)
    # Clocks of two machines may differ: a verdict can stand before the lesson that it is about.
    stories = {entry.subjects[0]: _Story(entry) for entry in every if entry.kind == "lesson.recorded"}
    for entry in every:
        if story := stories.get(entry.subjects[0]):
            story.take(entry)
    return list(stories.values())


def index(conn: Connection, entry: Event) -> None:
    """Make the passage of a `lesson.recorded` entry; an erased one has none."""
    data = entry.payload
    if data:
        body = f"{data['why']}\nTheme: {data['theme']}"
        about = data.get("about", ())
        part = Part(data["rule"], body, data["ref"], actor=entry.actor, at=entry.at)
        passages.put(conn, "lesson", data["ref"], [part], about, entry.payload_sha256, entry.at)


def standings(conn: Connection, refs: Sequence[str], known_by: str | None) -> dict[str, Standing]:
    """How these lessons stand, or stood at a time (ISO)."""
    query = select(event, payload.c.body).outerjoin(payload, payload.c.event_id == event.c.id)
    query = query.join(event_subject, event_subject.c.event_id == event.c.id)
    query = query.where(event_subject.c.ref.in_(refs), event.c.kind.in_(_KINDS))
    if known_by is not None:
        query = query.where(event.c.at <= known_by)
    rows = conn.execute(query.order_by(event.c.at, event.c.chain_id, event.c.seq).distinct()).mappings()
    stood = (story.told() for story in told(map(event_of, rows)))
    return {
        one.ref: Standing(one.at, "" if one.status == "hardened" else one.status, stale=one.status == "retired")
        for one in stood
    }


def standing(conn: Connection, ledger: Ledger, ref: str) -> Status | None:
    """How a lesson stands; None when this is no lesson."""
    stories = told(ledger.events(conn, ref=ref, kinds=_KINDS))
    return next((story.status for story in stories if story.first.subjects[0] == ref), None)


def restate(conn: Connection, ledger: Ledger, ref: str, before: Status, tombstone: Event) -> None:
    """Decide once more what was decided, if the erasing took that too: a rule must not lapse with its words."""
    if standing(conn, ledger, ref) != before:
        verdict = next(name for name, status in OUTCOMES.items() if status == before)
        by = By(SYSTEM, tombstone.session, "what was said about it was erased, and its standing stays", tombstone.id)
        ledger.append(conn, "lesson.decided", {"ref": ref, "verdict": verdict}, subjects=[ref], by=by)


def _take_turn(conn: Connection) -> None:
    """Wait for whoever else writes about lessons: their standing is read before it is changed."""
    next_number(conn, "lesson", 0)


def _theme(theme: str, secrets_check: SecretsCheck) -> str:
    named = " ".join(theme.split()).casefold()
    if not statements.THEME.fullmatch(named):
        raise InvalidInput(f"“{theme[:40]}” is no theme.", hint="A theme is a word or two, such as finance.")
    return statements.statement("theme", named, secrets_check)


def _plain(rule: str) -> str:
    return " ".join(rule.casefold().split()).rstrip(".!")


def _start(refs: Sequence[str], cursor: str | None) -> int:
    if not cursor:
        return 0
    if cursor not in refs:
        raise InvalidInput(f"“{cursor[:40]}” is no cursor.", hint="Use the cursor that the last page gave, as it is.")
    return refs.index(cursor) + 1
