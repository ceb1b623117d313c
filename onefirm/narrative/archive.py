"""The archive of the context tree: where the files of a closed engagement go, and how the others read then.

Nothing outside of the archive imports what lies in it or stands below it, so none of it loads with other work. Nothing
is written here.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from onefirm.core.errors import Refused
from onefirm.narrative import files, links, lint, scaffold
from onefirm.narrative.files import FOLDER, ContextFile
from onefirm.narrative.index import Index, is_top
from onefirm.narrative.links import Link
from onefirm.narrative.scaffold import Scaffold

ARCHIVE = f"{FOLDER}archive/"
LIST = f"{ARCHIVE}CLAUDE.md"
_TITLE, _LINE = "Archive", "what is closed; nothing in it loads by itself"
_MARK = re.compile(r"\s*(?:[-*+•]\s+|\d{1,3}[.)]\s+|\|)?")
_LINK = re.compile(r"\[[^\]\n]*\]\(\s*(?:<[^>\n]*>|[^\s()<>]*)[^()\n]*\)")


@dataclass(frozen=True, slots=True)
class Move:
    """A file, or a folder with all that is in it, and where it goes; both without a slash at the end."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A moved file that the archive's list names from now on: where it was and is, its title, and its parent so far."""

    old: str
    new: str
    title: str
    parent: str


def is_archived(path: str) -> bool:
    """Whether a file lies in the archive."""
    return path.startswith(ARCHIVE)


def homes(index: Index, ref: str) -> list[str]:
    """What is a record's own in the live tree: the folders whose CLAUDE.md begins with it, and its other files.

    What lies inside another of them is left out, and so is the root, which everything lies in.
    """
    own = [
        file for file in index.files.values()
        if file.refs[:1] == (ref,) and file.path.startswith(FOLDER) and not is_archived(file.path)
    ]  # fmt: skip
    found = sorted(
        posixpath.dirname(file.path) if file.is_claude else file.path for file in own if not is_top(file.path)
    )
    return [path for path in found if not any(path.startswith(f"{other}/") for other in found)]


def moves(index: Index, ref: str, below: Callable[[str], Sequence[str]], exists: Callable[[str], bool]) -> list[Move]:
    """Where the files of a record go: to the same place below the archive, under another name where one is taken.

    `below` lists the files of a folder (a file: itself), `exists` tells whether a path in the workspace is there.
    Raises Refused for a name that the disk doesn't know.
    """
    found: list[Move] = []
    for home in homes(index, ref):
        places = _places(ARCHIVE + home.removeprefix(FOLDER), ref)
        held = [path.removeprefix(home) for path in below(home)]
        if not held:
            raise Refused(f"{home!r} can't be moved: its name is no plain text.", hint="Rename it, then repeat.")
        found.append(Move(home, next(new for new in places if not any(exists(new + path) for path in held))))
    return found


def listed(index: Index, moved: Sequence[Move]) -> list[Listed]:
    """The files that lose their parent by the moves: the archive's list becomes it."""
    found: list[Listed] = []
    for file in index.files.values():
        parent = index.parent(file.path)
        if parent and goes_to(moved, file.path) != file.path and goes_to(moved, parent) == parent:
            found.append(Listed(file.path, goes_to(moved, file.path), file.title, parent))
    return found


def goes_to(moved: Sequence[Move], path: str) -> str:
    """Where a path is once these have moved."""
    for move in moved:
        if path == move.old or path.startswith(f"{move.old}/"):
            return move.new + path.removeprefix(move.old)
    return path


def opened(index: Index) -> Scaffold | None:
    """The archive's list, and its parent with the line that names it; None where both are there. Raises Refused."""
    if LIST not in index.files:
        return scaffold.plan(index, LIST, _TITLE, _LINE)
    held, above = index.files[LIST], index.parent(LIST)
    if above is None or any(who == above for who, _ in index.named.get(LIST, ())):
        return None
    parent = index.files[above]
    with_it = scaffold.with_line(index, parent, lint.line_for(above, held, _LINE))
    return Scaffold(LIST, held.text, above, parent.text, with_it)


def list_with(index: Index, moved: Sequence[Move], one: Listed, closed: str) -> str:
    """The archive's list with the line of a moved file: what its parent said of it so far, and that it was `closed`.

    Unchanged where an earlier try has added it.
    """
    held = index.files[LIST]
    every = _carried(index.files.get(one.parent), one, moved)
    is_named = any(link.form == "item" and link.target == one.new for link in held.links)
    if not every and not is_named:
        every = [lint.line_for(LIST, files.parsed(one.new, f"# {one.title}\n"), f"closed {closed}")]
    elif every:
        is_said = any(link.said for link in links.read(LIST, every[0])[:1])
        every[0] += f"; closed {closed}" if is_said else f": closed {closed}"
    if not every or every[0] in held.text.replace("\r", "").split("\n"):
        return held.text
    return scaffold.with_line(index, held, "\n".join(every))


def hold(index: Index, moved: Sequence[Move], listed: Sequence[Listed], closed: str) -> None:
    """Make sure that the archive's list has a place for these, before anything moves. Raises Refused."""
    if listed and (made := opened(index)):
        index = _with(index, {made.path: made.text, made.parent: made.parent_text})
    for one in listed:
        index = _with(index, {LIST: list_with(index, moved, one, closed)})
        if not any(link.form == "item" and link.target == one.new for link in index.files[LIST].links):
            raise Refused(
                f"{LIST} has no place for a line that names {one.new}.",
                hint="Close its comment or code fence, then repeat.",
            )


