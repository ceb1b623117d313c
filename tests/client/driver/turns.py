"""The script's vocabulary: what the fake model answers, one turn a request.

A turn is a text, a `Reply` (text and tool calls), a `Fail` (an HTTP error), or a function of the request that returns
one of these. Nothing here knows HTTP.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from client.driver.asked import Asked


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call of the model."""

    tool: str
    input: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """One assistant message: text, then calls. `input_tokens` is what the usage claims (0: estimated from the request).

    `until` holds the answer back until the test sets it, for at most 60 s.
    """

    text: str = ""
    calls: tuple[Call, ...] = ()
    input_tokens: int = 0
    until: threading.Event | None = None


@dataclass(frozen=True, slots=True)
class Fail:
    """An HTTP error instead of a message. The client tries some again: script as many as it asks for."""

    status: int
    kind: str = "api_error"
    message: str = "scripted error"


Turn = str | Reply | Fail | Callable[[Asked], "str | Reply | Fail"]


def call(tool: str, /, **input: Any) -> Reply:
    """The model calls one tool: `call("Bash", command="date")`."""
    return Reply(calls=(Call(tool, input),))


def read(path: Path | str) -> Reply:
    """The model reads a file. The client refuses an Edit of a file it has not read."""
    return call("Read", file_path=str(path))


def delegate(task: str, *, subagent_type: str = "general-purpose") -> Reply:
    """The model hands a task to a subagent and waits for it; the subagent's turns stand in the session's `agents`.

    The client's default is a subagent in the background: its end is then a turn of its own in the main conversation, at
    a moment that no script can know.
    """
    return call("Agent", description=task[:40], prompt=task, subagent_type=subagent_type, run_in_background=False)


def together(*replies: Reply) -> Reply:
    """Several calls in one message, as a model does that works in parallel."""
    return Reply(calls=tuple(c for reply in replies for c in reply.calls))


def held(turn: str | Reply, until: threading.Event) -> Reply:
    """The same answer, held back until the event is set: what happens meanwhile happens in the middle of a turn."""
    reply = Reply(text=turn) if isinstance(turn, str) else turn
    return replace(reply, until=until)
