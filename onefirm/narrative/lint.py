"""The check of the context tree: places, links, records, statements, secrets, budgets, each fault with file, line and
fix. Nothing is read from the disk or written here.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice
from typing import Any

from onefirm.core import credentials
from onefirm.narrative import duplicates, heads, links, pasted, statements
from onefirm.narrative.duplicates import Alike
from onefirm.narrative.faults import Fault, Mend
from onefirm.narrative.files import FOLDER, TOP, ContextFile
from onefirm.narrative.index import ROOT, Index, is_top
from onefirm.narrative.links import Link
from onefirm.narrative.pasted import Kept
from onefirm.narrative.rules import closed_globs
from onefirm.narrative.statements import Statements
from onefirm.sessions.paths import told
from onefirm.sessions.walk import matches

_CHILDREN = frozenset(("areas", "children", "clients", "engagements", "files", "projects", "prospects", "work"))
_SECTION = re.compile(r" {0,3}#{2,6}\s")
# A line that begins something new, wherever it stands.
_BLOCK = re.compile(r"[-*+•#|>`~<]|\d{1,3}[.)]\s")
# What the truth says of a record, in the form that the guard reads: title, status, actor, at.
Records = Mapping[str, Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class World:
    """What the check asks of the rooms beside it.

    `exists` tells whether a path in the workspace is there; `records` what the truth says of those of these refs that
    have a record (None where its creation waits); `known_secret` which secret of the firm has its value in a text;
    `kept` the artifacts that are texts, by the refs of their records. `rules` are the guard's, for the present schema:
    what a program writes has no place in the tree.
    """

    exists: Callable[[str], bool]
    records: Callable[[Sequence[str]], Records]
    known_secret: Callable[[str], str | None]
    kept: Callable[[], Mapping[str, Sequence[Kept]]]
    rules: Mapping[str, Any]
    root_tokens: int = 1500
    chain_tokens: int = 6000


class Check:
    """The check of a tree that goes on: what was dear to find out is kept as long as the files that it came from."""

    def __init__(self) -> None:
        self._statements, self._alike = Statements(), Alike()

    def faults(self, index: Index, world: World) -> list[Fault]:
        """Every fault, by file and line. Of an index that has the files of the one before, only what is new is read."""
        records = world.records(sorted({ref for file in index.files.values() for ref in file.named}))
        by_hand = written(index, world)
        faults = [
            *structure(index, world, by_hand),
            *_comments(by_hand),
            *_records(index, records),
            *statements.faults(self._statements.of(index.files.values(), world.rules, records.get)),
            *duplicates.faults(index, filter(_is_live, by_hand), self._alike),
            *pasted.faults(by_hand, world.kept()),
            *_secrets(index, world),
            *_budgets(index, world),
        ]
        return sorted(faults, key=lambda fault: (fault.path, fault.line, fault.rule))


def structure(index: Index, world: World, by_hand: Iterable[ContextFile]) -> Iterator[Fault]:
    """The faults of places (of what is `written`) and links: those that may be mended without anybody's decision."""
    for file in by_hand:
        if file.is_in_tree and file.path != TOP:
            yield from _place(index, file)
    yield from _dangling(index, world)


def line_for(parent: str, child: ContextFile, said: str = "") -> str:
    """The line by which a parent names a child."""
    return f"- {links.to(parent, child.path, child.title)}: {said or 'what it is, in one line'}"


def head_for(path: str, parent: ContextFile) -> str:
    """The line by which a child points back."""
    return f"Parent: {links.to(path, parent.path, parent.title)}"


def misplaced(index: Index, path: str) -> bool:
    """Whether a file of the tree lacks its place: it isn't named, or doesn't point back."""
    return any(_place(index, index.files[path]))


def behind_children(index: Index, parent: ContextFile) -> tuple[int, str]:
    """Behind which line of a file another child is named, and what has to stand before it there: nothing, or an empty
    line. The first child is named in the section that is empty and called after children (the last one was closed, or
    none was there yet), else before the sections: in another it would be a part of what that tells.
    """
    every = parent.text.split("\n")
    last = _last_child(index, parent)
    if not last:
        if heading := _empty_section(parent):
            return heading, "\n"
        return len("\n".join(every[: _first_section(parent)]).rstrip().split("\n")), "\n"
    if every[last - 1].lstrip().startswith("|"):
        while last < len(every) and every[last].lstrip().startswith("|"):
            last += 1
        return last, "\n"
    while last < len(every) and _goes_on(every[last]):
        last += 1
    return last, ""


