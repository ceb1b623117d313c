"""The rules kept in order: which overlap, which never speak, which speak for nothing, which contradict each other.

Here that is found and asked. Nothing changes but by the operator's answer, and each answer can be taken back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations
from typing import Literal

from sqlalchemy import Connection

from onefirm.core import clock as times
from onefirm.core.attribution import SYSTEM, By
from onefirm.core.clock import Clock
from onefirm.core.errors import InvalidInput, NotFound, Refused
from onefirm.ledger.append import Ledger
from onefirm.memory import court, guides, likeness, stories, triggers
from onefirm.memory.court import Past, Replay
from onefirm.memory.enforcement import Enforcements
from onefirm.memory.harvest import Harvest
from onefirm.memory.lessons import ENFORCING, HARVEST, QUESTIONS, TIDYING, Lessons
from onefirm.memory.stories import Lesson, Story
from onefirm.store import inbox, notes
from onefirm.store.engine import Store
from onefirm.store.inbox import InboxItem

What = Literal["merge", "silent", "wolf", "contradiction", "enforce", "candidate"]
_MOST_MERGED = 6
_NO = "no"
_LAST, _WEEK = "consolidated_on", timedelta(weeks=1)
_EMPTY = frozenset(("never", "not", "no", "nor", "without", "avoid", "don", "t", "always", "nie", "niemals", "nicht"))


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the operator is asked about the rules `refs`; `why` names rules by their refs only, so that no words of
    theirs lie in the inbox. `of` is what the question is asked once for.
    """

    what: What
    refs: tuple[str, ...]
    why: str
    of: str = ""

    @property
    def key(self) -> str:
        return "/".join(filter(None, (TIDYING, self.what, "+".join(self.refs), self.of)))

    @property
    def answers(self) -> tuple[str, ...]:
        """What may be answered: a contradiction by the rule that holds."""
        return (*self.refs, _NO) if self.what == "contradiction" else ("yes", _NO)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about rules that isn't answered yet; `id` is its place in the inbox, "" while it wasn't put there."""

    id: str
    what: What
    refs: tuple[str, ...]
    why: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A session in which a rule was said to Claude, as its close tells it."""

    session: str
    on: date


