"""One call of a tool: the firm it works on, and who makes it."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcp.server.mcpserver import Context

from mcp_server.binding import TOOL_USE_ID, Bindings, Bound
from mcp_server.workspace import Workspace
from onefirm.core.attribution import CLAUDE, By
from onefirm.sessions import identity

if TYPE_CHECKING:
    from onefirm.bootstrap import Firm

log = logging.getLogger("onefirm.mcp")

_KNOWN_S = 5.0

NO_RECEIPT = (
    "No session is bound to this call: what it says holds, but no session gets the receipt, so a narrative edit stays "
    "refused. "
    "`onefirm doctor` checks the hooks."
)

SILENT = (
    "No hook of onefirm announced this call, so the guard may not stand in this session. Tell the operator to see "
    "whether hooks and the plugin are on (/hooks, /plugin), then to run: onefirm doctor"
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: our session id, None where no hook announced the call.

    `asks` tells that the client is Claude Code, which asks a person before each tool that is marked so; others may not.
    """

    actor: str
    session: str | None
    asks: bool = False

    def by(self, reason: str | None = None) -> By:
        """The attribution of what this call does."""
        return By(actor=self.actor, session=self.session, reason=reason or None)

    @property
    def note(self) -> str | None:
        """What an answer must say when its reader could take it for a receipt."""
        return None if self.session else NO_RECEIPT

    @property
    def warning(self) -> str | None:
        """What the brief must say where Claude Code calls and its hooks are silent; other clients have none."""
        return SILENT if self.asks and not self.session else None


@dataclass(frozen=True, slots=True)
class Call:
    """What a tool function works with."""

    firm: Firm
    caller: Caller


class Calls:
    """Makes a Call from a request: opens the firm, joins the announced session."""

    def __init__(self, workspace: Workspace, bindings: Bindings) -> None:
        self.workspace = workspace
        self.bindings = bindings
        self._sessions: dict[str, tuple[float, str]] = {}

    @contextmanager
    def begin(self, request: Context[Any, Any]) -> Generator[Call]:
        """One call on the firm as its session sees it. Raises FirmError when the firm can't be opened."""
        bound = self.bindings.of(tool_use_id(request))
        with self.workspace.seen(bound.client_id if bound else None) as firm:
            caller = self.caller(request)
            yield Call(firm.within(caller.session), caller)

    @contextmanager
    def of_session(self, client_id: str) -> Generator[tuple[Firm, str | None]]:
        """The firm as a client's session sees it, and our id of that session. Raises FirmError."""
        with self.workspace.seen(client_id) as firm:
            yield firm, self._session(Bound(client_id))

    def caller(self, request: Context[Any, Any]) -> Caller:
        """Who makes this request, by the tool use id that a hook announced for it."""
        made_by = tool_use_id(request)
        bound = self.bindings.of(made_by)
        actor = f"{CLAUDE}/{bound.agent}" if bound and bound.agent else CLAUDE
        return Caller(actor, self._session(bound) if bound else None, asks=made_by is not None)

    def _session(self, bound: Bound) -> str | None:
        """Our session of a client's; asked for once in a few seconds, since that writes to session.db."""
        known = self._sessions.get(bound.client_id)
        if known and time.monotonic() - known[0] < _KNOWN_S:
            return known[1]
        try:
            session = identity.bind(str(self.workspace.root), bound.client_id)
        except (OSError, sqlite3.Error) as error:
            log.warning("no session for %s: %s", bound.client_id, error)
            return None
        self._sessions = {bound.client_id: (time.monotonic(), session)}
        return session


def tool_use_id(request: Context[Any, Any]) -> str | None:
    """The client's id of this tool call; None for a call that no model made (a hook, another client)."""
    try:
        meta = request.request_context.meta
    except ValueError:  # called outside of a request: tests, the reference
        return None
    found = dict(meta or {}).get(TOOL_USE_ID)
    return found if isinstance(found, str) else None
