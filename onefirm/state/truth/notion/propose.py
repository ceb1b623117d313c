"""Which data source holds which kind, by names, types, options and relations. Pure, and the same every time.

1. Each kind is held against each data source: its title, then how many properties and statuses are there by name.
2. The best pair is taken first; a data source serves one kind.
3. Then the properties of each, of which relations need to know where the other kinds are, and their options.

What a file says already is kept, and only what it leaves open is looked for.

What was guessed is said, and what has no counterpart is named with what mends it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from onefirm.core.words import a
from onefirm.state.schema import Kind, Property, Schema
from onefirm.state.truth.notion import words
from onefirm.state.truth.notion.formats import SHOWN
from onefirm.state.truth.notion.mapping import HOLDS, READ_ONLY, Column, Option, Place, same_id
from onefirm.state.truth.notion.options import pair
from onefirm.state.truth.notion.survey import Field, Source
from onefirm.yamlfile import KeyPath

KEY = "onefirm key"
"""What the property is called that is there for onefirm itself."""
_NAME, _PROPERTIES, _STATUSES = 0.6, 0.3, 0.1  # what a pair of kind and data source is judged by
_ENOUGH = 0.6  # of a kind's properties, where the title says nothing
_UNUSUAL = 0.02  # for each type that is more usual
_OPTIONED = ("status", "select")
_MAKE: Mapping[str, str] = {
    "text": "Text", "choice": "Select", "status": "Status", "date": "Date", "money": "Number", "number": "Number",
    "email": "Email", "url": "URL", "checkbox": "Checkbox", "relation": "Relation",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Draft:
    """A proposal for notion.yaml.

    `remarks` stand beside a place of the file: what is meant, what was guessed. `lacking` stand below it: what has no
    counterpart, with what mends it. `left` are the kinds that were not mapped, and why.
    """

    places: dict[str, Place] = field(default_factory=dict[str, Place])
    remarks: dict[KeyPath, str] = field(default_factory=dict[KeyPath, str])
    lacking: dict[KeyPath, list[str]] = field(default_factory=dict[KeyPath, list[str]])
    left: dict[str, str] = field(default_factory=dict[str, str])


def propose(
    schema: Schema, sources: Sequence[Source], currency: str, standing: Mapping[str, Place] | None = None
) -> Draft:
    """The best mapping of these data sources. `currency` is meant where a number shows none.

    `standing` are the places that a file names already: they are kept as far as they are there.
    """
    stands = standing or {}
    draft, chosen = Draft(), _chosen(schema, sources, stands)
    whole = {name: one for name, one in chosen.items() if name in stands or _status(schema.kinds[name], one)}
    for kind in schema.kinds.values():
        if kind.name in whole:
            _Proposal(draft, kind, whole, currency, stands.get(kind.name)).fill()
            _doubt(draft, kind, whole[kind.name], sources)
        elif kind.name in stands:
            draft.places[kind.name] = stands[kind.name]
            draft.remarks[("kinds", kind.name, "data_source")] = "not seen now: deleted, or not shared"
        elif kind.name in chosen:
            states = ", ".join(kind.statuses)
            draft.left[kind.name] = (
                f"“{chosen[kind.name].title}” has no property for the status of {a(kind.label)}: add one of the type "
                f"Status or Select in Notion (options: {states})"
            )
        else:
            draft.left[kind.name] = "no data source looks like it: share or make one"
    return draft


# -- data sources ------------------------------------------------------------------------------------------------------


def _chosen(schema: Schema, sources: Sequence[Source], standing: Mapping[str, Place]) -> dict[str, Source]:
    judged = [
        (-judgement, -_size(source), at, source.title, source.id, kind.name, source)
        for at, kind in enumerate(schema.kinds.values())
        for source in sources
        if (judgement := _judge(kind, source)) > 0
    ]
    found = {
        name: source
        for name, place in standing.items()
        for source in sources
        if name in schema.kinds and same_id(place.data_source, source.id)
    }
    taken = {one.id for one in found.values()}
    for *_, id_, name, source in sorted(judged, key=lambda one: one[:-1]):
        if name not in found and id_ not in taken:
            taken.add(id_)
            found[name] = source
    return found


def _size(source: Source) -> int:
    return int(source.rows.rstrip("+") or 0)


def _title_alike(kind: Kind, source: Source) -> float:
    """How much a data source is called like a kind."""
    return words.alike(source.title, (kind.name, kind.plural), words.KINDS.get(kind.name, ()))


def _judge(kind: Kind, source: Source) -> float:
    """How well a data source would do for a kind; 0 for not at all."""
    named = _title_alike(kind, source)
    props = [one for one in kind.properties.values() if one.name not in ("title", "status") and one.type != "relation"]
    there = [one for one in props if any(_alike(one, field) >= words.NEAR for field in source.fields)]
    share = len(there) / max(len(props), 1)
    if named == 0 and (share < _ENOUGH or len(there) < 3):
        return 0.0
    status = _status(kind, source)
    states = pair(kind, kind.properties["status"], status).share if status else 0.0
    return _NAME * named + _PROPERTIES * share + _STATUSES * states


def _doubt(draft: Draft, kind: Kind, source: Source, sources: Sequence[Source]) -> None:
    said = f"“{source.title}”"
    if source.database not in ("", source.title):
        said += f", in the database “{source.database}”"
    if _title_alike(kind, source) < words.ENDS:
        said += "; unsure: its title doesn't say so"
    if [one for one in sources if one.title == source.title and one.id != source.id]:
        said += "; unsure: another one is called the same"
    draft.remarks[("kinds", kind.name, "data_source")] = said


# -- properties --------------------------------------------------------------------------------------------------------


def _alike(prop: Property, there: Field) -> float:
    """How alike the names are, of a property that could hold it."""
    if there.type not in HOLDS[prop.type] or (there.type == "title") != (prop.name == "title"):
        return 0.0
    if prop.name == "title":
        return words.EXACT
    return words.alike(there.name, (prop.name, *prop.aliases), words.PROPERTIES.get(prop.name, ()))


def _status(kind: Kind, source: Source) -> Field | None:
    """The property that says where a record stands: by name, the only status, or by its options."""
    prop = kind.properties["status"]
    usable = [one for one in source.fields if one.type in _OPTIONED]
    only = [one for one in usable if one.type == "status"]

    def rank(one: Field) -> tuple[float, float, bool]:
        return _alike(prop, one), pair(kind, prop, one).share, one.type == "status"

    found = max(usable, key=rank, default=None)
    if found is None or _alike(prop, found) > 0:
        return found
    if len(only) == 1:
        return only[0]
    return found if pair(kind, prop, found).share >= words.LEAST else None


class _Proposal:
    """One kind in its data source. `homes` has the data source of every kind that is mapped."""

    def __init__(
        self, draft: Draft, kind: Kind, homes: Mapping[str, Source], currency: str, standing: Place | None
    ) -> None:
        self._draft = draft
        self._kind = kind
        self._homes = homes
        self._source = homes[kind.name]
        self._currency = currency
        self._at = ("kinds", kind.name, "properties")
        self._standing = standing
        mapped: Mapping[str, Column] = standing.columns if standing else {}
        self._stands = {name: one for name, one in mapped.items() if self._is_there(name, one)}
        self._guessed = self._fields({})

    def _is_there(self, name: str, column: Column) -> bool:
        there = self._source.field(column.id)
        return name in self._kind.properties and there is not None and there.type == column.type

    def fill(self) -> None:
        """Put the kind into the draft."""
        found = self._fields(self._stands)
        columns = {name: self._column(self._kind.properties[name], one) for name, one in found.items()}
        if self._standing:  # what isn't there, perhaps only hidden, and has no successor
            columns = {**columns, **{name: one for name, one in self._standing.columns.items() if name not in columns}}
        key, ref = self._own()
        self._draft.places[self._kind.name] = Place(
            self._kind.name,
            self._source.id,
            columns,
            Column(ref.name, ref.id, "unique_id") if ref else None,
            Column(key.name, key.id, "rich_text") if key else None,
        )
        lacking = [self._lack(one) for one in self._kind.properties.values() if one.name not in columns]
        taken = {one.id for one in found.values()} | {one.id for one in (key, ref) if one}
        free = [one for one in self._source.fields if one.id not in taken]
        self._draft.lacking[self._at] = lacking + [
            f"in Notion, and mapped by nothing: “{one.name}” (id: {one.id}, type: {one.type})" for one in free
        ]

    def _own(self) -> tuple[Field | None, Field | None]:
        """The two properties that are there for onefirm itself."""
        named = self._source.field(self._standing.key.id) if self._standing and self._standing.key else None
        key = named or self._source.named(KEY)
        ref = next((one for one in self._source.fields if one.type == "unique_id"), None)
        return (key if key and key.type == "rich_text" else None), ref

    def _fields(self, stands: Mapping[str, Column]) -> dict[str, Field]:
        """The best property of Notion's for each of ours, in our order. `stands` are settled."""
        props = list(self._kind.properties.values())
        found = {name: there for name, one in stands.items() if (there := self._source.field(one.id))}
        status = found.get("status") or _status(self._kind, self._source)
        judged = sorted(
            (-score, at, number)
            for at, prop in enumerate(props)
            for number, one in enumerate(self._source.fields)
            if prop.type != "status" and one is not status and (score := self._judge(prop, one)) > 0
        )
        taken = {number for number, one in enumerate(self._source.fields) if one in found.values()}
        for _, at, number in judged:
            if props[at].name not in found and number not in taken:
                taken.add(number)
                found[props[at].name] = self._source.fields[number]
        if status and status not in found.values():
            found["status"] = status
        return {prop.name: found[prop.name] for prop in props if prop.name in found}

    def _judge(self, prop: Property, there: Field) -> float:
        score = _alike(prop, there)
        if prop.type == "relation":
            return self._judge_relation(prop, there, score)
        if score < (words.NEAR if there.type in READ_ONLY else words.LEAST):
            return 0.0
        return score - _UNUSUAL * list(HOLDS[prop.type]).index(there.type)

    def _judge_relation(self, prop: Property, there: Field, score: float) -> float:
        home = self._homes.get(prop.to or "")
        if home is None or there.to is None or not same_id(there.to, home.id):
            return 0.0
        others = [one for one in self._source.fields if one.to and same_id(one.to, home.id)]
        is_only = len(others) == 1 and prop.to != self._kind.name
        return max(score, words.LEAST) if is_only else score

    def _column(self, prop: Property, there: Field) -> Column:
        at, stands = (*self._at, prop.name), self._stands.get(prop.name)
        remarks = list[str]()
        if _alike(prop, there) < words.ENDS and self._guessed.get(prop.name) == there:
            remarks.append("unsure: by its type and place, not by its name")
        if there.type in READ_ONLY:
            remarks.append(f"a {there.type} is read, and can't be written")
        currency = None
        if prop.type == "money" and there.type == "number":
            currency = SHOWN.get(there.format or "")
            if stands and stands.currency:
                currency = stands.currency
            elif currency is None:
                currency = self._currency
            if currency == self._currency and there.format not in SHOWN:
                remarks.append(f"unsure: Notion shows no currency, {currency} is the firm's")
        if remarks:
            self._draft.remarks[at] = "; ".join(remarks)
        optioned = prop.type in ("status", "choice") and there.type in _OPTIONED
        type_: Any = there.type
        return Column(there.name, there.id, type_, self._options(prop, there, at) if optioned else {}, currency)

    def _options(self, prop: Property, there: Field, at: KeyPath) -> Mapping[str, tuple[Option, ...]]:
        stands = self._stands.get(prop.name)
        anew = pair(self._kind, prop, there)
        found = pair(self._kind, prop, there, stands.options) if stands else anew
        for ours in anew.guessed:
            if found.options.get(ours) == anew.options[ours]:
                self._draft.remarks[(*at, "options", ours)] = "unsure: by its group alone"
        lacking = [
            f"{ours} has no counterpart: add an option “{ours}” in Notion, or name one here" for ours in found.without
        ]
        if found.loose:
            listed = ", ".join(f"“{one.name}”" for one in found.loose)
            lacking.append(f"in Notion, and no value of ours: {listed}; rows keep it as it is called there")
        if lacking:
            self._draft.lacking[(*at, "options")] = lacking
        return found.options

    def _lack(self, prop: Property) -> str:
        wanted = _MAKE[prop.type]
        if prop.type == "relation":
            if (home := self._homes.get(prop.to or "")) is None:
                return f"{prop.name} has no counterpart: {prop.to} is mapped nowhere"
            wanted = f"Relation to “{home.title}”"
        fix = f"add a property of the type {wanted} in Notion; until then it is kept nowhere"
        return f"{prop.name} has no counterpart: {fix}"
