"""Lessons: rules in plain words, with reasons. A candidate hardens when it recurs elsewhere, or by a person's word."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from onefirm.core import clock as times
from onefirm.core import transience
from onefirm.core.attribution import SYSTEM, By
from onefirm.core.clock import Clock
from onefirm.core.errors import InvalidInput, NotFound, Refused
from onefirm.core.ids import parse_ref
from onefirm.core.sight import WHOLE, Sight, Sighted
from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Event
from onefirm.memory import abstraction, court, likeness, statements, stories, told_lessons, triggers, uses
from onefirm.memory.abstraction import Name, Names
from onefirm.memory.court import Past, Replay
from onefirm.memory.pages import Page
from onefirm.memory.places import places, within
from onefirm.memory.statements import SecretsCheck, no_secrets
from onefirm.memory.stories import KINDS, OUTCOMES, Lesson, Sighting, Status, Story, Verdict
from onefirm.store import inbox
from onefirm.store.counters import next_number
from onefirm.store.engine import Store
from onefirm.store.tables import lesson

__all__ = ["OUTCOMES", "Case", "Lesson", "Lessons", "Status", "Verdict", "restate", "standing"]

QUESTION, TIDYING, ENFORCING, HARVEST = "lesson", "consolidation", "enforcement", "candidate"
QUESTIONS = (QUESTION, TIDYING, ENFORCING, HARVEST)
_MOST_ROWS = 200
_MOST_LIKE = 3


@dataclass(frozen=True, slots=True)
class Case:
    """What a lesson's court has before it: the rule, where it was met, what replaying it over past sessions found, and
    the rules that may say the same.
    """

    lesson: Lesson
    sightings: tuple[Sighting, ...]
    replay: Replay
    like: tuple[tuple[str, str, float], ...]


@dataclass(frozen=True, slots=True)
class _Said:
    """What is recorded of a rule: its words without names, and what became of them."""

    rule: str
    why: str
    replaced: tuple[tuple[str, str], ...]


class Lessons(Sighted):
    """The firm's lessons. `names` gives who must not be named in one; `past` the sessions to replay it over."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        clock: Clock,
        project: Callable[[], None],
        secrets_check: SecretsCheck = no_secrets,
        *,
        names: Names = lambda: (),
        past: Callable[[], Iterable[Past]] = lambda: (),
        timezone: str = "UTC",
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._project = project
        self._secrets_check = secrets_check
        self._names = names
        self._past = past
        self._timezone = timezone

    def record(
        self,
        rule: str,
        why: str,
        *,
        theme: str = "general",
        about: Sequence[str] = (),
        again: str | None = None,
        trigger: Mapping[str, Sequence[str]] | None = None,
        anyway: bool = False,
        by: By,
    ) -> Lesson:
        """Note a new lesson as a candidate, or with `again` that a known one held once more.

        1. Names, amounts and addresses are replaced by what they are; `noted` of the answer tells which.
        2. A rule that says what a known one says is taken for that one, met again; `apart` takes that back.
        3. A candidate that was met in another situation (another project, else another client or prospect; or another
           day and session) hardens. At the same place on the same day it is only counted, and where replaying it over
           past sessions finds mostly false alarms, the operator is asked instead. A lesson retired as patched is open
           again.

        `trigger` says when it applies: {"paths", "commands", "kinds", "words"}, lists of texts. With `again` rule,
        theme and trigger are not read. `by.cause` is the entry that taught it. Raises InvalidInput for words that
        can't be kept, NotFound for an unknown ref, Refused for a secret, or a name that can't be taken out, and for
        what a failure that passes by itself has taught, unless a person says `anyway`.
        """
        statements.check_reason(by, self._secrets_check)
        concerned = statements.refs(about)
        self._sight.check([*concerned, *([again] if again else [])])
        if not anyway and (passing := transience.kind_of(why)):
            raise Refused(
                f"The reason tells of {passing}, which passes by itself: nothing is learned from it.",
                hint="Say what would have been wrong without it; a person may say `onefirm lesson record … --anyway`.",
            )
        if again:
            ref, said = parse_ref(again), self._said(None, why)
            with self._store.write() as conn:
                statements.existing(conn, concerned)
                _take_turn(conn)
                told = self._meet_again(conn, ref, said, concerned, by)
            return self._told(ref, told)
        said = self._said(rule, why)
        when = triggers.checked(trigger)
        self._check_words(theme, when)
        named = _theme(theme, self._secrets_check)
        with self._store.write() as conn:
            statements.existing(conn, concerned)
            _take_turn(conn)  # of two who note the same at once, the second meets it again
            known = self._same(conn, said.rule, when, everywhere=bool(concerned))
            if known is None:
                ref = self._append(conn, said, named, when, concerned, by).subjects[0]
                told = [abstraction.told(said.replaced)]
            else:
                ref, told = known[0].ref, self._meet_again(conn, known[0].ref, said, concerned, by, known[1])
        return self._told(ref, told, is_new=known is None)

    def _said(self, rule: str | None, why: str) -> _Said:
        names = list(self._names())
        because = abstraction.abstracted(statements.statement("why", why, self._secrets_check), names)
        if rule is None:
            return _Said("", because.text, because.replaced)
        worded = abstraction.abstracted(statements.statement("rule", rule, self._secrets_check), names)
        return _Said(worded.text, because.text, tuple(dict.fromkeys(worded.replaced + because.replaced)))

    def _check_words(self, theme: str, trigger: Mapping[str, Sequence[str]]) -> None:
        names: list[Name] = list(self._names())
        for word in (theme, *trigger.get("words", ()), *trigger.get("commands", ())):
            if abstraction.abstracted(word, names).replaced:
                raise Refused(
                    f"“{word}” names somebody, and a lesson serves every client.",
                    hint="Take a word for what is done, not for whom.",
                )

    def _told(self, ref: str, sentences: Sequence[str], *, is_new: bool = False) -> Lesson:
        """The lesson as it stands after a change, with what is to be said about that."""
        self._project()
        like = [f"{one} may say the same" for one, _, _ in self._like(ref)] if is_new else []
        return stories.noted(self._read(ref), [*sentences, *like])

    def _append(
        self, conn: Connection, said: _Said, theme: str, trigger: Mapping[str, Sequence[str]], about: tuple[str, ...],
        by: By, of: Sequence[str] = (),
    ) -> Event:  # fmt: skip
        """The entry that makes a lesson. That of a guide is also about the rules in `of`, so that erasing one of them
        reaches its words.
        """
        ref = f"L-{next_number(conn, 'lesson')}"
        data = {"ref": ref, "rule": said.rule, "why": said.why, "theme": theme, "about": list(about)}
        data |= {"trigger": dict(trigger)} if trigger else {}
        data |= {"places": list(places(conn, self._ledger, about)), "day": self._today()}
        entry = self._ledger.append(conn, "lesson.recorded", data, subjects=[ref, *of, *about], by=by)
        conn.execute(
            lesson.insert().values(
                ref=ref, event_id=entry.id, at=entry.at, actor=by.actor, theme=theme, subjects=list(about)
            )
        )
        told_lessons.index(conn, entry)
        uses.credit(conn, [said.why], ref, by.session)
        return entry

    def merge(self, refs: Sequence[str], rule: str, *, by: By) -> Lesson:
        """A guide that speaks for these rules from now on; each of them stays as it is and keeps its own counters.

        Retiring the guide, or one of them, lets them speak for themselves again. Raises NotFound, InvalidInput for
        words that can't be kept, Refused for what are no rules, or none that apply to the same.
        """
        statements.check_reason(by, self._secrets_check)
        names = statements.refs(refs)
        self._sight.check(names)
        said = self._said(rule, "It says in one what several rules say; each of them keeps its own count.")
        with self._store.write() as conn:
            _take_turn(conn)
            every = [story.told() for story in stories.stories(self._ledger.events(conn, kinds=KINDS))]
            ruling = {one.ref: one for one in stories.in_effect(every)}
            merged = [ruling.get(name) or self._story(conn, name).told() for name in names]
            _check_mergeable(merged, ruling)
            first, wide = merged[0], tuple(dict.fromkeys(ref for one in merged for ref in one.about))
            about = () if first.recurred else first.about
            beyond = [*names, *(ref for ref in wide if ref not in about)]
            entry = self._append(conn, said, first.theme, first.trigger, about, by, beyond)
            ref = entry.subjects[0]
            self._ledger.append(conn, "lesson.merged", {"ref": ref, "of": names}, subjects=[ref, *names], by=by)
            self._verdict(conn, ref, "harden", By(by.actor, by.session, by.reason, entry.id))
        return self._told(ref, [abstraction.told(said.replaced)])

    def _meet_again(
        self, conn: Connection, ref: str, said: _Said, about: tuple[str, ...], by: By, share: float | None = None
    ) -> list[str]:
        """Note that a lesson was met again, with all that follows; what there is to say about it."""
        story = self._story(conn, ref)
        known = {place for one in story.sightings for place in one.places}
        here = within(conn, self._ledger, places(conn, self._ledger, about), known)
        data: dict[str, Any] = {"ref": ref, "where": list(about) or said.why, "why": said.why, "places": list(here)}
        data |= {"rule": said.rule, "likeness": round(share, 2)} if share is not None else {}
        data["day"] = self._today()
        entry = self._ledger.append(conn, "lesson.seen_again", data, subjects=[ref, *about], by=by)
        held = self._judge(conn, story, entry, by)
        told_lessons.index_again(conn, entry)
        uses.credit(conn, [said.why, ref], ref, by.session)
        return [abstraction.told(said.replaced), _taken(ref, share), held]

    def _judge(self, conn: Connection, story: Story, entry: Event, by: By) -> str:
        """What one more sighting makes of a lesson; a sentence where the operator is asked."""
        met = story.after(entry)
        known = By(SYSTEM, by.session, "it recurred in another situation", entry.id)
        if story.verdict == "patch":
            opened = By(SYSTEM, by.session, "what was patched happened again", entry.id)
            self._verdict(conn, story.ref, "keep", opened)
            return self._ask(conn, story.told(), "what was patched happened again")
        if story.status != "candidate" or not met.counts:
            return ""
        replay = court.replay(story, self._past)
        if replay.cries_wolf:
            return self._ask(conn, story.told(), f"it recurred, and {replay.told()}")
        self._verdict(conn, story.ref, "harden", known)
        return ""

    def _verdict(self, conn: Connection, ref: str, verdict: Verdict, by: By) -> None:
        self._ledger.append(conn, "lesson.decided", {"ref": ref, "verdict": verdict}, subjects=[ref], by=by)

    def _ask(self, conn: Connection, known: Lesson, why: str) -> str:
        title = f"Is {known.ref} a rule? {why[0].upper()}{why[1:]}"
        asked = {"ref": known.ref, "why": why, "command": f"onefirm lesson court {known.ref}"}
        key = f"lesson/{known.ref}/{known.sightings + 1}"
        item = inbox.ask(conn, QUESTION, key, title, [known.ref, *known.about], asked, self._clock.now())
        return f"{why}; the operator decides ({item}): onefirm lesson court {known.ref}"

    def apart(self, ref: str, *, by: By) -> Lesson:
        """Take back that a rule was taken for this lesson by its words, the last time; it becomes a lesson of its own.

        What hardened by that is a candidate again. Returns the new lesson. Raises NotFound, Refused where nothing was
        taken for it.
        """
        name = parse_ref(ref)
        self._sight.check([name])
        with self._store.write() as conn:
            _take_turn(conn)
            taken = [one for one in self._story(conn, name).sightings if one.likeness is not None]
            if not taken:
                raise Refused(f"No rule was taken for {name} by its words.", hint=f"`onefirm lesson court {name}`")
            last = taken[-1]
            data = {"ref": name, "sighting": last.event_id}
            entry = self._ledger.append(conn, "lesson.told_apart", data, subjects=[name], by=by)
            told_lessons.index_again(conn, entry)
            [met] = [one for one in self._ledger.events(conn, ref=name, kinds=KINDS) if one.id == last.event_id]
            theme = self._story(conn, name).told().theme
            made = self._append(conn, _Said(last.rule, last.why, ()), theme, {}, met.subjects[1:], by)
        return self._told(made.subjects[0], [], is_new=True)

    def decide(self, ref: str, verdict: Verdict, *, by: By) -> Lesson:
        """A person's word: make it a rule, retire it (`patch`: since it can't happen any more), or keep it (again) as a
        candidate.

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
            self._verdict(conn, name, verdict, by)
            if verdict == "retire":
                uses.corrected(conn, name, name)
            for item in inbox.open_items(conn):
                if item.kind in QUESTIONS and item.payload.get("ref") == name:
                    inbox.decide(conn, item.id, verdict, by.actor, self._clock.now())
        self._project()
        return self.get(name)

    def case(self, ref: str) -> Case:
        """What is known for and against a lesson. Raises NotFound."""
        name = parse_ref(ref)
        self._sight.check([name])
        with self._store.read() as conn:
            story = self._story(conn, name)
        return Case(story.told(), tuple(story.sightings), court.replay(story, self._past), self._like(name))

    def _same(
        self, conn: Connection, rule: str, trigger: Mapping[str, Sequence[str]], *, everywhere: bool
    ) -> tuple[Lesson, float] | None:
        """The lesson that says what this rule says, and how much of it; None where there is none.

        `everywhere`: also one that is hidden here. A rule names nobody, and that it recurs at another client is what
        makes it one.
        """
        plain, said = _plain(rule), likeness.words(rule)
        found: list[tuple[float, Lesson]] = []
        for one in self._living(conn, WHOLE if everywhere else self._sight):
            share = 1.0 if _plain(one.rule) == plain else likeness.likeness(said, likeness.words(one.rule))
            if not likeness.is_opposed(rule, one.rule) and likeness.is_same(share, trigger, one.trigger):
                found.append((share, one))
        best = max(found, key=lambda pair: pair[0], default=None)
        return (best[1], best[0]) if best else None

    def _like(self, ref: str) -> tuple[tuple[str, str, float], ...]:
        """Other rules that may say the same, the likest first: (ref, rule, share of words)."""
        with self._store.read() as conn:
            every = {one.ref: one for one in self._living(conn, self._sight)}
        if ref not in every:
            return ()
        said = likeness.words(every.pop(ref).rule)
        shares = [(one.ref, one.rule, likeness.likeness(said, likeness.words(one.rule))) for one in every.values()]
        near = sorted((one for one in shares if one[2] >= likeness.LIKE), key=lambda one: -one[2])
        return tuple(near[:_MOST_LIKE])

    def _living(self, conn: Connection, sight: Sight) -> list[Lesson]:
        """Those that may be met again; a guide is met in its rules."""
        told = stories.stories(self._ledger.events(conn, kinds=KINDS))
        every = [story.told() for story in told if not story.of]
        living = [one for one in every if not one.erased and (one.status != "retired" or one.patched)]
        return [one for one in living if sight.sees([one.ref])]

    def stories(self) -> list[Story]:
        """All lessons as their entries tell them, whoever asks."""
        with self._store.read() as conn:
            return stories.stories(self._ledger.events(conn, kinds=KINDS))

    def renew(self) -> None:
        """Bring everything up to date that is made from lessons."""
        self._project()

    def _read(self, ref: str) -> Lesson:
        with self._store.read() as conn:
            return self._story(conn, ref).told()

    def _today(self) -> str:
        return times.today(self._clock.now(), self._timezone).isoformat()

    def get(self, ref: str) -> Lesson:
        """The lesson with this ref. Raises NotFound."""
        self._sight.check([ref])
        return self._read(parse_ref(ref))

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
        return [one for one in (story.told() for story in self.stories()) if self._sight.sees([one.ref])]

    def _story(self, conn: Connection, ref: str) -> Story:
        for story in stories.stories(self._ledger.events(conn, ref=ref, kinds=KINDS)):
            if story.ref == ref:
                return story
        raise NotFound(f"There is no lesson {ref}.", hint="`onefirm lesson list` lists them; memory_recall finds them.")


def _taken(ref: str, share: float | None) -> str:
    if share is None:
        return ""
    return f"taken for {ref}, met again (likeness {share:.2f}); if it is another: onefirm lesson apart {ref}"


def standing(conn: Connection, ledger: Ledger, ref: str) -> Status | None:
    """How a lesson stands; None when this is no lesson."""
    told = stories.stories(ledger.events(conn, ref=ref, kinds=KINDS))
    return next((story.status for story in told if story.ref == ref), None)


def restate(conn: Connection, ledger: Ledger, ref: str, before: Status, tombstone: Event) -> None:
    """Decide once more what was decided, if the erasing took that too: a rule must not lapse with its words."""
    if standing(conn, ledger, ref) != before:
        verdict = next(name for name, status in OUTCOMES.items() if status == before)
        by = By(SYSTEM, tombstone.session, "what was said about it was erased, and its standing stays", tombstone.id)
        ledger.append(conn, "lesson.decided", {"ref": ref, "verdict": verdict}, subjects=[ref], by=by)


def _take_turn(conn: Connection) -> None:
    """Wait for whoever else writes about lessons: their standing is read before it is changed."""
    next_number(conn, "lesson", 0)


def scope(one: Lesson) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """What decides where a rule is read: only rules of one scope can be one guide."""
    return one.theme, () if one.recurred else tuple(sorted(one.about)), tuple(sorted(one.trigger.get("paths", ())))


def _check_mergeable(merged: Sequence[Lesson], ruling: Mapping[str, Lesson]) -> None:
    if len(merged) < 2:
        raise InvalidInput("A guide is made of two rules or more.", hint="`onefirm lesson consolidate` proposes some.")
    for one in merged:
        if one.ref not in ruling or one.status != "hardened" or one.erased or one.of:
            raise Refused(f"{one.ref} can't be merged: it is {_why_not(one)}.", hint="Merge hardened rules.")
        if waits_for := [part for part in ("commands", "kinds", "words") if one.trigger.get(part)]:
            raise Refused(
                f"{one.ref} is said at its own moment ({', '.join(waits_for)}), and stands in no file.",
                hint="Merge rules that are read from files.",
            )
        if scope(one) != scope(merged[0]):
            raise Refused(
                f"{merged[0].ref} and {one.ref} are read in different places.",
                hint="Merge rules of one theme that apply to the same.",
            )


def _why_not(one: Lesson) -> str:
    if one.of:
        return "a guide itself"
    return "part of a guide already" if one.status == "hardened" and not one.erased else one.status


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