class Consolidation:
    """`past` gives the sessions to replay a rule over; a rule that was silent for `silent_weeks` is asked about."""

    def __init__(
        self, store: Store, ledger: Ledger, clock: Clock, lessons: Lessons, past: Callable[[], Iterable[Past]],
        *, timezone: str, silent_weeks: int, enforcements: Enforcements, harvest: Harvest,
    ) -> None:  # fmt: skip
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._lessons = lessons
        self._past = past
        self._timezone = timezone
        self._enforcements = enforcements
        self._harvest = harvest
        self._silent = timedelta(weeks=silent_weeks)

    def proposals(self) -> list[Proposal]:
        """What there is to be asked as things stand, answered or not."""
        every = self._lessons.stories()
        rules = [one for one in (story.told() for story in every) if _is_rule(one)]
        whole, told = list(self._past()), self._told()
        before = times.today(self._clock.now(), self._timezone) - self._silent
        ruling = {one.ref for one in rules}
        found = list(contradictions(rules))
        for story in every:
            if story.ref in ruling:
                spoken, replay = told.get(story.ref, []), court.replay(story, lambda: whole)
                found += filter(None, (_silent(story, replay, whole, spoken, before), _wolf(story, replay, spoken)))
        return [*found, *overlaps(stories.in_effect(story.told() for story in every))]

    def unanswered(self) -> list[Asked]:
        """What waits for the operator, and what `ask` would ask besides."""
        return self._unanswered(self.proposals())

    def candidates(self) -> list[Asked]:
        """What waits of what `Harvest.ask` asks."""
        with self._store.read() as conn:
            return list(map(_asked, inbox.open_items(conn, HARVEST)))

    def _unanswered(self, proposed: Iterable[Proposal]) -> list[Asked]:
        with self._store.read() as conn:
            known = {item.key: item for item in inbox.every(conn, TIDYING)}
            others = [item for item in inbox.open_items(conn) if item.kind in (ENFORCING, HARVEST)]
        wanted = [(one, known.get(one.key)) for one in proposed]
        return [
            Asked(item.id if item else "", one.what, one.refs, one.why, one.answers)
            for one, item in wanted
            if item is None or item.state == "open"
        ] + [_asked(item) for item in others]

    def ask(self) -> list[Asked]:
        """Put each proposal to the operator, once, and what went wrong more than once; a question whose reason has gone
        is closed. Returns those open.
        """
        self._harvest.ask()
        wanted = {one.key: one for one in self.proposals()}
        now = self._clock.now()
        with self._store.write() as conn:
            for item in inbox.open_items(conn, TIDYING):
                if item.key not in wanted:
                    inbox.decide(conn, item.id, "moot", SYSTEM, now)
            for key, one in wanted.items():
                inbox.ask(conn, TIDYING, key, one.why, one.refs, _payload(one), now)
        return self._unanswered(wanted.values())

    def keep_up(self) -> int:
        """Ask once a week, whoever comes first; gives how many questions about rules wait, 0 before the week is over.

        The first week begins when this is first called: a firm that has just begun has no rules to tidy.
        """
        day = times.today(self._clock.now(), self._timezone)
        with self._store.read() as conn:
            last = notes.get(conn, _LAST)
        if last is not None and day - date.fromisoformat(last) < _WEEK:
            return 0
        if last is not None:
            self.ask()
        with self._store.write() as conn:
            notes.put(conn, _LAST, day.isoformat())
            return waiting(conn) if last is not None else 0

    def answer(self, item_id: str, answer: str, *, text: str = "", by: By) -> list[str]:
        """Do what the operator answered; returns what was done, in sentences. `text` words a guide.

        Raises NotFound for no such question, InvalidInput for another answer, Refused for one that was decided, and as
        `Lessons.merge` and `Lessons.decide`.
        """
        with self._store.read() as conn:
            asked = self._question(conn, item_id)
            given = next((one for one in asked.payload["answers"] if one.casefold() == answer.casefold()), None)
            if given is None:
                may = " or ".join(asked.payload["answers"])
                raise InvalidInput(f"“{answer[:40]}” is no answer to {asked.id}.", hint=f"Answer {may}.")
        by, _ = self._lessons.words.nameless(by)
        # Done first: where it is refused, the question stays open, and of two at once the second is refused.
        done = list(self._done(asked, given, text, by))
        with self._store.write() as conn:
            told = {"asked": asked.title, "keep": given, "inbox": asked.id}
            # The ledger before the inbox, as who decides about a rule does: else two could wait for each other.
            self._ledger.append(conn, "question.decided", told, subjects=asked.subjects, by=by)
            inbox.decide(conn, asked.id, given, by.actor, self._clock.now())
        return done

    def _done(self, asked: InboxItem, given: str, text: str, by: By) -> Iterator[str]:
        if given == _NO:
            yield "Nothing changes, and it is not asked again."
            return
        if asked.payload["what"] == "enforce":
            yield from self._enforcements.accept(asked, by)
            return
        if asked.payload["what"] == "candidate":
            yield from self._harvest.accept(asked, by)
            return
        if asked.payload["what"] == "merge":
            words = text or " ".join(self._lessons.get(ref).rule for ref in asked.subjects)
            guide = self._lessons.merge(asked.subjects, words, by=by)
            yield f"{guide.ref} speaks for {', '.join(guide.of)}: {guide.rule}"
            yield f"To take it back: onefirm lesson decide {guide.ref} retire"
            return
        for ref in asked.subjects:
            if ref != given:
                made = self._lessons.decide(ref, "retire", by=by)
                yield f"{ref} {made.rule}: hardened → retired. To take it back: onefirm lesson decide {ref} harden"
                yield from filter(None, [made.noted])

    def _question(self, conn: Connection, item_id: str) -> InboxItem:
        item = inbox.get(conn, item_id.strip().upper())
        if item is None or item.kind not in (TIDYING, ENFORCING, HARVEST):
            raise NotFound(
                f"{item_id[:20]} is no question about rules.",
                hint="`onefirm lesson consolidate` lists those that wait.",
            )
        if item.state != "open":
            raise Refused(f"{item.id} was decided already: {item.decision}.", hint="`onefirm lesson consolidate`")
        return item

    def _told(self) -> Mapping[str, list[Spoken]]:
        """In which sessions each rule was said, as their closes tell."""
        found: dict[str, list[Spoken]] = {}
        with self._store.read() as conn:
            closes = self._ledger.events(conn, kinds=["session.closed"])
        for event in closes:
            for ref in (event.payload or {}).get("fired") or ():
                found.setdefault(str(ref), []).append(Spoken(event.session or "", _day(event.at)))
        return found


def waiting(conn: Connection) -> int:
    """How many questions about rules wait for the operator."""
    return sum(item.kind in QUESTIONS for item in inbox.open_items(conn))


