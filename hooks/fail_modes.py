"""What each hook does when something it needs is broken: the one table. tests/contract/test_hook_fail_modes.py breaks
each thing.

`closed` refuses: the guard must not let an edit pass because it can't look, and Stop blocks once. `open` lets the
session go on with one line for the operator: a brief or an attribution is worth no standstill. Before the Python
starts, hook.sh applies the same columns.
"""

from __future__ import annotations

from onefirm.sessions import jsons

CLOSED = "closed"
OPEN = "open"

HOOKS = {
    "session_start": OPEN,
    "prompt": OPEN,
    "guard": CLOSED,
    "wall": CLOSED,
    "before_command": OPEN,
    "post_tool_use": OPEN,
    "pre_compact": OPEN,
    "stop": CLOSED,
    "session_end": OPEN,
}


MEANING = {
    "works": "the ordinary answer",
    "heals": "the database is made anew and the event goes into it; what it had held comes back from the ledger",
    "line": "exit 0 and one line for the operator (systemMessage): the session goes on",
    "deny": "narrative edits (behind a client wall: reads) are denied with the command that fixes it; other edits pass",
    "refuse": "exit 2 with a sentence: guard and wall refuse, Stop sends the session on once, then lets it rest",
    "block": "the session is sent on once, with what to look through",
}


def _row(words: str) -> dict[str, str]:
    return dict(zip(HOOKS, words.split()))  # noqa: B905 - strict= is newer than the oldest Python that hooks run on


TABLE = {
    "no python": _row("line line refuse refuse line line line refuse line"),
    "python that fails": _row("line line refuse refuse line line line refuse line"),
    "empty input": _row("line line refuse refuse line line line refuse line"),
    "malformed input": _row("line line refuse refuse line line line refuse line"),
    "huge input": _row("works works works works works works works works works"),
    "past the deadline": _row("works works refuse refuse works works works refuse works"),
    "session.db missing": _row("heals heals deny deny heals heals heals block heals"),
    "session.db corrupt": _row("heals heals deny deny heals heals heals block heals"),
    "session.db newer": _row("line line deny deny line line line refuse line"),
    "guard.json missing": _row("works works deny works works line works refuse works"),
    "guard.json corrupt": _row("works works deny works works line works refuse works"),
    "guard.json newer": _row("works works deny works works line works refuse works"),
    "stripped PATH": _row("works works works works works works works works works"),
    "read-only workspace": _row("line line works works line line line line line"),
    "read-only home": _row("works works works works works works works works works"),
}

FIX = "onefirm doctor --fix"


def answer(event: str, why: str, closed: bool) -> tuple[int, str]:
    """The exit code and what to print when a hook failed with this sentence."""
    said = f"onefirm: the hook {event} failed: {why}. Run: {FIX}"
    return (2, said) if closed else (0, jsons.dumps({"systemMessage": said}))
