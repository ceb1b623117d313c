"""From words to guards: a hardened rule becomes what refuses an edit or a command, or what is expected of records.

Here that is proposed, with what it would have done in past sessions, and carried out once the operator said yes. What
hooks and the doctor read is made from the entries elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from onefirm.core.attribution import By
from onefirm.core.canonical import sha256_hex
from onefirm.core.clock import Clock
from onefirm.core.errors import InvalidInput, NotFound, Refused
from onefirm.core.ids import parse_ref
from onefirm.ledger.append import Ledger
from onefirm.memory import abstraction, court, patterns, statements
from onefirm.memory.abstraction import Names
from onefirm.memory.court import Past, Replay
from onefirm.memory.lessons import ENFORCING, Lessons
from onefirm.memory.patterns import Enforcement
from onefirm.memory.statements import SecretsCheck, no_secrets
from onefirm.memory.stories import Lesson, Story
from onefirm.store import inbox
from onefirm.store.engine import Store
from onefirm.store.inbox import InboxItem

_PROPOSED = "lesson.enforcement_proposed"


@dataclass(frozen=True, slots=True)
class Looked:
    """What a check finds now: how many records it is about, which of them break it; `lost` is why nobody can look."""

    total: int
    broken: tuple[str, ...]
    lost: str = ""

    def told(self) -> str:
        """In a sentence."""
        if self.lost:
            return f"it can't be looked for any more: {self.lost}"
        return f"of {self.total} records that it is about, {len(self.broken)} break it now"


@dataclass(frozen=True, slots=True)
class Trial:
    """A rule and what would hold it, or does: `item` is the question that waits, "" once it is in force. A guard has
    what replaying it found, a check what it finds now.
    """

    lesson: Lesson
    held: Enforcement
    item: str
    replay: Replay | None = None
    looked: Looked | None = None

    def told(self) -> str:
        """What it did, or would have done, in a sentence."""
        return self.looked.told() if self.looked else self.replay.told() if self.replay else ""


class Enforcements:
    """What holds the rules. `look` gives what a check's pattern finds in the records, `past` the sessions to replay."""

    def __init__(
        self, store: Store, ledger: Ledger, clock: Clock, lessons: Lessons, *,
        look: Callable[[Mapping[str, Any]], Looked], past: Callable[[], Iterable[Past]], names: Names = lambda: (),
        secrets_check: SecretsCheck = no_secrets,
    ) -> None:  # fmt: skip
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._lessons = lessons
        self._look = look
        self._past = past
        self._names = names
        self._secrets_check = secrets_check

    def propose(self, ref: str, held: Enforcement, *, by: By) -> Trial:
        """Ask the operator whether this shall hold a rule, with what it would have done; nothing is in force before.

        Raises NotFound, InvalidInput for words that can't be kept, Refused for what is no rule, names somebody or
        holds a secret, and where the operator has said no to the same and it isn't the operator who asks again.
        """
        statements.check_reason(by, self._secrets_check)
        held = self._worded(held)
        story = self._story(parse_ref(ref))
        one = story.told()
        if one.status != "hardened" or one.erased:
            raise Refused(
                f"{one.ref} is {'erased' if one.erased else one.status}, and only a rule is enforced.",
                hint=f"`onefirm lesson court {one.ref}` shows what there is for it.",
            )
        if one.enforced == held:
            raise Refused(f"{one.ref} is enforced like that already.", hint=f"`onefirm lesson enforce {one.ref}`")
        tried = self._tried(story, held, "")
        with self._store.write() as conn:
            item = self._ask(conn, tried, by)
        return self._tried(story, held, item)

    def of(self, ref: str) -> list[Trial]:
        """What holds a rule, and what waits for the operator to say whether it shall. Raises NotFound."""
        story = self._story(parse_ref(ref))
        found = [self._seen(story, story.enforced, "")] if story.told().enforced and story.enforced else []
        with self._store.read() as conn:
            asked = [one for one in inbox.open_items(conn, ENFORCING) if one.payload.get("ref") == story.ref]
            proposed = [(one.id, self._proposed(conn, one)) for one in asked]
        return [*found, *(self._seen(story, held, item) for item, held in proposed if held)]

    def accept(self, asked: InboxItem, by: By) -> Iterator[str]:
        """Put in force what was proposed. Raises Refused where the rule is none any more, or its words were erased."""
        ref = str(asked.payload["ref"])
        with self._store.write() as conn:
            held = self._proposed(conn, asked)
            if held is None or self._lessons.get(ref).status != "hardened":
                gone = f"{ref} is no rule any more, or its words are gone."
                raise Refused(gone, hint=f"`onefirm lesson court {ref}`")
            because = By(by.actor, by.session, by.reason, str(asked.payload["proposal"]))
            if self._lessons.get(ref).enforced != held:  # else whoever said yes died before it was kept
                self._append(conn, "lesson.enforced", ref, {"ref": ref, **patterns.written(held)}, because)
        self._lessons.renew()
        yield f"{ref} {held.told()}, from now on."
        yield f"To take it back: onefirm lesson relax {ref}"

    def relax(self, ref: str, *, by: By) -> Lesson:
        """Let a rule be words again. Raises NotFound, Refused where nothing holds it."""
        by, _ = self._lessons.words.nameless(by)
        name = parse_ref(ref)
        if not self._lessons.get(name).enforced:
            raise Refused(f"Nothing enforces {name}.", hint="`onefirm doctor` names the rules that are enforced.")
        with self._store.write() as conn:
            self._ledger.append(conn, "lesson.relaxed", {"ref": name}, subjects=[name], by=by)
        self._lessons.renew()
        return self._lessons.get(name)

    def _worded(self, held: Enforcement) -> Enforcement:
        names = list(self._names())
        for one in patterns.words(held):
            statements.statement("pattern", one, self._secrets_check)
            if abstraction.abstracted(one, names).replaced:
                raise Refused(
                    f"“{one}” names somebody, and a rule serves every client.",
                    hint="Look for what is done, not for whom.",
                )
        if not held.instead:
            return held
        said = statements.statement("instead", held.instead, self._secrets_check)
        return Enforcement(held.form, held.pattern, held.asks, abstraction.abstracted(said, names).text)

    def _ask(self, conn: Connection, tried: Trial, by: By) -> str:
        ref = tried.lesson.ref
        # A hash: no words of a rule may lie in the inbox, which erasing doesn't reach.
        key = f"{ENFORCING}/{ref}/{sha256_hex(repr(patterns.written(tried.held)))[:12]}"
        same = [one for one in inbox.every(conn, ENFORCING) if one.key.startswith(key)]
        if same and same[-1].state == "open":
            return same[-1].id
        if same and same[-1].decision == "no" and by.actor != "operator":
            raise Refused(f"The operator said no to that ({same[-1].id}).", hint="Propose something else, or leave it.")
        # The ledger before the inbox, as who decides about a rule does: else two could wait for each other.
        entry = self._append(conn, _PROPOSED, ref, {"ref": ref, **patterns.written(tried.held)}, by)
        for one in inbox.open_items(conn, ENFORCING):
            if one.payload.get("ref") == ref:
                inbox.decide(conn, one.id, "another was proposed", by.actor, self._clock.now())
        title = f"Shall {ref} be enforced as a {tried.held.form}? {tried.told()[0].upper()}{tried.told()[1:]}"
        payload = {
            "what": "enforce", "answers": ["yes", "no"], "ref": ref, "proposal": entry,
            "command": f"onefirm lesson enforce {ref}",
        }  # fmt: skip
        return inbox.ask(conn, ENFORCING, f"{key}/{len(same)}", title, [ref], payload, self._clock.now())

    def _append(self, conn: Connection, kind: str, ref: str, data: Mapping[str, Any], by: By) -> str:
        """Also about what taught the rule, so that erasing that reaches these words."""
        subjects = [ref, *self._lessons.get(ref).about]
        return self._ledger.append(conn, kind, data, subjects=subjects, by=by).id

    def _proposed(self, conn: Connection, asked: InboxItem) -> Enforcement | None:
        told = self._ledger.events(conn, ref=str(asked.payload["ref"]), kinds=[_PROPOSED])
        return next((patterns.read(one.payload) for one in told if one.id == asked.payload["proposal"]), None)

    def _seen(self, story: Story, held: Enforcement, item: str) -> Trial:
        """As `_tried`, also of a check that the schema doesn't have the words for any more."""
        try:
            return self._tried(story, held, item)
        except InvalidInput as error:
            return Trial(story.told(), held, item, looked=Looked(0, (), str(error)))

    def _tried(self, story: Story, held: Enforcement, item: str) -> Trial:
        if held.form == "check":
            return Trial(story.told(), held, item, looked=self._look(held.pattern))
        return Trial(story.told(), held, item, replay=court.trial(story, self._past, held.pattern))

    def _story(self, ref: str) -> Story:
        story = next((one for one in self._lessons.stories() if one.ref == ref), None)
        if story is None:
            raise NotFound(f"There is no lesson {ref}.", hint="`onefirm lesson list` lists them.")
        return story
