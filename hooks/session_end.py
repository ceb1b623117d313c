"""SessionEnd: marks the end and detaches the close. Claude Code kills this hook, and all it started, after 1.5 s."""

from __future__ import annotations

from hooks import core, watch
from onefirm.sessions import db, identity, transcripts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# Of the second and a half there must be time left to detach the close; the next start finishes what wasn't marked.
BUSY_S = 0.4


def run(payload: Mapping[str, Any], root: str) -> tuple[str, dict[str, Any] | None]:
    """The close itself is the core's work and outlives the client."""
    db.BUSY_S = BUSY_S
    session = identity.of_client(root, watch.client(payload))
    if session is None:
        return "no session", None
    with db.writing(root) as conn:
        transcripts.learn(conn, session, payload)
    identity.mark_ending(root, session, str(payload.get("reason") or "other"))
    core.detach(root, "close", "--session", session)
    return "ending", None
