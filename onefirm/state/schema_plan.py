"""From the schema in force to the one that the files ask for, as steps in plain sentences. Pure: no record is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from onefirm.state.schema import Kind, Property, Schema, Status

Thing: TypeAlias = Literal["kind", "property", "status"]
Turn: TypeAlias = Literal["added", "removed", "renamed", "moved", "changed", "cleared"]


@dataclass(frozen=True, slots=True)
class Declared:
    """What the files ask for. `was` has the earlier name by (kind, `status` or `property`, name)."""

    kinds: Mapping[str, Kind]
    was: Mapping[tuple[str, str, str], str]


@dataclass(frozen=True, slots=True)
class Step:
    """One change. `name` is the kind's, the property's or the status's; `was` its earlier one."""

    thing: Thing
    turn: Turn
    kind: str
    name: str
    sentence: str
    was: str | None = None


def plan(now: Schema, declared: Declared) -> list[Step]:
    """The steps in order: kinds by name; within a kind itself, its statuses, its properties."""
    steps: list[Step] = []
    for name in sorted({*now.kinds, *declared.kinds}):
        old, new = now.kinds.get(name), declared.kinds.get(name)
        if old is None and new is not None:
            steps.append(Step("kind", "added", name, name, _kind_added(new)))
        elif old is not None and new is None:
            steps.append(Step("kind", "removed", name, name, f"The kind {old.label} is removed."))
        elif old is not None and new is not None:
            steps += [*_kind(old, new), *_statuses(old, new, declared), *_properties(old, new, declared)]
    return steps


def _kind_added(kind: Kind) -> str:
    properties = ", ".join(name for name in kind.properties if name != "status")
    return (
        f"The kind {kind.label} is added: its refs look like {kind.prefix}-1, its statuses are"
        f" {', '.join(kind.statuses)}, its properties {properties}."
    )


def _kind(old: Kind, new: Kind) -> Iterator[Step]:
    said = [
        f"{word} “{before or 'none'}” becomes “{after or 'none'}”"
        for word, before, after in (
            ("the letters of its refs", old.prefix, new.prefix),
            ("its plural", old.plural, new.plural),
            ("its description", old.description, new.description),
            ("its deadline", old.deadline, new.deadline),
        )
        if before != after
    ]
    if said:
        yield Step("kind", "changed", new.name, new.name, f"{_cap(new.label)}: {'; '.join(said)}.")


# -- statuses ----------------------------------------------------------------------------------------------------------


def _statuses(old: Kind, new: Kind, declared: Declared) -> Iterator[Step]:
    renamed = _renamed(old.statuses, new.statuses, declared, new.name, "status")
    for name, before in old.statuses.items():
        if name not in new.statuses and name not in renamed:
            yield Step("status", "removed", new.name, name, f"{_cap(new.label)}: the status “{name}” is removed.")
        elif after := new.statuses.get(renamed.get(name, name)):
            yield from _status(new, before, after, renamed)
    for name, status in new.statuses.items():
        if name not in old.statuses and name not in renamed.values():
            moves = f"; from there to {', '.join(status.moves)}" if status.moves else "; it is final"
            said = f"{_cap(new.label)}: the status “{name}” ({status.group}) is added{moves}."
            yield Step("status", "added", new.name, name, said)
    if renamed.get(old.initial, old.initial) != new.initial:
        said = f"{_cap(new.label)}: a new record begins as {new.initial}, no longer as {old.initial}."
        yield Step("kind", "changed", new.name, new.name, said)
    elif _order(old.statuses, renamed, new.statuses) != _order(new.statuses, {}, old.statuses, renamed):
        yield Step("kind", "changed", new.name, new.name, f"{_cap(new.label)}: its statuses stand in another order.")


def _status(kind: Kind, old: Status, new: Status, renamed: Mapping[str, str]) -> Iterator[Step]:
    place = f"{_cap(kind.label)}: the status “{new.name}”"
    if old.name != new.name:
        said = f"{_cap(kind.label)}: the status “{old.name}” is renamed to “{new.name}”."
        yield Step("status", "renamed", kind.name, new.name, said, was=old.name)
    if old.group != new.group:
        said = f"{place} moves from the group {old.group} to {new.group}."
        yield Step("status", "moved", kind.name, new.name, said)
    before = [renamed.get(move, move) for move in old.moves]
    if set(before) != set(new.moves):
        said = f"{place} may go to {', '.join(new.moves) or 'none'}; so far to {', '.join(old.moves) or 'none'}."
        yield Step("status", "changed", kind.name, new.name, said)
    if old.aliases != new.aliases:
        said = f"{place} is also called {', '.join(new.aliases) or 'nothing else'}."
        yield Step("status", "changed", kind.name, new.name, said)


