"""What happened more than once and cost something, put to the operator: shall it become a candidate?

Undos of the same kind of write, refusals of the guard by the same rule, narrative left against the truth, commands that
failed again. What passes by itself (a timeout, a rate limit) is left out. Each question is asked once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import Connection

from onefirm.core import transience
from onefirm.core.attribution import By
from onefirm.core.clock import Clock, iso
from onefirm.core.errors import Refused
from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Event
from onefirm.memory import abstraction
from onefirm.memory.abstraction import Names
from onefirm.memory.lessons import HARVEST, Lesson, Lessons
from onefirm.sessions import commands
from onefirm.store import inbox
from onefirm.store.engine import Store
from onefirm.store.inbox import InboxItem

_REMEMBERED = timedelta(days=90)
_OFTEN = 3
_AGAIN = 2
_PLAIN = re.compile(r"[A-Za-z][\w.+-]+")
_SHORTEST = 3  # less is no trigger
_WORD = re.compile(r"\S+")
# Only of these the next word says what is done; of any other program it is what that is done to.
_WITH_VERBS = frozenset(_WORD.findall(
    "apt apt-get aws az brew bun cargo composer docker dotnet flutter gcloud gem gh git go gradle helm heroku kubectl "
    "make mvn npm npx pip pip3 pipx pnpm podman poetry rclone rustup systemctl terraform uv vercel wrangler yarn"
))  # fmt: skip
# What tells by its failing what it was asked, or is so general that nothing follows from it.
_ANSWERING = frozenset(_WORD.findall(
    "awk bash cat chmod cmp curl diff echo egrep eslint exit false fgrep file find grep head jest kill ls mypy node "
    "onefirm perl pgrep php pyright pytest python python3 ruby ruff sed sleep stat tail test tsc type vitest which zsh"
))  # fmt: skip
_TRYING = frozenset(_WORD.findall("audit check diff fetch grep info lint list log ls ps run show status test view"))
_REFUSED = {
    "receipt": "Look at a record (record_get) before its narrative is edited.",
    "contradiction": "Write state to the record first, and tell the reason in its file after that.",
    "property": "Keep properties in the record, and tell only the reason in its file.",
    "unknown": "Head a narrative file with a record that exists.",
    "generated": "Leave generated files alone, and change what they come from.",
    "append_only": "Add to files that only grow by their tool.",
    "private": "Leave onefirm's own files to its tools.",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """A command that failed in a session, and the end of what it said; `source` is the entry that keeps both."""

    session: str
    source: str
    command: str
    said: str


@dataclass(slots=True)
class _Found:
    """Something that happened again: what would be learned, why, and the entries that tell of it."""

    key: str
    rule: str
    what: str
    trigger: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    events: list[str] = field(default_factory=list[str])
    sessions: set[str] = field(default_factory=set[str])

    def met(self, event: str, session: str | None) -> None:
        self.events.append(event)
        self.sessions.add(session or event)

    @property
    def why(self) -> str:
        return f"{self.what} in {len(self.sessions)} sessions"


class Harvest:
    """`failures` gives the commands that failed in the sessions that are archived."""

    def __init__(
        self, store: Store, ledger: Ledger, clock: Clock, lessons: Lessons,
        *, failures: Callable[[], Iterable[Failure]], names: Names = lambda: (),
    ) -> None:  # fmt: skip
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._lessons = lessons
        self._failures = failures
        self._names = names

    def ask(self) -> None:
        """Ask about everything that there is reason to, each once."""
        since = iso(self._clock.now() - _REMEMBERED)
        with self._store.read() as conn:
            told = self._ledger.events(conn, kinds=["record.updated", "session.closed"], since_at=since)
        found = [*_undone(told), *_left(told), *self._failed()]
        with self._store.write() as conn:
            for one in found:
                self._put(conn, one)

    def accept(self, asked: InboxItem, by: By) -> Iterator[str]:
        """Note what was asked about as a candidate, caused by the last entry that told of it; no second time."""
        said = asked.payload
        because = By(by.actor, by.session, by.reason, str(said["events"][-1]))
        known = self._noted(because, said["rule"])
        made = known or self._lessons.record(
            said["rule"], said["why"], trigger=said["trigger"], met_in=said.get("sessions", said["events"]), by=because
        )
        yield f"{made.ref} ({made.status}) {made.rule}"
        yield f"It is no rule before it is met elsewhere, or you say so: onefirm lesson court {made.ref}"

    def _noted(self, because: By, rule: str) -> Lesson | None:
        with self._store.read() as conn:
            told = self._ledger.events(conn, cause=because.cause, kinds=["lesson.recorded", "lesson.seen_again"])
        mine = next((one.subjects[0] for one in told if (one.payload or {}).get("rule") == rule), "")
        return self._lessons.get(mine) if mine else None

    def _put(self, conn: Connection, one: _Found) -> None:
        title = f"Shall this become a candidate: “{one.rule}” {one.why}"
        payload = {
            "what": "candidate", "answers": ["yes", "no"], "rule": one.rule, "why": one.why, "trigger": one.trigger,
            "events": one.events, "sessions": sorted(one.sessions), "command": "onefirm lesson propose",
        }  # fmt: skip
        inbox.ask(conn, HARVEST, f"{HARVEST}/{one.key}", title, (), payload, self._clock.now())

    def _failed(self) -> Iterator[_Found]:
        """Programs that failed again in another session; what nobody may be named by, and what passes, is left out."""
        found: dict[str, _Found] = {}
        names = list(self._names())
        for one in self._failures():
            words = _program(one.command)
            if not words or transience.kind_of(one.said) or _names(words, names):
                continue
            rule = f"Find out what `{words}` needs before it is run."
            known = found.setdefault(words, _Found(f"failed/{words}", rule, "It failed", {"commands": [words]}))
            known.met(one.source, one.session)
        return (one for one in found.values() if len(one.sessions) >= _AGAIN)


def _undone(told: Sequence[Event]) -> Iterator[_Found]:
    found: dict[str, _Found] = {}
    for event in told:
        said = event.payload or {}
        if event.kind != "record.updated" or not said.get("undo_of"):
            continue
        kind, names = str(said.get("kind")), ", ".join(sorted(said.get("after") or ()))
        rule = f"Make sure of {names.replace('_', ' ')} before it is written to a {kind.replace('_', ' ')}."
        key = f"undone/{kind}/{names}"
        found.setdefault(key, _Found(key, rule, "It was taken back", {"kinds": [kind]})).met(event.id, event.session)
    return (one for one in found.values() if len(one.events) >= _OFTEN and len(one.sessions) >= _AGAIN)


def _left(told: Sequence[Event]) -> Iterator[_Found]:
    """What sessions' closes tell: what the guard refused, and narrative that stayed as it doesn't stand."""
    stays = _Found("unreconciled", "Put narrative right before the session rests.", "It was left against the truth")
    refused = {rule: _Found(f"denied/{rule}", words, "The guard refused that") for rule, words in _REFUSED.items()}
    for event in told:
        said = event.payload or {}
        if event.kind != "session.closed":
            continue
        if said.get("unreconciled"):
            stays.met(event.id, event.session)
        for rule in said.get("denied") or ():
            if rule in refused:
                refused[rule].met(event.id, event.session)
    return (one for one in (stays, *refused.values()) if len(one.sessions) >= _OFTEN)


def _program(command: str) -> str:
    """The last program that a command starts, with what it is told to do: `git push`. "" where nothing is to be learned
    of its failing.
    """
    started = commands.programs(command)
    words = [word for word in started[-1] if word not in commands.BEFORE] if started else []
    program, verb = words[0].rpartition("/")[2] if words else "", "".join(words[1:2])
    if not _PLAIN.fullmatch(program) or program in _ANSWERING or verb in _TRYING:
        return ""
    if program in _WITH_VERBS and _PLAIN.fullmatch(verb):
        return f"{program} {verb}"
    return program if len(program) >= _SHORTEST else ""


def _names(words: str, names: Iterable[abstraction.Name]) -> bool:
    try:
        return bool(abstraction.abstracted(words, names).replaced)
    except Refused:
        return True
