"""What a check of the ledger can find, and how each finding reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from onefirm.ledger.events import Head
from onefirm.ledger.words import clean

Problem = Literal[
    "altered", "damaged", "inserted", "missing", "moved", "broken_link", "payload_altered", "payload_missing",
    "payload_back", "subjects_differ", "register_differs", "unguarded", "orphan", "storage", "tail_cut",
    "rewritten",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `seq` is the entry's number; None where the thing belongs to no entry."""

    chain_id: str
    seq: int | None
    event_id: str | None
    problem: Problem
    sentence: str


def finding(chain_id: object, seq: object, event_id: object, problem: Problem, sentence: str) -> Finding:
    """A finding about columns that may hold anything: what it says can be printed, whatever they held."""
    known = event_id if isinstance(event_id, str) else None
    return Finding(
        clean(chain_id), seq if isinstance(seq, int) else None, known and clean(known), problem, clean(sentence, 400)
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a check: `findings` by chain and entry, the first bad entry first; `more` tells it was cut.

    `newer` are the anchors that a copy ends before, so that it was held against none of them.
    """

    ok: bool
    entries: int
    chains: int
    findings: tuple[Finding, ...]
    more: bool = False
    newer: tuple[Head, ...] = ()
