"""Relations with two sides: who writes one side has written the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from onefirm.simulators.notion.objects import Page, Property

if TYPE_CHECKING:
    from onefirm.simulators.notion.workspace import Workspace


def mirror(workspace: Workspace, page: Page, before: Mapping[str, Any], by: str) -> None:
    """After a write, put the page into, or take it out of, the other side of each dual relation."""
    if page.parent.kind != "data_source":
        return
    for column in workspace.columns(page).values():
        if column.type == "relation" and (other := column.config.get("dual_property")):
            old: set[str] = set(before.get(column.id) or [])
            new: set[str] = set(page.face.values.get(column.id) or [])
            _put(workspace, page, other["synced_property_id"], new - old, old - new, by)


def _put(workspace: Workspace, page: Page, other: str, added: set[str], gone: set[str], by: str) -> None:
    for target in sorted(added | gone):
        facing = workspace.pages[target]
        stands: list[str] = list(facing.face.values.get(other) or ())
        if (page.id in stands) is not (target in added):
            changed = [*stands, page.id] if target in added else [one for one in stands if one != page.id]
            workspace.write_page(facing, by, {other: changed})


def counterpart(workspace: Workspace, column: Property) -> Property | None:
    """The property on the other side of a dual relation, if it is still there."""
    other = column.config.get("dual_property")
    source = workspace.sources.get(column.config.get("data_source_id", ""))
    return source.properties.get(other["synced_property_id"]) if other and source else None
