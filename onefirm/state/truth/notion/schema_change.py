"""A new schema, followed in Notion.

No row is written for it. What gets another name is known by its id: notion.yaml says what it means from then on. What
is new becomes a property, an option or a database, or is found there. What the API refuses is left to the operator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from onefirm import yamlfile
from onefirm.core.clock import Clock
from onefirm.core.errors import InvalidInput
from onefirm.state import schema as schemas
from onefirm.state.schema import Kind, Property, Schema
from onefirm.state.schema_plan import Step, form
from onefirm.state.truth.base import Following, Prepared, Rejected, Unreachable
from onefirm.state.truth.notion import found, mapping_text, tellings
from onefirm.state.truth.notion.asking import Asking
from onefirm.state.truth.notion.found import Plot
from onefirm.state.truth.notion.mapping import (
    FILE,
    HOLDS,
    READ_ONLY,
    Column,
    NotionMapping,
    Option,
    Place,
    check,
    column_to_plain,
    options_to_plain,
    same_id,
)
from onefirm.state.truth.notion.survey import Field, Source, source_of
from onefirm.state.truth.notion.tellings import Telling
from onefirm.store.engine import Store

_OPTIONED = ("status", "select")
Made: TypeAlias = "tuple[list[Telling], list[str]]"


@dataclass(frozen=True, slots=True)
class Addition:
    """What Notion lacks: a kind's database, a property of it, or options of that."""

    kind: Kind
    prop: Property | None = None
    values: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """In a sentence."""
        if self.prop is None:
            return f"In Notion a database “{self.kind.plural}” is made beside the others."
        if self.values:
            shown = found.options(self.kind, self.prop)
            named = ", ".join(f"“{shown[value]}”" for value in self.values)
            return f"In Notion {self.prop.name} of {self.kind.label} gets the option {named}."
        label = found.labels(self.kind)[self.prop.name]
        return f"In Notion {self.kind.label} gets the property “{label}”, unless it is there."


def following(
    mapping: NotionMapping,
    former: Schema,
    schema: Schema,
    steps: Sequence[Step],
    prepare: Callable[[Widening], Prepared],
) -> Following:
    """What these steps need. `former` has all that the schema ever had."""
    told, said = list[Telling](), list[str]()
    for step in steps:
        for telling, sentence in _told(step, mapping):
            told.append(telling)
            said += [sentence] if sentence else []
    plain: dict[str, Any] = mapping.to_dict()
    for one in told:
        tellings.tell(plain, one)
    try:
        after = check(yamlfile.YamlFile(Path(FILE), plain, {}), schemas.remembering(former, schema))
    except InvalidInput as error:
        why = [line.partition(": ")[2] for line in error.message.splitlines()[1:]]
        way_out = f"give what is new a name of its own, or take the line out of {FILE}"
        return Following(against=[f"{FILE}: {one}: {way_out}." for one in why])
    some = list(_additions(after, former, schema, steps))
    return Following([one.said for one in some], said, (), told, partial(prepare, Widening(after, schema, tuple(some))))


# -- what is known by another name -------------------------------------------------------------------------------------


def _told(step: Step, mapping: NotionMapping) -> Iterator[tuple[Telling, str]]:
    place = mapping.places.get(step.kind)
    columns: Mapping[str, Column] = place.columns if place else {}
    at = ["kinds", step.kind, "properties"]
    if (step.thing, step.turn) == ("status", "renamed") and (column := columns.get("status")):
        yield from _restated([*at, "status", "options"], column, step.was or "", step.name)
    elif step.turn == "renamed" and step.was and (column := columns.get(step.was)):
        if step.name in columns:
            yield {"at": [*at, step.name], "value": None}, ""
        said = f"In Notion it stays “{column.name}”: {FILE} says that this is {step.name} now."
        yield {"at": [*at, step.was], "name": step.name}, said
    elif step.turn == "cleared" and (column := columns.get(step.name)):
        said = f"{FILE} drops “{column.name}”. Notion keeps it with its values: delete it there if they shall go."
        yield {"at": [*at, step.name], "value": None}, said


