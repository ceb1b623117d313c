"""What a tool call would reach: the file it names, the folder it searches, and what can be seen of a command.

A command is refused for a path that leads to something hidden, in its own folder or in one that it names, and for
programs that go through folders by themselves. What it computes (another program's output) can't be seen:
docs/why/promises.md says so.
"""

from __future__ import annotations

import glob
import os
import re

from hooks import shell
from onefirm.narrative import belonging, rules
from onefirm.sessions import walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

_FILES = ("Read", "Edit", "Write", "MultiEdit", "NotebookEdit", "NotebookRead")
_SEARCHES = ("Grep", "Glob", "LS")
_PRIVATE = re.compile(r"(?i)(?<!\w)\.onefirm(?!\w)|\bCLAUDECODE\b|\bCLAUDE_CODE_SESSION_ID\b")
_MOST_BASES = 64


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
        words = shell.paths(text)
        bases = self._bases(words)
        for word in words:
            for path in self._paths(word, bases):
                if found := self.file(path):
                    return found[0], word
        starts = [path for word in shell.entered(text) for path in self._paths(word, bases)] or [self._cwd]
        for given in shell.walks(text):
            named = [path for word in given for path in self._paths(word, bases)]
            if found := self._through(named or starts):
                return found
        return None

    def _bases(self, words: list[str]) -> list[str]:
        """Where a path of the command may begin: here, at the root, and in every folder that the command leads to."""
        bases, leading = dict.fromkeys([self._cwd, self._root]), [word for word in words if re.search(r"\w|\.\.", word)]
        for base in bases.copy():
            waiting = [base]
            while waiting and len(bases) < _MOST_BASES:
                begin = [waiting.pop()]
                found = [path for word in leading for path in self._paths(word, begin) if os.path.isdir(path)]
                new = dict.fromkeys(os.path.normpath(path) for path in found if os.path.normpath(path) not in bases)
                bases.update(new)
                waiting += new
        return list(bases)

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
                if any(path.startswith(inside) and self._hides(path) for path in self._files()):
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

    def _files(self) -> list[str]:
        if self._found is None:
            self._found = [path for path, _ in walk.files(self._root, (f"{belonging.DROP}*",))]
        return self._found


def _texts(value: object) -> Iterator[str]:
    """Every text in a call's arguments."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
