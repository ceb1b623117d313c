"""Which of Notion's options means which value of ours. Pure, and the same every time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from onefirm.state.schema import Group, Kind, Property
from onefirm.state.truth.notion import words
from onefirm.state.truth.notion.gaps import option
from onefirm.state.truth.notion.mapping import Option
from onefirm.state.truth.notion.survey import Field

_GROUPS: Mapping[Group, str] = {
    "open": "to do",
    "active": "in progress",
    "waiting": "in progress",
    "blocked": "in progress",
    "paused": "in progress",
    "done": "complete",
    "dropped": "complete",
}
"""Where Notion puts a status that is in this group here, by the names that it gives its own three groups."""
_ASKED: tuple[Group, ...] = ("waiting", "blocked")


@dataclass(frozen=True, slots=True)
class Paired:
    """The options of each value of ours, the first of which is written.

    `guessed` were paired by their group alone, `without` are values that have none, `loose` options that mean nothing.
    """

    options: Mapping[str, tuple[Option, ...]]
    guessed: frozenset[str]
    without: tuple[str, ...]
    loose: tuple[Option, ...]

    @property
    def share(self) -> float:
        """How many of our values were found by name."""
        named = len(self.options) - len(self.guessed)
        return named / max(len(self.options) + len(self.without), 1)


def pair(kind: Kind, prop: Property, field: Field, standing: Mapping[str, tuple[Option, ...]] | None = None) -> Paired:
    """The options of a status or choice. An option goes to the value that is most like it, the earlier one of two.

    `standing` is settled: those values get no other options, and those options no other value.
    """
    settled = {ours: tuple(option(field, one) or one for one in theirs) for ours, theirs in (standing or {}).items()}
    open_ = {ours: names for ours, names in _values(kind, prop).items() if ours not in settled}
    found = {**settled, **_by_name(open_, field.options, [one for some in settled.values() for one in some])}
    guessed = _by_group(kind, found, field) if prop.type == "status" else {}
    options = {ours: theirs for ours in _values(kind, prop) if (theirs := found.get(ours) or guessed.get(ours))}
    taken = {one for some in options.values() for one in some}
    without = tuple(ours for ours in _values(kind, prop) if ours not in options)
    loose = tuple(one for one in field.options if one not in taken)
    return Paired(options, frozenset(guessed), without, loose)


def _values(kind: Kind, prop: Property) -> Mapping[str, Sequence[str]]:
    """Our values, each with its own other names."""
    if prop.type == "status":
        return {status.name: status.aliases for status in kind.statuses.values()}
    return dict.fromkeys(prop.options, ())


def _by_name(
    values: Mapping[str, Sequence[str]], options: Sequence[Option], settled: Iterable[Option]
) -> dict[str, tuple[Option, ...]]:
    scored = [
        (-score, at, number, ours)
        for at, (ours, aliases) in enumerate(values.items())
        for number, one in enumerate(options)
        if (score := words.alike(one.name, (ours, *aliases), words.VALUES.get(ours, ()))) >= words.NEAR
    ]
    taken = {number for number, one in enumerate(options) if one in settled}
    found = dict[str, tuple[Option, ...]]()
    for _, _, number, ours in sorted(scored):
        if number not in taken:
            taken.add(number)
            found[ours] = (*found.get(ours, ()), options[number])
    return found


def _by_group(kind: Kind, found: Mapping[str, Sequence[Option]], field: Field) -> dict[str, tuple[Option, ...]]:
    """Where one value and one option are left of a group, they belong together. That somebody waits is never guessed:
    it would stand at the top of each brief.
    """
    taken = {one for some in found.values() for one in some}
    guessed = dict[str, tuple[Option, ...]]()
    for group in dict.fromkeys(_GROUPS.values()):
        left = [one for one in kind.statuses.values() if _GROUPS[one.group] == group and one.name not in found]
        ours = [one.name for one in left if one.group not in _ASKED]
        loose = [one for one in field.options if one not in taken]
        theirs = [one for one in loose if words.plain(field.groups.get(one.id or "", "")) == group]
        if len(ours) == len(theirs) == 1:
            guessed[ours[0]] = (theirs[0],)
    return guessed
