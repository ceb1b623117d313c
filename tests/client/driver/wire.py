"""A reply as the Messages API sends it: one JSON message, or the same as server-sent events."""

import itertools
import json
from collections.abc import Iterator
from typing import Any

from client.driver.asked import Asked
from client.driver.turns import Fail, Reply

Message = dict[str, Any]


def message(reply: Reply, asked: Asked, ids: "itertools.count[int]") -> Message:
    """The assistant message; call ids are `toolu_` and six digits, in the order of this run."""
    text = [{"type": "text", "text": reply.text}] if reply.text or not reply.calls else []
    calls = [
        {"type": "tool_use", "id": f"toolu_{next(ids):06d}", "name": c.tool, "input": dict(c.input)}
        for c in reply.calls
    ]
    return {
        "id": f"msg_{next(ids):06d}",
        "type": "message",
        "role": "assistant",
        "model": asked.body.get("model", "fake"),
        "content": [*text, *calls],
        "stop_reason": "tool_use" if calls else "end_turn",
        "stop_sequence": None,
        "usage": _usage(reply, asked),
    }


def _usage(reply: Reply, asked: Asked) -> dict[str, int]:
    estimated = len(json.dumps(asked.body)) // 4
    return {
        "input_tokens": reply.input_tokens or max(1, estimated),
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": max(1, len(reply.text) // 4),
    }


def error(fail: Fail) -> Message:
    """The API's error body."""
    return {"type": "error", "error": {"type": fail.kind, "message": fail.message}}


def events(whole: Message) -> Iterator[bytes]:
    """The message as the API streams it: start, one block after the other, its end."""
    opening = whole | {"content": [], "stop_reason": None}
    yield _event("message_start", message=opening)
    for index, block in enumerate(whole["content"]):
        yield from _block(index, block)
    ending = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    yield _event("message_delta", delta=ending, usage=whole["usage"])
    yield _event("message_stop")


def _block(index: int, block: Message) -> Iterator[bytes]:
    if block["type"] == "text":
        empty = block | {"text": ""}
        delta = {"type": "text_delta", "text": block["text"]}
    else:
        empty = block | {"input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    yield _event("content_block_start", index=index, content_block=empty)
    yield _event("content_block_delta", index=index, delta=delta)
    yield _event("content_block_stop", index=index)


def _event(kind: str, **data: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n".encode()
