"""The context tree and the firm: its map, its check with records and secrets at hand, its mending, a new file for a
record.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from onefirm.core.errors import Refused
from onefirm.core.ids import is_temporary
from onefirm.day import naming, texts
from onefirm.day.planes import Planes
from onefirm.narrative import archive, files, heads, mends, scaffold
from onefirm.narrative.compile import compile_guard
from onefirm.narrative.faults import Fault
from onefirm.narrative.files import ContextFile
from onefirm.narrative.index import Index, Place
from onefirm.narrative.lint import Check, Records, World
from onefirm.narrative.mends import Mended
from onefirm.narrative.pasted import Kept
from onefirm.narrative.scaffold import Scaffold
from onefirm.sessions.paths import told
from onefirm.state import mirror
from onefirm.state.artifacts import Artifacts, text_of
from onefirm.state.mirror import Record

_LARGEST_TEXT_BYTES = 256 * 1024  # nobody pastes more than a part of it


def places(planes: Planes) -> list[Place]:
    """Every file of the tree with its place, each parent before its children."""
    return list(Index(files.read(planes.root)).places())


def check(planes: Planes) -> list[Fault]:
    """Every fault of the tree, by file and line. Each file is read once."""
    return Check().faults(Index(files.read(planes.root)), world(planes))


def plan_mends(planes: Planes) -> list[Mended]:
    """What of the tree can be mended without anybody's decision: each file as it is, and as it would be."""
    return mends.plan(Index(files.read(planes.root)), world(planes))


def mend(planes: Planes, mended: Iterable[Mended]) -> dict[str, str]:
    """Write what was planned, each file in one step; returns those left alone, with the reason and what to do.

    A file that somebody changed since it was planned is left to them. Raises Busy.
    """
    left: dict[str, str] = {}
    with texts.turn(planes.root):
        for one in mended:
            try:
                texts.replace_text(planes.root, one.path, one.before, one.after)
            except Refused as refused:
                left[one.path] = str(refused)
            except OSError as error:
                left[one.path] = f"{told(one.path)} can't be written: {error.strerror}. Make room for it, then repeat."
    return left


def new(planes: Planes, what: str, said: str, *, at: str = "", title: str = "", start: Path | None = None) -> Scaffold:
    """Make a file for a record (a ref) or at a path, and name it in its parent: what is `said` in one line. Paths are
    as typed in the folder `start`.

    A record's file lies in the folder `at`, else with its project or client, or in the area of its kind. Nothing that
    exists is overwritten. One cut off in between is finished by the same again. Raises InvalidInput, NotFound, Refused.
    """
    if found := planes.secrets_check(f"{title}\n{said}"):
        raise Refused(f"This holds {found}.", hint="Say it without; `onefirm secret set NAME` keeps it.")
    record = planes.records.get(what, fresh=False) if re.fullmatch(heads.REF, what) else None
    given = at or ("" if record else what)
    at = naming.place(planes.root, start or planes.root, given) if given else ""
    with texts.turn(planes.root):
        made = _planned(planes.root, record, said, at, title)
        _write(planes.root, made)
    return made


def _planned(root: Path, record: Record | None, said: str, at: str, title: str) -> Scaffold:
    index, exists = Index(files.read(root)), partial(_exists, root)
    if record:
        path = scaffold.path_of(at) if at else _place_of(index, record)
        return scaffold.plan(index, path, title or record.title, said, record.ref, exists)
    path = scaffold.path_of(at)
    name = posixpath.basename(posixpath.dirname(path) if path.endswith("/CLAUDE.md") else path.removesuffix(".md"))
    title = title or name.replace("-", " ").replace("_", " ").capitalize()
    return scaffold.plan(index, path, title, said, exists=exists)


def _exists(root: Path, path: str) -> bool:
    return os.path.exists(f"{root}/{path}")  # noqa: PTH110 - Path raises for a name too long


def _place_of(index: Index, record: Record) -> str:
    """Where the file of a record lies by itself. Raises Refused where it has one, or nothing tells where."""
    if held := next((file.path for file in _live(index) if record.ref in file.refs), ""):
        raise Refused(f"{record.ref} has a file already: {held}.", hint="Another one: name its place, --at PATH.")
    owners = [str(ref) for name in ("project", "client") if (ref := record.props.get(name))]
    folder = scaffold.AREAS.get(record.kind) or next(filter(None, (_folder_of(index, ref) for ref in owners)), "")
    if not folder:
        first = f"Make the file of {owners[0]} first: `onefirm context new {owners[0]} LINE`; or n" if owners else "N"
        raise Refused(
            f"Nothing tells where the file of {record.ref} belongs.", hint=f"{first}ame its place: --at PATH."
        )
    return f"{folder}/{scaffold.folder_name(record.title, record.ref)}/CLAUDE.md"


def _live(index: Index) -> Iterator[ContextFile]:
    return (file for file in index.files.values() if not archive.is_archived(file.path))


def _folder_of(index: Index, ref: str) -> str:
    found = (file.path for file in _live(index) if ref and file.is_claude and file.refs[:1] == (ref,))
    return posixpath.dirname(next(found, ""))


def _write(root: Path, made: Scaffold) -> None:
    """The parent first: cut off in between, the same command finds its line there and makes the file."""
    path = root / made.path
    if not path.parent.resolve().is_relative_to(root.resolve()):
        raise Refused(f"{made.path} lies behind a link that leads out of the workspace.", hint="Choose another place.")
    if os.path.lexists(path):
        raise Refused(f"{made.path} is there already.", hint="`onefirm context map` shows the tree.")
    texts.replace_text(root, made.parent, made.parent_before, made.parent_text)
    try:
        texts.replace_text(root, made.path, "", made.text, like=root / made.parent)
    except (OSError, Refused):
        with suppress(OSError, Refused):
            texts.replace_text(root, made.parent, made.parent_text, made.parent_before)
        raise


def world(planes: Planes) -> World:
    """What the check asks of the firm."""
    return World(
        exists=partial(_exists, planes.root),
        records=partial(_records, planes),
        known_secret=planes.known_secret,
        kept=partial(_kept, planes),
        rules=compile_guard(planes.schema.to_dict()),
        root_tokens=planes.rules.root_tokens,
        chain_tokens=planes.rules.chain_tokens,
    )


def _records(planes: Planes, refs: Sequence[str]) -> Records:
    """What the truth says of these. A temporary ref that isn't known yet stands for a record that waits."""
    temporary = [ref for ref in refs if is_temporary(ref)]
    with planes.store.read() as conn:
        meant = mirror.aliases(conn, temporary)
        rows = mirror.stands(conn, [*refs, *meant.values()])
        states = {
            ref: {"title": title, "status": status, "props": props, "actor": None, "at": at}
            for ref, title, status, props, at in rows
        }
    return dict.fromkeys(temporary) | states | {alias: states.get(ref) for alias, ref in meant.items()}


def _kept(planes: Planes) -> dict[str, list[Kept]]:
    room, found = Artifacts(planes.root, planes.records), dict[str, list[Kept]]()
    for one in room.find():
        path = room.path(one)
        text = text_of(path.read_bytes()) if one.size_bytes <= _LARGEST_TEXT_BYTES and path.is_file() else None
        for ref in one.about if text else ():
            found.setdefault(ref, []).append(Kept(one.ref, one.name, text or ""))
    return found
