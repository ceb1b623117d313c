"""The index of the context tree: who stands above whom, who names whom, and what loads together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from onefirm.narrative.files import FOLDER, TOP, ContextFile
from onefirm.narrative.links import Link

ROOT = f"{FOLDER}CLAUDE.md"


@dataclass(frozen=True, slots=True)
class Place:
    """A file with its place: how deep below the root, and what its parent says of it in one line."""

    file: ContextFile
    depth: int
    line: str


class Index:
    """The files by their paths, and their places. Made anew for each look: it knows nothing of the disk."""

    def __init__(self, files: Iterable[ContextFile]) -> None:
        self.files = {file.path: file for file in files}
        self._folders = {_folder(file.path): file.path for file in self.files.values() if file.is_claude}
        self._parents: dict[str, str | None] = {}
        self._loaded: dict[str, frozenset[str]] = {}
        self._costs: dict[str, int] = {}

    def above(self, path: str) -> str | None:
        """The nearest CLAUDE.md above a file: of its own folder, for one that is none itself."""
        folder = _folder(path)
        if self._folders.get(folder) == path:
            if not folder:
                return None
            folder = _folder(folder)
        while folder not in self._folders:
            if not folder:
                return None
            folder = _folder(folder)
        return self._folders[folder]

    def may_be_parent(self, path: str, parent: str) -> bool:
        """Whether a file may stand below another: a CLAUDE.md of its own folder or of one above."""
        folder = _folder(parent)
        own = _folder(path)
        is_above = not folder or own == folder or own.startswith(f"{folder}/")
        return path != parent and self._folders.get(folder) == parent and is_above

    def meant(self, link: Link) -> str | None:
        """The file that a link means; that of a folder is its CLAUDE.md. None for none of the tree."""
        found = link.target
        return found if found is None or found in self.files else self._folders.get(found)

    @cached_property
    def named(self) -> dict[str, list[tuple[str, Link]]]:
        """Who names a file: path -> (naming file, its link), in the order of paths and lines."""
        found: dict[str, list[tuple[str, Link]]] = {}
        for file in self.files.values():
            for link in file.links:
                if link.form != "parent" and (path := self.meant(link)) and path != file.path:
                    found.setdefault(path, []).append((file.path, link))
        return found

    def parent(self, path: str) -> str | None:
        """The file above: what its `Parent:` says where that may be, else the nearest CLAUDE.md."""
        if path not in self._parents:
            link = self.files[path].parent
            found = self.meant(link) if link else None
            self._parents[path] = found if found and self.may_be_parent(path, found) else self.above(path)
        return self._parents[path]

    def loaded(self, path: str) -> frozenset[str]:
        """All that loads with a file: it, the CLAUDE.md of every folder above, and what these import."""
        if path not in self._loaded:
            above = self.above(path)
            self._loaded[path] = (self.loaded(above) if above else frozenset[str]()) | self._imported(path)
        return self._loaded[path]

    def cost(self, path: str) -> int:
        """The tokens of all that loads with a file."""
        if path not in self._costs:
            file, above = self.files[path], self.above(path)
            if above is None or file.imports or path in self.loaded(above):
                self._costs[path] = sum(self.files[one].tokens for one in self.loaded(path))
            else:
                self._costs[path] = self.cost(above) + file.tokens
        return self._costs[path]

    def places(self) -> Iterator[Place]:
        """Every file of the tree with its place, each parent before its children, these as the parent names them."""
        below: dict[str | None, list[str]] = {}
        for path, file in self.files.items():
            if file.is_in_tree:
                below.setdefault(self.parent(path), []).append(path)
        waiting = [(path, 0) for path in reversed(below.get(None, []))]
        while waiting:
            path, depth = waiting.pop()
            line = self._line(path)
            yield Place(self.files[path], depth, line.said if line else "")
            order = sorted(below.get(path, []), key=self._rank)
            waiting += [(child, depth + 1) for child in reversed(order)]

    def _line(self, path: str) -> Link | None:
        parent = self.parent(path)
        return next((link for who, link in self.named.get(path, []) if who == parent and link.form == "item"), None)

    def _rank(self, path: str) -> tuple[float, str]:
        line = self._line(path)
        return (line.line if line else float("inf")), path

    def _imported(self, path: str) -> frozenset[str]:
        if not self.files[path].imports:
            return frozenset((path,))
        found: set[str] = set()
        waiting = [path]
        while waiting:
            at = waiting.pop()
            if at not in found:
                found.add(at)
                waiting += [meant for link in self.files[at].imports if (meant := self.meant(link))]
        return frozenset(found)


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def is_top(path: str) -> bool:
    """Whether a file has no parent to name: the root that Claude Code loads, and the tree's own."""
    return path in (TOP, ROOT)
