"""What a tool call would reach: the file it names, the folder it searches, and what can be seen of a command.

A command is read for paths, for names of hidden folders and for programs that go through folders by themselves. What it
computes (a variable, another program's output) can't be seen: docs/why/promises.md says so.
"""

from __future__ import annotations

import glob
import os
import re

from onefirm.narrative import rules
from onefirm.sessions import walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

_FILES = ("Read", "Edit", "Write", "MultiEdit", "NotebookEdit", "NotebookRead")
_SEARCHES = ("Grep", "Glob", "LS")
_BETWEEN = re.compile(r"[\s;|&()<>=`\"'{},$:!]+")
_PRIVATE = re.compile(r"(?i)(?<!\w)\.onefirm(?!\w)|\bCLAUDECODE\b|\bCLAUDE_CODE_SESSION_ID\b")
_GOES_THROUGH = re.compile(
    r"\b(?:rg|ag|ack|find|fd|fdfind|bfs|ugrep|tree|tar|zip|rsync"
    r"|[ef]?grep\s+(?:\S+\s+)*?(?:-\w*[rR]\w*|--(?:dereference-)?recursive)"
    r"|(?:cp|scp)\s+(?:-\S+\s+)*?-\w*[raR]\w*|ls\s+(?:-\S+\s+)*?-\w*R\w*"
    r"|git\b[^;|&\n]*?\b(?:grep|diff|show|archive|cat-file|blame)|git\b[^;|&\n]*?\blog\b[^;|&\n]*\s(?:-p|-u|--patch)"
    r")\b|\*\*"
)
_SHORTEST_NAME = 4


def beyond(payload: Mapping[str, Any], root: str, hides: Callable[[str], bool]) -> tuple[str, str] | None:
    """What of the call is hidden, as (`file`, `search` or `private`; what the call calls it). None: nothing is seen."""
    given = payload.get("tool_input")
    given = given if isinstance(given, dict) else {}
    tool, seen = str(payload.get("tool_name")), _Tree(root, str(payload.get("cwd") or root), hides)
    if tool in _FILES:
        named = given.get("file_path") or given.get("notebook_path") or given.get("path")
        return seen.file(named) if isinstance(named, str) and named else None
    if tool in _SEARCHES:
        return seen.search(str(given.get("path") or ""), str(given.get("pattern") or "") if tool == "Glob" else "")
    return seen.command("\n".join(_texts(given.get("command") if "command" in given else given)))


class _Tree:
    def __init__(self, root: str, cwd: str, hides: Callable[[str], bool]) -> None:
        self._root, self._cwd, self._hides = root, cwd, hides
        self._roots = tuple(dict.fromkeys((os.path.abspath(root), os.path.realpath(root))))
        self._found: list[str] | None = None

    def file(self, named: str) -> tuple[str, str] | None:
        for below in self._below(named, self._cwd):
            if rules.is_private(below):
                return "private", named
            if self._hides(below):
                return "file", named
        return None

    def search(self, folder: str, pattern: str) -> tuple[str, str] | None:
        """A search of a folder, from where its pattern's plain beginning leads; `..` behind a star leads anywhere."""
        plain = re.split(r"[*?\[{]", pattern, maxsplit=1)[0]
        begins = os.path.join(folder, plain.rpartition("/")[0] + ("/" if "/" in plain else ""))
        if ".." in pattern[len(plain) :].split("/"):
            begins = self._root
        return (self.file(begins) if begins else None) or self._through([begins or "."])

    def command(self, text: str) -> tuple[str, str] | None:
        if _PRIVATE.search(text):
            return "private", ""
        words = [word for word in _BETWEEN.split(text) if word]
        bases = [
            self._cwd,
            self._root,
            *(path for word in words for path in self._paths(word, [self._cwd, self._root])),
        ]
        bases = list(dict.fromkeys(path for path in bases if os.path.isdir(path)))
        named: list[str] = []
        for word in words:
            for path in self._paths(word, bases):
                if found := self.file(path):
                    return found[0], word
                named.append(path)
        names = self._names()
        for word in words:
            if not names.isdisjoint(word.lower().split("/")):
                return "file", word
        if not _GOES_THROUGH.search(text):
            return None
        return self._through([path for path in named if os.path.isdir(path)] if named else [self._cwd])

    def _paths(self, word: str, bases: list[str]) -> Iterator[str]:
        """What a word of a command may mean, where there is such a thing."""
        for base in bases:
            path = os.path.join(base, os.path.expanduser(word))
            if re.search(r"[*?\[]", word):
                yield from glob.glob(path)
            elif os.path.lexists(path):
                yield path

    def _through(self, folders: list[str]) -> tuple[str, str] | None:
        """Whether anything hidden lies below one of these folders."""
        for folder in folders:
            for below in self._below(folder, self._cwd, above=""):
                inside = below.rstrip("/") + "/" if below.strip("/.") else ""
                if any(path.startswith(inside) for path in self._hidden()):
                    return "search", folder
        return None

    def _below(self, named: str, base: str, above: str | None = None) -> list[str]:
        """The path below the workspace, as it is spelt and as links lead; `above` for a folder that holds all of it."""
        joined = os.path.join(base, os.path.expanduser(named))
        found: dict[str, None] = {}
        for place in (os.path.abspath(joined), os.path.realpath(joined)):
            for root in self._roots:
                if place == root or place.startswith(root + "/"):
                    found[place[len(root) + 1 :]] = None
                elif above is not None and (root + "/").startswith(place.rstrip("/") + "/"):
                    found[above] = None
        return list(found)

    def _hidden(self) -> list[str]:
        if self._found is None:
            self._found = [path for path, _ in walk.files(self._root) if self._hides(path)]
        return self._found

    def _names(self) -> set[str]:
        """What hidden folders are called, but for words that mean something else too."""
        hidden = {path.rpartition("/")[0] for path in self._hidden() if path.lower().endswith("/claude.md")}
        open_ = {
            part for path, _ in walk.files(self._root) if not self._hides(path) for part in path.lower().split("/")
        }
        return {name for path in hidden if len(name := path.lower().rpartition("/")[2]) >= _SHORTEST_NAME} - open_


def _texts(value: object) -> Iterator[str]:
    """Every text in a call's arguments."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
