"""Rule (c): a property of the schema must not be written as `Property: value`; it would go stale the day the truth
moves.

A line is looked at as a reader sees it: without bullets, emphasis, heading signs or table bars, and each part of `a · b
| c` by itself. It states a property when what stands before the sign is a property's name (or another word for it) and
what stands behind looks like such a property's value. So `Budget season: …` and `Due to the strike: …` name no
property, and `Deadline: she needs it because …` gives none a value. A value that points to the truth (`Status: see
P-3`) is welcome.
"""

from __future__ import annotations

import re

from onefirm.narrative.vocabulary import Kind, folded

# What would look ahead without an end is bounded: a megabyte of `[` must not hold the guard up.
_MARKS = (
    r"(?i)<!--|-->|</?[a-z][^>]{0,300}>|[*`~]+|(?<![^\W_])_+|_+(?![^\W_])|^\[[ xX]\]\s+|"
    r"!?\[(?=[^\]]{0,300}\]\()|\]\([^)]{0,300}\)"
)
_PARTS = r"\s+[·•|;/]\s+|\s*[;|]\s*|\t+|,\s+(?=[^,:=]{2,24}[:=])|\.\s+(?=[A-Z][\w -]{1,24}\s*[:=])"
# What none of the signs below lacks.
_MAY_HOLD_SIGN = r"[:：=→⇒–—…]|->|\s-|\.\.\."
_SIGN = r"\s*(?:::?|：|:=|={1,2}>?|→|⇒|->|\s[–—-]{1,2}|[–—]|\.{3,9}|…)\s+|\s*[:=：→](?=\S)|\s*(?::|=)\s*$"
_EMPTY = frozenset(("", "-", "–", "—", "?", "tbd", "none", "n/a", "unknown", "open"))
_BEFORE = r"^(?:(?:the|its|our|their|this|new|current|present|official|latest|actual|overall|project's|client's)\s+)+"
_POINTER = (
    r"(?i)^\W*(?:see|ask|look|kept|lives?|held|stands?|as|is|comes|read|only|always|in|from|use|per|what)\b.*"
    r"\b(?:records?|truth|notion|onefirm|brief|record_get|state|row|database|[A-Z]{1,4}-\d+)\b|^\W*[A-Z]{1,4}-\d+\W*$|^\W*record_get\b"
)
_DATE = (
    r"(?i)\d|\b(?:jan|feb|mar|apr|may|june?|july?|aug|sep|sept|oct|nov|dec)(?:uary|ruary|ch|il|ust|tember|ober|ember)?\b|"
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\b(?:today|tomorrow|yesterday|asap|tbd|tba)\b|"
    r"\b(?:next|this|last)\s+(?:week|month|quarter|year)\b|\bend\s+of\b|\bmid\b|\bepiphany|christmas|easter\b"
)
_SENTENCE = r"[.!?]\s+\w|,.*\b(?:and|but|because|so)\b"
# A longer part of a line is no property with its value.
_LONGEST = 1_000
# Beyond this many words a text value is a sentence that happens to begin with a label.
_SHORT = 6
_LONG_TEXT = frozenset(("next_action", "waiting_on"))


def stated(line: str, kind: Kind) -> tuple[str, str] | None:
    """The (property, value) of this kind that a line states, None when it states none."""
    if not kind.has_property_in(line):
        return None
    text = shown(line)
    for part in re.split(_PARTS, text) if re.search(_MAY_HOLD_SIGN, text) else ():
        name, value = _halves(part[:_LONGEST])
        key = kind.properties.get(_name(name, kind))
        if key and looks_like(value, key, kind):
            return key, value
    return None


def stated_in_row(cells: list[str], header: list[str], kind: Kind, about: bool) -> tuple[str, str] | None:
    """As `stated`, for a table row: `Property | value`, or (when the row is `about` a record) a column named by a
    property.
    """
    cells = [shown(cell) for cell in cells]
    if len(cells) >= 2:
        key = kind.properties.get(_name(cells[0], kind))
        if key and looks_like(cells[1][:_LONGEST], key, kind):
            return key, cells[1][:_LONGEST]
    for name, value in zip(header, cells) if about else ():  # noqa: B905 - rows may be short
        key = kind.properties.get(_name(shown(name), kind))
        if key and key != "title" and looks_like(value, key, kind):
            return key, value
    return next((found for cell in cells if (found := stated(cell, kind))), None)


def shown(text: str) -> str:
    """A line without its marks: emphasis, code marks, links, tags, check boxes."""
    if any(mark in text for mark in "<>[]*`~_"):
        text = re.sub(_MARKS, " " if "<" in text else "", text)
    return " ".join(text.split())


def _halves(part: str) -> tuple[str, str]:
    match = re.search(_SIGN, part)
    return (part[: match.start()], part[match.end() :].strip()) if match and match.start() else ("", "")


def _name(text: str, kind: Kind) -> str:
    """A property's name without what may stand around it: article, the record's kind or ref, a remark in brackets."""
    words = re.sub(r"\([^)]*\)|\b[A-Za-z]{1,4}-\d+(?:'s|’s)?\b", " ", text[:_LONGEST]).strip(" .\"'“”‘’([{")
    name = re.sub(_BEFORE, "", folded(words) + " ").strip()
    label = name.partition(" ")[0].removesuffix("'s")
    return name.partition(" ")[2] if label in kind.labels and name not in kind.properties else name


def looks_like(value: str, key: str, kind: Kind) -> bool:
    """Whether a text is a value of this property, and no pointer to the truth."""
    value = value.strip(" .\"'“”")
    if folded(value) in _EMPTY or (re.search(_POINTER, value) and not _value_of(value, key, kind)):
        return False
    return _value_of(value, key, kind) or (
        kind.types.get(key, "text") in ("text", "status", "relation") and _text(value, key)
    )


def _value_of(value: str, key: str, kind: Kind) -> bool:
    """Whether the value begins with something that only a value of this type is."""
    words, type_ = folded(value).strip(" .,!").split(), kind.types.get(key, "text")
    start = " ".join(value.split()[:4])
    if type_ == "status":
        return any(kind.status_at([word.strip(".,!()") for word in words[:4]], index) for index in (0, 1))
    if type_ == "choice":
        return bool(words) and (words[0].strip(".,!()") in kind.options.get(key, ()) or len(words) <= 2)
    if type_ == "date":
        return bool(re.search(_DATE, start)) and not value.rstrip().endswith("?")
    if type_ in ("money", "number"):
        return any(char.isdigit() for char in start)
    if type_ == "email":
        return "@" in value
    if type_ == "url":
        return "." in start and " " not in value.strip()
    if type_ == "checkbox":
        return bool(words) and words[0] in ("yes", "no", "true", "false", "x")
    return False


def _text(value: str, key: str) -> bool:
    if value.endswith("?") or "?" in value:
        return False
    return key in _LONG_TEXT or (len(value.split()) <= _SHORT and not re.search(_SENTENCE, value))
