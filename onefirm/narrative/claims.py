"""Rule (b): what a sentence claims about a record's status, as far as a plain reading tells.

Precision before reach: a status word alone claims nothing (`delivery date`, `review meeting`). It is a claim when

1. the sentence speaks of the record: by its ref, its title, its kind's word (`the project`), by `it`, `this`, `ours`, `they` or `we`,
   by `status` or `phase`, or by leaving the subject out (`Moved to delivery.`, `Done!`);
2. the status is what is said of it: behind a verb of being or becoming (`is now in`, `has been`, `remains`), of moving
   (`moved to`, `put … on`, `set … to`), as the deed itself (`we cancelled the project`), behind a sign (`P-3: done`, `discovery → delivery`);
3. and it is said as a fact of now: no question, condition, wish, plan, doubt, denial, quotation or report, and no history:
   what was `until May`, or an earlier status of the schema's order told in the past.

A claim of having left the present status (`discovery is over`, `no longer in discovery`) counts too, as `is_left`.
"""

from __future__ import annotations

import re

from onefirm.narrative.vocabulary import Kind, Vocabulary, folded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import NamedTuple

    class Claim(NamedTuple):
        """`is_left`: the sentence says that the record has left this status. `is_past`: told as something that happened."""

        ref: str
        status: str
        is_left: bool
        is_past: bool

else:
    from collections import namedtuple

    Claim = namedtuple("Claim", "ref status is_left is_past")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_COPULA = _set("is are isnow am was were been be became becomes become got gets remains remain stays stay stands stand sits counts turned lies")
_PAST_BE = _set("was were had")
_MOTION = _set(
    "moved move moves went gone go goes advanced advances shifted transitioned progressed switched switches promoted put puts returned "
    "came set sets marked marks flipped bumped jumped brought pushed took taken passed sent called changed slid fell sitting standing being"
)
_ENTER = _set("entered enters reached reaches hit started starts began begun left begins")
_TO = _set("to into in on onto as under at for over back out from")
_FILLER = _set(
    "now currently already officially finally today still fully completely formally again both just also actually basically effectively "
    "really well firmly safely happily sadly unfortunately fortunately at last back since yesterday tonight recently meanwhile then so and "
    "yes good news great hooray hurrah as of the a an its fresh newly soon-ish stage phase state status mode finally truly all deep right "
    "once-and-for-all indeed therefore thus hence too long-since but however please note update nb fyi with by"
)
_TIME = re.compile(
    r"^(?:\d.*|(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|june|july|august|september|october|november|december"
    r"|week|month|morning|evening|afternoon|noon|this|last|today|yesterday|on|in|of|the|since|after|as|from)$"
)
_GENERIC = _set("it this ours everything that")
_PLURAL = _set("they these both")
_WE = _set("we")
_STATUS_WORDS = _set("status stage phase state")
_DETERMINERS = _set("the this our whole entire current same dear")
_NOUNS = _set("discovery delivery review proposal draft lead idea work proposals reviews drafts leads ideas")
_ADJECTIVES = _set("done paid sent won lost left open active former void live complete idea draft waiting")
_AFTER = _set(
    "and but or since as for from now today yesterday on at because so again this last in to too already officially by before after while "
    "with although though which who thanks two three finally at until till over last again tonight pending every all both not yet, one when "
    "still a about almost just immediately despite under during within only , . ; : ! — – ( ) | · … - next early late a"
)
_NOT_AFTER_DONE = _set("with by for a to in on")
_DENIAL = _set("not never no nobody none without neither nor cannot hardly barely n't isn't aren't wasn't weren't hasn't haven't hadn't don't doesn't "
               "didn't won't can't couldn't wouldn't shouldn't isn’t aren’t wasn’t hasn’t haven’t don’t doesn’t didn’t won’t can’t nothing nearly almost")  # fmt: skip
