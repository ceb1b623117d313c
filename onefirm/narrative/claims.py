"""Rule (b): what a sentence claims about a record's status, as far as a plain reading tells.

Precision before reach: a status word alone claims nothing (`delivery date`, `review meeting`). It is a claim when

1. the sentence speaks of the record: by its ref or title (or words of it), its kind's word (`the project`), by `it`,
   `this`, `ours`, `we`, by `status` or `phase`, or by leaving the subject out (`Moved to delivery.`, `Done!`);
2. the status is what is said of it: behind a verb of being (`is now in`, `has been`, `remains`) or of moving (`moved
   to`, `put … on`), as the deed itself (`we cancelled the project`), or behind a sign (`P-3: done`, `discovery →
   delivery`);
3. and it is said as a fact of now: no question, condition, wish, plan, doubt, denial, quotation or report (`words`),
   and no history: what was `until May`, or a status that the schema puts before the present one and that is told in the
   past.

To have left the present status (`discovery is over`, `no longer in discovery`) is a claim too: `is_left`.
"""

from __future__ import annotations

from onefirm.narrative import speech, words
from onefirm.narrative.heads import named
from onefirm.narrative.vocabulary import Kind, Vocabulary, folded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NamedTuple

    class Claim(NamedTuple):
        """`is_left`: the sentence says that the record has left this status. `is_past`: told as something that
        happened.
        """

        ref: str
        status: str
        is_left: bool
        is_past: bool

else:
    from collections import namedtuple

    Claim = namedtuple("Claim", "ref status is_left is_past")

# `Jana Vogel signed the contract`: whoever did it is named in so many words; more is a clause of its own.
_ACTOR_WORDS = 3
# A status and what it is said of stand within so many words.
_REACH = 40
_SILENT = ("code", "quote", "front")


def read(
    sentence: str, form: str, own: Sequence[str], vocabulary: Vocabulary, titles_of: Callable[[str], Sequence[str]]
) -> list[Claim]:
    """The claims of one sentence (or table cell) in a file of the records `own`."""
    refs = list(dict.fromkeys([*own, *named(sentence)]))
    kinds = {ref: kind for ref in refs if (kind := vocabulary.of_ref(ref)) and kind.may_be_named(sentence)}
    text = speech.spoken(sentence) if kinds and form not in _SILENT else None
    if text is None or not any(kind.may_be_told(text) for kind in kinds.values()):
        return []
    tokens = speech.tokens(text, {f"§{index}": ref for index, ref in enumerate(refs)}, titles_of)
    mentions = {kind: _mentions(tokens, kind) for kind in set(kinds.values())}
    found: dict[Claim, None] = {}
    for index, ref in enumerate(refs):
        if ref in kinds and mentions[kinds[ref]]:
            record = _Record(f"§{index}", ref, kinds[ref], ref in own, _words_of(titles_of(ref)))
            for status, start, end in mentions[kinds[ref]]:
                near = record.is_own or record.mark in tokens[max(0, start - _REACH) : end + _REACH]
                if near and (claim := _Mention(tokens, start, end, record).claim(status)):
                    found[claim] = None
    return list(found)


def contradicts(claim: Claim, truth: str, kind: Kind, past: Sequence[str] = ()) -> bool:
    """Whether the truth says otherwise. `past`: statuses that the record had earlier in this session, which may be told
    of too.
    """
    if claim.is_left:
        return claim.status == truth
    if claim.status == truth or claim.status in past:
        return False
    # History may name what lies before the present status; a later one can't have happened.
    return not (claim.is_past and truth in kind.order and kind.order.index(claim.status) < kind.order.index(truth))


def _words_of(titles: Sequence[str]) -> frozenset[str]:
    return frozenset(word for title in titles for word in folded(title).split() if len(word) > 3)


def _mentions(tokens: list[str], kind: Kind) -> list[tuple[str, int, int]]:
    """Where a kind's statuses stand, as (status, start, end)."""
    found: list[tuple[str, int, int]] = []
    index = 0
    while index < len(tokens):
        status = kind.status_at(tokens, index)
        if status:
            found.append((status[0], index, index + status[1]))
        index += status[1] if status else 1
    return found


