"""What one client process did, for a test to look at once it has ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from client.driver.asked import Asked, ToolResult

Event = Mapping[str, Any]
"""One line of the client's stream-json output."""


@dataclass(frozen=True, slots=True)
class HookReport:
    """One hook as the client reports it. `outcome` is success, error or cancelled: the client goes on after each."""

    event: str
    name: str
    outcome: str
    exit_code: int | None
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Run:
    """A client process from start to end."""

    returncode: int
    wall_s: float
    stderr: str
    events: Sequence[Event]
    asked: Sequence[Asked]
    beyond: Sequence[Asked]
    """Requests that the script had no turn for."""
    unused: Mapping[str, int]
    """Scripted turns that nothing asked for, by lane."""
    debug: str
    """The client's own debug log."""

    def lane(self, name: str = "main") -> list[Asked]:
        """The requests of one conversation, in order."""
        return [a for a in self.asked if a.lane == name]

    @property
    def first(self) -> Asked:
        """The operator's first request: what SessionStart and the first prompt put before the model."""
        return self.lane()[0]

    @property
    def last(self) -> Asked:
        return self.lane()[-1]

    @property
    def results(self) -> tuple[ToolResult, ...]:
        """The tool results of the operator's conversation, in order, across `/clear` and compaction."""
        return results_of(self.lane())

    @property
    def init(self) -> Event:
        """The client's account of what it loaded: plugins, MCP servers, commands."""
        return next(e for e in self.events if e.get("subtype") == "init")

    @property
    def session_id(self) -> str:
        """The client's session id, as it was at the start."""
        return str(self.init["session_id"])

    @property
    def final(self) -> Event:
        """The last `result` event; empty when the client was killed before one."""
        return next((e for e in reversed(self.events) if e.get("type") == "result"), {})

    @property
    def text(self) -> str:
        """The model's last answer, as the client prints it."""
        return str(self.final.get("result", ""))

    def hooks(self, event: str | None = None) -> list[HookReport]:
        """The hooks that ran, in the order they answered; those of one event when it is named."""
        reports = [_hook(e) for e in self.events if e.get("subtype") == "hook_response"]
        return [r for r in reports if event is None or r.event == event]


def results_of(asked: Sequence[Asked]) -> tuple[ToolResult, ...]:
    """Each tool result once, in order, though every request repeats the conversation."""
    found = {result.id: result for request in asked for result in request.results}
    return tuple(found.values())


def _hook(event: Event) -> HookReport:
    return HookReport(
        event=event.get("hook_event", ""),
        name=event.get("hook_name", ""),
        outcome=event.get("outcome", ""),
        exit_code=event.get("exit_code"),
        stdout=event.get("stdout", ""),
        stderr=event.get("stderr", ""),
    )
