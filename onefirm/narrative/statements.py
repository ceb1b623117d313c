"""What the files of the tree state although only the truth should: a status in prose, a property with its value.

The guard's own reading, of whole files instead of edits; and sentences that do nothing but state a property.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
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


def faults(files: Iterable[ContextFile], rules: Mapping[str, Any], state_of: StateOf) -> Iterator[Fault]:
    """Every line or sentence that states what a record says. `rules` are those of the guard, for the present schema."""
    words = Vocabulary(rules)
    for file in files:
        # `Status: delivery` is a property and a claim: one line is told once.
        found = {
            one["line"]: (one["why"], one["rule"])
            for one in guard.as_it_stands(rules, file.path, file.text, state_of, words)
        }
        found = dict(_asserted(file, rules, state_of, words)) | found
        for cited, (why, rule) in found.items():
            quoted = f"“{cited[:_QUOTED]}{'…' if len(cited) > _QUOTED else ''}”"
            yield Fault(file.path, line_of(file.text, cited), "state", f"{quoted}: {why}", _FIXES[rule])


def _asserted(
    file: ContextFile, rules: Mapping[str, Any], state_of: StateOf, words: Vocabulary
) -> Iterator[tuple[str, tuple[str, str]]]:
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
                yield unit.text, (why, "property")
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