class _Record:
    """The record that a mention may be about: its mark in the tokens, and the words it goes by."""

    def __init__(self, mark: str, ref: str, kind: Kind, is_own: bool, title: frozenset[str]) -> None:
        self.mark, self.ref, self.kind, self.is_own, self.title = mark, ref, kind, is_own, title

    def is_named(self, subject: list[str]) -> bool:
        """Whether these words name this record and nothing else; an adverb or a time may stand around it."""
        if self.is_own and subject[-2:] == ["this", "one"]:
            return True
        subject = _bare(subject)
        if self.mark in subject and all(word == self.mark or word in self.kind.labels for word in subject):
            return True
        if not self.is_own or not subject:
            return False
        if all(word in self.title for word in subject):
            return True
        phrase = " ".join(subject)
        if phrase in words.PLURALS:
            return self.kind.name in ("client", "prospect", "deliverable", "contact")
        if phrase in words.PRONOUNS | words.ASPECTS or phrase in self.kind.labels:
            return True
        return len(subject) == 2 and subject[1] in words.ASPECTS and subject[0] in (*self.kind.labels, self.mark)


def _bare(subject: list[str]) -> list[str]:
    """A subject without the adverbs and times before it, its articles, and `itself`."""
    while len(subject) > 1 and _is_adverb(subject[0]):
        subject = subject[1:]
    while len(subject) > 1 and subject[0] in words.DETERMINERS:
        subject = subject[1:]
    kept = [word for word in subject if word not in words.FILLERS or word in words.ASPECTS]
    return kept[:-1] if len(kept) > 1 and kept[-1] == "itself" else kept


def _is_adverb(word: str) -> bool:
    return word not in ("this", "the") and (word in words.FILLERS or words.is_time(word))


