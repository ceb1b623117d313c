"""The ledger as files: JSON lines that can be checked without a database, and Markdown for reading."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from onefirm.core import canonical
from onefirm.ledger.events import HASHED, Event, Fields, Head, body_of
from onefirm.ledger.findings import Finding, Verdict, finding
from onefirm.ledger.sentences import local_time, sentence
from onefirm.ledger.walk import ChainWalk, erased_by

EXPORT_VERSION = 1
_KEYS = {*HASHED, "hash", "payload", "export"}
_BODY = {"data", "reason", "salt"}
_MOST_FINDINGS = 20
_KEPT = 1_000
_MARKS = str.maketrans({char: f"\\{char}" for char in "\\`*_[]<>#|~&"})
_BEGINS = re.compile(r"\A(\d{1,9}(?=[.)])|(?=[-+=]))")  # what begins a list, a rule or a heading


def jsonl(events: Iterable[Event]) -> Iterator[str]:
    """One canonical JSON object a line, without line ends; `export` is the form's version, an erased payload is null.

    `payload` holds `data`, `reason` and `salt` exactly as hashed, so that `verify_jsonl` needs nothing else.
    """
    for event in events:
        yield canonical.dumps(_object(event))


def _object(event: Event) -> dict[str, Any]:
    row = {name: getattr(event, name) for name in (*HASHED, "hash")}
    body = None
    if event.payload is not None:
        body = {"data": event.payload, "reason": event.reason, "salt": event.salt}
    return {**row, "subjects": list(event.subjects), "payload": body, "export": EXPORT_VERSION}


def markdown(events: Iterable[Event], timezone: str = "UTC") -> Iterator[str]:
    """Lines of Markdown: a heading a day, a list item an entry; nothing of a payload reads as markup."""
    day = ""
    for event in events:
        today, _, time = local_time(event.at, timezone).partition(" ")
        if today != day:
            yield from ("", f"## {today}", "") if day else (f"## {today}", "")
            day = today
        yield f"- {time} {escaped(sentence(event))}"


def escaped(text: str) -> str:
    """Text that reads as itself in Markdown, where a line begins too."""
    return _BEGINS.sub(r"\1\\", text.translate(_MARKS))


def verify_jsonl(
    lines: Iterable[str], anchors: Sequence[Head] = (), *, excerpt: bool = False, later: Sequence[Head] = ()
) -> Verdict:
    """Check exported lines against themselves and against anchors.

    The entries of one chain must be in the order of their numbers; chains may alternate. An `excerpt` (a filtered
    export) may leave entries out: then only what stands there is checked. An erased payload needs its tombstone among
    the lines, unless this is an excerpt. `later` are anchors that may have been made after the copy: those beyond its
    end are told as newer instead of missed, unless it holds no entry at all.
    """
    check = _Check((*anchors, *later), excerpt)
    every = (one for number, line in enumerate(lines, 1) if line.strip() for one in check.line(number, line))
    found = [one for number, one in enumerate(every) if number < _KEPT]
    newer = check.let_go({*later} - {*anchors})
    found += check.end()
    found.sort(key=lambda one: (one.chain_id == "", one.chain_id, one.seq is None, one.seq or 0))
    kept = tuple(found[:_MOST_FINDINGS])
    return Verdict(not found, check.entries, len(check.walks), kept, len(found) > len(kept), newer)


class _Check:
    """The walks of an export's chains. Erased entries are remembered until the tombstone that names them comes."""

    def __init__(self, anchors: Sequence[Head], excerpt: bool) -> None:
        self._anchors: dict[str, dict[int, set[str]]] = {}
        for head in anchors:
            self._anchors.setdefault(head.chain_id, {}).setdefault(head.seq, set()).add(head.hash)
        self._excerpt = excerpt
        self._erased: dict[str, tuple[str, int]] = {}
        self._proven: set[str] = set()
        self.walks: dict[str, ChainWalk] = {}
        self.entries = 0

    def line(self, number: int, line: str) -> Iterator[Finding]:
        self.entries += 1
        row = _row(line)
        if row is None:
            words = f"line {number}: it is no entry of an export in form {EXPORT_VERSION}."
            yield finding("", None, None, "damaged", words)
            return
        if row["body"] is None:
            self._erased[row["id"]] = (row["chain_id"], row["seq"])
        if row["kind"] == "payload.erased":
            self._proven.update(erased_by(row["body"]))
        yield from self._walk(row["chain_id"]).step(row)

    def let_go(self, later: Collection[Head]) -> tuple[Head, ...]:
        """Those anchors that the copy ends before; it is not held against them."""
        ends = {name: walk.reached for name, walk in self.walks.items()}
        newer = [head for head in later if ends and head.seq > ends.get(head.chain_id, 0)]
        for head in newer:
            known = self._anchors[head.chain_id]
            known[head.seq].discard(head.hash)
            if not known[head.seq]:
                del known[head.seq]
        return tuple(sorted(newer, key=lambda head: (head.chain_id, head.seq)))

    def end(self) -> list[Finding]:
        for name in (name for name, known in self._anchors.items() if known):
            self._walk(name)
        found = [one for walk in self.walks.values() for one in walk.end()]
        for event_id, (chain_id, seq) in self._erased.items():
            if event_id not in self._proven and not self._excerpt:
                words = f"entry {seq} of chain {chain_id}: its payload is gone, and no erasure was recorded for it."
                found.append(finding(chain_id, seq, event_id, "payload_missing", words))
        return found

    def _walk(self, name: str) -> ChainWalk:
        if name not in self.walks:
            # Whether an erasure is proven shows only at the end: its tombstone comes later.
            walk = ChainWalk(name, self._anchors.get(name, {}), lambda _tombstone, _id: True, excerpt=self._excerpt)
            self.walks[name] = walk
        return self.walks[name]


def _row(line: str) -> Fields | None:
    """A line in the form of a database row; None when it is no entry of exactly this form."""
    try:
        entry: Any = json.loads(line, object_pairs_hook=_without_doubles)
        body = entry["payload"]
        exact = set(entry) == _KEYS and entry["export"] == EXPORT_VERSION and (body is None or set(body) == _BODY)
        if not exact or not isinstance(entry["chain_id"], str) or not isinstance(entry["id"], str):
            return None
        row = {name: entry[name] for name in (*HASHED, "hash")}
        text = body_of(body["data"], body["reason"], body["salt"]) if body is not None else None
        return {**row, "subjects": canonical.dumps(entry["subjects"]), "body": text, "tombstone": None}
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys come once: of two, one reader would take the first and another the last."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key comes twice")
    return found