def _empty_section(parent: ContextFile) -> int:
    """The line of the heading that children would stand under, where nothing else does; 0 where there is none."""
    every = links.shown(parent.text).split("\n")
    for at, line in enumerate(every):
        if _SECTION.match(line) and line.strip("# ").lower() in _CHILDREN:
            below = next((one for one in every[at + 1 :] if one.strip()), "# ")
            if not _marks(below).strip("#") and len(_marks(below)) <= len(_marks(line)):
                return at + 1
    return 0


def _marks(line: str) -> str:
    return line.split()[0]


def _first_section(parent: ContextFile) -> int:
    """How many lines stand before the first heading below the title and the head; all of them where there is none."""
    every = links.shown(parent.text).split("\n")
    head = max(1, parent.record_line, parent.parent_line, heads.front_end(every) + 1)
    return next((at for at, line in enumerate(every) if at >= head and _SECTION.match(line)), len(every))


def _last_child(index: Index, parent: ContextFile) -> int:
    """The last line of a file that names a child of it, else one that named something below it; 0 where none does."""
    items = [(link, index.meant(link)) for link in parent.links if link.form == "item"]
    children = [link.line for link, path in items if path and index.parent(path) == parent.path]
    folder = posixpath.dirname(parent.path)
    gone = [link.line for link, path in items if not path and _is_below(link, folder)]
    return max(children or gone, default=0)


def _goes_on(line: str) -> bool:
    """Whether a line belongs to the list item before it."""
    return bool(line.strip()) and (line[0] in " \t" or not _BLOCK.match(line))


def _is_live(file: ContextFile) -> bool:
    """Whether it holds now: what a closed engagement's files tell may stand elsewhere too."""
    return not file.path.startswith(f"{FOLDER}archive/")


# -- places ------------------------------------------------------------------------------------------------------------


def written(index: Index, world: World) -> list[ContextFile]:
    """The files that somebody writes, and no program."""
    closed = closed_globs(world.rules)
    return [file for file in index.files.values() if not _is_closed(file.path, closed)]


_is_closed = lru_cache(maxsize=10_000)(matches)  # the same paths are asked about at every look


def _place(index: Index, file: ContextFile) -> Iterator[Fault]:
    if file.path == ROOT:
        yield from _root(index, file)
        return
    above = index.parent(file.path)
    if above is None:
        fix = f"write {ROOT}; `onefirm init .` lays the one that is shipped"
        yield Fault(file.path, 1, "orphan", "stands below no CLAUDE.md", fix)
        return
    yield from _pointing(index, file, above)
    yield from _naming(index, file, index.files[above])


def _root(index: Index, file: ContextFile) -> Iterator[Fault]:
    if TOP in index.files and file.path not in index.loaded(TOP):
        what = f"{TOP} doesn't import it, and Claude doesn't read it by itself"
        top = index.files[TOP]
        mend = Mend(TOP, len(top.text.rstrip().split("\n")), None, f"\n@{ROOT}")
        yield Fault(file.path, 1, "orphan", what, f"add the line to {TOP}: @{ROOT}", mend)


def _pointing(index: Index, file: ContextFile, above: str) -> Iterator[Fault]:
    """Whether it points back to the file above."""
    link = file.parent
    meant = index.meant(link) if link else None
    if meant == above:
        return
    wanted = head_for(file.path, index.files[above])
    if link is None:
        what = "its `Parent:` line holds no link" if file.parent_line else "has no `Parent:` line"
        way = "write there" if file.parent_line else "add below the title"
        mend = _with_parent(file, wanted)
        yield Fault(file.path, file.parent_line or 1, "parent", what, f"{way}: {wanted}", mend)
    elif meant is None:
        what = f"`Parent:` leads to {told(link.to)}, and the tree has no such file"
        yield Fault(file.path, link.line, "parent", what, f"write there: {wanted}", _redirect(file, link, above))
    else:
        what = f"`Parent:` leads to {told(meant)}, which is no CLAUDE.md above it"
        yield Fault(file.path, link.line, "parent", what, f"write there: {wanted}", _redirect(file, link, above))


