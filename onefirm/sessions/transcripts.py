"""Where the client writes down a session, and what was said and done in it. Read when the session is over, by the core.

The client's file has one JSON object a line. Of these the operator's prompts, the model's answers and its calls are
read, and of a command that failed the end of what it said; what else tools answered, what hooks added and what
subagents did among themselves is left out.
"""

from __future__ import annotations

from onefirm.sessions import clock, jsons

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from sqlite3 import Connection
    from typing import Any

    from onefirm.sessions.shapes import Said

_NAME = "transcript"
_LARGEST_BYTES = 200 * 1024 * 1024
_LONGEST_LINE = 2 * 1024 * 1024
_FILE_TOOLS = ("Edit", "Write", "MultiEdit", "NotebookEdit")
_SHELLS = ("Bash", "PowerShell")
_FAILED, _LAST_SAID, _LOOKED_THROUGH = "Exit code ", 200, 20_000
_ASIDE = ("isSidechain", "isMeta", "isCompactSummary")


def learn(conn: Connection, session: str, payload: Mapping[str, Any]) -> None:
    """Keeps where the client of a hook's event writes this session down."""
    if path := str(payload.get("transcript_path") or ""):
        conn.execute("insert or replace into note values (?, ?, ?)", (session, _NAME, path))


def path_of(conn: Connection, session: str) -> str:
    """Where a session that isn't closed is written down; "" where nobody said."""
    row = conn.execute("select text from note where session = ? and name = ?", (session, _NAME)).fetchone()
    return row[0] if row else ""


def read(path: str, since: str) -> Iterator[Said]:
    """What was said and done from an instant (ISO) on, in order. A line that makes no sense is left out.

    Raises OSError where the file can't be read.
    """
    begin, left, ran = clock.epoch(since), _LARGEST_BYTES, dict[str, str]()
    with open(path, "rb") as file:
        while left > 0 and (line := file.readline(_LONGEST_LINE)):
            left -= len(line)
            if b'"message"' in line:
                yield from _entry(line, begin, ran)


def _entry(line: bytes, begin: float, ran: dict[str, str]) -> Iterator[Said]:
    """`ran` has the commands by the ids of their calls."""
    try:
        entry = jsons.loads(line.decode("utf-8", "replace"))
        role, content = str(entry["message"]["role"]), entry["message"]["content"]
        if clock.epoch(str(entry["timestamp"])) < begin or any(entry.get(name) for name in _ASIDE):
            return
    except (ValueError, KeyError, TypeError, IndexError):
        return
    for block in content if isinstance(content, list) else [{"type": "text", "text": content}]:  # pyright: ignore[reportUnknownVariableType]
        given = _fields(block)
        if given.get("type") == "text":
            yield from _text(role, str(given.get("text") or ""))
        elif given.get("type") == "tool_result" and (command := ran.pop(str(given.get("tool_use_id")), "")):
            yield from _failed(command, given)
        elif given.get("type") == "tool_use":
            if given.get("name") in _SHELLS:
                ran[str(given.get("id"))] = str(_fields(given.get("input")).get("command") or "")
            yield _call(str(given.get("name")), _fields(given.get("input")))


def _fields(given: Any) -> dict[str, Any]:
    return given if isinstance(given, dict) else {}  # pyright: ignore[reportUnknownVariableType] - JSON


def _text(role: str, text: str) -> Iterator[Said]:
    if role == "assistant":
        yield {"what": "answer", "text": text, "more": ""}
        return
    if command := _between(text, "command-name"):
        text = f"{command} {_between(text, 'command-args')}"
    if text.strip() and not text.lstrip().startswith("<"):  # what the client itself puts there
        yield {"what": "prompt", "text": text.strip(), "more": ""}


def _failed(command: str, given: dict[str, Any]) -> Iterator[Said]:
    """Only what ran and failed: what was refused has no exit code."""
    content = given.get("content")
    parts = [content] if isinstance(content, str) else [_fields(one).get("text") for one in content or ()]
    said = "\n".join(part for part in parts if isinstance(part, str)).strip()
    if given.get("is_error") and said.removeprefix("Error: ").startswith(_FAILED):
        yield {"what": "failed", "text": command.split("\n")[0], "more": _reason(said)[-_LAST_SAID:]}


def _reason(said: str) -> str:
    """The last line; before it the last that tells of something that passes by itself: programs go on talking."""
    from onefirm.core import transience  # patterns, which the hook that learns the path has no use for

    lines = said[-_LOOKED_THROUGH:].split("\n")
    return next((line for line in reversed(lines) if transience.kind_of(line)), lines[-1])


def _between(text: str, tag: str) -> str:
    return text.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0].strip()


def _call(tool: str, asked: Mapping[str, Any]) -> Said:
    if tool in _SHELLS:
        return {"what": "command", "text": str(asked.get("command") or ""), "more": ""}
    if tool in _FILE_TOOLS:
        path = str(asked.get("file_path") or asked.get("notebook_path") or "")
        added = asked.get("new_string") or asked.get("content") or asked.get("new_source") or ""
        return {"what": "path", "text": path, "more": str(added)}
    return {"what": "call", "text": f"{tool.rpartition('__')[2]} {_short(asked)}", "more": ""}


def _short(asked: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in asked.items() if isinstance(value, str | int))
