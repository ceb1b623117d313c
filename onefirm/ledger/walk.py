"""Walking one chain from its first entry to its last, without a database: each entry against itself and its neighbours.

A chain is given as rows in the order of their numbers. Only the last two rows are kept, so that a ledger of any length
is checked in constant memory.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from onefirm.core import canonical
from onefirm.ledger.events import GENESIS, HASHED, Fields, entry_hash
from onefirm.ledger.findings import Finding, Problem, finding

_OPTIONAL = ("session", "cause", "effect_key")
_NUMBERS = ("seq", "version")
_TEXTS = tuple(name for name in (*HASHED, "hash") if name not in (*_OPTIONAL, *_NUMBERS))


@dataclass(slots=True)
class _Step:
    """A row that was walked: `hashes` holds every hash that its successor may name."""

    seq: int
    id: str
    hash: str
    hashes: frozenset[str]
    sound: bool


class ChainWalk:
    """The check of one chain.

    `anchors` are the hashes that the outside world knows, by number. `erased(tombstone, event_id)` tells whether that
    tombstone proves the erasure; `where(hash)` gives the number under which an entry with this hash stands now. An
    `excerpt` may leave entries out.
    """

    def __init__(
        self,
        chain_id: str,
        anchors: Mapping[int, Collection[str]],
        erased: Callable[[str | None, str], bool],
        where: Callable[[str], int | None] = lambda _hash: None,
        *,
        excerpt: bool = False,
    ) -> None:
        self._chain_id = chain_id
        self._anchors = anchors
        self._erased = erased
        self._where = where
        self._excerpt = excerpt
        self._last: _Step | None = None
        self._unlinked: _Step | None = None  # does not name its predecessor, and neither is known to be the bad one
        self._shift = 0
        self._rewritten = False
        self.entries = 0

    def step(self, row: Fields) -> Iterator[Finding]:
        """Check the next row.

        1. The columns hold what an entry holds.
        2. Its number follows its predecessor's.
        3. Its hash fits its fields.
        4. It names its predecessor's hash.
        5. Its payload fits the payload's hash, or a tombstone proves the erasure.
        6. It is the entry that an anchor knows under this number.
        """
        self.entries += 1
        if damaged := _damaged(row):
            yield self._found("damaged", row["seq"], row["id"], f"its column “{damaged}” holds no readable value")
            self._last = None
            return
        step = _Step(row["seq"], row["id"], row["hash"], frozenset({row["hash"]}), sound=True)
        yield from self._numbered(step)
        before = self._last
        found = self._own_hash(row, step) or self._payload(row, step)
        step.sound = found is None
        yield from self._linked(row, before, step)
        if found:
            yield found
        yield from self._anchored(step)
        self._last = step

    @property
    def reached(self) -> int:
        """The number of the last row that was read; 0 before the first."""
        return self._last.seq if self._last else 0

    def end(self) -> Iterator[Finding]:
        """What only shows once the chain has ended."""
        if self._unlinked and self._last:
            yield self._unlinked_at_end(self._unlinked)
        last = self.reached
        if (known := max(self._anchors, default=0)) > last and not self._excerpt:
            count = known - last
            lost = f"{count} {'entry is' if count == 1 else 'entries are'} lost"
            words = f"the anchor knows entry {known}, the chain ends at {last}: {lost}"
            yield finding(self._chain_id, last + 1, None, "tail_cut", f"chain {self._chain_id}: {words}.")

    def _numbered(self, step: _Step) -> Iterator[Finding]:
        expected = self._last.seq + 1 if self._last else (step.seq if self._excerpt else 1)
        if self.entries > 1 and self._last is None:
            return  # the row before was unreadable
        if step.seq < expected:
            which = "a number that was given before" if self._last else "a number before the first"
            yield self._found("inserted", step.seq, step.id, f"it was inserted: it has {which}")
        elif step.seq > expected and not self._excerpt:
            yield self._gap(expected, step.seq - 1)
        if step.seq != expected:
            self._last = None

    def _gap(self, first: int, last: int) -> Finding:
        if first == last:
            return self._found("missing", first, None, "it was removed")
        words = f"entries {first} to {last} of chain {self._chain_id}: they were removed."
        return finding(self._chain_id, first, None, "missing", words)

    def _own_hash(self, row: Fields, step: _Step) -> Finding | None:
        computed = _hash(row)
        if computed == step.hash:
            self._shift = 0
            return None
        step.hashes = frozenset({step.hash, computed or step.hash})
        written_as = self._written_as(row, step)
        if written_as is None:
            return self._found("altered", step.seq, step.id, "it was changed after it was written")
        if (shift := written_as - step.seq) == self._shift:
            return None  # a consequence of the removal or insertion that was told already
        self._shift = shift
        if shift == -1 and (self._last is None or self._last.sound):
            words = f"it was inserted: what was written as entry {written_as} stands at {step.seq} now"
            return self._found("inserted", written_as, self._last.id if self._last else None, words)
        return self._found("moved", step.seq, step.id, f"it was moved: it was written as entry {written_as}")

    def _written_as(self, row: Fields, step: _Step) -> int | None:
        """The number under which this row's hash is right: the trace of a removal, insertion or exchange."""
        near = dict.fromkeys((step.seq + self._shift, step.seq + 1, step.seq - 1))
        if found := next((seq for seq in near if _fits(row, seq)), None):
            return found
        if self._shift:
            return None
        predecessor = self._where(row["prev"])
        far = () if predecessor is None else (predecessor + 1, predecessor)
        return next((seq for seq in far if _fits(row, seq)), None)

    def _linked(self, row: Fields, before: _Step | None, step: _Step) -> Iterator[Finding]:
        fits = self._names_predecessor(row, before, step)
        suspect, self._unlinked = self._unlinked, None
        if suspect and before and not fits:
            yield self._found("broken_link", before.seq, before.id, "it was replaced: neither neighbour knows it")
            return
        if suspect:
            words = f"it was replaced: the entry after it, {suspect.seq + 1}, was written after another one"
            yield self._found("broken_link", suspect.seq, suspect.id, words)
        if fits or not step.sound or (before and not before.sound):
            return
        if before is None:
            yield self._found("broken_link", step.seq, step.id, "it is the first, yet it names a predecessor")
        # Which of the two was replaced shows at the next entry: it knows its true predecessor.
        self._unlinked = before

    def _names_predecessor(self, row: Fields, before: _Step | None, step: _Step) -> bool:
        if before is not None:
            return row["prev"] in before.hashes
        return step.seq != 1 or row["prev"] == GENESIS

    def _unlinked_at_end(self, culprit: _Step) -> Finding:
        words = f"it or the chain's last entry after it was replaced: {culprit.seq + 1} names another predecessor"
        return self._found("broken_link", culprit.seq, culprit.id, words)

    def _payload(self, row: Fields, step: _Step) -> Finding | None:
        body, tombstone = row["body"], row["tombstone"]
        if body is None:
            if self._erased(tombstone, step.id):
                return None
            words = "its payload is gone, and no erasure was recorded for it"
            return self._found("payload_missing", step.seq, step.id, words)
        if _digest(body) != row["payload_sha256"]:
            return self._found("payload_altered", step.seq, step.id, "its payload was changed after it was written")
        if tombstone is not None:
            words = "its payload is marked as erased, yet it is there"
            return self._found("payload_back", step.seq, step.id, words)
        return None

    def _anchored(self, step: _Step) -> Iterator[Finding]:
        known = self._anchors.get(step.seq)
        if known is None or step.hashes.issuperset(known) or self._rewritten:
            return
        self._rewritten = True
        if step.sound:
            since = max((seq for seq in self._anchors if seq < step.seq), default=0)
            span = f" somewhere between entries {since + 1} and {step.seq}" if since + 1 < step.seq else ""
            words = f"it is not the entry that the anchor knows: the chain was rewritten{span}"
            yield self._found("rewritten", step.seq, step.id, words)

    def _found(self, problem: Problem, seq: Any, event_id: Any, words: str) -> Finding:
        sentence = f"entry {seq} of chain {self._chain_id}: {words}."
        return finding(self._chain_id, seq, event_id, problem, sentence)


def erased_by(body: str | None) -> list[str]:
    """The ids that a tombstone's payload names; none when it can't be read."""
    try:
        named = json.loads(body or "")["data"]["events"]
        return [name for name in named if isinstance(name, str) and name.isascii()]
    except (TypeError, ValueError, KeyError):
        return []


def _damaged(row: Fields) -> str | None:
    for name in _TEXTS:
        if not isinstance(row[name], str):
            return name
    for name in _NUMBERS:
        if not isinstance(row[name], int):
            return name
    optional = (name for name in (*_OPTIONAL, "body", "tombstone") if row[name] is not None)
    return next((name for name in optional if not isinstance(row[name], str)), None)


def _fits(row: Fields, seq: int) -> bool:
    return _hash({**{name: row[name] for name in HASHED}, "seq": seq}) == row["hash"]


def _hash(row: Fields) -> str | None:
    try:
        return entry_hash(row)
    except UnicodeEncodeError:  # bytes that are no UTF-8 arrive as lone surrogates
        return None


def _digest(text: str) -> str | None:
    try:
        return canonical.sha256_hex(text)
    except UnicodeEncodeError:
        return None
