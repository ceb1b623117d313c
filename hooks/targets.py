"""Which file a tool call changes, and what the file would say afterwards."""

from __future__ import annotations

import os.path

from onefirm.sessions import root as workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# Of a command as much is looked through.
_LONGEST = 4_000


def path(payload: Mapping[str, Any]) -> str | None:
    """The absolute path that the call names, `..`, doubled and trailing slashes resolved; None when it names none."""
    given = _input(payload)
    named = given.get("file_path") or given.get("notebook_path") or given.get("path")
    if not isinstance(named, str) or not named:
        return None
    return _absolute(payload, named)


def places(payload: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Where the file that the call names lies, as (workspace, relative path, absolute path), each once; none for a file
    outside of every workspace.

    Links are followed first, and then the name counts as it is given: a link may lead out of the workspace, or from a
    narrative file's name to one that isn't.
    """
    return _places(path(payload))


def in_command(payload: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Where the files lie that a shell command names, as `places` gives it: Claude Code brings what belongs to a file
    that a command reads, too.
    """
    import re

    words = re.split(r"[\s'\"|&;<>()`$=]+", str(_input(payload).get("command") or "")[:_LONGEST])
    named = [_absolute(payload, word) for word in dict.fromkeys(words) if "." in word]
    return [place for path in named if os.path.isfile(path) for place in _places(path)]


def _places(named: str | None) -> list[tuple[str, str, str]]:
    found: dict[tuple[str, str], str] = {}
    for place in (os.path.realpath(named), named) if named else ():
        if home := workspace.find_live(os.path.dirname(place)):
            found.setdefault((os.path.realpath(home), relative(home, place)), place)
    return [(root, below, place) for (root, below), place in found.items()]


def relative(root: str, path: str) -> str:
    """The path below the workspace, by the workspace's real place where that is where the file is."""
    for base in (root, os.path.realpath(root)):
        if path.startswith(base.rstrip("/") + "/"):
            return path[len(base.rstrip("/")) + 1 :]
    return os.path.basename(path)


def is_named_narrative(relative: str) -> bool:
    """Whether the name alone says that it may be narrative."""
    return relative[-3:].lower() == ".md"


def text(path: str) -> str | None:
    """What the file says now, None when there is none. Raises OSError when it can't be read."""
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "replace")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def edited(payload: Mapping[str, Any], old: str | None) -> str:
    """What the file will say after the call."""
    given = _input(payload)
    tool = payload.get("tool_name")
    if tool == "Write":
        return str(given.get("content") or "")
    if tool == "NotebookEdit":
        return (old or "") + "\n" + str(given.get("new_source") or "")
    text = old or ""
    for edit in given.get("edits") or [given] if isinstance(given.get("edits") or [given], list) else [given]:
        text = _replaced(text, edit if isinstance(edit, dict) else {})
    return text


def _replaced(text: str, edit: Mapping[str, Any]) -> str:
    old, new = str(edit.get("old_string") or ""), str(edit.get("new_string") or "")
    if not old:
        return text + new
    for spelling in (old, old.replace("\n", "\r\n")):
        if spelling in text:
            return text.replace(spelling, new) if edit.get("replace_all") else text.replace(spelling, new, 1)
    # The client may still find it, by straightening quotation marks: what is added is then judged as added.
    return text + "\n" + new


def _absolute(payload: Mapping[str, Any], named: str) -> str:
    return os.path.abspath(os.path.join(str(payload.get("cwd") or os.getcwd()), os.path.expanduser(named)))


def _input(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    given = payload.get("tool_input")
    return given if isinstance(given, dict) else {}
