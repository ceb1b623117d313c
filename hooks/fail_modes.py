"""What each hook does when something it needs is broken: the one table. tests/contract/test_hook_fail_modes.py breaks each thing.

`closed` refuses: the guard must not let an edit pass because it can't look, and Stop blocks once. `open` lets the session go on with
one line for the operator: a brief or an attribution is worth no standstill. Before the Python starts, hook.sh applies the same columns.
"""

from __future__ import annotations

from onefirm.sessions import jsons

CLOSED = "closed"
OPEN = "open"

HOOKS = {
    "session_start": OPEN,
    "guard": CLOSED,
    "before_command": OPEN,
    "post_tool_use": OPEN,
    "stop": CLOSED,
    "session_end": OPEN,
}

# (what is broken, hook) -> what happens. `deny` and `block` are answers in JSON, `refuse` is exit 2 with a sentence on stderr, `line` is
# exit 0 with a systemMessage, `works` is the ordinary answer, `heals` the same after the database was made anew.
TABLE = {
    "no python": {"session_start": "line", "guard": "refuse", "before_command": "line", "post_tool_use": "line", "stop": "refuse", "session_end": "line"},
    "python without its standard library": {"session_start": "line", "guard": "refuse", "before_command": "line", "post_tool_use": "line", "stop": "refuse", "session_end": "line"},
    "empty input": {"session_start": "line", "guard": "refuse", "before_command": "line", "post_tool_use": "line", "stop": "refuse", "session_end": "line"},
    "malformed input": {"session_start": "line", "guard": "refuse", "before_command": "line", "post_tool_use": "line", "stop": "refuse", "session_end": "line"},
    "huge input": {"session_start": "works", "guard": "works", "before_command": "works", "post_tool_use": "works", "stop": "works", "session_end": "works"},
    "session.db missing": {"session_start": "heals", "guard": "deny", "before_command": "heals", "post_tool_use": "heals", "stop": "heals", "session_end": "heals"},
    "session.db corrupt": {"session_start": "heals", "guard": "deny", "before_command": "heals", "post_tool_use": "heals", "stop": "heals", "session_end": "heals"},
    "session.db newer": {"session_start": "line", "guard": "deny", "before_command": "line", "post_tool_use": "line", "stop": "refuse", "session_end": "line"},
    "guard.json missing": {"session_start": "works", "guard": "deny", "before_command": "works", "post_tool_use": "line", "stop": "refuse", "session_end": "works"},
    "guard.json corrupt": {"session_start": "works", "guard": "deny", "before_command": "works", "post_tool_use": "line", "stop": "refuse", "session_end": "works"},
    "guard.json newer": {"session_start": "works", "guard": "deny", "before_command": "works", "post_tool_use": "line", "stop": "refuse", "session_end": "works"},
    "stripped PATH": {"session_start": "works", "guard": "works", "before_command": "works", "post_tool_use": "works", "stop": "works", "session_end": "works"},
    "read-only workspace": {"session_start": "line", "guard": "works", "before_command": "line", "post_tool_use": "line", "stop": "refuse", "session_end": "line"},
    "read-only home": {"session_start": "works", "guard": "works", "before_command": "works", "post_tool_use": "works", "stop": "works", "session_end": "works"},
}  # fmt: skip

FIX = "onefirm doctor --fix"


def answer(event: str, why: str) -> tuple[int, str]:
    """The exit code and what to print when a hook failed with this sentence."""
    said = f"onefirm: the hook {event} failed: {why}. Run: {FIX}"
    return (2, said) if HOOKS.get(event, OPEN) == CLOSED else (0, jsons.dumps({"systemMessage": said}))
