"""notion.yaml held against the data sources as they are now: every gap, with what mends it. Pure: nobody is asked here.

A gap keeps records from being read or written as the file says. A note is worth knowing, and nothing fails by it: a
property that was renamed, a kind that isn't kept there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from onefirm.core.words import a
from onefirm.state.schema import Kind, Property, Schema, closest_first
from onefirm.state.truth.notion.formats import SHOWN
from onefirm.state.truth.notion.mapping import HOLDS, READ_ONLY, Column, NotionMapping, Option, Place, same_id
from onefirm.state.truth.notion.survey import Absent, Field, Seen, Source
from onefirm.state.truth.notion.values import line
from onefirm.yamlfile import KeyPath

Sort: TypeAlias = Literal[
    "unseen", "trashed", "missing", "type", "option", "relation", "currency", "read-only", "renamed", "key", "ref",
    "unmapped",
]  # fmt: skip
WITHOUT_KEY = (
    "when the answer to a new record is lost on the way, its row can't be found again, and the inbox asks you whether "
    "it was made"
)
WITHOUT_REF = (
    "each machine numbers the records by itself, and T-12 may be another one on your laptop than on your server"
)


@dataclass(frozen=True, slots=True)
class Gap:
    """One place where the file and Notion differ.

    `at` is where in notion.yaml, `now` what stands in Notion instead: a new name, another type, another data source.
    """

    sort: Sort
    at: KeyPath
    kind: str
    said: str
    fix: str
    prop: str | None = None
    now: str | None = None
    is_note: bool = False


def gaps(mapping: NotionMapping, schema: Schema, found: Mapping[str, Seen]) -> list[Gap]:
    """All gaps and notes, in the order of the file. `found` has the data sources to look at, by their ids in the file.

    What only earlier versions of the schema had may be mapped still, and nothing is said of it.
    """
    known = [place for name, place in mapping.places.items() if name in schema.kinds]
    places = [place for place in known if place.data_source in found]
    told = [gap for place in places for gap in _place(place, mapping, schema, found)]
    plain = [replace(gap, said=line(gap.said), fix=line(gap.fix)) for gap in told]  # they quote names of Notion's
    return [*plain, *_unmapped_kinds(mapping, schema)]


def _place(place: Place, mapping: NotionMapping, schema: Schema, found: Mapping[str, Seen]) -> Iterator[Gap]:
    kind, source = schema.kinds[place.kind], found[place.data_source]
    at = ("kinds", place.kind, "data_source")
    if isinstance(source, Absent):
        yield _absent(source, kind, at)
        return
    if source.in_trash:
        said = f"“{source.title}”, the data source of {kind.label}, lies in Notion's trash"
        yield Gap("trashed", at, kind.name, said, "Restore it in Notion's trash, or name another one here.")
    yield from _numbering(place, source)
    for name, column in place.columns.items():
        if name in kind.properties:
            yield from _column(kind, kind.properties[name], column, source, mapping)
    yield from _left_out(place, kind)


def _absent(source: Absent, kind: Kind, at: KeyPath) -> Gap:
    if source.instead:
        listed = "; ".join(f"{id_} (“{title}”)" for id_, title in source.instead)
        said = f"{source.id} is a database's id, and {kind.label} needs that of a data source"
        return Gap("unseen", at, kind.name, said, f"Write the one that is meant: {listed}.", now=source.instead[0][0])
    said = f"the connection sees no data source {source.id} for {kind.label}: it was deleted, or isn't shared with it"
    fix = "Share it in Notion (••• → Connections), restore it, or name another one here; `onefirm connect notion` lists"
    return Gap("unseen", at, kind.name, said, f"{fix} them.")


# -- properties --------------------------------------------------------------------------------------------------------


def _column(kind: Kind, prop: Property, column: Column, source: Source, mapping: NotionMapping) -> Iterator[Gap]:
    at = ("kinds", kind.name, "properties", prop.name)
    there = source.field(column.id)
    if there is None:
        yield _missing(kind, prop, column, source, at)
        return
    if there.name != column.name:
        said = f"{prop.name}: “{column.name}” is called “{there.name}” in Notion now; it is known by its id, and works"
        yield Gap("renamed", at, kind.name, said, f"Write name: {there.name}", prop.name, there.name, is_note=True)
    if there.type != column.type:
        yield _retyped(kind, prop, column, there, at)
        return
    if column.type in READ_ONLY:
        said = f"{prop.name}: “{there.name}” is a {there.type}: it is read, and can't be written"
        fix = "Map a property that people fill in, if records should be changed from here."
        yield Gap("read-only", at, kind.name, said, fix, prop.name, is_note=True)
    if prop.type in ("status", "choice") and column.type in ("status", "select"):
        yield from _options(kind, prop, column, there, at)
    if prop.type == "relation":
        yield from _relation(kind, prop, there, mapping, at)
    if (shown := SHOWN.get(there.format or "")) and column.currency not in (None, shown):
        said = f"{prop.name}: “{there.name}” shows amounts in {shown}, and the file says {column.currency}"
        fix = f"Write currency: {shown}, or change the number's format in Notion."
        yield Gap("currency", at, kind.name, said, fix, prop.name, shown)


def _missing(kind: Kind, prop: Property, column: Column, source: Source, at: KeyPath) -> Gap:
    namesake = source.named(column.name)
    if namesake:
        said = f"{prop.name}: “{column.name}” of “{source.title}” has the id {namesake.id}, not {column.id}"
        return Gap("missing", at, kind.name, said, f"Write id: {namesake.id}", prop.name, namesake.id)
    usable = [one.name for one in source.fields if one.type in HOLDS[prop.type]]
    near = ", ".join(f"“{name}”" for name in closest_first(column.name, usable)[:3])
    fix = f"Map another one (closest: {near})" if near else "Add one in Notion"
    hidden = "; one that leads to a data source that isn't shared is hidden too" if prop.type == "relation" else ""
    said = f"{prop.name}: “{source.title}” has no property “{column.name}” ({column.id}) any more{hidden}"
    end = "." if prop.name in ("title", "status") else f", or take {prop.name} out: its values are then kept nowhere."
    return Gap("missing", at, kind.name, said, fix + end, prop.name)


def _retyped(kind: Kind, prop: Property, column: Column, there: Field, at: KeyPath) -> Gap:
    said = f"{prop.name}: “{there.name}” is of the type {there.type} in Notion, and the file says {column.type}"
    if there.type in HOLDS[prop.type]:
        fix = f"Write type: {there.type}, or change it back in Notion."
    else:
        fix = f"Change it back in Notion, or map another one: a {prop.type} may be {', '.join(HOLDS[prop.type][:4])}."
    return Gap("type", at, kind.name, said, fix, prop.name, there.type)


def _relation(kind: Kind, prop: Property, there: Field, mapping: NotionMapping, at: KeyPath) -> Iterator[Gap]:
    target = mapping.places.get(prop.to or "")
    if target is None:
        said = f"{prop.name}: “{there.name}” leads to {a(prop.to or '')}, and the file maps no data source for that"
        fix = f"Map {prop.to} too, or take {prop.name} out."
        yield Gap("relation", at, kind.name, said, fix, prop.name, there.to)
    elif there.to is not None and not same_id(there.to, target.data_source):
        said = f"{prop.name}: “{there.name}” leads to {there.to}, and {prop.to} is kept in {target.data_source}"
        fix = f"Map the property that leads there, or correct the data source of {prop.to}."
        yield Gap("relation", at, kind.name, said, fix, prop.name, there.to)


# -- options -----------------------------------------------------------------------------------------------------------


def option(there: Field, wanted: Option) -> Option | None:
    """The option of Notion's that the file means: by its id, else by its name."""
    by_id = next((one for one in there.options if wanted.id is not None and one.id == wanted.id), None)
    return by_id or next((one for one in there.options if one.name.casefold() == wanted.name.casefold()), None)


