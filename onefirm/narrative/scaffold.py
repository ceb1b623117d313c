"""A new file of the context tree: its text, and its parent's with the line that names it. Nothing is written here."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from onefirm.core.errors import InvalidInput, Refused
from onefirm.narrative import files, links, lint, mends
from onefirm.narrative.faults import Mend
from onefirm.narrative.files import FOLDER, ContextFile
from onefirm.narrative.index import Index, is_top
from onefirm.sessions.paths import told

_SECTIONS = "\n## Why\n\n## Last decision\n\n## Open threads\n"
# Where the files of a kind lie; those of other kinds lie below the file of the record that they belong to.
AREAS: Mapping[str, str] = {"client": f"{FOLDER}clients", "prospect": f"{FOLDER}sales"}
_LONGEST_LINE = 200
_LONGEST_NAME = 200  # bytes; file systems take 255


@dataclass(frozen=True, slots=True)
class Scaffold:
    """The new file and its parent, each as path and whole text; `parent_before` is that of the parent now."""

    path: str
    text: str
    parent: str
    parent_before: str
    parent_text: str


def path_of(name: str) -> str:
    """The path of a file that somebody named; a folder means its CLAUDE.md. Raises InvalidInput outside of context/."""
    path = posixpath.normpath(name.strip() or ".")
    if not path.lower().endswith(".md"):
        path = f"{path}/CLAUDE.md"
    too_long = any(len(part.encode()) > _LONGEST_NAME for part in path.split("/"))
    if not path.startswith(FOLDER) or is_top(path) or not path.isprintable() or too_long:
        raise InvalidInput(
            f"“{name[:80]}” is no place in the context tree.",
            hint=f"Name a file or folder below {FOLDER}, such as {FOLDER}knowledge/boards.md.",
        )
    return path


def folder_name(title: str, otherwise: str) -> str:
    """A title as the name of a folder: small letters and digits."""
    whole = unicodedata.normalize("NFKD", title.casefold())  # ß is ss
    plain = whole.encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or otherwise.lower()


def plan(
    index: Index, path: str, title: str, said: str, ref: str = "", exists: Callable[[str], bool] = lambda _path: False
) -> Scaffold:
    """A file at `path` for the record `ref` (if any), and its parent with a line that says of it what is `said`.

    A parent that names it already, since it was there once, stays as it is. `exists` tells of files beside the tree's,
    for what the line links to. Raises InvalidInput for a title or line that can't be, Refused where the file or no
    parent is there.
    """
    title, said = _one_line(title, "title"), _one_line(said, "line")
    above = index.above(path)
    if path in index.files or above is None:
        why = f"{path} is there already." if above else f"There is no CLAUDE.md above {path}."
        raise Refused(why, hint="`onefirm context map` shows the tree.")
    parent = index.files[above]
    record = f"Record: {ref}\n" if ref else ""
    text = f"# {title}\n\n{record}{lint.head_for(path, parent)}\n{_SECTIONS if ref else ''}"
    child = files.parsed(path, text)
    if _names(index, above, child):
        return Scaffold(path, text, above, parent.text, parent.text)
    line = lint.line_for(above, child, said)
    if to := lint.dangling(index, above, line, exists):
        hint = f"Give its path as {above} has to write it, or keep the words without the link."
        raise InvalidInput(f"The line links to {told(to)}, which isn't there.", hint=hint)
    made = Scaffold(path, text, above, parent.text, with_line(index, parent, line))
    _hold(index, made)
    return made


def _names(index: Index, above: str, child: ContextFile) -> bool:
    """Whether the parent has a line for a file that isn't there yet."""
    named = Index([*index.files.values(), child]).named.get(child.path, [])
    return any(who == above and link.form in ("item", "import") for who, link in named)


def _one_line(text: str, what: str) -> str:
    text = " ".join(text.split())
    if not text or not text.isprintable() or len(text) > _LONGEST_LINE:
        raise InvalidInput(
            f"The {what} has to be one line of at most {_LONGEST_LINE} characters.", hint=f"Give a shorter {what}."
        )
    return links.uncommented(text)


def with_line(index: Index, parent: ContextFile, line: str) -> str:
    """The text of a file with a line behind the last one that names a child of it, else before its sections."""
    behind, space = lint.behind_children(index, parent)
    return mends.applied(parent.text, [Mend(parent.path, behind, None, space + line)])


def _hold(index: Index, made: Scaffold) -> None:
    """Make sure that the new file has its place: behind an open comment or code fence the line would name nobody."""
    texts = {path: file for path, file in index.files.items() if path != made.parent}
    new = [files.parsed(made.parent, made.parent_text), files.parsed(made.path, made.text)]
    if lint.misplaced(Index([*texts.values(), *new]), made.path):
        raise Refused(
            f"{made.parent} has no place for a line that names {made.path}.",
            hint="Close its comment or code fence, or add a first line to a list of its children by hand.",
        )
