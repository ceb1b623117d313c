"""What one may ask of records, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from onefirm.core.errors import Refused
from onefirm.state.truth.base import Op

Receipt: TypeAlias = Literal["written", "pending", "seen"]


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one record. A `create` names its kind, everything else its ref.

    `set` maps properties to values as people send them; None clears. `if_match` is the etag that the change relies on.
    """

    op: Op
    kind: str | None = None
    ref: str | None = None
    set: Mapping[str, Any] = field(default_factory=dict[str, Any])
    if_match: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one change.

    `receipt` is `written`; `pending` when the truth could not be reached and the write waits; `seen` when the record
    had these values already, so that nothing was written (`before` and `after` are empty then). Values are in stored
    form. `repeated` tells that this is the answer of an earlier call with the same key.
    """

    ref: str
    kind: str
    title: str
    status: str
    etag: str
    receipt: Receipt
    event_id: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    repeated: bool = False


class StaleWrite(Refused):
    """The record has moved since the etag or values that the write relied on. `current` has its values now."""

    def __init__(self, message: str, *, hint: str, ref: str, etag: str, current: Mapping[str, Any]) -> None:
        super().__init__(message, hint=hint)
        self.ref = ref
        self.etag = etag
        self.current = current


class IllegalMove(Refused):
    """The status can't follow the present one. `legal` has those that can."""

    def __init__(self, message: str, *, hint: str, ref: str, legal: tuple[str, ...]) -> None:
        super().__init__(message, hint=hint)
        self.ref = ref
        self.legal = legal


class KeyReused(Refused):
    """The key of an earlier write was used for another one."""