def _with_parent(file: ContextFile, wanted: str) -> Mend:
    every = file.text.split("\n")
    if number := file.parent_line:
        line = every[number - 1]
        words = heads.value(line)
        title = wanted.partition("[")[2].partition("]")[0]
        rest = f" {words}" if words and words.lower() != title.lower() else ""
        return Mend(file.path, number, line, f"{wanted}{rest}" + "\r" * line.endswith("\r"))
    head = heads.head(file.text)
    title = next((number for number, line in enumerate(head, 1) if line.lstrip("\ufeff").startswith("# ")), 0)
    if file.record_line:
        return Mend(file.path, file.record_line, None, wanted)
    front = heads.front_end(every)
    return (
        Mend(file.path, title, None, f"\n{wanted}")
        if title
        else Mend(file.path, front and front + 1, None, f"{wanted}\n")
    )


def _redirect(file: ContextFile, link: Link, path: str) -> Mend:
    line = links.redirected(file.path, file.text, link, path)
    return Mend(file.path, link.line, file.text.split("\n")[link.line - 1], line)


def _naming(index: Index, file: ContextFile, parent: ContextFile) -> Iterator[Fault]:
    """Whether the file above names it in one line."""
    naming = index.named.get(file.path, [])
    lines = [link for who, link in naming if who == parent.path and link.form in ("item", "import")]
    if not lines:
        yield _unnamed(index, file, parent, bool(naming))
    for again in lines[1:]:
        every = parent.text.split("\n")
        what = f"names {told(file.path)} a second time (first in line {lines[0].line})"
        line = every[again.line - 1]
        is_same = again.line > lines[0].line and line == every[lines[0].line - 1]
        mend = Mend(parent.path, again.line, line, None) if is_same else None
        yield Fault(parent.path, again.line, "child", what, "keep one of the two lines", mend)


def _unnamed(index: Index, file: ContextFile, parent: ContextFile, elsewhere: bool) -> Fault:
    behind, space = behind_children(index, parent)
    fix = f"add at {told(parent.path)}:{behind}: {line_for(parent.path, file)}"
    # What it is, nobody but a person can say: a line mended by itself names it and no more.
    mend = Mend(parent.path, behind, None, f"{space}- {links.to(parent.path, file.path, file.title)}")
    if elsewhere:
        what = f"{told(parent.path)} doesn't name it in a line of its own"
        return Fault(file.path, 1, "child", what, fix, mend)
    return Fault(file.path, 1, "orphan", "no file names it", fix, mend)


# -- links -------------------------------------------------------------------------------------------------------------


def _dangling(index: Index, world: World) -> Iterator[Fault]:
    seen: dict[str, bool] = {}
    for file in index.files.values():
        for link in file.links:
            if link.form == "parent" and file.is_in_tree and not is_top(file.path):
                continue  # told with its place
            found = link.target
            if found is not None and found not in seen:
                seen[found] = index.meant(link) is not None or world.exists(found)
            if found is None or not seen[found]:
                yield _broken(index, file, link)


def dangling(index: Index, path: str, line: str, exists: Callable[[str], bool]) -> str | None:
    """Where a link in a line of a file leads, beside the first one, that leads to nothing; None where none does."""
    for link in links.read(path, line)[1:]:
        if link.target is None or not (index.meant(link) or exists(link.target)):
            return link.to
    return None


def _comments(by_hand: Iterable[ContextFile]) -> Iterator[Fault]:
    for file in by_hand:
        if line := file.open_comment:
            what = "a comment is never closed: Claude reads nothing of what stands behind it"
            yield Fault(
                file.path, line, "comment", what, "close it with `-->` where it ends, or take its sign `<!--` out"
            )


def _broken(index: Index, file: ContextFile, link: Link) -> Fault:
    if link.target is None:
        what = f"a link leads out of the workspace: {told(link.to)}"
        return Fault(file.path, link.line, "link", what, "link to a file of the workspace, or to an address on the web")
    moved = _moved(index, link.target)
    way = f"it may have moved: {told(links.relative(file.path, moved))}" if moved else ""
    is_sure = moved is not None and _called(moved) == _called(link.target)
    mend = _redirect(file, link, moved) if moved and is_sure else None
    folder = posixpath.dirname(file.path)
    if link.form == "item" and file.is_claude and _is_below(link, folder):
        what = f"names {told(link.to)}, which isn't there"
        return Fault(file.path, link.line, "child", what, way or "remove the line, or put the file back", mend)
    what = f"links to {told(link.to)}, which isn't there"
    return Fault(
        file.path, link.line, "link", what, way or "correct the path, or keep the words without the link", mend
    )