def relinked(old: str, new: str, text: str, moved: Sequence[Move], one: Listed | None = None) -> str:
    """The text of a file that goes from `old` to `new`, each link leading where it led.

    `one` is its place in the list, where the file has one: then its `Parent:` is the list. An import of what was moved
    becomes a link in a file that stays: it would load by itself.
    """
    every = text.split("\n")
    found = links.read(old, text)
    for number in {link.line for link in found}:
        here = [link for link in found if link.line == number]
        line = _respelt(every[number - 1], dict(_spellings(old, new, here, moved)))
        if one and here[0].form == "parent":
            line = _LINK.sub(lambda _: links.to(new, LIST, _TITLE), line, count=1)
        every[number - 1] = line
    return "\n".join(every)


def without(path: str, text: str, gone: Sequence[Listed]) -> str:
    """The text of a parent without the lines by which it names these children; another one that links to them stays."""
    every: list[str | None] = [*text.split("\n")]
    for one in gone:
        for first, last in _naming(path, text, one) if one.parent == path else ():
            every[first:last] = [None] * (last - first)
    return "\n".join(line for line in every if line is not None)


def _with(index: Index, texts: Mapping[str, str]) -> Index:
    same = [file for path, file in index.files.items() if path not in texts]
    return Index([*same, *(files.parsed(path, text) for path, text in texts.items())])


def _places(place: str, ref: str) -> Iterator[str]:
    stem, end = (place[:-3], place[-3:]) if place.lower().endswith(".md") else (place, "")
    yield place
    yield f"{stem}-{ref.lower()}{end}"
    yield from (f"{stem}-{ref.lower()}-{number}{end}" for number in range(2, 1_000))


def _carried(parent: ContextFile | None, one: Listed, moved: Sequence[Move]) -> list[str]:
    """The lines by which a parent names a child, as the archive's list has to say them; none where it doesn't."""
    found = _naming(parent.path, parent.text, one) if parent else []
    if not parent or not found:
        return []
    first, last = found[0]
    block = "\n".join(parent.text.split("\n")[first:last]).replace("\r", "")
    every = relinked(parent.path, LIST, block, moved).split("\n")
    bare = _MARK.sub("", every[0], count=1).strip()
    if re.fullmatch(r"@\S+", bare):
        return [f"- {links.to(LIST, one.new, one.title)}", *every[1:]]
    is_row = every[0].lstrip().startswith("|")
    cells = [cell.strip() for cell in bare.split("|")] if is_row else [bare]
    return [f"- {': '.join(filter(None, cells))}", *every[1:]]


def _naming(path: str, text: str, one: Listed) -> list[tuple[int, int]]:
    """The lines (from, to, counted from 0) by which a parent names a child: the first that does, with what goes on
    behind it, and every bare import.
    """
    every = text.split("\n")
    items: list[tuple[int, int]] = []
    imports: list[tuple[int, int]] = []
    for link in links.read(path, text):
        if link.target not in (one.old, posixpath.dirname(one.old) if one.old.endswith("/CLAUDE.md") else one.old):
            continue
        start, end = link.line - 1, _end(path, text, link.line, one)
        if link.form == "item":
            items.append((start, end))
        elif link.form == "import" and every[start].strip("-*+ \r") == f"@{link.to}":
            imports.append((start, end))
    first = (items or imports)[:1]
    return [*first, *(block for block in imports if block not in first and block[1] - block[0] == 1)]


def _end(path: str, text: str, line: int, one: Listed) -> int:
    """Where what is indented behind a line ends, or begins to name another child."""
    every = text.split("\n")
    others = {link.line for link in links.read(path, text) if link.form == "item" and _is_other(path, link, one)}
    while line < len(every) and every[line][:1] in (" ", "\t") and every[line].strip() and line + 1 not in others:
        line += 1
    return line


def _is_other(path: str, link: Link, one: Listed) -> bool:
    own = posixpath.dirname(one.old) if one.old.endswith("/CLAUDE.md") else one.old
    is_own = link.target is not None and f"{link.target}/".startswith(f"{own}/")
    return not is_own and (link.target or "").startswith(f"{posixpath.dirname(path)}/")


def _spellings(old: str, new: str, here: Sequence[Link], moved: Sequence[Move]) -> Iterator[tuple[str, str]]:
    for link in here:
        if link.target is None:
            continue
        target = goes_to(moved, link.target)
        if link.form == "import" and target != link.target and old == new:
            name = posixpath.basename(posixpath.dirname(target) if target.endswith("/CLAUDE.md") else target)
            yield f"@{link.to}", f"[{name}]({links.spelt(new, target)})"
        elif links.target(new, link.to) != target:
            bare = re.split(r"[#?]", link.to, maxsplit=1)[0]
            yield link.to, links.spelt(new, target) + link.to[len(bare) :]


def _respelt(line: str, spellings: dict[str, str]) -> str:
    if not spellings:
        return line
    every = "|".join(re.escape(to) for to in sorted(spellings, key=len, reverse=True))
    return re.sub(rf"(?<![^\s(<@])(?:{every})(?![\w/%-]|\.\w)", lambda found: spellings[found[0]], line)
