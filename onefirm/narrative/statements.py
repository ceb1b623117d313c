"""What the files of the tree state although only the truth should: a status in prose, a property with its value.

The guard's own reading, of whole files instead of edits; and sentences that do nothing but state a property.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from onefirm.narrative import assertions, blocks, guard, heads
from onefirm.narrative.faults import Fault
from onefirm.narrative.files import ContextFile
from onefirm.narrative.rules import is_closed
from onefirm.narrative.vocabulary import Vocabulary

StateOf = Callable[[str], Mapping[str, Any] | None]
_QUOTED = 120
_SENTENCES = frozenset(("prose", "item", "quote"))
_FIXES = {
    "contradiction": "word it as the plan or the history it is; if the record is behind, write that",
    "copy": "remove it, and tell only the reason",
    "property": "remove it, and tell only the reason; if the record lacks it, write that",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """One line or sentence that states what a record says: by which rule of the guard, where it begins, and why."""

    rule: str
    line: int
    cited: str
    why: str


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a file states, as the records stood that were asked about for it."""

    file: ContextFile
    refs: list[str]
    states: list[Mapping[str, Any] | None]
    said: list[Statement]


class Statements:
    """What files state. Kept until a file, a record that was asked about for it, or the schema changes."""

    def __init__(self) -> None:
        self._rules: Mapping[str, Any] | None = None
        self._kept: dict[str, _Reading] = {}

    def of(
        self, files: Iterable[ContextFile], rules: Mapping[str, Any], state_of: StateOf
    ) -> Iterator[tuple[ContextFile, list[Statement]]]:
        """Each file with what it states. `rules` are those of the guard, for the present schema."""
        if rules != self._rules:
            self._rules, self._kept = rules, {}
        before, self._kept, words = self._kept, {}, Vocabulary(rules)
        for file in files:
            known = before.get(file.path)
            if not known or known.file is not file or known.states != list(map(state_of, known.refs)):
                known = _read(file, rules, state_of, words)
            self._kept[file.path] = known
            yield file, known.said


def faults(said: Iterable[tuple[ContextFile, Iterable[Statement]]]) -> Iterator[Fault]:
    """Every line or sentence that states what a record says, once: `Status: delivery` is a property and a claim."""
    for file, every in said:
        for one in {one.cited: one for one in every}.values():
            quoted = f"“{one.cited[:_QUOTED]}{'…' if len(one.cited) > _QUOTED else ''}”"
            yield Fault(file.path, one.line, "state", f"{quoted}: {one.why}", _FIXES[one.rule])


def _read(file: ContextFile, rules: Mapping[str, Any], state_of: StateOf, words: Vocabulary) -> _Reading:
    asked = dict[str, Mapping[str, Any] | None]()

    def asking(ref: str) -> Mapping[str, Any] | None:
        asked[ref] = state_of(ref)
        return asked[ref]

    found = guard.as_it_stands(rules, file.path, file.text, asking, words, (file.lines, file.whole))
    every = [*_asserted(file, rules, asking, words), *((one["rule"], one["line"], one["why"]) for one in found)]
    said = [Statement(rule, line_of(file.text, cited), cited, why) for rule, cited, why in every]
    return _Reading(file, list(asked), list(asked.values()), said)


def _asserted(
    file: ContextFile, rules: Mapping[str, Any], state_of: StateOf, words: Vocabulary
) -> Iterator[tuple[str, str, str]]:
    if is_closed(rules, file.path):
        return
    for unit in file.sentences:
        if unit.form not in _SENTENCES or heads.is_head_line(unit.text):
            continue
        for ref in dict.fromkeys((*heads.named(unit.text), *file.refs)):
            if (kind := words.of_ref(ref)) and (
                key := assertions.stated(unit.text, kind, _called(file, ref, state_of))
            ):
                why = f"“{key}” is a property of {ref} and stands in the truth; a copy of it here goes stale."
                yield "property", unit.text, why
                break


def _called(file: ContextFile, ref: str, state_of: StateOf) -> list[str]:
    state = state_of(ref)
    titles = [ref, str(state.get("title") or "")] if state else [ref]
    return [*titles, file.title] if file.refs[:1] == (ref,) else titles


def line_of(text: str, cited: str) -> int:
    """In which line, counted from 1, a sentence or line begins that the guard cites; 1 where it isn't found again."""
    words = [re.escape(word) for word in cited.split()[:12] if word.strip("|>")]
    found = re.search(r"[\s>|]+".join(words), blocks.plain(text)) if words else None
    return blocks.plain(text).count("\n", 0, found.start()) + 1 if found else 1
