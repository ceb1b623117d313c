"""What the operator is asked about notion.yaml: gaps as they are told, and what each answer writes into the file. Pure.

A page shows some of them by itself; which there are is told by the data source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from onefirm.state.schema import Kind, Property, Schema
from onefirm.state.truth.base import Mismatch
from onefirm.state.truth.notion.gaps import Gap, gaps, option
from onefirm.state.truth.notion.mapping import FILE, HOLDS, Column, NotionMapping, Option, options_to_plain
from onefirm.state.truth.notion.survey import Field, Seen, Source
from onefirm.state.truth.notion.values import line
from onefirm.yamlfile import KeyPath

Edits: TypeAlias = "list[tuple[Sequence[str], Any]]"
_OPTIONS = ("select", "status")
_NEEDED = ("title", "status")
_STAYS = "what was known of it stays here, and it can't be written"
_MEANS: Mapping[str, str] = {
    "unseen": "share or restore it in Notion; until then its records stay here as they were, and writes wait",
    "trashed": "restore it there; until then its records stay here as they were, and writes wait",
    "missing": _STAYS,
    "type": "it can't be written",
    "relation": "it can't be written",
    "key": "none can be made until this is mended",
    "ref": "new ones are numbered here",
    "renamed": "",
}


def shown(kind: Kind, name: str, column: Column, called: str, value: Mapping[str, Any] | None) -> Iterator[str]:
    """The keys of the mismatches that one value of a page shows; `called` is its property's name there."""
    head = f"{kind.name}.{name}"
    if value is None:
        yield f"{head}:missing"
        return
    if called != column.name:
        yield f"{head}:renamed:{called}"
    type_ = str(value.get("type"))
    if type_ != column.type:
        yield f"{head}:type:{type_}"
    elif type_ in _OPTIONS and (held := value.get(type_)):
        there = Option(str(held.get("name")), str(held.get("id")))
        yield from (f"{head}:option:{key}" for key in _odd(kind, name, column, there))


def _odd(kind: Kind, name: str, column: Column, there: Option) -> Iterator[str]:
    """What is to be said of one of Notion's options: nothing where the mapping knows it by the name that it has."""
    for ours, theirs in column.options.items():
        if meant := next((one for one in theirs if one.id == there.id), None):
            if meant.name != there.name:
                yield f"{ours}:renamed:{there.name}"
            return
    names = [*(one.name for theirs in column.options.values() for one in theirs), *_words(kind, name)]
    if there.name.casefold() not in (one.casefold() for one in names):
        yield there.id or there.name


def mismatches(mapping: NotionMapping, schema: Schema, found: Mapping[str, Seen]) -> list[Mismatch]:
    """Everything to ask about the kinds whose data sources are given, by their ids in the file."""
    told = [_asked(gap, mapping, schema) for gap in gaps(mapping, schema, found) if _is_asked(gap, mapping, schema)]
    for place in mapping.places.values():
        kind, source = schema.kinds[place.kind], found.get(place.data_source)
        for name, column in place.columns.items():
            there = source.field(column.id) if isinstance(source, Source) else None
            if there and there.type == column.type and there.type in _OPTIONS:
                told += _options(mapping, kind, kind.properties[name], column, there)
    return told


def nothing_seen(count: int) -> Mismatch:
    """What is said where none of the data sources can be seen: one reason, and no use in as many questions."""
    said = (
        f"{FILE}: Notion shows none of the {count} data sources that it names; their page was put into the trash or "
        "moved, or isn't shared with the connection any more (••• → Connections). Until then records "
        "stay here as they were, and writes wait"
    )
    return Mismatch(":unseen", said, {})


def _is_asked(gap: Gap, mapping: NotionMapping, schema: Schema) -> bool:
    """Options are looked at one by one; what was never mapped, or can't be written by its nature, is nothing new."""
    if gap.sort == "relation" and schema.kinds[gap.kind].properties[str(gap.prop)].to not in mapping.places:
        return False
    return gap.sort in _MEANS and not (gap.is_note and gap.sort in ("key", "ref")) and "options" not in gap.at


def _asked(gap: Gap, mapping: NotionMapping, schema: Schema) -> Mismatch:
    about = f"{gap.kind}.{gap.prop}" if gap.prop else gap.kind
    key = f"{about}:{gap.sort}" + (f":{gap.now}" if gap.now and gap.sort != "missing" else "")
    edits = _edits(gap, schema)
    means = _MEANS[gap.sort]
    said = f"{mapping.where(gap.at)}, {gap.kind}: {gap.said}{f'; {means}' if means else ''}"
    return Mismatch(key, said, {"theirs": edits} if edits else {}, is_harmless=gap.sort == "renamed")


