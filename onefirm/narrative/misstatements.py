"""Amounts and dates within a sentence (`The budget of 42,000 EUR is tight`) that the truth has otherwise.

Precision before reach, as for a status (`claims`). A figure is held against a property only where

1. the property is named by its words and is this record's: with an article or a possessive that can mean nothing else
   (`the budget`, `our price`, `P-3's deadline`), never with a word that makes it another's (`the printer's deadline`,
   `the travel budget`, `the budget for the film`);
2. the figure is said of it, right beside: `the budget of …`, `the deadline is …`, `due on …`, `the … budget`, `moved
   the deadline to …`, `we deliver on …`;
3. and it is said as a fact of now: no question, condition, wish, denial, report, quotation, range or estimate, and no
   history.

A sentence that gives the truth's own figure too tells how it came about. A property without a value contradicts
nothing.
"""

from __future__ import annotations

import re

from onefirm.narrative import blocks, figures, heads, speech, words
from onefirm.narrative.vocabulary import folded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, NamedTuple

    from onefirm.narrative.blocks import Unit
    from onefirm.narrative.figures import Figure
    from onefirm.narrative.vocabulary import Kind, Vocabulary

    StateOf = Callable[[str], Mapping[str, Any] | None]

    class Misstatement(NamedTuple):
        """A property's value as a sentence gives it, and as the truth does; both in the form of a write."""

        ref: str
        key: str
        said: str
        truth: str

else:
    from collections import namedtuple

    Misstatement = namedtuple("Misstatement", "ref key said truth")

_SILENT = ("code", "quote", "front")
_TYPES = ("date", "money")
# The property that `we deliver on …` tells.
_DELIVERED = "due"
# Below such a heading stands what was, what might be, or what others think.
_ELSEWHEN = (
    r"(?i)\b(?:history|earlier|former|past|old|before|archive|log|timeline|options?|ideas?|alternatives?|scenarios?|"
    r"rejected|quotes|quotations|assumptions?)\b"
)

# --- the ways to say it. §o stands for the record, §x for another one, #due for a property, ¤0 for a figure.

_HERE = r"(?<![\w'§-])"
_THE = r"(?:the|our|this|its|current|present|agreed|total|whole|overall|approved|official|final|full|entire|new) "
_OWN = rf"§o(?:'s?)? (?:{_THE}){{0,3}}"
_NAMED = rf"{_HERE}(?:(?:{_THE}){{1,4}}(?:{_OWN})?|{_OWN}|^)#(?P<key>\w+)(?: (?:of|for) §o)?"
_STILL = r"(?: (?:now|still|currently|already|only|just|exactly|fixed|set|capped|agreed|again)){0,3}"
_IS = rf"(?: (?:is|stays|remains|stands|lies|comes|amounts)|'s){_STILL}(?: (?:at|to|on|by|for|from|until))?{_STILL}"
_FIGURE = r"¤(?P<at>\d+)(?!\d)(?! ?(?:-|–|to|or|and) ?¤)"
_MOVES = (
    "moved", "shifted", "pushed", "set", "raised", "cut", "lowered", "increased", "reduced", "extended", "postponed",
    "changed", "fixed", "brought", "put", "rose", "fell", "went", "grew", "shrank", "slipped", "dropped",
)  # fmt: skip
_MOVED = f"(?:{'|'.join(_MOVES)})"
_TO = r"(?: (?:back|forward|up|down|out))?(?: from ¤\d+)? (?:to|at|on|for|until|till)"
_DONE = r"(?:issued|sent|signed|paid)"
_LED = tuple(f"{digit}{sign}#" for digit in range(10) for sign in " -")
# By the words of which one must stand there, so that few are compiled. A figure that stands beside its property may
# be history.
_BESIDE = (
    (("#",), rf"{_NAMED}(?: of| on|,| \() ?{_FIGURE}"),
    (_LED, rf"{_HERE}(?:the|our|this|its|§o's?) (?:{_THE}){{0,3}}¤(?P<at>\d+)[ -]#(?P<key>\w+)"),
    (_MOVES, rf"{_MOVED} {_NAMED}{_TO} {_FIGURE}"),
    (_MOVES, rf"{_NAMED}(?: has| have| is| was)?(?: now| been| just)* {_MOVED}{_TO} {_FIGURE}"),
)
_SAID = (
    ((" is", "'s", "s "), rf"{_NAMED}{_IS} {_FIGURE}"),
    (("#",), rf"(?:^|{_HERE}(?:§o|it) )(?:is|'s|are)?{_STILL} ?#(?P<key>\w+)(?: (?:on|by|at|until|from))? {_FIGURE}"),
    (
        (" was", " been"),
        rf"{_HERE}(?:§o|it) (?:was|has been) #(?P<key>(?:issued|sent|signed|paid)\w*)(?: on)? {_FIGURE}",
    ),
    ((" ha",), rf"{_HERE}(?:we|it|§o) (?:has|have)(?: an?)?{_STILL} #(?P<key>\w+) of {_FIGURE}"),
    ((" ha",), rf"{_HERE}(?:we|it|§o) (?:has|have){_STILL} {_FIGURE} (?:of|as|in)(?: an?| the)? #(?P<key>\w+)"),
)
_DELIVERING = ("deliver", "hand over", "hands over")
_DEED = rf"{_HERE}(?:we|it|§o){_STILL} (?:delivers?|hands? over)(?: it| this| §o| everything)? on {_FIGURE}"

