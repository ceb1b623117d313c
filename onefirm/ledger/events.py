"""What an entry of the ledger is, which kinds there are, and how its hash is made.

Row and payload lie apart, so that the payload (values, amounts, the reason in words) can be erased while the chain
stays whole: the row holds only the payload's SHA-256, taken over a text with a random salt that is erased with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

from onefirm.core import canonical

GENESIS = "0" * 64
UNREADABLE = "?"  # stands for the subjects of an entry whose own are damaged
HASHED = (
    "chain_id", "seq", "id", "at", "actor", "session", "kind", "version", "subjects", "cause", "effect_key",
    "payload_sha256", "prev",
)  # fmt: skip
KINDS = (
    "record.created", "record.updated", "record.archived", "record.restored", "record.seen", "record.queued",
    "record.conflicted", "record.decided", "record.pulled", "question.decided",
    "decision.recorded", "lesson.recorded", "lesson.seen_again", "lesson.told_apart", "lesson.decided",
    "lesson.merged", "lesson.enforcement_proposed", "lesson.enforced", "lesson.relaxed",
    "artifact.added", "artifact.linked",
    "source.archived", "source.expired", "fact.recorded", "fact.evidenced", "fact.ended", "fact.decided",
    "fact.restored",
    "session.opened", "session.closed", "narrative.edited", "narrative.unreconciled", "narrative.archived",
    "narrative.confirmed",
    "guard.lifted", "guard.restored", "wiring.accepted", "wall.declared", "wall.lifted",
    "payload.erased", "workspace.created", "workspace.restored", "schema.applied",
    "truth.moved",
)  # fmt: skip


class Fields(Protocol):
    """A row by column name: a dictionary, or what the database gives."""

    def __getitem__(self, name: str, /) -> Any: ...


@dataclass(frozen=True, slots=True)
class Event:
    """One entry.

    `payload`, `reason` and `salt` are None once erased, or when they are `damaged` beyond reading (`verify` names it);
    `repeated`: its effect was recorded before.
    """

    chain_id: str
    seq: int
    id: str
    at: str
    actor: str
    session: str | None
    kind: str
    version: int
    subjects: tuple[str, ...]
    cause: str | None
    effect_key: str | None
    payload_sha256: str
    prev: str
    hash: str
    payload: Mapping[str, Any] | None
    reason: str | None = None
    repeated: bool = False
    salt: str | None = None
    damaged: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry of a chain; what an anchor outside the machine holds."""

    chain_id: str
    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.chain_id}:{self.seq}:{self.hash}"


def entry_hash(row: Fields) -> str:
    """SHA-256 over the canonical JSON of the fields in HASHED; `subjects` as its stored JSON text."""
    return canonical.sha256_hex(canonical.dumps({name: row[name] for name in HASHED}))


def body_of(data: Mapping[str, Any], reason: str | None, salt: str) -> str:
    """A payload's text exactly as it is stored and hashed."""
    return canonical.dumps({"data": data, "reason": reason, "salt": salt})


def read_body(text: str | None) -> Mapping[str, Any] | None:
    """What `body_of` wrote; empty once it is erased, None when it can't be read: one bad row must not stop a list."""
    if text is None:
        return {}
    try:
        body = cast("object", json.loads(text))
    except (ValueError, RecursionError):
        return None
    told = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
    sound = isinstance(told.get("data"), dict) and isinstance(told.get("reason"), str | None)
    return told if sound else None


def event_of(row: Fields, *, repeated: bool = False) -> Event:
    """An Event from a row of `event` joined with `payload.body`."""
    body, subjects = read_body(row["body"]), subjects_of(row["subjects"])
    fields = {name: row[name] for name in HASHED if name != "subjects"}
    told = body or {}
    return Event(
        **fields,
        subjects=(UNREADABLE,) if subjects is None else subjects,
        hash=row["hash"],
        payload=told.get("data"),
        reason=told.get("reason"),
        salt=told.get("salt"),
        repeated=repeated,
        damaged=body is None or subjects is None,
    )


def subjects_of(text: str) -> tuple[str, ...] | None:
    """The refs that an entry's column of subjects holds; None when it can't be read."""
    try:
        refs = cast("object", json.loads(text))
    except (ValueError, RecursionError):
        return None
    named: list[Any] = cast("list[Any]", refs) if isinstance(refs, list) else [0]
    return tuple(named) if all(isinstance(ref, str) for ref in named) else None
