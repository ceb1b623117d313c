"""What the files of the tree state although only the truth should: a status in prose, a property with its value.

The guard's own reading, of whole files instead of edits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from onefirm.narrative import blocks, guard
from onefirm.narrative.faults import Fault
from onefirm.narrative.files import ContextFile
from onefirm.narrative.vocabulary import Vocabulary

StateOf = Callable[[str], Mapping[str, Any] | None]
_QUOTED = 120
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
        found = {one["line"]: one for one in guard.as_it_stands(rules, file.path, file.text, state_of, words)}
        for cited, one in found.items():
            quoted = f"“{cited[:_QUOTED]}{'…' if len(cited) > _QUOTED else ''}”"
            line = line_of(file.text, cited)
            yield Fault(file.path, line, "state", f"{quoted}: {one['why']}", _FIXES[one["rule"]])


def line_of(text: str, cited: str) -> int:
    """In which line, counted from 1, a sentence or line begins that the guard cites; 1 where it isn't found again."""
    words = [re.escape(word) for word in cited.split()[:12] if word.strip("|>")]
    found = re.search(r"[\s>|]+".join(words), blocks.plain(text)) if words else None
    return blocks.plain(text).count("\n", 0, found.start()) + 1 if found else 1
