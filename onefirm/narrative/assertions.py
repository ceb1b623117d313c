"""Whole sentences that tell a property of a record and nothing else: “The deadline is 14 March.”

Read by the check alone. The guard lets them pass, for an edit that it stops must be wrong beyond doubt; here somebody
decides. What gives a reason, speaks of the past or of another thing is narrative.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from onefirm.narrative import properties
from onefirm.narrative.vocabulary import Kind, folded

_LONGEST = 14
_NAME_WORDS = 3
_POINTING = ("it", "this", "the", "our", "its", "their")
_REASONS = frozenset(
    ("because", "since", "as", "so", "that", "until", "till", "unless", "if", "although", "though", "but", "when",
     "while", "after", "before", "whether", "not", "never", "no", "only", "already", "every", "each", "always",
     "usually", "often", "perhaps", "maybe", "would", "should", "could", "might")
)  # fmt: skip
# How a sentence states one; NAMES stands for the kind's own words.
_WAYS = (
    r"(?i)(?:(?:the|its|our|their|this|his|her)\s+)?(?:(?P<whose>[^.]{1,80}?)'s\s+)?(?P<name>NAMES)"
    r"(?:\s+(?:of|for)\s+(?P<about>[^.]{1,80}?))?(?:\s+(?:is|are|amounts\s+to|comes\s+to|stands\s+at)|'s)\s+(?P<value>.+)",
    r"(?i)(?P<about>[^.]{1,80}?)(?:\s+(?:is|was|has\s+been|have\s+been)|'s)?\s+(?P<name>NAMES)(?:e?d|s)?"
    r"(?:\s+(?:on|by|at|from))?\s+(?P<value>(?!(?:is|was|were|has|had|will|\w+n't)\b).+)",
    r"(?i)(?P<about>[^.]{1,80}?)\s+has\s+(?:an?\s+)?(?P<value>[\w-]+)\s+(?P<name>NAMES)",
)
_OWNED = (
    r"(?P<value>.+?)\s+(?:owns|is\s+responsible\s+for)\s+(?P<about>.+)",
    r"(?P<about>.+?)(?:\s+is|'s)\s+owned\s+by\s+(?P<value>.+)",
    r"(?P<value>.+?)\s+is\s+(?:the|its|our)\s+owner(?:\s+of\s+(?P<about>.+))?",
)


def stated(sentence: str, kind: Kind, titles: Collection[str]) -> str | None:
    """The property of this kind of record (called by its label, or by one of `titles`) that a sentence only states."""
    if not kind.has_property_in(sentence) and "own" not in sentence:
        return None
    text = properties.shown(sentence).replace("’", "'").rstrip(" .!")
    if re.search(r"[;:?]|,(?!\d)", text):
        return None
    words = re.findall(r"[\w'-]+", text.lower())
    if len(words) > _LONGEST or not _REASONS.isdisjoint(words):
        return None
    own = {word for name in (*kind.labels, *titles) for word in folded(name).split()}
    return next((key for key, value in _read(text, kind, own) if _is_value(value, key, kind)), None)


def _read(text: str, kind: Kind, own: Collection[str]) -> Iterator[tuple[str, str]]:
    """What the sentence may state of the record that is called by its `own` words, as (property, value)."""
    names = "|".join(
        re.escape(name).replace(r"\ ", r"[\s_-]+") for name in sorted(kind.properties, key=len, reverse=True)
    )
    for way in _WAYS:
        found = re.fullmatch(way.replace("NAMES", names), text)
        if found and _is_own(found, own):
            yield kind.properties.get(folded(found["name"]), ""), found["value"]
    for way in _OWNED if "owner" in kind.types else ():
        found = re.fullmatch(way, text)
        if found and _is_own(found, own):
            yield "owner", found["value"]


def _is_own(found: re.Match[str], own: Collection[str]) -> bool:
    """Whether a sentence speaks of this record and of nothing else."""
    groups = found.groupdict()
    said = f"{groups.get('whose') or ''} {groups.get('about') or ''}".replace("'s ", " ").removesuffix("'s")
    return all(word in own or word in _POINTING for word in folded(said).split())


def _is_value(value: str, key: str, kind: Kind) -> bool:
    type_ = kind.types.get(key, "")
    if type_ in ("date", "money", "number", "url", "email"):
        return properties.looks_like(value, key, kind)
    if type_ == "choice":
        return folded(value) in kind.options.get(key, ())
    if key == "owner":
        words = value.split()
        return 0 < len(words) <= _NAME_WORDS and all(word[0].isupper() for word in words)
    return key == "next_action" and value.startswith("to ")