def _is_below(link: Link, folder: str) -> bool:
    return (link.target or "").startswith(f"{folder}/" if folder else "")


def _moved(index: Index, target: str) -> str | None:
    """Where a file that isn't there may be now: the only one of its name, else one like it that nobody names."""
    same = [path for path in index.files if _called(path) == _called(target)]
    if len(same) == 1:
        return same[0]
    lost = {_called(path): path for path in index.files if path not in index.named}
    near = get_close_matches(_called(target), lost, 1) if not same else []
    return lost[near[0]] if near else None


def _called(path: str) -> str:
    """What a file goes by: its name, for a CLAUDE.md that of its folder."""
    folder, _, name = path.rpartition("/")
    return folder.rpartition("/")[2] if name == "CLAUDE.md" else name


# -- records -----------------------------------------------------------------------------------------------------------


def _records(index: Index, known: Records) -> Iterator[Fault]:
    for file in index.files.values():
        line = file.record_line
        if line and not file.refs and file.is_in_tree:
            what = "its `Record:` line names no record"
            yield Fault(file.path, line, "record", what, _finding_it(file))
        for ref in file.refs:
            if ref not in known:
                what = f"names {ref}, and there is no such record"
                yield Fault(file.path, line or 1, "record", what, _finding_it(file))


def _finding_it(file: ContextFile) -> str:
    title = "".join(char for char in file.title if char.isalnum() or char in " -.&")[:60].strip()
    return f'write the ref that `onefirm record find --text "{title}"` shows, or remove the line'


# -- secrets -----------------------------------------------------------------------------------------------------------


def _secrets(index: Index, world: World) -> Iterator[Fault]:
    def secret(text: str) -> str | None:
        return credentials.kind_in(text) or world.known_secret(text)

    # One look at all of them takes less than a look at each, and most trees hold no known secret.
    is_known = world.known_secret("\n\n".join(file.text for file in index.files.values()))
    fix = "remove it and renew it where it came from, since git may keep it; keep it by `onefirm secret set NAME`"
    for file in index.files.values():
        if what := file.secret or (is_known and world.known_secret(file.text)):
            for line, held in _lines_of_secrets(file.text, secret) or [(1, what)]:
                yield Fault(file.path, line, "secret", f"holds {held}", fix)


def _lines_of_secrets(text: str, secret: Callable[[str], str | None]) -> list[tuple[int, str]]:
    """Every line that holds one by itself; else the one with which the text begins to hold one."""
    lines = text.split("\n")
    alone = [(number, held) for number, line in enumerate(lines, 1) if (held := secret(line))]
    begun = ((end, held) for end in range(1, len(lines) + 1) if (held := secret("\n".join(lines[:end]))))
    return alone or list(islice(begun, 1))


# -- budgets -----------------------------------------------------------------------------------------------------------


def _budgets(index: Index, world: World) -> Iterator[Fault]:
    costs = {path: index.cost(path) for path in index.files}
    top = TOP if TOP in costs else ROOT
    if costs.get(top, 0) > world.root_tokens:
        loaded = index.loaded(top)
        path = max(loaded, key=lambda one: index.files[one].tokens)
        what = f"every session loads {_cost(costs[top], world.root_tokens)}: {_parts(index, loaded)}"
        fix = "move what holds for one area into its file, or raise `context: root_tokens:` in onefirm.yaml"
        yield Fault(path, 1, "budget", what, fix)
    for file in index.files.values():
        if costs[file.path] <= world.chain_tokens or not file.is_in_tree:
            continue
        above = index.above(file.path)
        if above is None or costs[above] <= world.chain_tokens:
            loaded = index.loaded(file.path)
            what = f"loads {_cost(costs[file.path], world.chain_tokens)} with all above: {_parts(index, loaded)}"
            fix = "shorten the longest or split it, or raise `context: chain_tokens:` in onefirm.yaml"
            yield Fault(file.path, 1, "budget", what, fix)


def _cost(tokens: int, budget: int) -> str:
    return f"{tokens:,} tokens, {tokens - budget:,} over the budget of {budget:,}"


def _parts(index: Index, paths: Collection[str]) -> str:
    by_cost: Mapping[str, int] = {path: index.files[path].tokens for path in paths}
    most = sorted(by_cost, key=lambda path: (-by_cost[path], path))[:3]
    return ", ".join(f"{told(path)} {by_cost[path]:,}" for path in most)
