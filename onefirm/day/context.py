"""The context tree held against the firm: its map, and its check with the records and the secrets at hand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from onefirm.core.ids import is_temporary
from onefirm.day.planes import Planes
from onefirm.narrative import files, lint
from onefirm.narrative.compile import compile_guard
from onefirm.narrative.faults import Fault
from onefirm.narrative.index import Index, Place
from onefirm.narrative.lint import Records, World
from onefirm.state import mirror
from onefirm.state.mirror import Record


def places(planes: Planes) -> list[Place]:
    """Every file of the tree with its place, each parent before its children."""
    return list(Index(files.read(planes.root)).places())


def check(planes: Planes) -> list[Fault]:
    """Every fault of the tree, by file and line. Each file is read once."""
    return lint.check(Index(files.read(planes.root)), _world(planes))


def _world(planes: Planes) -> World:
    return World(
        exists=lambda path: (planes.root / path).exists(),
        records=partial(_records, planes),
        secret=planes.secrets_check,
        rules=compile_guard(planes.schema.to_dict()),
        root_tokens=planes.rules.root_tokens,
        chain_tokens=planes.rules.chain_tokens,
    )


def _records(planes: Planes, refs: Sequence[str]) -> Records:
    """What the truth says of these. A temporary ref that isn't known yet stands for a record that waits."""
    temporary = [ref for ref in refs if is_temporary(ref)]
    with planes.store.read() as conn:
        meant = mirror.aliases(conn, temporary)
        rows = mirror.load(conn, [*refs, *meant.values()])
    states = {ref: _state(row) for ref, row in rows.items()}
    return dict.fromkeys(temporary) | states | {alias: states.get(ref) for alias, ref in meant.items()}


def _state(row: Record) -> dict[str, Any]:
    return {"title": row.title, "status": row.status, "actor": None, "at": row.updated_at}