def _options(kind: Kind, prop: Property, column: Column, there: Field, at: KeyPath) -> Iterator[Gap]:
    mapped = set[str | None]()
    for ours, theirs in column.options.items():
        for wanted in theirs:
            now = option(there, wanted)
            mapped.add(now.id if now else None)
            yield from _option(kind, prop, there, ours, wanted, now, (*at, "options", ours))
    names = kind.statuses if prop.type == "status" else prop.options
    left = {ours: option(there, Option(ours)) for ours in names if ours not in column.options}
    mapped |= {same.id for same in left.values() if same}
    yield from _optionless(kind, prop, there, left, at)
    if loose := [one.name for one in there.options if one.id not in mapped]:
        listed = ", ".join(f"“{name}”" for name in loose)
        said = f"{prop.name}: no value of ours is mapped to {listed}; rows with it keep it as Notion calls it"
        ours = next(iter(column.options), next(iter(names), ""))
        beside = [one.name for one in column.options.get(ours, ())]
        fix = f"Name it beside the value that it means, so: {ours}: [{', '.join([*beside, loose[0]])}]"
        yield Gap("option", at, kind.name, said, fix, prop.name, loose[0], is_note=True)


def _option(
    kind: Kind, prop: Property, there: Field, ours: str, wanted: Option, now: Option | None, at: KeyPath
) -> Iterator[Gap]:
    if now is None:
        near = ", ".join(f"“{name}”" for name in closest_first(wanted.name, [one.name for one in there.options])[:3])
        said = f"{prop.name}: “{there.name}” has no option “{wanted.name}” for {ours}"
        fix = f"Write one that it has (closest: {near})." if near else f"Add “{wanted.name}” to it in Notion."
        yield Gap("option", at, kind.name, said, fix, prop.name)
    elif now.name != wanted.name:
        said = f"{prop.name}: the option “{wanted.name}” for {ours} is called “{now.name}” in Notion now"
        yield Gap("renamed", at, kind.name, said, f"Write {ours}: {now.name}", prop.name, now.name, is_note=True)


