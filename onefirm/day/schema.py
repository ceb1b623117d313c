"""The firm's schema as the operator's files say it: checked, compared, and brought into force with a way back."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onefirm.core.attribution import By
from onefirm.core.clock import iso
from onefirm.core.errors import Refused, Unavailable
from onefirm.day import backups
from onefirm.ledger.events import Event
from onefirm.narrative.compile import compile_guard, write_guard
from onefirm.state import own_kinds
from onefirm.state.plane import Plane
from onefirm.state.records import Records
from onefirm.state.schema_change import Proposal
from onefirm.state.schema_plan import Declared
from onefirm.state.truth.base import Prepared, Rejected, TruthError

_KEPT = 7


@dataclass(frozen=True, slots=True)
class Applied:
    """What came into force.

    `backup` is the copy of the database from before; None where a server keeps it. `left` says what is still to do at
    the truth elsewhere, `unplaced` names it where nothing was added there.
    """

    proposal: Proposal
    backup: Path | None
    unplaced: str | None = None
    left: Sequence[str] = ()


def declared(root: Path) -> Declared:
    """What the workspace's files ask for. Raises InvalidInput that names every mistake with file and line."""
    return own_kinds.read(root)


def diff(root: Path, records: Records, remove: Sequence[str] = ()) -> Proposal:
    """What `apply` would do, and what stands against it. Raises InvalidInput."""
    return records.schema_proposal(declared(root), remove)


def apply(
    root: Path,
    records: Records,
    database: Path | None,
    by: By,
    remove: Sequence[str] = (),
    *,
    here_only: bool = False,
) -> Applied:
    """Bring the files into force.

    1. Hold them against every record; anything that doesn't fit refuses all of it.
    2. Copy the database (`database` is its SQLite file; a server's is the operator's to back up).
    3. What is new gets its place at a truth elsewhere, unless it shall be `here_only`.
    4. Schema, records and ledger change in one transaction.
    5. The guard's rules are compiled, and notion.yaml is told; a process that dies before it leaves that to the next
       one that opens the firm. One that died before it finds at the truth what it had made.

    Raises InvalidInput, Refused, and Unavailable when no copy can be made, or the truth can't be asked.
    """
    made: list[Path] = []
    left: list[str] = []
    plane = records.plane

    def ready(proposal: Proposal) -> Sequence[Mapping[str, Any]]:
        if proposal.steps and database is not None:
            made.append(_back_up(root, database, plane, proposal.now))
            plane.step("backed up")
        if here_only or not proposal.following.added:
            return ()
        prepared = _prepared(plane, proposal)
        plane.step("prepared")
        left.extend(prepared.left)
        return prepared.told

    done = records.schema_apply(declared(root), by, remove=remove, ready=ready)
    if done.steps:
        plane.step("schema committed")
        _compile_guard(root, done)
        if plane.truth.store is None:
            _tell(root, plane)
    unplaced = plane.truth.name if here_only and done.following.added else None
    return Applied(done, made[0] if made else None, unplaced, left)


def _prepared(plane: Plane, proposal: Proposal) -> Prepared:
    name = plane.truth.name
    try:
        return proposal.following.prepare()
    except Rejected as rejected:
        raise Refused(
            f"{name} can't take what is new: {rejected}.",
            hint="Nothing was changed here. Mend that, then apply again; `--here-only` adds nothing there.",
        ) from None
    except TruthError as error:
        raise Unavailable(
            f"{name} can't be asked for a place for what is new: {error}.",
            hint="Nothing was changed here, and the same command goes on; `--here-only` adds nothing there.",
        ) from None


def _tell(root: Path, plane: Plane) -> None:
    from onefirm.state.truth.notion import tellings  # and with it Notion's client, a tenth of a second

    tellings.catch_up(root, plane.store)


def _compile_guard(root: Path, done: Proposal) -> None:
    try:
        write_guard(str(root), compile_guard(done.schema.to_dict()))
    except OSError as error:
        raise Unavailable(
            f"Version {done.schema.version} is in force, but the guard's rules can't be written: {error}.",
            hint="Mend that, then run any command of onefirm: the next one writes them.",
        ) from None


def _back_up(root: Path, database: Path, plane: Plane, version: int) -> Path:
    folder = root / ".onefirm" / "backup"
    stamp = iso(plane.now()).replace(":", "")
    target = folder / f"firm-before-schema-{version + 1}-{stamp}.db"
    try:
        backups.copy(database, target)
    except (OSError, sqlite3.Error) as error:
        raise Unavailable(
            f"The database can't be backed up: {error}.", hint="Nothing was changed. Free some space, then try again."
        ) from None
    for old in sorted(folder.glob("firm-before-schema-*.db"), key=lambda path: path.stat().st_mtime)[:-_KEPT]:
        old.unlink(missing_ok=True)
    return target


def history(records: Records) -> list[Event]:
    """Every schema that came into force, newest first: the changelog."""
    plane = records.plane
    with plane.store.read() as conn:
        return plane.ledger.events(conn, kinds=["schema.applied"], newest_first=True)