# --- what makes it no fact of now, or another's

_CLAUSE = r"[,;:()—–|…]| (?:and|but|while|whereas|because|so|although|though|which|where|then|since|as) "
_BEFORE = frozenset(
    ("for", "of", "half", "third", "quarter", "part", "share", "rest", "most", "another", "other", "each", "every",
     "their", "his", "her", "your", "my", "second", "next", "last", "first", "originally", "initially", "formerly",
     "earlier", "previously", "then", "once", "ago", "had", "used", "estimates", "reckons", "fears", "dreams",
     "demands", "offers", "offered", "quotes", "quoted", "remembers", "wished", "in", "at", "from", "tell", "sees",
     "officially")
)  # fmt: skip
_AFTER = frozenset(("would", "could", "might", "if", "unless", "once", "provided", "says", "said", "thinks", "believes",
                    "claims"))  # fmt: skip
_SINCE = frozenset(("then", "later", "again", "twice", "once", "first", "until", "till", "originally", "ago"))
_PAST = frozenset(("fell", "went", "made", "took", "left", "held", "broke", "cost", "ran", "brought", "had", "did",
                   "led", "gave", "got", "stood", "meant", "paid", "bought", "kept", "lost", "spent"))  # fmt: skip
_WHEN = rf"\bin (?:the )?(?:{figures.MONTH}|spring|summer|autumn|winter|20\d\d)\b|\b(?:old|former|earlier)\b"
# Right behind a figure these make it a part, a rate, a difference, or another reckoning.
_PART = {
    "date": r" (?:an?|for(?! §o)|later|earlier|\w+ed)\b",
    "money": (
        r" (?:an?|per|each|every|for(?! §o)|of(?! #)|more|less|higher|lower|short|too|later|earlier|away|left|gone|"
        r"spent|net|gross|plus|by|above|below|over|under|in|at|with|without|including|excluding|\w+ed)\b"
    ),
}
_BEHIND_DEED = r"$|[^\w\s]|\s(?:before|after|because|so|and|but|when|as|since)\b"
_NEAR = 5


def read(
    unit: Unit, own: Sequence[str], vocabulary: Vocabulary, titles_of: Callable[[str], Sequence[str]], state_of: StateOf
) -> list[Misstatement]:
    """What a sentence in a file of the records `own` gets wrong."""
    if unit.form in _SILENT or (unit.form != "row" and re.search(_ELSEWHEN, unit.under)):
        return []
    found: dict[Misstatement, None] = {}
    for part in blocks.cells(unit.text) if unit.form == "row" else [unit.text]:
        for ref in dict.fromkeys([*own, *heads.named(part)]):
            kind, state = vocabulary.of_ref(ref), state_of(ref)
            names = _names(kind, part) if kind and state else {}
            text = speech.spoken(part) if names else None
            if kind and state and text is not None:
                sentence = _Sentence(text, ref, kind, names, titles_of(ref))
                found |= dict.fromkeys(sentence.misstatements(_props(state), ref in own))
    return [one for one in found if not _is_true_of_another(one, own, state_of)]


def _is_true_of_another(one: Misstatement, own: Sequence[str], state_of: StateOf) -> bool:
    """Whether a file of several records says it of another one of them."""
    others = [_props(state_of(ref)) for ref in own if one.ref in own and ref != one.ref]
    return any(figures.shown(props.get(one.key)) == one.said for props in others)


def _props(state: Mapping[str, Any] | None) -> Mapping[str, Any]:
    return (state and state.get("props")) or {}


def _names(kind: Kind, text: str) -> dict[str, str]:
    """The names of this kind's amounts and dates that stand in a text, the longest first."""
    text = folded(text)
    found = {name: key for name, key in kind.properties.items() if kind.types.get(key) in _TYPES and name in text}
    if any(word in text for word in _DELIVERING) and kind.types.get(_DELIVERED) == "date":
        found.setdefault(_DELIVERED, _DELIVERED)
    return dict(sorted(found.items(), key=lambda item: -len(item[0])))


