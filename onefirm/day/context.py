"""The context tree held against the firm: its map, and its check with the records and the secrets at hand."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

from onefirm.core.ids import is_temporary
from onefirm.day.planes import Planes
from onefirm.narrative import files, lint
from onefirm.narrative.compile import APPEND_ONLY, GENERATED
from onefirm.narrative.index import Index, Place
from onefirm.narrative.lint import Fault, World
from onefirm.state import mirror


def places(planes: Planes) -> list[Place]:
    """Every file of the tree with its place, each parent before its children."""
    return list(Index(files.read(planes.root)).places())


def check(planes: Planes) -> list[Fault]:
    """Every fault of the tree, by file and line. Each file is read once."""
    return lint.check(Index(files.read(planes.root)), _world(planes))


def _world(planes: Planes) -> World:
    return World(
        exists=lambda path: (planes.root / path).exists(),
        known=partial(_known, planes),
        secret=planes.secrets_check,
        kept=(*GENERATED, *APPEND_ONLY),
        root_tokens=planes.rules.root_tokens,
        chain_tokens=planes.rules.chain_tokens,
    )


def _known(planes: Planes, refs: Sequence[str]) -> Collection[str]:
    """Those that have a record. A temporary one stands for a record that may still wait to be created."""
    with planes.store.read() as conn:
        return {*mirror.load(conn, refs), *filter(is_temporary, refs)}
