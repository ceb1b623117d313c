"""Taking an engagement out of a lesson: what is learned at one client serves the next without naming the first.

Names of the firm's own clients, people, projects, refs, amounts, addresses and numbers are replaced by what they are.
What only looks like one of them is not touched: a rule must stay a rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from onefirm.core.errors import Refused

_CALLED = {
    "client": "the client", "prospect": "the client", "contact": "the contact", "project": "the project",
    "deliverable": "the deliverable", "proposal": "the proposal", "contract": "the contract",
}  # fmt: skip
_WORD = re.compile(r"\w+")
_PEOPLE = ("client", "prospect", "contact")
"""Kinds of which also a part of the name tells who it is."""
_LEGAL = frozenset(_WORD.findall("ab ag as bv co corp gmbh inc kg llc llp ltd mbh nv oy plc sa sarl se spa srl the"))
# What half of all firms have in their name, and other texts too.
_COMMON = frozenset(_WORD.findall(
    "academy advisors agency and architects art associates bakery bank books brothers building capital care center "
    "centre city clinic club college company construction consulting council design digital education energy "
    "engineering events farm film finance first fitness food foundation foods for garden global green group health "
    "holding holdings home hotel house industries innovation institute insurance international investment lab labs law "
    "legal life logistics management market marketing media medical museum music national new north office online "
    "partner partners people power press production productions project properties public research restaurant retail "
    "sales school science security service services shop society software solutions south sport sports state store "
    "street studio studios supply systems team technologies technology test theater theatre trade training transport "
    "travel trust university venture ventures water web west east wine works world"
))  # fmt: skip
_AMOUNT = re.compile(
    r"(?:(?:[€$£¥]|\b(?:EUR|USD|GBP|CHF|SEK|NOK|DKK|PLN|JPY|CAD|AUD)\b)\s?\d[\d.,' ]*(?:\s?(?:k|m|million|thousand)\b)?"
    r"|\b\d[\d.,']*\s?(?:k|m|million|thousand)?\s?(?:[€$£¥]|(?:EUR|USD|GBP|CHF|SEK|NOK|DKK|PLN|JPY|CAD|AUD"
    r"|euros?|dollars?|pounds?|francs?)\b))",
    re.IGNORECASE,
)
_NOUNS = "|".join((*_CALLED, "invoice", "payment", "task"))
_REF = r"(?!(?:DEC|L|SRC|F|I)-)[A-Z]{1,4}-[1-9][0-9]{0,8}\b"
_OTHERS = (
    (re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b"), "an address"),
    (re.compile(r"\bhttps?://[^\s)>\]]+", re.IGNORECASE), "a page"),
    (re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"), "an account"),
    (_AMOUNT, "an amount"),
    (re.compile(r"(?<![\w.])\+\d[\d ()/-]{6,}\d\b"), "a number"),
    # "an invoice INV-4" is an invoice without it
    (re.compile(rf"\b((?i:the|an?|this|that|our|their)\s+)?((?i:{_NOUNS}))\s+{_REF}"), ""),
    (re.compile(rf"\b{_REF}"), "the record"),
)
_SENTENCE_END = re.compile(r"(?:^|[.!?:]\s+|\n\s*)$")


@dataclass(frozen=True, slots=True)
class Name:
    """What somebody or something of the firm is called, and which kind of record it is."""

    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Abstracted:
    """The text without names; `replaced` are (what stood there, what stands there now), each once."""

    text: str
    replaced: tuple[tuple[str, str], ...]


Names = Callable[[], Iterable[Name]]


def abstracted(text: str, names: Iterable[Name]) -> Abstracted:
    """The text with every name, amount and address replaced; the same text again if there is none.

    Raises Refused where a name is left that can't be told from its sentence.
    """
    known = list(names)
    replaced: dict[str, str] = {}
    for pattern, called in (*_patterns(known), *_OTHERS):
        text = _replace(pattern, called, text, replaced)
    if left := _left(text, known):
        raise Refused(
            f"“{left}” names somebody, and a lesson serves every client.",
            hint="Say the rule without the name; the record belongs into about.",
        )
    return Abstracted(text, tuple(replaced.items()))


def told(replaced: Sequence[tuple[str, str]]) -> str:
    """What was replaced, in a sentence; "" where nothing was."""
    return "; ".join(f"“{was}” became “{now}”" for was, now in replaced)


def _patterns(names: Iterable[Name]) -> Iterable[tuple[re.Pattern[str], str]]:
    """Whole names first, the longest of them, then what tells a firm or a person apart."""
    known = sorted((name for name in names if name.kind in _CALLED), key=lambda name: -len(name.title))
    for name in known:
        if len(name.title) > 2:
            yield re.compile(rf"(?i)(?:\bthe\s+)?(?<!\w){_spaced(name.title)}(?!\w)"), _CALLED[name.kind]
    for name in known:
        if name.kind in _PEOPLE:
            for part in telling(name):
                yield re.compile(rf"(?<!\w)(?:{re.escape(part)}|{re.escape(part.upper())})(?!\w)"), _CALLED[name.kind]


def _spaced(title: str) -> str:
    return r"\s+".join(map(re.escape, title.split()))


def telling(name: Name) -> list[str]:
    """The words of a name that tell who it is, each longer than two letters: all of a person's, of a firm's the first
    that not every other firm has.
    """
    words = [word.strip(".,&()'’\"") for word in name.title.split()]
    own = [word for word in words if len(word) > 2 and word[0].isupper() and word.casefold() not in _COMMON | _LEGAL]
    return own if name.kind == "contact" else own[:1]


def _replace(pattern: re.Pattern[str], called: str, text: str, replaced: dict[str, str]) -> str:
    def put(found: re.Match[str]) -> str:
        now = called or f"{found[1] or 'the '}{found[2]}".lower()
        replaced.setdefault(found[0].strip(), now)
        begins = _SENTENCE_END.search(text[: found.start()])
        blank = " " if found[0] != found[0].rstrip() else ""
        return (now[0].upper() + now[1:] if begins else now) + blank

    return pattern.sub(put, text)


def _left(text: str, names: Iterable[Name]) -> str:
    """A client's telling word, in whatever case: `acme`, `ACME-shop`. A person's in small letters is no name."""
    low = text.casefold()
    for name in names:
        if name.kind in ("client", "prospect"):
            for part in telling(name):
                if len(part) > 3 and re.search(rf"(?<![^\W_]){re.escape(part.casefold())}(?![^\W_])", low):
                    return part
    return ""
