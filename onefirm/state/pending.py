"""A change that waits, as people are told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from onefirm.state.claims import Claim, ClaimState
from onefirm.state.drafts import Draft, DraftOp


@dataclass(frozen=True, slots=True)
class Pending:
    """One change. `held` waits for the operator; `unknown` tells that the truth may have applied it already."""

    key: str
    ref: str
    kind: str
    title: str
    op: DraftOp
    set: Mapping[str, Any]
    state: ClaimState
    unknown: bool
    actor: str
    since: str
    attempts: int
    last_error: str | None

    @classmethod
    def of(cls, claim: Claim, draft: Draft) -> Pending:
        """One draft of a claim."""
        return cls(
            claim.key, draft.ref, draft.kind, draft.title, draft.op, draft.set, claim.state, claim.unknown,
            claim.by.actor, claim.created_at, claim.attempts, claim.last_error,
        )  # fmt: skip