_MODAL = _set(
    "will would shall should could can might may must ought i'll we'll it'll they'll we'd it'd they'd ’ll going plan plans planned planning want "
    "wants wanted hope hopes hoped hoping expect expects expected aim aims intend intends propose proposes proposed suggest suggests suggested "
    "assume assumes assuming suppose imagine pretend maybe perhaps probably likely possibly need needs needed ready wait waits ask asks asked "
    "think thinks thought believe believes believed guess feels felt feel seems seemed seem looks looked let let's wish wishes consider considers "
    "try tries trying decide whether supposed due about scheduled-to almost like would-be until till unless promised promises promise once-more"
)
_CONDITION = _set("if unless whether once when whenever until till wherever suppose assuming provided assume imagine before otherwise why how who whom what which where as-soon-as")
_REPORT = _set("says said say told tells claims claimed thinks believes wrote writes asked heard hears rumour rumor insists calls called")
_HISTORY = _set("until till ago formerly previously originally initially earlier once meanwhile before then first second third older old former")
_FRESH = _set("now back again today just currently yesterday finally tonight officially already")
_LEFT = _set("over finished done complete completed closed behind ended")

_QUOTE = re.compile(r"[\"“„«]([^\"”“»]*)[\"”»]|(?<!\w)[‘']([^‘’']{3,})[’'](?!\w)|\*([^*]+)\*(?!\*)")
_STRUCK = re.compile(r"~~.*?~~")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_MARK = re.compile(r"[*`]+|(?<![^\W_])_+|_+(?![^\W_])|</?[a-z][^>]*>|<!--|-->")
_TOKEN = re.compile(r"§\w+|[^\W_]+(?:[-'’][^\W_]+)*|->|=>|[→⇒=:,;()!|·…—–?]|(?<=\s)-(?=\s)|✓|✔|☑|✅|\.(?=\s|$)")
_BREAKS = _set(", ; ( ) — – - . ! | · … and but while whereas because so although though which where as? then")
_SIGNS = _set(": = → -> => ⇒ — – - ( | ,")
_ARROWS = _set("→ -> => ⇒")


def read(
    sentence: str, form: str, own: Sequence[str], vocabulary: Vocabulary, titles_of: Callable[[str], Sequence[str]]
) -> list[Claim]:
    """The claims of one sentence (or table cell) in a file of the records `own`."""
    if form in ("code", "quote", "front") or not sentence:
        return []
    text = _spoken(sentence)
    if text is None:
        return []
    found: list[Claim] = []
    refs = {f"§{index}": ref for index, ref in enumerate(_named(text, own))}
    tokens = _tokens(text, refs, titles_of)
    for mark, ref in refs.items():
        kind = vocabulary.of_ref(ref)
        if kind:
            found += _Reading(tokens, mark, kind, ref in own, _title_words(titles_of(ref))).claims(ref)
    return list(dict.fromkeys(found))


def contradicts(claim: Claim, truth: str, kind: Kind, past: Sequence[str] = ()) -> bool:
    """Whether the truth says otherwise. `past`: statuses that the record had earlier in this session, which may be told of too."""
    if claim.status not in kind.order:
        return False
    if claim.is_left:
        return claim.status == truth
    if claim.status == truth or claim.status in past:
        return False
    # History may name what lies before the present status; a later one can't have happened.
    return not (claim.is_past and truth in kind.order and kind.order.index(claim.status) < kind.order.index(truth))


def _spoken(sentence: str) -> str | None:
    """The sentence in the writer's own voice: without quotations, struck words and marks; None for a question."""
    text = _LINK.sub(r"\1", _STRUCK.sub(" ", sentence))
    text = _QUOTE.sub(_quoted, text)
    text = _MARK.sub("", text).replace("’", "'").strip()
    return None if text.rstrip(" .)").endswith("?") else text


def _quoted(match: re.Match[str]) -> str:
    words = match[1] or match[2] or match[3] or ""
    # One or two words in quotation marks are a name or stressed; more are somebody's speech.
    if match[3] is not None:
        return words if len(words.split()) <= 4 else " … "
    return words if len(words.split()) <= 2 and not match.string[: match.start()].rstrip().endswith((":", "said", "says")) else " … "


def _named(text: str, own: Sequence[str]) -> list[str]:
    from onefirm.narrative.heads import named

    return list(dict.fromkeys([*own, *named(text)]))