def _optionless(
    kind: Kind, prop: Property, there: Field, left: Mapping[str, Option | None], at: KeyPath
) -> Iterator[Gap]:
    """Values that can't be written: a gap where new records begin with one, or Notion has it in another case."""
    for ours, same in left.items():
        if same and same.name != ours:
            said = f"{prop.name}: “{there.name}” has “{same.name}”, and the file doesn't say that it means {ours}"
            yield Gap("option", at, kind.name, said, f"Write under options {ours}: {same.name}", prop.name, same.name)
    none = [ours for ours, same in left.items() if same is None]
    if there.type == "select":
        said = f"{prop.name}: “{there.name}” has no {', '.join(none)} yet: Notion makes one when it is first written"
        fix = "Write under options which ones mean it, if they are there by other names."
        yield from [Gap("option", at, kind.name, said, fix, prop.name, is_note=True)] if none else []
        return
    for begins in (True, False):
        if some := [ours for ours in none if _begins(kind, prop, ours) is begins]:
            said = f"{prop.name}: “{there.name}” has no option for {', '.join(some)}, so that it is refused here"
            fix = "Add it in Notion, or write under options which one means it."
            yield Gap("option", at, kind.name, said, fix, prop.name, is_note=not begins)


def _begins(kind: Kind, prop: Property, ours: str) -> bool:
    return ours == (kind.initial if prop.type == "status" else prop.default)


# -- what is left out --------------------------------------------------------------------------------------------------


def _numbering(place: Place, source: Source) -> Iterator[Gap]:
    yield from _own(place, source, "key", place.key, "rich_text", WITHOUT_KEY)
    yield from _own(place, source, "ref", place.ref, "unique_id", WITHOUT_REF)


def _own(
    place: Place, source: Source, sort: Literal["key", "ref"], column: Column | None, type_: str, loss: str
) -> Iterator[Gap]:
    """What one of the two properties lacks that are there for onefirm itself."""
    if column is None:
        said = f"no {sort} is named: {loss}"
        fix = "`onefirm connect notion --add-key` adds the property."
        yield Gap(sort, ("kinds", place.kind), place.kind, said, fix, is_note=True)
        return
    there = source.field(column.id)
    if there is None or there.type != type_:
        is_now = f"is of the type {there.type}" if there else "isn't there any more"
        said = f"{sort}: “{column.name}” of “{source.title}” {is_now}: {loss}"
        fix = "`onefirm connect notion --add-key` adds it again; or take this line out."
        yield Gap(sort, ("kinds", place.kind, sort), place.kind, said, fix, now=there.type if there else None)


def _left_out(place: Place, kind: Kind) -> Iterator[Gap]:
    at = ("kinds", kind.name, "properties")
    left = [prop for prop in kind.properties.values() if prop.name not in place.columns]
    for prop in left:
        if prop.required:
            said = f"{prop.name} isn't mapped, and {a(kind.label)} can't be without it: none can be made"
            yield Gap("unmapped", at, kind.name, said, f"Map {prop.name} to a property of Notion.", prop.name)
    if names := [prop.name for prop in left if not prop.required]:
        said = f"kept nowhere, and refused when somebody sets them: {', '.join(names)}"
        fix = "Map those that you use; a property can be added in Notion at any time."
        yield Gap("unmapped", at, kind.name, said, fix, is_note=True)


def _unmapped_kinds(mapping: NotionMapping, schema: Schema) -> Iterator[Gap]:
    if names := [kind.name for kind in schema.kinds.values() if kind.name not in mapping.places]:
        said = f"no data source is mapped for {', '.join(names)}: such records can't be made"
        yield Gap("unmapped", ("kinds",), "", said, "Map those that the firm uses.", is_note=True)