def contradictions(rules: Sequence[Lesson]) -> Iterator[Proposal]:
    """Rules about the same thing of which one forbids what the other asks for, or names another number."""
    for one, other in combinations(rules, 2):
        share = likeness.likeness(_core(one.rule), _core(other.rule))
        is_close = share >= (likeness.LIKE if triggers.meet(one.trigger, other.trigger) else likeness.SAME)
        if is_close and (how := _against(one.rule, other.rule)):
            why = f"{one.ref} and {other.ref} {how}: which holds?"
            yield Proposal("contradiction", (one.ref, other.ref), why)


def overlaps(rules: Sequence[Lesson]) -> Iterator[Proposal]:
    """Rules read in the same place that say much the same and could be one guide; those that contradict are none."""
    free = [one for one in rules if _is_rule(one) and not _waits(one)]
    for group in _groups(free):
        refs = tuple(one.ref for one in group)
        yield Proposal("merge", refs, f"{', '.join(refs)} overlap (theme {group[0].theme}): one guide for them?")


def _groups(rules: Sequence[Lesson]) -> Iterator[list[Lesson]]:
    left = list(rules)
    while left:
        group = [left.pop(0)]
        for one in list(left):
            if len(group) < _MOST_MERGED and all(_overlap(one, member) for member in group):
                group.append(one)
                left.remove(one)
        if len(group) > 1:
            yield group


def _overlap(one: Lesson, other: Lesson) -> bool:
    share = likeness.likeness(_core(one.rule), _core(other.rule))
    return guides.scope(one) == guides.scope(other) and share >= likeness.LIKE and not _against(one.rule, other.rule)


def _against(one: str, other: str) -> str:
    """How two rules about the same thing contradict each other, "" where they don't."""
    if likeness.is_opposed(one, other):
        return "ask for opposite things"
    numbers = [set(re.findall(r"\d+", rule)) for rule in (one, other)]
    return "name different numbers" if all(numbers) and numbers[0] != numbers[1] else ""


def _core(rule: str) -> frozenset[str]:
    """The words of a rule without its numbers, and without those that only turn it round."""
    return frozenset(word for word in likeness.words(rule) if not word.isdigit() and word not in _EMPTY)


def _silent(
    story: Story, replay: Replay, whole: Sequence[Past], spoken: Sequence[Spoken], before: date
) -> Proposal | None:
    """A rule that had chances to speak since it last did, and took none for too long."""
    marks = [_day(story.verdicts[-1].at), *(date.fromisoformat(one.day) for one in story.sightings)]
    last = max([*marks, *(one.on for one in spoken)])
    if last > before or not replay.is_enough or any(_day(one.at) > last for one in replay.fired):
        return None
    chances = court.chances(story, [one for one in whole if _day(one.at) > last])
    if chances < court.ENOUGH:
        return None
    why = f"{story.ref} was silent since {last}, through {chances} sessions in which it could have spoken"
    return Proposal("silent", (story.ref,), f"{why}: retire it?", last.isoformat())


def _wolf(story: Story, replay: Replay, spoken: Sequence[Spoken]) -> Proposal | None:
    """A rule that speaks in most sessions where it could, and was met in few of them: a rule that is obeyed is met in
    none either, so speaking often belongs to it.
    """
    fired = {one.session for one in replay.fired} | {one.session for one in spoken}
    alarms, chances = len(fired - story.met_in), max(replay.comparable, len(fired))
    if not replay.has_trigger or chances < court.ENOUGH or len(fired) * 2 <= chances or alarms * 2 <= len(fired):
        return None
    why = f"{story.ref} speaks in {len(fired)} of {chances} sessions and was met in {len(fired) - alarms} of them"
    return Proposal("wolf", (story.ref,), f"{why}: retire it?", str(len(story.sightings)))


def _asked(item: InboxItem) -> Asked:
    said = item.payload
    return Asked(item.id, said["what"], tuple(item.subjects), item.title, tuple(said["answers"]))


def _payload(one: Proposal) -> dict[str, object]:
    asked: dict[str, object] = {"what": one.what, "answers": list(one.answers), "command": "onefirm lesson consolidate"}
    # Whoever decides about the rule itself has answered that too.
    return asked | ({"ref": one.refs[0]} if one.what in ("silent", "wolf") else {})


def _is_rule(one: Lesson) -> bool:
    return one.status == "hardened" and not one.erased and not one.of


def _waits(one: Lesson) -> bool:
    return any(one.trigger.get(part) for part in ("commands", "kinds", "words"))


def _day(at: str) -> date:
    return date.fromisoformat(at[:10])
