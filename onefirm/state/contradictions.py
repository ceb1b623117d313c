"""Values that can't hold together: two dates of one record, and what records that belong together say of their client.

The kinds say what must hold, `not_before` at a date and `same` at a relation. A write is held against it where it
touches it; what the truth says otherwise is taken over as it is, and told by the standing rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Connection, or_, select

from onefirm.core.errors import Refused
from onefirm.core.words import a
from onefirm.state import situation
from onefirm.state.drafts import Draft, Mistakes
from onefirm.state.mirror import Record
from onefirm.state.schema import CLOSED, Kind, Schema
from onefirm.state.situation import Situation
from onefirm.store.tables import record

_SHOWN = 5
_PEOPLE = ("client", "contact")
Props: TypeAlias = Mapping[str, Any]
Lookup: TypeAlias = Callable[[str], "Props | None"]
"""The values of a record by its ref; None for one that isn't known."""


# -- what a record says, whoever wrote it ------------------------------------------------------------------------------


def wrong_dates(kind: Kind, props: Props) -> Iterator[tuple[str, str]]:
    """The dates that lie before the one that they may not lie before, each with that one."""
    for prop in kind.properties.values():
        earlier = props.get(prop.not_before) if prop.not_before else None
        late = props.get(prop.name)
        if isinstance(earlier, str) and isinstance(late, str) and late < earlier:
            yield prop.name, str(prop.not_before)


def shared(kind: Kind) -> list[str]:
    """What records of a kind have in common with those that they point at: their client."""
    return list(dict.fromkeys(name for prop in kind.properties.values() for name in prop.same))


def sources(kind: Kind, name: str) -> list[str]:
    """The properties by which a record of a kind can name its client (or whatever it has in common), its own first."""
    return [name] * (name in kind.properties) + [prop.name for prop in kind.properties.values() if name in prop.same]


def named(schema: Schema, kind: Kind, props: Props, name: str, look: Lookup) -> dict[str, str]:
    """Whom a record names, each with the property that leads there: more than one is a contradiction."""
    found: dict[str, str] = {}
    for source in sources(kind, name):
        target = props.get(source)
        if isinstance(target, str):
            for one in [target] if source == name else _of(schema, target, name, look):
                found.setdefault(one, source)
    return found


def _of(schema: Schema, ref: str, name: str, look: Lookup, seen: frozenset[str] = frozenset()) -> list[str]:
    """Whom a record that is pointed at belongs to: what it says itself counts, else those that it points at."""
    props = look(ref)
    if props is None or ref in seen:
        return []
    if isinstance(own := props.get(name), str):
        return [own]
    further = [props.get(source) for source in sources(schema.kind_of(ref), name) if source != name]
    return [one for to in further if isinstance(to, str) for one in _of(schema, to, name, look, seen | {ref})]


# -- a write held against it -------------------------------------------------------------------------------------------


def check(conn: Connection, schema: Schema, drafted: Sequence[Draft], now: Situation, mistakes: Mistakes) -> None:
    """Note what the records would contradict after these drafts: themselves, and those that belong to them."""
    after = _After(conn, schema, drafted, now)
    for index, draft in enumerate(drafted):
        kind = schema.kinds[draft.kind]
        if draft.op == "archive":
            for error in _orphaned(draft, after):
                mistakes.add(index, error)
        if draft.op not in ("create", "update", "restore"):
            continue
        for error in (*_dates(kind, draft, after), *_own(kind, draft, after), *_below(kind, draft, after)):
            mistakes.add(index, error)


class _After:
    """The records as they will be; those that the write doesn't concern are read when they are needed."""

    def __init__(self, conn: Connection, schema: Schema, drafted: Sequence[Draft], now: Situation) -> None:
        self.schema = schema
        self._conn, self._now = conn, now
        self._known: dict[str, Record | None] = {one.ref: one for one in (*now.related.values(), *now.records.values())}
        self._props = {draft.ref: self._after(draft) for draft in drafted}
        self._archived = {draft.ref for draft in drafted if draft.op == "archive"}

    def _after(self, draft: Draft) -> Props:
        known = self._known.get(draft.ref)
        props = {**(known.props if known else {}), **draft.set}
        return {name: value for name, value in props.items() if value is not None}

    def props(self, ref: str) -> Props | None:
        """What a record will say."""
        if ref in self._props:
            return self._props[ref]
        one = self.record(ref)
        return one.props if one else None

    def record(self, ref: str) -> Record | None:
        """A record as it is now."""
        ref = self._now.meant.get(ref, ref)
        if ref not in self._known:
            self._known[ref] = situation.beside(self._conn, [ref], self._now).get(ref)
        return self._known[ref]

    def pointing(self, kind: str, properties: Sequence[str], ref: str) -> dict[str, Props]:
        """What the records of a kind will say that are not archived and point at one by one of these properties."""
        points = or_(*(record.c.props[name].as_string() == ref for name in properties))
        rows = select(record.c.ref).where(record.c.kind == kind, record.c.archived.is_(False), points)
        refs = sorted({*self._conn.execute(rows).scalars(), *self._props})
        said = {one: props for one in refs if (props := self.props(one)) is not None}
        return {
            one: props
            for one, props in said.items()
            if self.schema.kind_of(one).name == kind and ref in [props.get(name) for name in properties]
        }

    def open_pointing(self, ref: str) -> list[Record]:
        """The records that will be open and point at one, each by a relation to one record. People are no open work."""
        target, found = self.schema.kind_of(ref).name, dict[str, Record]()
        for kind in (one for one in self.schema.kinds.values() if one.name not in _PEOPLE):
            pointing = [prop.name for prop in kind.properties.values() if prop.to == target and not prop.many]
            for one, props in self.pointing(kind.name, pointing, ref).items() if pointing else ():
                known = self.record(one)
                if known and one not in self._archived and kind.group_of(str(props.get("status"))) not in CLOSED:
                    found[one] = known
        return list(found.values())

    def word(self, ref: str) -> str:
        """A record's ref and title."""
        one = self.record(ref)
        return f"{ref} “{one.title}”" if one else ref


