"""One request of the client to the model, read for what it shows the model.

Where context stands depends on the model's generation: role `system` inside the messages, or a reminder in a user
message. So `text` joins every role, and a test looks there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Said:
    """One message as the model gets it, its blocks joined with newlines."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What the model was told a call did. `refused` is the API's is_error: denied by a hook, or failed."""

    id: str
    tool: str
    text: str
    refused: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A POST /v1/messages. `lane` says which conversation it belongs to: see client.driver.lanes."""

    lane: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    at_s: float
    """Monotonic seconds at which it arrived."""

    @property
    def session_id(self) -> str:
        """The client's own session id: the one its hooks are given."""
        return self.headers.get("x-claude-code-session-id", "")

    @property
    def agent_id(self) -> str:
        """The subagent that asks; empty in the main conversation."""
        return self.headers.get("x-claude-code-agent-id", "")

    @property
    def system(self) -> str:
        """The system prompt."""
        return block_text(self.body.get("system"))

    @property
    def said(self) -> tuple[Said, ...]:
        """Every message, in order, whatever its role."""
        return tuple(Said(m["role"], block_text(m.get("content"))) for m in self.body.get("messages", ()))

    @property
    def text(self) -> str:
        """All that the model is shown: the system prompt and the messages of every role."""
        return "\n".join((self.system, *(s.text for s in self.said)))

    @property
    def tools(self) -> dict[str, Mapping[str, Any]]:
        """The tools offered, by name, as the client defines them for the model."""
        return {t.get("name", t.get("type", "")): t for t in self.body.get("tools") or ()}

    @property
    def results(self) -> tuple[ToolResult, ...]:
        """Every tool result in the conversation so far, oldest first."""
        blocks = [b for m in self.body.get("messages", ()) for b in blocks_of(m.get("content"))]
        names = {b["id"]: b["name"] for b in blocks if b.get("type") == "tool_use"}
        return tuple(_result(b, names) for b in blocks if b.get("type") == "tool_result")


def _result(block: Mapping[str, Any], names: Mapping[str, str]) -> ToolResult:
    call = block.get("tool_use_id", "")
    return ToolResult(call, names.get(call, ""), block_text(block.get("content")), bool(block.get("is_error")))


def blocks_of(content: Any) -> list[Mapping[str, Any]]:
    """A message's content as blocks; a plain string is one text block."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return list(content or ())


def block_text(content: Any) -> str:
    """All text of a content, tool results included."""
    texts: list[str] = []
    for block in blocks_of(content):
        if block.get("type") == "text":
            texts.append(block["text"])
        elif block.get("type") == "tool_result":
            texts.append(block_text(block.get("content")))
    return "\n".join(texts)
