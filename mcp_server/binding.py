"""Which of the client's sessions a tool call belongs to.

After `/clear` the client's session id changes while this process lives on, so nothing learned at start-up can be
trusted. A PreToolUse hook on our own tools calls `session_bind` just before each call, with the client's session id
and the call's tool use id; the call itself carries that tool use id in its `_meta`. The two are joined here.
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from onefirm.core.errors import InvalidInput

TOOL_USE_ID = "claudecode/toolUseId"
"""The key in a call's `_meta` under which Claude Code (2.1) sends its tool use id."""

_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_AGENT = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class Bound:
    """The client's session, and the subagent in it (empty for the main conversation)."""

    client_id: str
    agent: str = ""


class Bindings:
    """What the hooks announced lately; safe between threads, bounded in number and in time."""

    def __init__(self, most: int = 1024, keep_s: float = 900, now_s: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._keep_s = keep_s
        self._now_s = now_s
        self._lock = threading.Lock()
        self._bound: OrderedDict[str, tuple[float, Bound]] = OrderedDict()

    def put(self, client_id: str, tool_use_id: str, agent: str = "") -> None:
        """Announce a call. Raises InvalidInput for ids that no client makes."""
        if not _ID.fullmatch(client_id) or not _ID.fullmatch(tool_use_id):
            raise InvalidInput(
                "session_bind got an empty or malformed id.",
                hint="It is called by onefirm's own hook; `onefirm doctor` checks the hooks.",
            )
        with self._lock:
            self._bound[tool_use_id] = (self._now_s(), Bound(client_id, _AGENT.sub("-", agent)[:40].strip("-")))
            self._bound.move_to_end(tool_use_id)
            self._forget()

    def of(self, tool_use_id: str | None) -> Bound | None:
        """The session that announced this call; it is kept, because a client may send one call twice."""
        with self._lock:
            self._forget()
            found = self._bound.get(tool_use_id) if tool_use_id else None
        return found[1] if found else None

    def _forget(self) -> None:
        oldest_s = self._now_s() - self._keep_s
        while self._bound and (len(self._bound) > self._most or next(iter(self._bound.values()))[0] < oldest_s):
            self._bound.popitem(last=False)