def _edits(gap: Gap, schema: Schema) -> Edits:
    """What the file would have to say for Notion's form to hold."""
    match gap.sort:
        case "renamed":
            return [((*_at(gap.at), "name"), gap.now)]
        case "missing" if gap.now:
            return [((*_at(gap.at), "id"), gap.now)]
        case "type" if gap.now in HOLDS[schema.kinds[gap.kind].properties[str(gap.prop)].type]:
            return [((*_at(gap.at), "type"), gap.now)]
        case "missing" | "type" | "relation" if gap.prop not in _NEEDED:
            return [(_at(gap.at), None)]
        case "key" | "ref":
            return [(_at(gap.at), None)]
        case _:
            return []


def _at(at: KeyPath) -> tuple[str, ...]:
    return tuple(str(part) for part in at)


# -- options -----------------------------------------------------------------------------------------------------------


def _options(mapping: NotionMapping, kind: Kind, prop: Property, column: Column, there: Field) -> Iterator[Mismatch]:
    at = ("kinds", kind.name, "properties", prop.name, "options")
    where = f"{mapping.where(at)}, {kind.name}: {prop.name}: "
    meant = {(ours, one): option(there, one) for ours, theirs in column.options.items() for one in theirs}
    known = {one.id for one in meant.values() if one}
    words = [word.casefold() for word in _words(kind, prop.name)]
    loose = [one for one in there.options if one.id not in known and one.name.casefold() not in words]
    gone = [pair for pair, now in meant.items() if now is None]
    asking = _Asking(f"{kind.name}.{prop.name}:option", where, at, column, _words(kind, prop.name))
    if len(gone) == len(loose) == 1:
        yield asking.exchanged(*gone[0], loose[0])
    else:
        yield from (asking.gone(ours, one, there) for ours, one in gone)
        yield from (asking.loose(one) for one in loose)
    for (ours, one), now in meant.items():
        if now and now.name != one.name:
            yield asking.renamed(ours, one, now)


@dataclass(frozen=True, slots=True)
class _Asking:
    """What is asked about the options of one property, which stand `at` this path of the file."""

    head: str
    where: str
    at: tuple[str, ...]
    column: Column
    words: Sequence[str]

    def renamed(self, ours: str, old: Option, now: Option) -> Mismatch:
        said = (
            f"the option “{old.name}” for {ours} is called “{now.name}” in Notion now; it is known by its id, and works"
        )
        return self._asked(f"{ours}:renamed:{now.name}", said, {"theirs": self._instead(ours, old, now)}, harmless=True)

    def gone(self, ours: str, old: Option, there: Field) -> Mismatch:
        said = f"“{there.name}” has no option “{old.name}” for {ours} any more, so that {ours} can't be written"
        left = [one for one in self.column.options[ours] if one != old]
        edits: Edits = [((*self.at, ours), options_to_plain(left) if left else None)]
        return self._asked(f"{ours}:gone:{old.name}", said, {"theirs": edits})

    def loose(self, one: Option) -> Mismatch:
        """It may stand for any value of ours."""
        said = f"Notion has an option “{one.name}” that no value of ours is mapped to; rows with it keep it as it is"
        return self._asked(one.id or one.name, said, self._beside(one), idle=True, harmless=True)

    def exchanged(self, ours: str, old: Option, new: Option) -> Mismatch:
        """One went and one came: it was renamed, or the new one means something else."""
        said = f"“{old.name}” for {ours} is gone and “{new.name}” is new: was it renamed? {ours} can't be written"
        answers = {**self._beside(new), "theirs": self._instead(ours, old, new)}
        return self._asked(new.id or new.name, said, answers)

    def _asked(
        self, key: str, said: str, answers: Mapping[str, Edits], *, idle: bool = False, harmless: bool = False
    ) -> Mismatch:
        return Mismatch(f"{self.head}:{key}", f"{self.where}{line(said)}", answers, idle, harmless)

    def _instead(self, ours: str, old: Option, new: Option) -> Edits:
        return [((*self.at, ours), options_to_plain([new if one == old else one for one in self.column.options[ours]]))]

    def _beside(self, one: Option) -> dict[str, Edits]:
        theirs = self.column.options
        if not theirs:
            return {ours: [(self.at, {ours: options_to_plain([Option(ours), one])})] for ours in self.words}
        return {ours: [((*self.at, ours), options_to_plain([*theirs.get(ours, ()), one]))] for ours in self.words}


def _words(kind: Kind, name: str) -> Sequence[str]:
    prop = kind.properties[name]
    return list(kind.statuses) if prop.type == "status" else list(prop.options)
