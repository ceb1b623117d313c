"""Closing an engagement: its files go into the archive of the context tree, and everything that named them follows.

What is to move is written down before anything moves, in `.onefirm/`: a close that was cut off is finished by the next
one, or when the next session starts. Each step may be repeated.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import posixpath
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from onefirm import git
from onefirm.core.attribution import By
from onefirm.core.clock import today
from onefirm.core.errors import FirmError, NotFound, Refused
from onefirm.core.ids import parse_ref, uuid7
from onefirm.day import close as closing
from onefirm.day import final, texts
from onefirm.day.planes import Planes
from onefirm.day.wording import clip
from onefirm.memory.statements import check_reason
from onefirm.narrative import archive, files, heads, links
from onefirm.narrative.archive import LIST, Listed, Move
from onefirm.narrative.index import ROOT, Index
from onefirm.sessions import db, edits, tree, walk
from onefirm.sessions.paths import told
from onefirm.state.mirror import Record
from onefirm.state.query import MOST_ROWS, Query

_log = logging.getLogger(__name__)
_FILE = "closing.json"
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Archived:
    """`paths` are the record's files in the archive, `mended` those whose links followed. `is_repeated`: they lay there
    before. `commit` is None when nothing was committed, for `why_not`. `final` is the decision with which an engagement
    ends.
    """

    ref: str
    paths: tuple[str, ...]
    mended: tuple[str, ...] = ()
    commit: str | None = None
    why_not: str = ""
    is_repeated: bool = False
    final: str | None = None


@dataclass(frozen=True, slots=True)
class _Order:
    """What is to be done, as it is written down; `by` is who asked for it."""

    id: str
    ref: str
    day: str
    moves: tuple[Move, ...]
    listed: tuple[Listed, ...]
    mended: tuple[str, ...]
    by: By

    def text(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @staticmethod
    def of(text: str) -> _Order:
        """Back from JSON. Raises ValueError, KeyError or TypeError for anything else."""
        told = json.loads(text)
        return _Order(
            told["id"], told["ref"], told["day"], tuple(Move(**one) for one in told["moves"]),
            tuple(Listed(**one) for one in told["listed"]), tuple(told["mended"]), By(**told["by"]),
        )  # fmt: skip


def close(planes: Planes, ref: str, by: By, *, anyway: bool = False) -> Archived:
    """Move the files of a closed record into the archive; `anyway` also those of one that is open.

    1. Finish a close that was cut off.
    2. Look at the record in the truth, and refuse while it, one that points at it, or one with a file below its own is
       open, or anything about an engagement waits for an answer.
    3. Commit what git doesn't hold yet of all that will change: taking back the close brings it back so.
    4. Write the final record of an engagement; that is all there is to do for one without files.
    5. Write down what is to move, then do it: list, files, links, entry, commit.

    Raises NotFound, InvalidInput, Busy, and Refused with what is open.
    """
    check_reason(by, planes.secrets_check)
    with texts.turn(planes.root):
        finished = _finish(planes)
        record = planes.records.get(parse_ref(ref), by)
        if finished and finished.ref == record.ref:
            return finished
        index = Index(files.read(planes.root))
        order = _order(planes, index, record.ref, by)
        if not order.moves and (record.kind not in final.KINDS or _own(index, record.ref)):
            return _repeated(index, record.ref)
        if not anyway:
            _check_closed(planes, index, order)
        if not order.moves:
            ended = final.write(planes, record.ref, by)
            return Archived(record.ref, (), final=ended) if ended else _repeated(index, record.ref)
        archive.hold(index, order.moves, order.listed, order.day)
        _look(planes, index, order)
        _commit_before(planes, order)
        ended = final.write(planes, record.ref, by)
        _keep(planes.root, order)
        return replace(_do(planes, order), final=ended)


def finish(planes: Planes) -> Archived | None:
    """Finish a close that was cut off; None where there is none, or somebody is at it."""
    if not _place(planes.root).exists():
        return None
    with contextlib.suppress(texts.Busy), texts.turn(planes.root, wait_s=0):
        return _finish(planes)
    return None


def _order(planes: Planes, index: Index, ref: str, by: By) -> _Order:
    root = str(planes.root)
    moves = archive.moves(index, ref, partial(_below, root), lambda path: os.path.lexists(f"{root}/{path}"))
    day = today(planes.clock.now(), planes.rules.timezone).isoformat()
    listed = archive.listed(index, moves)
    mended = [path for path in _texts(root) if _leads(root, path, moves) and archive.goes_to(moves, path) == path]
    return _Order(uuid7(), ref, day, tuple(moves), tuple(listed), tuple(mended), by)


def _repeated(index: Index, ref: str) -> Archived:
    own = _own(index, ref)
    held = tuple(path for path in own if archive.is_archived(path))
    if not held:
        where = f" Its file {told(own[0])} lies outside of the tree and stays." if own else ""
        raise NotFound(f"{ref} has no file of its own in context/.{where}", hint="`onefirm context map` shows them.")
    return Archived(ref, held, is_repeated=True)


def _own(index: Index, ref: str) -> list[str]:
    return [file.path for file in index.files.values() if file.refs[:1] == (ref,)]


def _check_closed(planes: Planes, index: Index, order: _Order) -> None:
    if _is_open(planes, order.ref):
        record = planes.records.get(order.ref, fresh=False)
        raise Refused(
            f"{record.ref} “{record.title}” is open: its status is {record.status}.",
            hint=f"Close the record first (`onefirm record update {record.ref} status=…`), or say --anyway.",
        )
    if is_open := _open_below(planes, index, order):
        shown = ", ".join(f"{one.ref} “{clip(one.title)}” ({one.status})" for one in is_open[:_SHOWN])
        more = len(is_open) - _SHOWN
        raise Refused(
            f"What belongs to {order.ref} is still open: {shown}{f' and {more} more' if more > 0 else ''}.",
            hint="Give each its end first, or say --anyway.",
        )
    if left := final.waiting(planes, order.ref):
        more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
        raise Refused(
            f"Something about {order.ref} waits for an answer: {'; '.join(left[:_SHOWN])}{more}.",
            hint="Settle each first, or say --anyway.",
        )


def _open_below(planes: Planes, index: Index, order: _Order) -> list[Record]:
    """The open records that point at the one to be closed, or have a file among those that move."""
    page = planes.records.find(Query(where={"open": True}, about=order.ref, limit=MOST_ROWS))
    moved = {
        ref for path in index.files if archive.goes_to(order.moves, path) != path for ref in index.files[path].refs
    }
    others = sorted(moved - {order.ref, *(one.ref for one in page.rows)})
    return [*page.rows, *(planes.records.get(ref, fresh=False) for ref in others if _is_open(planes, ref))]


def _is_open(planes: Planes, ref: str) -> bool:
    try:
        return planes.records.closed(ref) is None
    except FirmError:
        return False  # a head that names no record: the check tells of it


def _look(planes: Planes, index: Index, order: _Order) -> None:
    """A session that closes files changes those of other records too: it looks at these as the guard asks for."""
    paths = [path for one in order.listed for path in (one.old, one.parent)] if order.by.session else []
    for ref in dict.fromkeys(ref for path in paths for ref in index.files[path].refs):
        with contextlib.suppress(FirmError):
            planes.records.get(ref, order.by)


# -- doing it ----------------------------------------------------------------------------------------------------------


def _do(planes: Planes, order: _Order) -> Archived:
    """List, files, links, entry, commit, in this order; each finds what an earlier try has done."""
    for one in order.listed:
        _list(planes.root, order, one)
    for move in order.moves:
        _carry(planes.root, order, move)
    mended = [path for path in order.mended if _mend(planes.root, order, path)]
    paths = tuple(one.new for one in order.listed)
    _take(planes.root, order)
    _record(planes, order, paths)
    commit, why_not = _commit(planes, order)
    _place(planes.root).unlink()
    return Archived(order.ref, paths, tuple(mended), commit, why_not)


def _list(root: Path, order: _Order, one: Listed) -> None:
    index = Index(files.read(root))
    if made := archive.opened(index):
        if LIST not in index.files:
            texts.replace_text(root, made.path, "", made.text, like=root / made.parent)
        _rewrite(root, made.parent, made.parent_before, made.parent_text)
        index = Index(files.read(root))
    _rewrite(root, LIST, index.files[LIST].text, archive.list_with(index, order.moves, one, order.day))


def _carry(root: Path, order: _Order, move: Move) -> None:
    """Move what is still there, file by file: a file is at its old place until its new text is whole."""
    listed = {one.old: one for one in order.listed}
    for old in _below(str(root), move.old):
        new = archive.goes_to([move], old)
        (root / new).parent.mkdir(parents=True, exist_ok=True)
        if (root / old).is_symlink():
            _carry_link(root, order, old, new)
            continue
        text = _text(root, old) if old[-3:].lower() == ".md" else None
        after = archive.relinked(old, new, text, order.moves, listed.get(old)) if text is not None else text
        if after == text or after is None:
            (root / old).replace(root / new)
        else:
            _write(root, new, after, like=root / old)
            (root / old).unlink()
    _sweep(root / move.old)


def _carry_link(root: Path, order: _Order, old: str, new: str) -> None:
    """A link of the file system leads where it led."""
    to = os.readlink(root / old)  # noqa: PTH115 - as it is written
    if not to.startswith("/"):
        meant = archive.goes_to(order.moves, posixpath.normpath(posixpath.join(posixpath.dirname(old), to)))
        to = posixpath.relpath(meant, posixpath.dirname(new))
    if not (root / new).is_symlink():
        (root / new).symlink_to(to)
    (root / old).unlink()


def _mend(root: Path, order: _Order, path: str) -> bool:
    """Whether the links of a file that stays had to follow."""
    text = _text(root, path)
    if text is None:
        return False
    kept = archive.without(path, text, order.listed)
    return _rewrite(root, path, text, archive.relinked(path, path, kept, order.moves))


def _take(root: Path, order: _Order) -> None:
    """Take what changed into the snapshot, as the work of whoever asked: one entry of the ledger tells of all of it."""
    back = [Move(move.new, move.old) for move in order.moves]
    moved = [path for move in order.moves for path in _below(str(root), move.new)]
    try:
        with db.writing(str(root)) as conn:
            for path in () if tree.is_empty(conn) else (*moved, *order.mended, LIST, ROOT):
                old = archive.goes_to(back, path)
                before, change = tree.sha_of(conn, old), tree.look(conn, str(root), path, heads.is_narrative)
                if change and old != path:
                    tree.look(conn, str(root), old, heads.is_narrative)
                    change["renamed_from"], change["before_sha"] = old, before
                edits.record(conn, order.by.session, [change] if change else [], edits.OWN)
    except (OSError, sqlite3.Error, db.Lost):
        _log.warning("the files that moved could not be taken into the snapshot", exc_info=True)


def _record(planes: Planes, order: _Order, paths: Sequence[str]) -> None:
    data = {
        "paths": list(paths),
        "from": [one.old for one in order.listed],
        "moves": [[move.old, move.new] for move in order.moves],
    }
    with planes.store.write() as conn:
        key = f"narrative.archived:{order.id}"
        planes.ledger.append(conn, "narrative.archived", data, subjects=(order.ref,), by=order.by, effect_key=key)
    planes.project()


def _commit(planes: Planes, order: _Order) -> tuple[str | None, str]:
    """One commit of both places, in which git knows the files again; none where the workspace is no repository."""
    if not git.is_repository(planes.root):
        return None, ""
    try:
        return _commit_all(planes, order, f"Move the files of {order.ref} into the archive")
    except FirmError as error:
        return None, str(error)


def _commit_before(planes: Planes, order: _Order) -> None:
    """Raises Refused or Unavailable where git can't: text that it never had could not be brought back."""
    if git.is_repository(planes.root):
        _commit_all(planes, order, f"Keep the narrative as it was before closing {order.ref}")