# -- properties --------------------------------------------------------------------------------------------------------


def _properties(old: Kind, new: Kind, declared: Declared) -> Iterator[Step]:
    renamed = _renamed(old.properties, new.properties, declared, new.name, "property")
    for name, before in old.properties.items():
        after = new.properties.get(renamed.get(name, name))
        if after is None:
            said = f"{_cap(new.label)}: the property “{name}” is removed."
            yield Step("property", "removed", new.name, name, said)
            continue
        if name != after.name:
            said = f"{_cap(new.label)}: the property “{name}” is renamed to “{after.name}”."
            yield Step("property", "renamed", new.name, after.name, said, was=name)
        if told := "; ".join(_differences(before, after)):
            said = f"{_cap(new.label)}: the property “{after.name}” changes: {told}."
            yield Step("property", "changed", new.name, after.name, said)
    for name, prop in new.properties.items():
        if name not in old.properties and name not in renamed.values():
            said = f"{_cap(new.label)}: the property “{name}” is added: {form(prop)}."
            yield Step("property", "added", new.name, name, said)
    kept = _order(old.properties, renamed, new.properties)
    if kept != _order(new.properties, {}, old.properties, renamed):
        yield Step("kind", "changed", new.name, new.name, f"{_cap(new.label)}: its properties stand in another order.")


def form(prop: Property) -> str:
    """What a property holds, in words: `a choice of low, high`, `relation to project`."""
    words = {
        "choice": f"a choice of {', '.join(prop.options)}",
        "relation": f"{'relations' if prop.many else 'relation'} to {prop.to}",
    }
    required = ", required" if prop.required else ""
    default = f", at first {prop.default}" if prop.default else ""
    return ", ".join((f"{words.get(prop.type, prop.type)}{required}{default}", *bounds(prop)))


def bounds(prop: Property) -> Iterator[str]:
    """What a property's values must hold to, in words: `not before starts_on`."""
    if prop.min is not None:
        yield f"at least {prop.min}"
    if prop.not_before:
        yield f"not before {prop.not_before}"
    if prop.same:
        yield f"with the same {' and '.join(prop.same)}"


def _differences(old: Property, new: Property) -> Iterator[str]:
    if (old.type, old.to, old.many) != (new.type, new.to, new.many):
        yield f"{form(old)} becomes {form(new)}"
        return
    if gone := [option for option in old.options if option not in new.options]:
        yield f"no longer {', '.join(gone)}"
    if more := [option for option in new.options if option not in old.options]:
        yield f"also {', '.join(more)}"
    if set(old.options) == set(new.options) and old.options != new.options:
        yield f"its options stand as {', '.join(new.options)}"
    if old.required != new.required:
        yield "it is required" if new.required else "it is no longer required"
    if old.default != new.default:
        yield f"at first {new.default}" if new.default else "it has no value at first"
    if tuple(bounds(old)) != tuple(bounds(new)):
        yield ", ".join(bounds(new)) or f"no longer {', '.join(bounds(old))}"
    if old.aliases != new.aliases:
        yield f"also called {', '.join(new.aliases)}" if new.aliases else "called by no other name"


def _renamed(
    old: Mapping[str, object], new: Mapping[str, object], declared: Declared, kind: str, thing: str
) -> dict[str, str]:
    """The new name by the old one; a `was` that was applied before says nothing any more."""
    found = {name: declared.was.get((kind, thing, name), name) for name in new if name not in old}
    return {was: name for name, was in found.items() if was in old and was not in new}


def _order(
    names: Mapping[str, object],
    renamed: Mapping[str, str],
    others: Mapping[str, object],
    theirs: Mapping[str, str] | None = None,
) -> list[str]:
    """The names that both sides have, by their new name, in one side's order."""
    known = {(theirs or {}).get(name, name) for name in others}
    return [name for name in (renamed.get(name, name) for name in names) if name in known]


def _cap(label: str) -> str:
    return label[:1].upper() + label[1:]