def _dates(kind: Kind, draft: Draft, after: _After) -> Iterator[Refused]:
    props = after.props(draft.ref) or {}
    for late, early in wrong_dates(kind, props):
        if late in draft.set or early in draft.set:
            yield Refused(
                f"{_word(draft)} would have {late} {props[late]} before its {early} {props[early]}.",
                hint="Send the date that is wrong; both in one change where both move.",
            )


def _own(kind: Kind, draft: Draft, after: _After) -> Iterator[Refused]:
    props = after.props(draft.ref) or {}
    for name in shared(kind):
        touched = [one for one in sources(kind, name) if props.get(one) is not None]
        if len(touched) < 2 or (draft.op != "restore" and not any(one in draft.set for one in touched)):
            continue
        found = named(after.schema, kind, props, name, after.props)
        if len(found) > 1:
            yield _two(name, draft, props, found, after)
            return  # of two projects, two clients follow


def _two(name: str, draft: Draft, props: Props, found: Mapping[str, str], after: _After) -> Refused:
    told = [
        f"{after.word(one)} " + (f"as its {name}" if by == name else f"through its {by} {props[by]}")
        for one, by in found.items()
    ]
    through, first = next(by for by in found.values() if by != name), next(iter(found))
    leave = f"Leave {name} out, or clear it: its {through} says it. Or name" if name in found.values() else "Name"
    to = after.schema.kinds[draft.kind].properties[through].to
    return Refused(
        f"{_word(draft)} would belong to two {name}s: {' and '.join(told)}.",
        hint=f"{leave} {a(through)} of {first}: record_find about={first} (onefirm record find {to} --about {first}).",
    )


def _below(kind: Kind, draft: Draft, after: _After) -> Iterator[Refused]:
    """What belongs to a record whose client changes, and names another one by itself."""
    kinds = after.schema.kinds.values() if draft.op == "update" else ()
    names = {name for one in kinds for prop in one.properties.values() if prop.to == kind.name for name in prop.same}
    for name in sorted(names):
        if any(source in draft.set for source in sources(kind, name)):
            other = sorted(set(_others(after, draft.ref, name, set())))
            if other:
                yield _left_behind(name, draft, other)


def _others(after: _After, ref: str, name: str, seen: set[str]) -> Iterator[str]:
    target = after.schema.kind_of(ref).name
    for kind in after.schema.kinds.values():
        pointing = [prop.name for prop in kind.properties.values() if prop.to == target and name in prop.same]
        for one, props in after.pointing(kind.name, pointing, ref).items() if pointing else ():
            if one in seen:
                continue
            seen.add(one)
            if len(named(after.schema, kind, props, name, after.props)) > 1:
                yield one
            if props.get(name) is None:
                yield from _others(after, one, name, seen)


def _orphaned(draft: Draft, after: _After) -> Iterator[Refused]:
    """What is open and belongs to a record that is archived: it would stay in every list, of nobody."""
    if left := _open_below(draft.ref, after):
        shown = ", ".join(f"{one.ref} “{one.title[:40]}” ({one.status})" for one in left[:_SHOWN])
        more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
        refs = " ".join(one.ref for one in left)
        yield Refused(
            f"{_word(draft)} can't be archived while what belongs to it is open: {shown}{more}.",
            hint=f"Give each its end, or archive them in the same write (onefirm record archive {draft.ref} {refs}):"
            f" record_find about={draft.ref} (onefirm record find --open --about {draft.ref}) lists them.",
        )


def _open_below(ref: str, after: _After) -> list[Record]:
    """The open records that point at one, and those that point at these: whoever archives it needs them all."""
    found: dict[str, Record] = {}
    looked = [ref]
    for at in looked:
        new = {one.ref: one for one in after.open_pointing(at) if one.ref not in found and one.ref != ref}
        found |= new
        looked += new
    return list(found.values())


def _left_behind(name: str, draft: Draft, refs: Sequence[str]) -> Refused:
    more = f" and {len(refs) - _SHOWN} more" if len(refs) > _SHOWN else ""
    return Refused(
        f"With that, what belongs to {_word(draft)} would name another {name}: {', '.join(refs[:_SHOWN])}{more}.",
        hint=f"Change them in the same write, or clear their {name} first (onefirm record update {refs[0]} {name}=):"
        f" {draft.ref} says it for them.",
    )


def _word(draft: Draft) -> str:
    ref = f"the {draft.kind.replace('_', ' ')}" if draft.op == "create" else draft.ref
    return f"{ref[:1].upper()}{ref[1:]} “{draft.title}”"
