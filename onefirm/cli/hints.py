"""Hints as a terminal needs them: the rooms name the tool that Claude would call, here stands the command for it."""

from __future__ import annotations

import re

_COMMANDS = {
    "brief_get": "brief", "record_find": "record find", "record_get": "record get", "record_write": "record update",
    "record_undo": "record undo", "decision_record": "decision record", "decision_find": "decision list",
    "lesson_record": "lesson record", "lesson_decide": "lesson decide", "memory_recall": "recall",
    "ledger_trace": "ledger trace",
}  # fmt: skip
_TOOL = re.compile(rf"\b({'|'.join(_COMMANDS)})\b(?: kind=(\w+))?(?:[^().;`]*\((onefirm [^)]*)\))?")


def in_commands(hint: str) -> str:
    """The hint with `onefirm …` in the place of each tool: `record_find kind=task` is `onefirm record find task`."""
    return _TOOL.sub(_command, hint)


def _command(found: re.Match[str]) -> str:
    tool, kind, said = found.groups()
    command = said or f"onefirm {_COMMANDS[tool]}"
    return f"`{command} {kind}`" if kind else f"`{command}`"
