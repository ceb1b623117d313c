"""What a mapping can hold of a record: the row as Notion will show it, and what it can't show. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, cast

from onefirm.state.schema import Kind, Schema
from onefirm.state.truth.base import TruthRow
from onefirm.state.truth.notion import values
from onefirm.state.truth.notion.mapping import Column, NotionMapping
from onefirm.state.truth.notion.values import Unfit

RELATED_MOST = 100
"""Notion takes no longer list of pages for one relation."""


@dataclass(frozen=True, slots=True)
class Unheld:
    """One value that Notion can't hold, and why."""

    ref: str
    name: str
    why: str


class Fit:
    """Holds rows against a mapping. `refs` are all records that are there."""

    def __init__(self, mapping: NotionMapping, schema: Schema, timezone: str, refs: Collection[str]) -> None:
        self._mapping = mapping
        self._schema = schema
        self._timezone = timezone
        self._refs = refs

    def of(self, row: TruthRow) -> tuple[TruthRow, list[Unheld]]:
        """The row as it will be in Notion, without what it can't hold. Its kind must be mapped."""
        kind, columns = self._schema.kinds[row.kind], self._mapping.places[row.kind].columns
        held, unheld = dict[str, Any](), list[Unheld]()
        for name, stored in row.props.items():
            why = self._why_not(kind, name, columns.get(name), stored)
            if why is None:
                held[name] = stored
            else:
                unheld.append(Unheld(row.ref, name, why))
        for name, column in columns.items():  # a box of Notion's is always one or the other
            if column.type == "checkbox":
                held.setdefault(name, False)
        return replace(row, props=held), unheld

    def _why_not(self, kind: Kind, name: str, column: Column | None, stored: Any) -> str | None:
        prop = kind.properties.get(name)
        if prop is None:
            return "the schema has no such property any more"
        if column is None:
            return "notion.yaml names no property of Notion for it"
        if prop.type == "relation":
            return self._why_not_related(prop.to or "", stored)
        if column.type == "status" and str(stored) not in column.options:
            return f"“{str(stored)[:40]}” is none of the options that notion.yaml names"
        if column.type == "people":
            return None  # who is known there is told by Notion when it is written
        try:
            sent = values.write(prop, column, stored)
        except Unfit as unfit:
            return str(unfit).removeprefix(f"{name}: ")
        back = values.read(prop, column, {"type": column.type, **sent}, self._timezone)
        return None if back == stored else "it would come back as another value"

    def _why_not_related(self, to: str, stored: Any) -> str | None:
        refs = [str(stored)] if isinstance(stored, str) else [str(one) for one in cast("list[Any]", stored)]
        if len(refs) > RELATED_MOST:
            return f"it leads to {len(refs)} records, and Notion takes {RELATED_MOST}"
        if to not in self._mapping.places:
            return f"notion.yaml names no data source for {to}"
        if lost := [ref for ref in refs if ref not in self._refs]:
            return f"it leads to {lost[0]}, which is not there"
        return None