def _restated(at: list[str], column: Column, was: str, name: str) -> Iterator[tuple[Telling, str]]:
    """An option that means another status from now on; one that nothing maps is called as the status was."""
    theirs = column.options.get(was, (Option(was),))
    said = f"In Notion it stays “{theirs[0].name}”: {FILE} says that this means {name} now. You may rename it there."
    if name in column.options:
        yield {"at": [*at, name], "value": options_to_plain([*column.options[name], *theirs])}, said
        yield {"at": [*at, was], "value": None}, ""
    elif was in column.options:
        yield {"at": [*at, was], "name": name}, said
    elif column.options:
        yield {"at": [*at, name], "value": was}, said
    else:
        yield {"at": at, "value": {name: was}}, said


# -- what is new -------------------------------------------------------------------------------------------------------


def _additions(mapping: NotionMapping, former: Schema, schema: Schema, steps: Sequence[Step]) -> Iterator[Addition]:
    for step in steps:
        kind, place = schema.kinds.get(step.kind), mapping.places.get(step.kind)
        if kind and place is None and (step.thing, step.turn) == ("kind", "added"):
            yield Addition(kind)
        prop = kind.properties.get("status" if step.thing == "status" else step.name) if kind else None
        if kind is None or place is None or prop is None or step.turn not in ("added", "changed"):
            continue
        column = place.columns.get(prop.name)
        if column is None and step.thing == "property" and step.turn == "added":
            yield Addition(kind, prop)
        elif column and column.type in _OPTIONED:
            new = [one for one in _new_values(step, former, kind, prop) if one not in column.options]
            yield from [Addition(kind, prop, tuple(new))] if new else []


def _new_values(step: Step, former: Schema, kind: Kind, prop: Property) -> Sequence[str]:
    if step.thing == "status":
        return [step.name] if step.turn == "added" else []
    known = former.kinds[kind.name].properties.get(prop.name)
    return [one for one in prop.options if known and one not in known.options]


@dataclass(frozen=True, slots=True)
class Widening:
    """What is to be made, for the mapping as it will be."""

    mapping: NotionMapping
    schema: Schema
    additions: tuple[Addition, ...]

    def plot(self) -> Plot:
        """Databases and amounts like those that there are."""
        columns = [column for place in self.mapping.places.values() for column in place.columns.values()]
        currency = next((column.currency for column in columns if column.currency), None)
        key = any(place.key for place in self.mapping.places.values())
        return Plot("", currency or "", key, "number" if currency else "text")


def prepare(asking: Asking, store: Store, clock: Clock, wanted: Widening) -> Prepared:
    """Make it: databases first, since properties may lead to them. Raises TruthError."""
    work = _Work(asking, wanted)
    work.databases(store, clock)
    for one in wanted.additions:
        if one.prop:
            work.widen(one, one.prop)
    return Prepared(work.told, work.left)