class _Mention:
    """One place where a status' words stand in a sentence, read for whether it is said of a record."""

    def __init__(self, tokens: list[str], start: int, end: int, record: _Record) -> None:
        self.tokens, self.start, self.end, self.record, self.kind = tokens, start, end, record, record.kind
        self.clause = start
        while self.clause > start - _REACH and self.clause and tokens[self.clause - 1] not in words.BREAKS:
            self.clause -= 1
        self.left = tokens[self.clause : start]
        self.next = tokens[end] if end < len(tokens) else "."

    def claim(self, status: str) -> Claim | None:
        """The claim that this mention makes of the record, if it makes one."""
        if self._is_left():
            return Claim(self.record.ref, status, True, False)
        if not self._stands_for_itself() or self._is_unreal() or not self._is_said() or self._is_spell():
            return None
        return Claim(self.record.ref, status, False, self._is_past())

    # --- is it a fact of now?

    def _stands_for_itself(self) -> bool:
        if self.next in self.kind.labels and any(word in ("a", "an") for word in self.left):
            return True
        return (
            self.next in words.FOLLOWERS | words.ASPECTS | words.DETERMINERS
            or self.next == "mode"
            or words.is_time(self.next)
        )

    def _is_unreal(self) -> bool:
        if any(words.is_unreal(word) for word in self.left) or self.left[-1:] == ["be"]:
            return True
        if self.left[:1] in (["after"], ["before"]) and any(word in words.BEING for word in self.left):
            return True
        if self.tokens[0] in words.OPENINGS and self.clause:
            return True
        if any(word in words.TIME_CONDITIONS for word in self._rest()) and not self._tells_past():
            return not any(word in words.FRESH for word in self.left)
        return any(word in words.REPORTS for word in self.left)

    def _is_spell(self) -> bool:
        """`was in delivery`, `was signed until …`, `had been …`: true of a time that is over."""
        if "had" in self.left:
            return True
        if not any(word in words.WAS for word in self.left) or any(word in words.FRESH for word in self.left):
            return False
        led = any(word in words.PLACING for word in (*self.left, self.tokens[self.start]))
        if led and self._core()[-1:] in (["was"], ["were"]):
            return True
        return any(word in words.SPELLS for word in self._rest())

    def _is_past(self) -> bool:
        around = [*self.tokens[max(0, self.clause - 6) : self.end], *self._rest()]
        return self._tells_past() and not any(word in words.FRESH for word in around)

    def _tells_past(self) -> bool:
        if any(words.is_past(word) for word in self.left):
            return True
        has_being = any(word in words.BEING or word.endswith("'s") for word in self.left)
        return not has_being and words.is_past(self.tokens[self.start])

    def _rest(self) -> list[str]:
        """The sentence behind the status."""
        index = self.end
        while index < len(self.tokens) and self.tokens[index] not in words.SENTENCE_ENDS:
            index += 1
        return self.tokens[self.end : index]

    def _is_left(self) -> bool:
        """`discovery is over`, `no longer in discovery`."""
        if not self.record.is_own or any(word in words.INTENTIONS or word in words.CONDITIONS for word in self.left):
            return False
        if "longer" in self.left and "no" in self.left:
            return self.record.is_named(_without_being(self.left[: self.left.index("no")]))
        if not self._is_noun() or any(word not in words.FILLERS for word in self.left):
            return False
        after = [word for word in self.tokens[self.end : self.end + 4] if word not in words.FILLERS]
        return after[:1] in (["is"], ["has"]) and any(word in words.ENDINGS for word in after[1:3])

    # --- is it said of this record?

    def _is_said(self) -> bool:
        core = self._core()
        if not core:
            return self._is_said_bare()
        if self._is_pointed():
            return True
        verb = core[-1]
        if verb.endswith(("'s", "'re")):
            return self._is_subject([*core[:-1], verb.rpartition("'")[0]])
        subject = _without_being(core)
        if verb in words.BEING and (self._is_subject(subject) if subject else self._is_continued()):
            return True
        if core == [self.record.mark]:
            return True
        return self._is_moved(core) or self._is_deed(core)

    def _core(self) -> list[str]:
        """The clause up to its last word before the status that is no filler."""
        core = list(self.left)
        while core and core[-1] not in words.BEING and (core[-1] in words.FILLERS or core[-1] in words.LINKING):
            core.pop()
        return core

    def _is_subject(self, subject: list[str]) -> bool:
        if _bare(subject) == ["we"]:
            led = self.tokens[self.start - 1] in words.PLACING | words.FRESH | {"the"}
            return self.record.is_own and self._is_noun() and led
        return self.record.is_named(subject)

    def _is_noun(self) -> bool:
        return self.tokens[self.start] in words.NOUNS or self.end - self.start > 1

    def _is_adjective(self) -> bool:
        word = self.tokens[self.start]
        return word not in words.NOUNS and (word in words.ADJECTIVES or word.endswith("ed") or word in words.PLACING)

    def _is_said_bare(self) -> bool:
        """Only fillers stand before the status in its clause: a sign says whose it is, or the subject was left out."""
        if self._is_pointed():
            return True
        sign = self.tokens[self.clause - 1] if self.clause else ""
        if not self.record.is_own or sign not in ("", ".", "!", ":", ";", "|", ",", *words.CONJUNCTIONS):
            return False
        led = any(word in words.PLACING for word in self.left)
        if sign == "," or sign in words.CONJUNCTIONS:
            return self._is_carried() and (led or self._is_adjective())
        if self._is_adjective():
            return any(word in words.FRESH for word in self.left) or self._is_alone()
        return led

    def _is_continued(self) -> bool:
        """`We closed discovery and are in delivery`: the verb without a subject has that of the clause before."""
        if not self.record.is_own or not self.clause or self.tokens[self.clause - 1] not in ("and", "but"):
            return False
        begin = self._begin_before()
        by_us = self.tokens[begin : begin + 1] in (["we"], ["we've"])
        return self._is_carried() or (by_us and self._is_noun() and self.tokens[self.start - 1] in words.PLACING)

    def _begin_before(self) -> int:
        """Where the clause before this one begins."""
        begin = self.clause - 1
        while begin and self.tokens[begin - 1] not in words.BREAKS:
            begin -= 1
        return begin

    def _is_carried(self) -> bool:
        """Whether the clause before speaks of this record, so that one without a subject goes on with it."""
        clause = [word for word in self.tokens[self._begin_before() : self.clause - 1] if word not in words.DETERMINERS]
        # `The contract with their printer`: whose it is follows, and it isn't ours.
        if not clause or (clause[1:2] and clause[1] in words.BELONGING):
            return False
        return clause[0] in (self.record.mark, "it", "ours") or clause[0] in self.kind.labels

    def _is_alone(self) -> bool:
        return self.next in (".", "!", ",", ";", "—", "since", "on", "by", "at", "because") or words.is_time(self.next)

    def _is_pointed(self) -> bool:
        """`P-3: done`, `discovery → delivery`, `status = review`: a sign right before, and before that what it belongs
        to.
        """
        index = self.start - 1
        while index >= 0 and (self.tokens[index] in words.FILLERS or self.tokens[index] in ("in", "on")):
            index -= 1
        if index < 1 or self.tokens[index] not in words.SIGNS:
            return False
        sign, owner = self.tokens[index], self.tokens[index - 1]
        if owner == self.record.mark:
            return True
        if not self.record.is_own or sign not in (":", "=", *words.ARROWS):
            return False
        from_status = any(self.kind.status_at(self.tokens, at) for at in range(max(0, index - 3), index))
        return owner in words.ASPECTS or owner in self.kind.labels or (sign in words.ARROWS and from_status)

    def _is_moved(self, core: list[str]) -> bool:
        """`moved (it) to delivery`, `we put the project on hold`, `entered review`."""
        if core[-1] in words.ENTERING:
            return self._is_noun() and self._is_actor(core[:-1])
        for index in range(len(core) - 1, max(-1, len(core) - 7), -1):
            if core[index] in words.MOVING:
                placed = any(word in words.PLACING for word in self.left[index + 1 :])
                return (placed or core[index] in words.SETTING) and self._is_object(core[index + 1 :], core[:index])
        return False

    def _is_object(self, moved: list[str], actor: list[str]) -> bool:
        """What was moved is this record, or isn't named while the actor is this record, `we` or left out."""
        kept = [word for word in moved if word not in words.FILLERS | words.LINKING | words.DETERMINERS]
        kept = [word for word in kept if word in self.kind.labels or not self.kind.status_at([word], 0)]
        if kept:
            return self.record.is_named(kept)
        return "this" in moved or self._is_actor(actor)

    def _is_actor(self, actor: list[str]) -> bool:
        actor = [word for word in _without_being(actor) if word not in words.FILLERS and not words.is_time(word)]
        if not actor:
            return self.record.is_own
        if actor in (["we"], ["i"], ["we've"], ["i've"], ["it's"], ["they've"]):
            return self.record.is_own and self._is_noun()
        return self.record.is_named(actor)

    def _is_deed(self, core: list[str]) -> bool:
        """`Jana signed the contract`, `we won`: the status as the verb, with this record as its object."""
        if self._is_noun():
            return False
        after = [word for word in self.tokens[self.end : self.end + 4] if word not in words.DETERMINERS]
        actor = [word for word in core if word not in words.FILLERS]
        names = (self.record.mark, *(("it", *self.kind.labels) if self.record.is_own else ()))
        if after and after[0] in names:
            return len(actor) <= _ACTOR_WORDS
        won = self.tokens[self.start] in ("won", "lost") and self._is_alone()
        return self.record.is_own and actor == ["we"] and won


def _without_being(subject: list[str]) -> list[str]:
    skipped = words.BEING | words.HAVING | (words.FILLERS - words.ASPECTS)
    while subject and subject[-1] in skipped:
        subject = subject[:-1]
    return subject
