"""Anchors: heads of chains that were kept where whoever changes the ledger can't reach, and how they are written."""

from __future__ import annotations

import re
from collections.abc import Iterable

from onefirm.core.errors import InvalidInput
from onefirm.ledger.events import Head

TRAILER = "Ledger-Head"
_FORM = re.compile(r"(?P<chain>[^\s:]+):(?P<seq>[1-9][0-9]{0,17}):(?P<hash>[0-9a-f]{64})")


def parse(text: str) -> Head:
    """The head behind `chain:number:hash`, as `str(head)` writes it. Raises InvalidInput."""
    found = _FORM.fullmatch(text.strip())
    if not found:
        raise InvalidInput(
            f"“{text[:80]}” is not an anchor.",
            hint="An anchor reads chain:number:hash; `onefirm ledger verify` prints the current ones.",
        )
    return Head(found["chain"], int(found["seq"]), found["hash"])


def of_trailers(values: Iterable[str]) -> tuple[Head, ...]:
    """The anchors among the values of a repository's `Ledger-Head` trailers; what is no anchor is passed over.

    Of several for one entry all are kept: they can't all be true, so that `verify` tells.
    """
    matches = (_FORM.fullmatch(value.strip()) for value in values)
    heads = (Head(found["chain"], int(found["seq"]), found["hash"]) for found in matches if found)
    return tuple(dict.fromkeys(heads))
