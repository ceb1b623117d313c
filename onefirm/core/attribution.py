"""Who does something, in which session, why, and because of which event."""

from __future__ import annotations

from dataclasses import dataclass

OPERATOR = "operator"
CLAUDE = "claude"
SYSTEM = "onefirm"
OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class By:
    """The attribution of an event.

    `actor` is `operator` (terminal), `claude` or `claude/<agent>` (MCP), `onefirm` (the system itself) or
    `outside` (someone who changed the truth elsewhere). `cause` is the id of the event that led to this one.
    """

    actor: str
    session: str | None = None
    reason: str | None = None
    cause: str | None = None
