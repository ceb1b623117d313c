"""What a mirror lacks, computed from the truth's rows and the mirror's without reading or writing anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from onefirm.core.errors import Refused
from onefirm.state.mirror import Record
from onefirm.state.truth.base import TruthRow

Turn: TypeAlias = Literal["created", "updated", "archived", "restored"]
_FEW = 10
_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Pull:
    """One row to take over. `before` and `after` have the properties that differ; None stands for no value."""

    row: TruthRow
    change: Turn
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def plan(rows: Iterable[TruthRow], mirror: Mapping[str, Record]) -> list[Pull]:
    """What to take over, in the order of the rows; nothing for rows that the mirror has already."""
    return [pull for row in rows if (pull := plan_one(row, mirror.get(row.ref)))]


def plan_one(row: TruthRow, old: Record | None) -> Pull | None:
    """What to take over of one row; None where the mirror says the same, etag included."""
    if old is None:
        # one that was archived before we ever saw it appears as archived, with all its values
        return Pull(row, "archived" if row.archived else "created", {}, dict(row.props))
    if old.etag == row.etag and old.archived == row.archived:
        return None
    before, after = differing(old.props, row.props, {*old.props, *row.props})
    return Pull(row, turn(old.archived, row.archived), before, after)


def turn(before: bool, now: bool) -> Turn:
    """What a row's being archived, before and now, means for it."""
    return "updated" if before == now else ("archived" if now else "restored")


def differing(
    old: Mapping[str, Any], new: Mapping[str, Any], names: Iterable[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values before and after of those named properties that differ; None stands for no value."""
    changed = [name for name in sorted(names) if old.get(name) != new.get(name)]
    return {name: old.get(name) for name in changed}, {name: new.get(name) for name in changed}


def plan_gone(there: frozenset[str], mirrored: frozenset[str]) -> list[str]:
    """Refs that the mirror has and the truth has lost, in order.

    Raises Refused when that is more than ten and more than half of all: a truth that suddenly shows nothing is far more
    often one that was disconnected, moved or unshared than one that was emptied.
    """
    gone = sorted(mirrored - there)
    if len(gone) > _FEW and len(gone) > len(mirrored) * _SHARE:
        raise Refused(
            f"The truth shows {len(gone)} of {len(mirrored)} records no longer; nothing was archived here.",
            hint="Check that it is connected and shared; a truth that was really emptied is set up anew.",
        )
    return gone