class _Work:
    def __init__(self, asking: Asking, wanted: Widening) -> None:
        self._asking = asking
        self._wanted = wanted
        self._homes = {name: place.data_source for name, place in wanted.mapping.places.items()}
        self._plot = wanted.plot()
        self.told: list[Telling] = []
        self.left: list[str] = []

    def databases(self, store: Store, clock: Clock) -> None:
        """A database for each new kind, on the page that the others are on."""
        kinds = [one.kind for one in self._wanted.additions if one.prop is None]
        if not kinds:
            return
        page = self._page()
        if page is None:
            named = ", ".join(kind.name for kind in kinds)
            self.left.append(f"no page is known to make a database for {named} on: make one, and share it")
            return
        for place in self._asking.more_databases(store, clock, page, self._plot, kinds, self._homes):
            self._homes[place.kind] = place.data_source
            text = mapping_text.place(place)
            plain = yamlfile.parse(Path(FILE), f"kinds:\n{text}".encode()).value["kinds"][place.kind]
            self.told.append({"at": ["kinds", place.kind], "value": plain, "text": text})

    def _page(self) -> str | None:
        for data_source in list(self._homes.values())[:1]:
            parent = self._asking.read(f"databases/{self._source(data_source).database_id}")["parent"]
            if parent.get("type") == "page_id":
                return str(parent["page_id"]).replace("-", "")
        return None

    def _source(self, data_source: str) -> Source:
        source = self._asking.sources([data_source])[data_source]
        if not isinstance(source, Source):
            raise Unreachable(f"the data source {data_source} in {FILE} can't be seen")
        return source

    def widen(self, one: Addition, prop: Property) -> None:
        """A property, or options of one."""
        place = self._wanted.mapping.places[one.kind.name]
        source = self._source(place.data_source)
        at = ["kinds", one.kind.name, "properties", prop.name]
        if one.values:
            self._options(one, prop, place.columns[prop.name], source, [*at, "options"])
        elif prop.type == "relation" and (prop.to or "") not in self._homes:
            self.left.append(f"{prop.name} of {one.kind.label} has no place there: {prop.to} is mapped nowhere")
        else:
            there = self._there(one.kind, prop, place, source) or self._add(one.kind, prop, source)
            column = self._column(one.kind, prop, there)
            self.told.append({"at": at, "value": column_to_plain(column)})

    def _there(self, kind: Kind, prop: Property, place: Place, source: Source) -> Field | None:
        """The property of that name that serves, if there is one. Raises Rejected for one that doesn't."""
        there = source.named(found.labels(kind)[prop.name])
        if there is None:
            return None
        is_taken = any(same_id(there.id, column.id) for column in place.columns.values())
        leads = prop.type != "relation" or (there.to and same_id(there.to, self._homes[prop.to or ""]))
        if is_taken or there.type in READ_ONLY or there.type not in HOLDS[prop.type] or not leads:
            raise Rejected(
                f"“{source.title}” has a property “{there.name}” ({there.type}) already, which can't be {form(prop)}; "
                "give it another name there"
            )
        return there

    def _add(self, kind: Kind, prop: Property, source: Source) -> Field:
        label = found.labels(kind)[prop.name]
        config = found.configured(self._plot, kind, prop, self._homes)
        answer = self._asking.call("write", "PATCH", f"data_sources/{source.id}", {"properties": {label: config}})
        made = source_of(answer).named(label)
        if made is None:
            raise Rejected(f"“{label}” was not added to “{source.title}”")
        return made

    def _column(self, kind: Kind, prop: Property, there: Field) -> Column:
        shown = found.options(kind, prop) if there.type in _OPTIONED else {}
        named = {one.name.casefold(): one for one in there.options}
        options = {ours: (named[name.casefold()],) for ours, name in shown.items() if name.casefold() in named}
        type_: Any = there.type
        currency = self._plot.currency if prop.type == "money" and there.type == "number" else None
        return Column(there.name, there.id, type_, options, currency)

    def _options(self, one: Addition, prop: Property, column: Column, source: Source, at: list[str]) -> None:
        there = source.field(column.id)
        if there is None or there.type != column.type:
            self.left.append(f"“{column.name}” isn't in Notion any more as {FILE} says")
            return
        shown = {value: found.options(one.kind, prop)[value] for value in one.values}
        have = {option.name.casefold() for option in there.options}
        if new := [name for name in shown.values() if name.casefold() not in have]:
            listed = [*({"id": option.id} for option in there.options), *({"name": name} for name in new)]
            body = {"properties": {column.id: {column.type: {"options": listed}}}}
            try:
                answer = self._asking.call("write", "PATCH", f"data_sources/{source.id}", body)
                there = source_of(answer).field(column.id) or there
            except Rejected as rejected:
                named = ", ".join(f"“{name}”" for name in new)
                self.left.append(f"Notion refuses to add {named} to “{there.name}” ({rejected}): add it there by hand")
        made = {option.name.casefold(): option for option in there.options}
        told = {
            value: options_to_plain([made[name.casefold()]]) for value, name in shown.items() if name.casefold() in made
        }
        if column.options:
            self.told += [{"at": [*at, value], "value": plain} for value, plain in told.items()]
        elif told:
            self.told.append({"at": at, "value": told})
