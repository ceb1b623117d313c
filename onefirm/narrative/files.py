"""The files of the context tree as they stand, each read once: the root CLAUDE.md, all below context/, and files
elsewhere whose head names a record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from onefirm.core import credentials
from onefirm.core.tokens import estimate
from onefirm.narrative import blocks, facts, heads, links
from onefirm.narrative.blocks import Unit
from onefirm.narrative.facts import Fact
from onefirm.narrative.links import Link
from onefirm.sessions import tree, walk

TOP, FOLDER = "CLAUDE.md", "context/"


@dataclass(frozen=True)
class ContextFile:
    """One file. `path` is relative to the workspace; `edited_at` in seconds since 1970; lines count from 1, and 0 is
    for a head without such a line.

    What its text alone tells is read when it is asked for, and kept with it.
    """

    path: str
    text: str
    title: str
    refs: tuple[str, ...]
    record_line: int
    parent_line: int
    links: tuple[Link, ...]
    tokens: int
    edited_at: float

    @cached_property
    def lines(self) -> list[Unit]:
        """Every line, those of code and comments too."""
        return blocks.lines(self.text)

    @cached_property
    def whole(self) -> list[Unit]:
        """The sentences of all lines."""
        return blocks.sentences(self.lines)

    @cached_property
    def sentences(self) -> list[Unit]:
        """The sentences that a reader sees, without code and comments."""
        shown = links.shown(self.text)
        return self.whole if shown == self.text else blocks.sentences(blocks.lines(shown))

    @cached_property
    def facts(self) -> list[Fact]:
        """What its sentences tell that may be told elsewhere too."""
        return list(facts.read(self.sentences))

    @cached_property
    def open_comment(self) -> int:
        """The line of a comment that is never closed, else 0."""
        return links.open_comment(self.text) if "<!--" in self.text else 0

    @cached_property
    def named(self) -> list[str]:
        """Every record that its head or a sentence names."""
        return list(dict.fromkeys((*self.refs, *heads.named(self.text))))

    @cached_property
    def secret(self) -> str | None:
        """What kind of secret it has the shape of."""
        return credentials.kind_in(self.text)

    @property
    def is_claude(self) -> bool:
        """Whether Claude Code loads it by itself with its folder."""
        return self.path.rpartition("/")[2].lower() == "claude.md"

    @property
    def is_in_tree(self) -> bool:
        """Whether it has a place in the tree, and so a parent; else only its record and its words matter."""
        return self.path == TOP or self.path.startswith(FOLDER)

    @cached_property
    def parent(self) -> Link | None:
        """The link of its `Parent:` line."""
        return next((link for link in self.links if link.form == "parent"), None)

    @cached_property
    def imports(self) -> list[Link]:
        """The files that Claude Code puts in its place with it."""
        return [link for link in self.links if link.form == "import"]


def read(root: Path) -> Iterator[ContextFile]:
    """Every file, by path. One that vanishes or can't be read meanwhile is left out."""
    for path, stat in sorted(walk.files(str(root))):
        if file := one(root, path, stat):
            yield file


def one(root: Path, path: str, stat: walk.Stat) -> ContextFile | None:
    """A file of the walk; None for one that is no context file, has vanished, or can't be read."""
    try:
        text = tree.read(f"{root}/{path}")
    except OSError:
        return None
    is_ours = path == TOP or path.startswith(FOLDER) or heads.refs(text)
    return parsed(path, text, stat[0] / 1e9) if is_ours else None


def parsed(path: str, text: str, edited_at: float = 0.0, tokens: Callable[[str], int] = estimate) -> ContextFile:
    """A file from its text."""
    head = heads.head(text)
    title = next((line.lstrip("# \ufeff").strip() for line in head if line.lstrip("\ufeff").startswith("# ")), "")
    keys = {key: number for number, line in reversed(list(enumerate(head, 1))) if (key := heads.key(line))}
    return ContextFile(
        path,
        text,
        title or path.rpartition("/")[2],
        tuple(heads.refs(text)),
        keys.get("record", 0),
        keys.get("parent", 0),
        tuple(links.read(path, text)),
        tokens(text),
        edited_at,
    )
