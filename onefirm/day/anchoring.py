"""The ledger's anchors that the workspace's commits keep, or a file of the operator's."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection

from onefirm import git
from onefirm.core.errors import InvalidInput
from onefirm.ledger import anchors
from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Head


@dataclass(frozen=True, slots=True)
class Kept:
    """`heads` are what the ledger must hold; `given_up` are chains that `init --anew` left behind on purpose."""

    heads: tuple[Head, ...]
    given_up: tuple[str, ...]


def of_commits(root: Path, conn: Connection, ledger: Ledger) -> Kept:
    """The anchors in every commit, without those of chains that were given up. Raises FirmError for git's failures."""
    heads = anchors.of_trailers(git.trailers(root, anchors.TRAILER))
    begun = ledger.events(conn, kinds=["workspace.created"])
    left = {str(chain) for event in begun for chain in (event.payload or {}).get("gave_up", ())}
    given_up = sorted({head.chain_id for head in heads} & left)
    return Kept(tuple(head for head in heads if head.chain_id not in left), tuple(given_up))


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
