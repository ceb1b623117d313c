"""Lessons: rules in plain words, with reasons. A candidate hardens when it recurs elsewhere, or by a person's word."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from onefirm.core import clock as times
from onefirm.core.attribution import SYSTEM, By
from onefirm.core.clock import Clock
from onefirm.core.errors import InvalidInput, NotFound, Refused
from onefirm.core.ids import parse_ref
from onefirm.core.sight import WHOLE, Sight, Sighted
from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Event
from onefirm.memory import court, guides, likeness, rule_words, statements, stories, told_lessons, uses
from onefirm.memory.abstraction import Names
from onefirm.memory.court import Past, Replay
from onefirm.memory.pages import Page
from onefirm.memory.patterns import Enforcement
from onefirm.memory.places import places, within
from onefirm.memory.rule_words import RuleWords, Said
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
class _Known:
    """A lesson that is met again; `share` of the words, where it was taken for one by them."""

    story: Story
    share: float | None = None


@dataclass(frozen=True, slots=True)
class _Heard:
    """What replaying a lesson found, and the lesson as it stood then."""

    story: Story
    replay: Replay


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
        self.words = RuleWords(names, secrets_check)
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
        met_in: Sequence[str] = (),
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
        theme and trigger are not read. `by.cause` is the entry that taught it, `met_in` the sessions that did: onefirm
        worded it then, always in nearly the same words, so that only equal ones are the same rule. Raises
        InvalidInput for words that can't be kept, NotFound for an unknown ref, Refused for a secret, or a name that
        can't be taken out, and for what a failure that passes by itself has taught, unless a person says `anyway`.
        """
        by, _ = self.words.nameless(by)
        concerned = statements.refs(about)
        self._sight.check([*concerned, *([again] if again else [])])
        if not anyway:
            rule_words.check_lasting(why)
        said = self.words.reason(why) if again else self.words.whole(rule, why, theme, trigger)
        said = replace(said, met_in=tuple(met_in))
        heard = self._heard(again, said, concerned, by)
        with self._store.write() as conn:
            statements.existing(conn, concerned)
            _take_turn(conn)  # of two who note the same at once, the second meets it again
            known = self._known(conn, again, said, concerned)
            if known is None:
                ref = self._append(conn, said, concerned, by).subjects[0]
                told = [said.told()]
            else:
                ref, told = known.story.ref, self._meet_again(conn, known, heard, said, concerned, by)
        return self._told(ref, told, is_new=known is None)

    def _told(self, ref: str, sentences: Sequence[str], *, is_new: bool = False) -> Lesson:
        """The lesson as it stands after a change, with what is to be said about that."""
        self._project()
        like = [f"{one} may say the same" for one, _, _ in self._like(ref)] if is_new else []
        return stories.noted(self._read(ref), [*sentences, *like])

    def _append(self, conn: Connection, said: Said, about: tuple[str, ...], by: By, of: Sequence[str] = ()) -> Event:
        """The entry that makes a lesson. That of a guide is also about the rules in `of`, so that erasing one of them
        reaches its words.
        """
        ref = f"L-{next_number(conn, 'lesson')}"
        data = {"ref": ref, "rule": said.rule, "why": said.why, "theme": said.theme, "about": list(about)}
        data |= {"trigger": dict(said.trigger)} if said.trigger else {}
        data |= {"met_in": list(said.met_in)} if said.met_in else {}
        data |= {"places": list(places(conn, self._ledger, about)), "day": self._today()}
        entry = self._ledger.append(conn, "lesson.recorded", data, subjects=[ref, *of, *about], by=by)
        conn.execute(
            lesson.insert().values(
                ref=ref, event_id=entry.id, at=entry.at, actor=by.actor, theme=said.theme, subjects=list(about)
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
        by, told = self.words.nameless(by)
        names = statements.refs(refs)
        self._sight.check(names)
        said = self.words.said(rule, "It says in one what several rules say; each of them keeps its own count.")
        with self._store.write() as conn:
            _take_turn(conn)
            every = [story.told() for story in stories.stories(self._ledger.events(conn, kinds=KINDS))]
            ruling = {one.ref: one for one in stories.in_effect(every)}
            merged = [ruling.get(name) or self._story(conn, name).told() for name in names]
            guides.check(merged, ruling)
            first, wide = merged[0], tuple(dict.fromkeys(ref for one in merged for ref in one.about))
            about = () if first.recurred else first.about
            beyond = [*names, *(ref for ref in wide if ref not in about)]
            guide = replace(said, theme=first.theme, trigger=first.trigger)
            entry = self._append(conn, guide, about, by, beyond)
            ref = entry.subjects[0]
            self._ledger.append(conn, "lesson.merged", {"ref": ref, "of": names}, subjects=[ref, *names], by=by)
            self._verdict(conn, ref, "harden", By(by.actor, by.session, by.reason, entry.id))
        return self._told(ref, [said.told(), told])

    def _meet_again(
        self, conn: Connection, known: _Known, heard: _Heard | None, said: Said, about: tuple[str, ...], by: By
    ) -> list[str]:
        """Note that a lesson was met again, with all that follows; what there is to say about it."""
        story, share, ref = known.story, known.share, known.story.ref
        here = list(self._here(conn, story, about))
        data: dict[str, Any] = {"ref": ref, "where": list(about) or said.why, "why": said.why, "places": here}
        if share is not None:  # all that it takes to tell them apart later
            data |= {"rule": said.rule, "likeness": round(share, 2), "theme": said.theme}
            data |= {"trigger": dict(said.trigger)} if said.trigger else {}
        data["day"] = self._today()
        entry = self._ledger.append(conn, "lesson.seen_again", data, subjects=[ref, *about], by=by)
        held = self._judge(conn, story, heard, entry, by)
        told_lessons.index_again(conn, entry)
        uses.credit(conn, [said.why, ref], ref, by.session)
        return [said.told(), _taken(ref, share), held]

    def _here(self, conn: Connection, story: Story, about: tuple[str, ...]) -> tuple[str, ...]:
        """The places of these records, as the lesson's sightings have them."""
        known = {place for one in story.sightings for place in one.places}
        return within(conn, self._ledger, places(conn, self._ledger, about), known)

    def _heard(self, again: str | None, said: Said, about: tuple[str, ...], by: By) -> _Heard | None:
        """The replay by which a sighting will be judged, if it will be: the past takes long to read, and whoever else
        writes would wait.
        """
        with self._store.read() as conn:
            known = self._known(conn, again, said, about)
            if known is None or known.story.status != "candidate":
                return None
            here = self._here(conn, known.story, about)
        if not known.story.met_elsewhere(here) and not known.story.met_later(self._today(), by.session):
            return None
        return _Heard(known.story, court.replay(known.story, self._past))

    def _judge(self, conn: Connection, story: Story, heard: _Heard | None, entry: Event, by: By) -> str:
        """What one more sighting makes of a lesson; a sentence where the operator is asked."""
        met = story.after(entry)
        known = By(SYSTEM, by.session, "it recurred in another situation", entry.id)
        if story.verdict == "patch":
            opened = By(SYSTEM, by.session, "what was patched happened again", entry.id)
            self._verdict(conn, story.ref, "keep", opened)
            return self._ask(conn, story.told(), "what was patched happened again")
        if story.status != "candidate" or not met.counts:
            return ""
        is_so = heard is not None and heard.story == story  # nobody met it meanwhile
        replay = heard.replay if heard and is_so else court.replay(story, self._past)
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
            theme = last.theme or self._story(conn, name).told().theme
            made = self._append(conn, Said(last.rule, last.why, (), theme, last.trigger), met.subjects[1:], by)
        return self._told(made.subjects[0], [], is_new=True)

    def decide(self, ref: str, verdict: Verdict, *, by: By) -> Lesson:
        """A person's word: make it a rule, retire it (`patch`: since it can't happen any more), or keep it (again) as a
        candidate. Its reason names nobody, as the rule.

        Raises InvalidInput for another verdict or a reason that can't be kept, NotFound, and Refused where it would
        change nothing.
        """
        by, told = self.words.nameless(by)
        name = parse_ref(ref)
        self._sight.check([name])
        if verdict not in OUTCOMES:
            raise InvalidInput(f"“{verdict}” is no verdict.", hint=f"Use one of: {', '.join(OUTCOMES)}.")
        with self._store.write() as conn:
            _take_turn(conn)
            story = self._story(conn, name)
            status = story.status
            if verdict != "keep" and status == OUTCOMES[verdict]:
                raise Refused(f"{name} is {status} already.", hint="lesson_decide takes harden, retire or keep.")
            self._verdict(conn, name, verdict, by)
            if verdict == "retire":
                uses.corrected(conn, name, name)
            for item in inbox.open_items(conn):
                if item.kind in QUESTIONS and item.payload.get("ref") == name:
                    inbox.decide(conn, item.id, verdict, by.actor, self._clock.now())
        return self._told(name, [told, _let_go(name, story.enforced)])

    def case(self, ref: str) -> Case:
        """What is known for and against a lesson. Raises NotFound."""
        name = parse_ref(ref)
        self._sight.check([name])
        with self._store.read() as conn:
            story = self._story(conn, name)
        return Case(story.told(), tuple(story.sightings), court.replay(story, self._past), self._like(name))

    def _known(self, conn: Connection, again: str | None, said: Said, about: tuple[str, ...]) -> _Known | None:
        """The lesson that is met again: the one that is named, else one that says what this rule says.

        What is said of a record may be taken for one that is hidden here, too: a rule names nobody, and that it recurs
        at another client is what makes it one.
        """
        if again:
            return _Known(self._story(conn, parse_ref(again)))
        plain, words = _plain(said.rule), likeness.words(said.rule)
        found: list[tuple[float, Story]] = []
        for story in self._living(conn, WHOLE if about else self._sight):
            one = story.told()
            alike = 0.0 if said.met_in else likeness.likeness(words, likeness.words(one.rule))
            share = 1.0 if _plain(one.rule) == plain else alike
            if not likeness.is_opposed(said.rule, one.rule) and likeness.is_same(share, said.trigger, one.trigger):
                found.append((share, story))
        best = max(found, key=lambda pair: pair[0], default=None)
        return _Known(best[1], best[0]) if best else None

    def _like(self, ref: str) -> tuple[tuple[str, str, float], ...]:
        """Other rules that may say the same, the likest first: (ref, rule, share of words)."""
        with self._store.read() as conn:
            every = {story.ref: story.told() for story in self._living(conn, self._sight)}
        if ref not in every:
            return ()
        said = likeness.words(every.pop(ref).rule)
        shares = [(one.ref, one.rule, likeness.likeness(said, likeness.words(one.rule))) for one in every.values()]
        near = sorted((one for one in shares if one[2] >= likeness.LIKE), key=lambda one: -one[2])
        return tuple(near[:_MOST_LIKE])

    def _living(self, conn: Connection, sight: Sight) -> list[Story]:
        """Those that may be met again; a guide is met in its rules."""
        every = stories.stories(self._ledger.events(conn, kinds=KINDS))
        return [one for one in every if one.is_living and sight.sees([one.ref])]

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


def _let_go(ref: str, held: Enforcement | None) -> str:
    return f"nothing {held.told()} any more; a new yes would: onefirm lesson enforce {ref} …" if held else ""


def _take_turn(conn: Connection) -> None:
    """Wait for whoever else writes about lessons: their standing is read before it is changed."""
    next_number(conn, "lesson", 0)


def _plain(rule: str) -> str:
    return " ".join(rule.casefold().split()).rstrip(".!")


def _start(refs: Sequence[str], cursor: str | None) -> int:
    if not cursor:
        return 0
    if cursor not in refs:
        raise InvalidInput(f"“{cursor[:40]}” is no cursor.", hint="Use the cursor that the last page gave, as it is.")
    return refs.index(cursor) + 1