def _commit_all(planes: Planes, order: _Order, message: str) -> tuple[str | None, str]:
    """Commit whatever the close changes, and tell what was left out."""
    moved = [path for move in order.moves for path in (move.old, move.new)]
    paths = dict.fromkeys(git.dirty_paths(planes.root, [*moved, *order.mended, LIST, ROOT]))
    secret = closing.without_secrets(planes, paths)
    return git.commit_paths(planes.root, list(paths), message, closing.trailers(planes)), "; ".join(secret)


# -- the disk ----------------------------------------------------------------------------------------------------------


def _finish(planes: Planes) -> Archived | None:
    try:
        order = _Order.of(_place(planes.root).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        _place(planes.root).unlink()  # cut off while it was written: nothing has moved yet
        return None
    return _do(planes, order)


def _place(root: Path) -> Path:
    return root / ".onefirm" / _FILE


def _keep(root: Path, order: _Order) -> None:
    with os.fdopen(os.open(_place(root), os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.write(order.text())
        file.flush()
        os.fsync(file.fileno())


def _below(root: str, path: str) -> list[str]:
    """Every file of a folder, by path; a file itself; nothing for what isn't there."""
    place = Path(root, path)
    if place.is_symlink() or not place.is_dir():
        return [path] if os.path.lexists(place) else []
    names = sorted(entry.name for entry in place.iterdir())
    return [below for name in names for below in _below(root, f"{path}/{name}")]


def _texts(root: str) -> Iterable[str]:
    return (path for path, _stat in sorted(walk.files(root)))


def _leads(root: str, path: str, moves: Sequence[Move]) -> bool:
    try:
        found = links.read(path, tree.read(f"{root}/{path}"))
    except OSError:
        return False
    return any(link.target and archive.goes_to(moves, link.target) != link.target for link in found)


def _text(root: Path, path: str) -> str | None:
    """A file's text; None where it can't be written back byte for byte."""
    try:
        text = tree.read(f"{root}/{path}")
        return text if (root / path).read_bytes() == text.encode() else None
    except OSError:
        return None


def _rewrite(root: Path, path: str, before: str, after: str) -> bool:
    """Whether a file had to change and could; where it may not be written it stays, and the check tells of it."""
    if after == before:
        return False
    try:
        texts.replace_text(root, path, before, after, keeps_time=True)
    except Refused:
        return False
    return True


def _write(root: Path, path: str, text: str, *, like: Path) -> None:
    """Put a file in its place in one step, with the mode and time of another one."""
    texts.swap(root / path, text, draft=root / texts.HIDDEN / "context.draft", like=like, keeps_time=True)


def _sweep(folder: Path) -> None:
    """Remove a folder that holds nothing but empty ones."""
    if folder.is_dir() and not folder.is_symlink():
        for below in folder.iterdir():
            _sweep(below)
        with contextlib.suppress(OSError):
            folder.rmdir()