class _Sentence:
    """A sentence read for one record: what it is called, its properties and all figures are marks."""

    def __init__(self, text: str, ref: str, kind: Kind, names: Mapping[str, str], titles: Sequence[str]) -> None:
        self.ref, self.types = ref, kind.types
        text = re.sub(r"[§¤#\s]+", " ", text)
        for title in sorted(filter(None, titles), key=len, reverse=True):
            text = re.sub(rf"(?i)(?<![\w-]){re.escape(title)}(?![\w-])", "§o", text)
        text = re.sub(heads.REF, lambda match: "§o" if heads.spelt(match[1]) == ref else "§x", text)
        text, self.figures = figures.marked(text)
        called = {word for title in titles for word in folded(title).split() if len(word) > 3} | set(kind.labels)
        either = "|".join(map(re.escape, sorted(called)))
        text = re.sub(rf"\b(?:the|this|our|whole|entire) (?:{either})(?=\W|$)", "§o", text.lower())
        for name, key in names.items():
            spelt = "[ _-]".join(map(re.escape, name.split()))
            text = re.sub(rf"(?<![\w#'-]){spelt}(?![\w-])", f"#{key}", text)
        self.text = text.replace("the §o", "§o")

    def misstatements(self, truth: Mapping[str, Any], is_own: bool) -> list[Misstatement]:
        """What it says of the record's properties as a fact of now, and the truth otherwise."""
        found: list[Misstatement] = []
        for needed, way in (*_BESIDE, *_SAID, (_DELIVERING, _DEED)):
            for match in re.finditer(way, self.text) if any(word in self.text for word in needed) else ():
                key, figure = match.groupdict().get("key") or _DELIVERED, self.figures[int(match["at"])]
                meant = self.types.get(key) == figure.type and self._is_meant(match, figure, is_own)
                if meant and not ((needed, way) in _BESIDE and self._is_history(match)) and (value := truth.get(key)):
                    found += self._against(key, figure, value)
        return found

    def _against(self, key: str, figure: Figure, truth: Any) -> list[Misstatement]:
        is_kept = figure.type == "date" or isinstance(truth, dict)
        if not is_kept or any(figures.is_equal(one, truth) for one in self.figures if one.type == figure.type):
            return []
        said = figures.written(figure, truth)
        return [Misstatement(self.ref, key, said, figures.shown(truth))] if said else []

    def _is_meant(self, match: re.Match[str], figure: Figure, is_own: bool) -> bool:
        left, rest = self.text[: match.start()], self.text[match.end() :]
        is_named, is_it = "§o" in match[0], match[0].startswith("it")
        if not is_named and (not is_own or "§x" in left or (is_it and (left.strip() or rest[:1] == ":"))):
            return False
        if ":" in left or re.match(_PART[figure.type], rest):
            return False
        if match.re.pattern == _DEED and not re.match(_BEHIND_DEED, rest):
            return False
        if figure.type == "money" and not figure.currency and not _is_whole(rest):
            return False
        return _is_fact(left, rest, is_named)

    def _is_history(self, match: re.Match[str]) -> bool:
        """`The budget of … was too small`, `moved to …, then to …`."""
        rest = self.text[match.end() :]
        if not _SINCE.isdisjoint(_words(rest)) or re.search(_WHEN, rest):
            return True
        return any(_is_past(word) for word in _words(re.split(_CLAUSE, f"{rest} ")[0])[:_NEAR])


def _is_fact(left: str, rest: str, is_named: bool) -> bool:
    """Whether what stands around a figure leaves it a fact of now."""
    before = left.split()
    if any(word in words.REPORTS for word in before) or (before and before[0] in words.OPENINGS):
        return False
    if not _AFTER.isdisjoint(_words(rest)):
        return False
    clause = re.split(_CLAUSE, f" {left}")[-1].split()
    return not any(words.is_unreal(word) or _is_past(word) or (word in _BEFORE and not is_named) for word in clause)


def _is_whole(rest: str) -> bool:
    """Whether a number without a currency stands for itself: `42,000 is tight`, not `42,000 copies`."""
    following = re.match(r" ([\w'#]+)", rest)
    return not following or following[1] in words.FOLLOWERS | words.BEING or following[1].startswith("#")


def _is_past(word: str) -> bool:
    return words.is_past(word) or word in _PAST


def _words(text: str) -> list[str]:
    return re.findall(r"[\w'#§¤]+", text)