def _tokens(text: str, refs: Mapping[str, str], titles_of: Callable[[str], Sequence[str]]) -> list[str]:
    for mark, ref in refs.items():
        for title in titles_of(ref):
            text = re.sub(rf"(?<!\w){re.escape(title)}(?!\w)", f" {mark} ", text, flags=re.IGNORECASE)
        text = re.sub(rf"(?<![\w-]){re.escape(ref)}(?![\w-])", f" {mark} ", text, flags=re.IGNORECASE)
    return [token.lower() if token != "May" else "May" for token in _TOKEN.findall(text)]


def _title_words(titles: Sequence[str]) -> frozenset[str]:
    return frozenset(word for title in titles for word in folded(title).split() if len(word) > 3)


class _Reading:
    """One sentence read for what it says about one record."""

    def __init__(self, tokens: list[str], mark: str, kind: Kind, is_own: bool, title: frozenset[str]) -> None:
        self.mark, self.kind, self.is_own, self.title = mark, kind, is_own, title
        words = [folded(token) if token[0].isalpha() else token for token in tokens]
        self.flat = [word for token in words for word in (token.split() or [token])]

    def claims(self, ref: str) -> list[Claim]:
        found: list[Claim] = []
        index = 0
        while index < len(self.flat):
            match = self.kind.status_at(self.flat, index)
            if not match:
                index += 1
                continue
            status, length = match
            claim = self._claim(index, index + length, ref, status)
            if claim:
                found.append(claim)
            index += length
        return found

    def _claim(self, start: int, end: int, ref: str, status: str) -> Claim | None:
        if self._is_left(start, end):
            return Claim(ref, status, True, False)
        clause = self._clause_start(start)
        left = self.flat[clause:start]
        if not self._ends(start, end) or self._is_unreal(left, clause, end):
            return None
        if not self._says(left, clause, start, end):
            return None
        told = self._told(left, clause, end)
        return None if told is None else Claim(ref, status, False, told)

    def _clause_start(self, index: int) -> int:
        while index and self.flat[index - 1] not in _BREAKS:
            index -= 1
        return index

    def _ends(self, start: int, end: int) -> bool:
        """Whether the status words stand for themselves and don't begin a longer noun (`delivery slots`, `paid work`)."""
        following = self.flat[end] if end < len(self.flat) else "."
        if following in _STATUS_WORDS or following == "mode":
            return True
        return following in _AFTER or bool(_TIME.match(following))

    def _is_unreal(self, left: list[str], clause: int, end: int) -> bool:
        """Whether the clause, or what it hangs on, is no statement of fact."""
        if any(word in _DENIAL or word in _MODAL or word.endswith(("n't", "'ll", "'d")) for word in left):
            return True
        if any(word in _CONDITION for word in left):
            return True
        if "to" in left and left and left[-1] == "be":
            return True
        before = self.flat[:clause]
        if any(word in ("if", "unless", "whether", "assume", "suppose", "imagine", "once", "when", "until") for word in before[:1]):
            return True
        return bool(before) and any(word in _REPORT or word in _MODAL for word in left)

    def _told(self, left: list[str], clause: int, end: int) -> bool | None:
        """Whether it is told as past; None where it is history that says nothing about now."""
        tail = self.flat[end : self._clause_end(end)]
        around = [*self.flat[max(0, clause - 6) : clause], *left, *tail]
        was_in = any(word in _PAST_BE for word in left) and bool(left) and left[-1] in ("in", "on", "at", "the", "still", "under")
        was_in = was_in or (any(word in _PAST_BE for word in left) and self.kind.groups.get("", "") == "-")
        if was_in and not any(word in _FRESH for word in left):
            return None
        if any(word in ("was", "were") for word in left) and any(word in ("until", "till", "when", "once", "then") for word in tail):
            return None
        if any(word in ("had",) for word in left):
            return None
        is_past = any(word.endswith("ed") or word in _PAST_BE or word in ("went", "came", "began", "gone") for word in left)
        return is_past and not any(word in _FRESH for word in around)

    def _clause_end(self, index: int) -> int:
        while index < len(self.flat) and self.flat[index] not in (".", ";", "!", "(", ")", "|"):
            index += 1
        return index

    def _says(self, left: list[str], clause: int, start: int, end: int) -> bool:
        """Whether the status is said of this record."""
        core = list(left)
        led = False
        while core and (core[-1] in _FILLER or core[-1] in _TO or core[-1] in ("set", "marked")) and core[-1] not in _COPULA:
            led = led or core[-1] in _TO
            core.pop()
        if not core:
            return self._says_bare(left, clause, start, end, led)
        verb = core[-1]
        if verb in ("it's", "we're", "this's", "they're", "that's"):
            return self._is_subject([verb[:-3] if verb.endswith("'re") else verb[:-2], *[]], start, end, core[:-1])
        if verb in _COPULA:
            return self._subject_before(core, start, end)
        if verb in _STATUS_WORDS or verb == self.mark:
            return self._is_labelled(core, clause, start)
        return self._moved(core, left, start, end) or self._deed(core, start, end)

    def _subject_before(self, core: list[str], start: int, end: int) -> bool:
        while core and core[-1] in _COPULA | {"has", "have", "had", "being"} | _FILLER:
            core = core[:-1]
        return self._is_subject(core, start, end)

    def _is_subject(self, words: list[str], start: int, end: int, before: Sequence[str] = ()) -> bool:
        """Whether these words name this record and nothing else; an adverb or a time may stand before."""
        words = [*before, *words]
        while words and (words[0] in _FILLER - {"the"} or _TIME.match(words[0])) and len(words) > 1 and words[0] not in ("this", "the"):
            words = words[1:]
        while words and words[0] in _DETERMINERS and len(words) > 1:
            words = words[1:]
        words = [word for word in words if word not in _FILLER or word in ("the",)]
        if words and words[-1] in ("itself", "all"):
            words = words[:-1]
        if words == [self.mark] or words == [self.mark, self.kind.label]:
            return True
        if not self.is_own:
            return False
        if words and all(word in self.title for word in words):
            return True
        phrase = " ".join(words)
        if phrase in _WE:
            return self._is_noun(start, end) and self.flat[start - 1] in ("in", "the", "to", "into", "on")
        if phrase in _GENERIC or phrase in _STATUS_WORDS or phrase == self.kind.label:
            return True
        if phrase in _PLURAL:
            return self.kind.label in ("client", "prospect", "deliverable", "contact")
        return phrase in (f"status of {self.mark}", f"{self.kind.label} {self.mark}", f"{self.kind.label} status")

    def _is_noun(self, start: int, end: int) -> bool:
        return self.flat[start] in _NOUNS or end - start > 1

    def _is_adjective(self, start: int, end: int) -> bool:
        word = self.flat[start]
        return word in _ADJECTIVES or word.endswith(("ed", "ing")) or (end - start > 1 and word in ("in", "on", "under", "called", "turned"))

    def _is_labelled(self, core: list[str], clause: int, start: int) -> bool:
        return self.mark in core and self._is_subject(core, start, start)

    def _says_bare(self, left: list[str], clause: int, start: int, end: int, led: bool) -> bool:
        """Nothing but fillers before the status in its clause: a sign says whose it is, or the subject was left out."""
        sign = self.flat[clause - 1] if clause else ""
        before = self.flat[:clause - 1] if clause else []
        if self._pointed(start):
            return True
        if sign and self.mark in before[-2:] and not left and before[-1:] == [self.mark]:
            return True
        if not self.is_own:
            return False
        if sign in ("and", "but", "then", "so") or sign == ",":
            return bool(before) and self._carried(before) and (led or self._is_adjective(start, end))
        if sign and sign not in (".", "!", ":", ";", "|"):
            return False
        if self._is_adjective(start, end) and not self._is_noun_word(start):
            return self._stands_alone(start, end) or bool(set(left) & _FRESH)
        return led and bool(left) and left[-1] in ("in", "on", "the", "to", "into") and ("in" in left or "on" in left)

    def _is_noun_word(self, start: int) -> bool:
        return self.flat[start] in _NOUNS

    def _carried(self, before: list[str]) -> bool:
        """Whether the clause before speaks of this record, so that a clause without a subject goes on with it."""
        clause = before
        for index in range(len(before) - 1, -1, -1):
            if before[index] in _BREAKS:
                clause = before[index + 1 :]
                break
        words = [word for word in clause if word not in _DETERMINERS]
        return bool(words) and words[0] in {self.mark, self.kind.label, "it", "ours"}

    def _stands_alone(self, start: int, end: int) -> bool:
        following = self.flat[end : end + 1]
        return not following or following[0] in (".", "!", ",", ";", "since", "on", "by", "yesterday", "today", "last", "this", "now", "at", "because", "—")

    def _pointed(self, start: int) -> bool:
        """`P-3: done`, `discovery → delivery`, `status: review`: a sign right before, and what it belongs to before that."""
        index = start - 1
        while index >= 0 and self.flat[index] in _FILLER | {"in", "on"}:
            index -= 1
        if index < 1 or self.flat[index] not in _SIGNS:
            return False
        if self.flat[index] in _ARROWS and self.is_own and any(self.kind.status_at(self.flat, at) for at in range(max(0, index - 3), index)):
            return True
        left = self.flat[index - 1]
        if left == self.mark:
            return True
        return self.is_own and self.flat[index] in (":", "=", *_ARROWS) and (left in _STATUS_WORDS or left in ("now", "currently") or left == self.kind.label)

    def _moved(self, core: list[str], left: list[str], start: int, end: int) -> bool:
        """`moved (it) to delivery`, `we put the project on hold`, `entered review`."""
        for index in range(len(core) - 1, max(-1, len(core) - 7), -1):
            word = core[index]
            if word in _ENTER and index == len(core) - 1 and word != "left":
                return self._is_actor(core[:index], start, end) and self._is_noun(start, end)
            if word in _MOTION:
                rest = left[index + 1 :]
                if not any(item in ("to", "into", "in", "on", "as", "onto") for item in rest) and not (word in ("put", "called", "set", "marked", "sent")):
                    return False
                return self._is_object(core[index + 1 :], core[:index], start, end)
        return False

    def _is_object(self, moved: list[str], actor: list[str], start: int, end: int) -> bool:
        """What was moved: this record, or nothing named while the actor is this record, `we` or left out."""
        words = [word for word in moved if word not in _FILLER and word not in _TO and word not in _DETERMINERS]
        words = [word for word in words if not self.kind.status_at([word], 0) or word == self.kind.label]
        if not words:
            return self._is_actor(actor, start, end)
        return words == [self.mark] or (self.is_own and words in (["it"], [self.kind.label], ["status"], ["this"]))

    def _is_actor(self, words: list[str], start: int, end: int) -> bool:
        while words and words[-1] in _FILLER | {"has", "have", "is", "was", "are", "been", "were"}:
            words = words[:-1]
        words = [word for word in words if word not in _FILLER and not _TIME.match(word)]
        if not words or words in (["we"], ["i"], ["we've"], ["i've"]):
            return self.is_own and (self._is_noun(start, end) or not words)
        if words[-1] in ("it's", "we've", "they've") and len(words) == 1:
            return self.is_own
        return self._is_subject(words, start, end)

    def _deed(self, core: list[str], start: int, end: int) -> bool:
        """`Jana signed the contract`, `we won`: the status as the verb, with this record as its object."""
        if self._is_noun_word(start) or end - start > 1:
            return False
        following = [word for word in self.flat[end : end + 4] if word not in _DETERMINERS]
        actor = [word for word in core if word not in _FILLER]
        if following[:1] == [self.mark] or (self.is_own and following[:1] in (["it"], [self.kind.label])):
            return len(actor) <= 3
        return self.is_own and actor == ["we"] and self.flat[start] in ("won", "lost") and self._stands_alone(start, end)

    def _is_left(self, start: int, end: int) -> bool:
        """`discovery is over`, `no longer in discovery`, `left discovery`."""
        clause = self._clause_start(start)
        left, right = self.flat[clause:start], [word for word in self.flat[end : end + 4] if word not in _FILLER or word == "at"]
        if any(word in _MODAL or word in _CONDITION for word in left) or not self.is_own:
            return False
        if "longer" in left and "no" in left:
            return self._is_subject([word for word in left[: left.index("no")] if word not in _COPULA], start, end)
        is_subject = self._is_noun_word(start) and all(word in _DETERMINERS or word in _FILLER for word in left)
        return is_subject and right[:1] in (["is"], ["has"]) and bool(set(right[1:3]) & (_LEFT - {"done"} | {"done"}))
