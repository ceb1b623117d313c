"""The ledger's anchors that the workspace's commits keep, or a file of the operator's."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection

from onefirm import git
from onefirm.core.errors import InvalidInput
from onefirm.ledger import anchors
from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Head

_MARKS = ("record.seen", "session.opened", "session.closed")


@dataclass(frozen=True, slots=True)
class Kept:
    """`heads` are what the ledger must hold; `passed_over` says, in sentences, which ones a person gave up and how."""

    heads: tuple[Head, ...]
    passed_over: tuple[str, ...] = ()


def of_commits(root: Path, conn: Connection, ledger: Ledger) -> Kept:
    """The anchors in every commit, without those that were given up. Raises FirmError for git's failures."""
    every = anchors.of_trailers(git.trailers(root, anchors.TRAILER))
    left, lost = _given_up(conn, ledger)
    chains = sorted({head.chain_id for head in every} & left)
    count = len(lost.intersection(every))
    told = [
        f"the chain {chain} was given up by `onefirm init --anew`; its anchors are passed over." for chain in chains
    ]
    if count:
        which = "1 anchor" if count == 1 else f"{count} anchors"
        told.append(f"a backup was put back (`onefirm doctor --restored`); {which} of what came after it: passed over.")
    return Kept(tuple(head for head in every if head.chain_id not in left and head not in lost), tuple(told))


def _given_up(conn: Connection, ledger: Ledger) -> tuple[set[str], set[Head]]:
    """The chains that `init --anew` left behind, and the heads that were lost with what a backup didn't hold."""
    left: set[str] = set()
    lost: set[Head] = set()
    for event in ledger.events(conn, kinds=["workspace.created", "workspace.restored"]):
        said = event.payload or {}
        left.update(map(str, said.get("gave_up", ())))
        lost.update(anchors.of_trailers(map(str, said.get("lost", ()))))
    return left, lost


def is_due(root: Path, conn: Connection, ledger: Ledger) -> bool:
    """Whether more than looks and marks of sessions came since the newest anchors. Raises FirmError for git's failures.

    Entries that the operator wrote in a terminal belong to no session: whichever closes next anchors them.
    """
    known = {head.chain_id: head.seq for head in sorted(of_commits(root, conn, ledger).heads, key=lambda one: one.seq)}
    return any(
        ledger.events(conn, chain_id=name, after_seq=known.get(name, 0), without=_MARKS, limit=1)
        for name in ledger.chains(conn)
    )


def reach(heads: Iterable[Head]) -> str:
    """Up to where anchors reach: `entry 85`, or for each of several chains."""
    known = {head.chain_id: head.seq for head in sorted(heads, key=lambda one: one.seq)}
    if len(known) == 1:
        return f"entry {next(iter(known.values()))}"
    return ", ".join(f"entry {seq} of chain {name}" for name, seq in sorted(known.items()))


def missing(conn: Connection, ledger: Ledger, heads: Iterable[Head]) -> tuple[Head, ...]:
    """Those that the ledger doesn't hold: entries that aren't there, or are others."""

    def holds(head: Head) -> bool:
        after = ledger.events(conn, chain_id=head.chain_id, after_seq=head.seq - 1, limit=1)
        return any(event.seq == head.seq and event.hash == head.hash for event in after)

    return tuple(head for head in heads if not holds(head))


def of_text(text: str) -> tuple[Head, ...]:
    """The heads in what somebody kept: one a line, what `ledger verify` printed (also as JSON), or an export's lines.

    Raises InvalidInput for a line that is none of these.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if lines and lines[0].startswith("{"):
        return _of_json(text, lines)
    heads = [line.removeprefix("head ") for line in lines if line.startswith("head ")]
    return tuple(anchors.parse(line) for line in heads or lines)


def _of_json(text: str, lines: list[str]) -> tuple[Head, ...]:
    try:
        verdict = _object(text)
        if "heads" in verdict:
            return tuple(anchors.parse(str(head)) for head in verdict["heads"])
    except (ValueError, TypeError):
        pass  # more than one document: the lines of an export
    try:
        entries = [_object(line) for line in lines]
        newest = {entry["chain_id"]: entry for entry in entries}  # an export tells each chain oldest first
        return tuple(Head(str(one["chain_id"]), int(one["seq"]), str(one["hash"])) for one in newest.values())
    except (ValueError, KeyError, TypeError):
        raise InvalidInput(
            "The file holds no heads.", hint="Keep what `onefirm ledger verify` or `onefirm ledger export` prints."
        ) from None


def _object(text: str) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise TypeError("no object")
    return cast("dict[str, Any]", found)
