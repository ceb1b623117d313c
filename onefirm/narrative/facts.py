"""What the sentences of a text tell, in a form in which two of them can be held against each other: the words that
carry meaning, by their stems. No model, no figures of a corpus: whether two sentences tell one fact depends on these
two alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from onefirm.narrative import heads
from onefirm.narrative.blocks import Unit

# Sentences alike by less than the first tell two facts. Where each has words that the other lacks, the second is asked:
# a word changed for another one is more often another fact than another wording.
ALIKE, CHANGED = 0.62, 0.76
# What carries less than so much by fewer than so many words is too short to be one fact for sure.
_LEAST, _FEWEST = 2.5, 3
_HALF = 0.5
_FORMS = frozenset(("prose", "item", "quote"))
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_LINK = re.compile(r"!?\[([^\]]{0,300})\]\([^)]{0,500}\)")
_OPENS_WITH_LINK = re.compile(r"[\s*_~]*!?\[[^\]]{0,300}\][(\[]")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_STOP = _set(
    "a an the this that these those it its they them their he him his she her we us our ours you your i my me one "
    "ones be is are am was were been being have has had having do does did done get gets got of to in on at by for "
    "with from as and or but so if then than there here which who whom whose what when where how why because since "
    "therefore thus hence while though although also too just very much many will would shall should can could must "
    "may might ought into onto over about up out off any some such all each every both other others another own "
    "themselves himself herself itself however yet still even well only s t re ve ll d m"
)
_DENIALS = _set("not no never none nobody nothing neither nor without cannot nowhere")
_NUMBERS = _set(
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million dozen half quarter twice "
    "double triple thrice second third fourth fifth sixth tenth"
)
_DAYS = _set("monday tuesday wednesday thursday friday saturday sunday")
_MONTHS = _set("january february march april june july august september october november december")
# Words of any trade: two sentences that share them share little.
_COMMON_WORDS = _set(
    "go come make take give keep put say tell ask want need use see look let find work call bring leave begin start "
    "stay lead mean day week month year time people person thing way client customer project firm company team page "
    "file new old good bad big small first last next same different before after again always often usually first"
)
_IRREGULAR = {
    "came": "come", "went": "go", "gone": "go", "made": "make", "took": "take", "taken": "take", "gave": "give",
    "given": "give", "kept": "keep", "said": "say", "told": "tell", "found": "find", "brought": "bring",
    "began": "begin", "begun": "begin", "sold": "sell", "bought": "buy", "paid": "pay", "sent": "send",
    "wrote": "write", "written": "write", "drew": "draw", "drawn": "draw", "knew": "know", "known": "know",
    "spoke": "speak", "spoken": "speak", "chose": "choose", "chosen": "choose", "led": "lead", "meant": "mean",
    "lost": "lose", "won": "win", "built": "build", "spent": "spend", "held": "hold", "ran": "run", "met": "meet",
    "children": "child", "men": "man", "women": "woman", "less": "few", "fewer": "few", "entire": "whole",
    "earlier": "early", "thrown": "throw", "threw": "throw", "grew": "grow", "grown": "grow", "broke": "break",
    "broken": "break", "saw": "see", "seen": "see", "thought": "think", "felt": "feel", "flew": "fly", "flown": "fly",
    "flight": "fly",
}  # fmt: skip
# What a sentence begins with when it speaks of the file it stands in.
_OWN = _set("they their theirs he she his her it its this these that here there both")


@dataclass(frozen=True, slots=True)
class Fact:
    """One sentence. `words` are its stems, `first` the first of them; `fixed` what must be the same in every wording:
    numbers, days, months; `names` words with a capital within it; `is_denied` whether it denies. `is_own` tells that it
    speaks of “they” or “it”, and so of its own file; `weight` how much its words carry together.
    """

    text: str
    words: frozenset[str]
    first: str
    fixed: frozenset[str]
    names: frozenset[str]
    is_denied: bool
    is_own: bool
    weight: float


def read(sentences: Iterable[Unit]) -> Iterator[Fact]:
    """The facts of a text's sentences that are long enough to be held against others.

    Questions tell none, nor does what begins with a link: that names a file, which is what a copy should become.
    """
    for unit in sentences:
        if unit.form in _FORMS and not _OPENS_WITH_LINK.match(unit.text) and not heads.is_head_line(unit.text):
            fact = of(unit.text)
            if fact:
                yield fact


def of(sentence: str) -> Fact | None:
    """The fact that one sentence tells; None for a question, and for one that says too little."""
    if sentence.rstrip(' .)"”’*_').endswith("?"):
        return None
    spoken = _LINK.sub(r"\1", sentence) if "](" in sentence else sentence
    spelt = _WORD.findall(spoken.replace("’", "'"))
    every = [word.lower() for word in spelt]
    stems = list(map(stem, every))
    words = frozenset(filter(None, stems))
    denials = sum([word in _DENIALS or word.endswith("n't") for word in every])
    fact = Fact(
        sentence,
        words,
        next(filter(None, stems), ""),
        frozenset([word for word in words if word[0].isdigit() or word in _FIXED]),
        frozenset([found for word, found in zip(spelt[1:], stems[1:], strict=True) if found and word[0].isupper()]),
        denials % 2 == 1,
        bool(every) and every[0] in _OWN,
        _sum(words),
    )
    return fact if len(words) >= _FEWEST and fact.weight >= _LEAST else None


def are_one(one: Fact, other: Fact) -> bool:
    """Whether two sentences tell the same fact."""
    if one.words == other.words:
        return one.is_denied == other.is_denied
    if one.fixed != other.fixed or one.is_denied != other.is_denied:
        return False
    mine, theirs = one.words - other.words, other.words - one.words
    if mine and theirs and (one.names & mine or other.names & theirs or (one.first in mine and other.first in theirs)):
        return False  # somebody or something else is spoken of
    shared = _sum(one.words & other.words)
    alike = shared / (one.weight + other.weight - shared)
    return alike >= (CHANGED if mine and theirs else ALIKE)


def _sum(words: frozenset[str]) -> float:
    return len(words) - (1 - _HALF) * len(words & _COMMON)


def weight(word: str) -> float:
    """How much a stem carries: half for the words of any trade."""
    return _HALF if word in _COMMON else 1.0


@lru_cache(maxsize=50_000)  # texts are made of the same words again and again
def stem(word: str) -> str:
    """What a word (in small letters) has in common with its other forms; empty for one that carries nothing."""
    word = word.removesuffix("'s").removesuffix("s'")
    if word in _STOP or word in _DENIALS or word.endswith("n't") or (len(word) < 2 and not word.isdigit()):
        return ""
    plain = _cut(_IRREGULAR.get(word, word))
    return _cut(_IRREGULAR[plain]) if plain in _IRREGULAR else plain


def _cut(word: str) -> str:
    for end, instead in _ENDS:
        if word.endswith(end) and len(word) - len(end) + len(instead) >= _SHORTEST:
            return _single(word.removesuffix(end) + instead)
    return word.removesuffix("e") if len(word) > _SHORTEST else word


_SHORTEST = 3
_ENDS = (
    ("sses", "ss"), ("ies", "y"), ("ied", "y"), ("ingly", ""), ("edly", ""), ("ings", ""), ("ing", ""), ("ed", ""),
    ("ss", "ss"), ("us", "us"), ("es", ""), ("s", ""),
)  # fmt: skip


def _single(word: str) -> str:
    """`stopp` as `stop`, `charge` as `charg`: as the other forms leave them."""
    if len(word) > _SHORTEST and word[-1] == word[-2] and word[-1] not in "aeiousl":
        return word[:-1]
    return word.removesuffix("e") if len(word) > _SHORTEST else word


_FIXED = frozenset(map(stem, _NUMBERS | _DAYS | _MONTHS))
_COMMON = frozenset(map(stem, _COMMON_WORDS))
