"""The program around the client, as an SDK host is: it answers permission prompts and forms.

Without a host the client is plain `-p`: what needs a person's yes is denied, and a form is cancelled.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Permission:
    """The client asks whether a tool may run (`can_use_tool`)."""

    tool: str
    input: Mapping[str, Any]
    request: Mapping[str, Any]
    """The whole control request: suggestions, blocked path, description."""


@dataclass(frozen=True, slots=True)
class Form:
    """An MCP server asks the user something (`elicitation`)."""

    server: str
    message: str
    schema: Mapping[str, Any]
    request: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the client, in its own protocol."""

    body: Mapping[str, Any]


def allow(permission: Permission, **changed: Any) -> Answer:
    """Let the tool run, with these arguments changed."""
    return Answer({"behavior": "allow", "updatedInput": {**permission.input, **changed}})


def deny(message: str = "not now") -> Answer:
    """Refuse the tool; the model sees the message."""
    return Answer({"behavior": "deny", "message": message})


def accept(**content: Any) -> Answer:
    """Fill in the form."""
    return Answer({"action": "accept", "content": content})


def decline() -> Answer:
    """Say no to the form."""
    return Answer({"action": "decline"})


def cancel() -> Answer:
    """Close the form without an answer."""
    return Answer({"action": "cancel"})


def _refuse(_: Permission) -> Answer:
    return deny("this host allows nothing")


def _close(_: Form) -> Answer:
    return cancel()


@dataclass(slots=True)
class Host:
    """Answers, and remembers what it was asked. By default it allows nothing and closes every form."""

    permit: Callable[[Permission], Answer] = _refuse
    fill: Callable[[Form], Answer] = _close
    permissions: list[Permission] = field(default_factory=list[Permission])
    forms: list[Form] = field(default_factory=list[Form])

    def answer(self, request: Mapping[str, Any]) -> Answer | None:
        """The answer to a control request of the client; None for one that is not a host's to answer."""
        if request["subtype"] == "can_use_tool":
            permission = Permission(request["tool_name"], request["input"], request)
            self.permissions.append(permission)
            return self.permit(permission)
        if request["subtype"] == "elicitation":
            schema = request.get("requested_schema") or {}
            form = Form(request["mcp_server_name"], request["message"], schema, request)
            self.forms.append(form)
            return self.fill(form)
        return None
