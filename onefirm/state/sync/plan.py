"""What a mirror lacks, computed from the truth's rows and the mirror's without reading or writing anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from onefirm.state.mirror import Record
from onefirm.state.truth.base import TruthRow

Turn: TypeAlias = Literal["created", "updated", "archived", "restored"]


@dataclass(frozen=True, slots=True)
class Pull:
    """One row to take over. `before` and `after` have the properties that differ; None stands for no value."""

    row: TruthRow
    change: Turn
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def completed(row: TruthRow, old: Record | None) -> TruthRow:
    """The row with what is known of the properties that the truth can say nothing of now."""
    known = {name: old.props[name] for name in row.unsaid if name in old.props} if old else {}
    return replace(row, props={**row.props, **known}) if known else row


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
    row = completed(row, old)
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
