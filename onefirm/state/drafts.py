"""From what was asked to what will be written: every rule of the schema is applied here, without reading anything."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, cast

from onefirm.core import canonical
from onefirm.core.errors import FirmError, InvalidInput, NoRef, NotFound, Refused
from onefirm.core.ids import is_temporary, parse_ref
from onefirm.core.words import a
from onefirm.state import values
from onefirm.state.changes import Change, IllegalMove, StaleWrite
from onefirm.state.mirror import Record
from onefirm.state.schema import Kind
from onefirm.state.truth.base import Op, TruthWrite
from onefirm.state.values import Reading

MOST_CHANGES = 200
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
DraftOp: TypeAlias = Literal["create", "update", "archive", "restore", "look"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One change, understood but not yet held against the record. `undo_of` names the event that it takes back."""

    index: int
    op: Op
    kind: Kind
    ref: str | None
    set: Mapping[str, Any]
    if_match: str | None = None
    undo_of: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """One change, ready for the truth. It travels through the outbox as JSON.

    `ref` of a create is its temporary ref; title and status are those afterwards. `before` has the present values of
    the properties in `set`. A `look` asks nothing of the truth: the record has these values already.
    """

    op: DraftOp
    kind: str
    ref: str
    title: str
    status: str
    base: str | None = None
    set: Mapping[str, Any] = field(default_factory=dict[str, Any])
    before: Mapping[str, Any] = field(default_factory=dict[str, Any])
    undo_of: str | None = None

    def write(self) -> TruthWrite:
        """What the truth is asked for."""
        assert self.op != "look"
        create = self.op == "create"
        return TruthWrite(self.op, self.kind, None if create else self.ref, None if create else self.base, self.set)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for the outbox."""
        return {
            "op": self.op, "kind": self.kind, "ref": self.ref, "title": self.title, "status": self.status,
            "base": self.base, "set": dict(self.set), "before": dict(self.before), "undo_of": self.undo_of,
        }  # fmt: skip


def read(reading: Reading, changes: Sequence[Change]) -> list[Wanted]:
    """Understand all changes. Raises InvalidInput that names every mistake in every change at once."""
    if not 0 < len(changes) <= MOST_CHANGES:
        raise InvalidInput(
            f"A write holds 1 to {MOST_CHANGES} changes, not {len(changes)}.", hint="Split it, or name what to change."
        )
    mistakes = Mistakes(changes)
    wanted = [one for index, change in enumerate(changes) if (one := _read_one(reading, index, change, mistakes))]
    refs = [one.ref for one in wanted if one.ref]
    for ref in dict.fromkeys(ref for ref in refs if refs.count(ref) > 1):
        mistakes.add(None, InvalidInput(f"{ref} is changed twice in one write.", hint="Put both into one change."))
    mistakes.raise_any()
    return wanted


class Mistakes:
    """Collects what is wrong with several changes and tells it in one error."""

    def __init__(self, changes: Sequence[Change]) -> None:
        self._many = len(changes) > 1
        self._names = [change.ref or change.kind or change.op for change in changes]
        self._found: list[tuple[str, FirmError]] = []

    def add(self, index: int | None, error: FirmError) -> None:
        """Note one mistake; `index` is the change it is in."""
        where = "" if index is None or not self._many else f"Change {index + 1} ({str(self._names[index])[:40]}): "
        self._found.append((where, error))

    def raise_any(self) -> None:
        """Raise what was found: one error as it is, several as one InvalidInput."""
        if len(self._found) == 1 and not self._found[0][0]:
            raise self._found[0][1]
        if self._found:
            sentences = [f"{where}{error.message} {error.hint}".rstrip() for where, error in self._found]
            told, hint = "\n".join(sentences), "Nothing was written; mend these and send all changes again."
            named = {text: kind for _, e in self._found if isinstance(e, NoRef) for text, kind in e.named.items()}
            raise NoRef(told, hint=hint, named=named) if named else InvalidInput(told, hint=hint)


def _read_one(reading: Reading, index: int, change: Change, mistakes: Mistakes) -> Wanted | None:
    try:
        ref = parse_ref(change.ref) if change.ref is not None else None
        kind = _kind(reading, change, ref)
        sent = _sent(change)
    except FirmError as error:
        mistakes.add(index, error)
        return None
    read = _read_values(reading, kind, sent, lambda error: mistakes.add(index, error))
    for name in _lacking(kind, sent, read) if change.op == "create" else ():
        mistakes.add(
            index, InvalidInput(f"{a(kind.label).capitalize()} needs {a(name)}.", hint=f"Send {name} in `set`.")
        )
    return Wanted(index, change.op, kind, ref, read, None if change.if_match is None else str(change.if_match))


def _lacking(kind: Kind, sent: Mapping[str, Any], read: Mapping[str, Any]) -> list[str]:
    """Required properties that were not sent; what was sent and is wrong was told already. A status has its first."""
    required = (p for p in kind.properties.values() if p.required and p.type != "status")
    needed = [p.name for p in required if p.default is None]
    return [name for name in needed if name not in read and not sent.get(name)]


def _kind(reading: Reading, change: Change, ref: str | None) -> Kind:
    schema = reading.schema
    if change.op not in ("create", "update", "archive", "restore"):
        raise InvalidInput(f"“{change.op}” is no change.", hint="It is one of create, update, archive, restore.")
    if change.op == "create":
        if ref is not None:
            raise InvalidInput(f"A create can't name its ref ({ref}): the truth gives it.", hint="Leave `ref` out.")
        if change.kind is None:
            raise InvalidInput("A create needs a kind.", hint=f"Known kinds: {', '.join(schema.kinds)}.")
        return schema.kind(change.kind)
    if ref is None:
        raise InvalidInput(f"The {change.op} names no record.", hint="Send its ref, like P-12.")
    kind = schema.kind_of(ref)
    if change.kind is not None and schema.kind(change.kind) != kind:
        raise InvalidInput(f"{ref} is {a(kind.label)}, not {a(change.kind[:40])}.", hint="Leave `kind` out.")
    return kind


def _sent(change: Change) -> Mapping[str, Any]:
    sent: object = change.set
    if isinstance(sent, str):  # models send objects as JSON text now and then
        try:
            sent = json.loads(sent)
        except (ValueError, RecursionError):
            sent = None
    if not isinstance(sent, Mapping):
        raise InvalidInput("`set` is not an object.", hint='Send properties and values, like {"due": "2026-11-21"}.')
    given = cast("Mapping[str, Any]", sent)
    if change.op in ("archive", "restore") and given:
        raise InvalidInput(f"{a(change.op).capitalize()} changes no properties.", hint="Send an update for them.")
    if change.op == "update" and not given:
        raise InvalidInput("The update changes nothing.", hint='Send `set`, like {"status": "done"}.')
    return given


def _read_values(
    reading: Reading, kind: Kind, sent: Mapping[str, Any], complain: Callable[[FirmError], None]
) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for word, raw in sent.items():
        try:
            prop = kind.property_named(str(word))
            value = values.read(reading, kind, prop, raw)
            values.check_bounds(prop, value)
        except InvalidInput as error:
            complain(error)
            continue
        if prop.name in read:
            complain(InvalidInput(f"{prop.name} is set twice.", hint="Send it once."))
        read[prop.name] = value
    return read


def related(wanted: Wanted) -> list[tuple[str, str]]:
    """The property and ref of every relation that a change sets."""
    found: list[tuple[str, str]] = []
    for name, value in wanted.set.items():
        prop = wanted.kind.properties.get(name)
        if prop and prop.type == "relation" and value is not None:
            refs = cast("list[str]", value if isinstance(value, list) else [value])
            found += [(name, ref) for ref in refs]
    return found


def temporary_ref(prefix: str, key: str, index: int) -> str:
    """The ref of a record whose creation waits; the same for the same write."""
    number, letters = int(canonical.sha256_hex(f"{key}:{index}"), 16), ""
    while len(letters) < 8:
        number, digit = divmod(number, 36)
        letters += _BASE36[digit]
    return f"{prefix}-x{letters}"


def draft(wanted: Wanted, key: str, current: Record | None, *, keep_equal: bool = False) -> Draft:
    """Hold a change against the record as it is (or will be once what waits is done).

    `keep_equal` keeps values that the record seems to have already: a write that waits must not forget them. Raises
    NotFound, StaleWrite, IllegalMove, and Refused for a change of an archived record.
    """
    kind = wanted.kind
    if wanted.op == "create":
        defaults = {p.name: p.default for p in kind.properties.values() if p.default is not None}
        props = {"status": kind.initial, **defaults, **wanted.set}
        full = {name: value for name, value in props.items() if value is not None}
        ref = temporary_ref(kind.prefix, key, wanted.index)
        title, status = str(full["title"]), str(full["status"])
        return Draft("create", kind.name, ref, title, status, set=full, undo_of=wanted.undo_of)
    if current is None:
        raise missing(wanted.ref or "", kind)
    if wanted.if_match is not None and wanted.if_match != current.etag:
        raise stale(current, f"it is at {current.etag or 'a value that waits'}, not at {wanted.if_match[:40]}")
    if wanted.op in ("archive", "restore"):
        return _archiving(wanted, current, keep_equal)
    return _update(wanted, current, keep_equal)


def _archiving(wanted: Wanted, current: Record, keep_equal: bool) -> Draft:
    done = current.archived == (wanted.op == "archive") and not keep_equal
    op: DraftOp = "look" if done else wanted.op
    return Draft(op, current.kind, current.ref, current.title, current.status, current.etag, undo_of=wanted.undo_of)


def _update(wanted: Wanted, current: Record, keep_equal: bool) -> Draft:
    changed = {n: value for n, value in wanted.set.items() if keep_equal or current.props.get(n) != value}
    if not changed:
        return Draft("look", current.kind, current.ref, current.title, current.status, current.etag)
    if current.archived:
        raise Refused(
            f"{current.ref} “{current.title}” is archived, so it can't be changed.",
            hint=f"Restore it first: record_write op=restore (onefirm record restore {current.ref}).",
        )
    if changed.get("status", current.status) != current.status and wanted.undo_of is None:
        _check_move(wanted.kind, current, changed["status"])
    if current.ref in (changed.get("blocked_by") or ()):
        raise Refused(f"{current.ref} can't be blocked by itself.", hint="Name another task.")
    before = {name: current.props.get(name) for name in changed}
    title, status = str(changed.get("title") or current.title), str(changed.get("status") or current.status)
    return Draft("update", current.kind, current.ref, title, status, current.etag, changed, before, wanted.undo_of)


def _check_move(kind: Kind, current: Record, status: str) -> None:
    now = kind.statuses.get(current.status)
    if now is None or status in now.moves:  # from a status that only the truth knows, any is an improvement
        return
    legal = ", ".join(now.moves) or "none: it is final"
    raise IllegalMove(
        f"{current.ref} “{current.title}” is {current.status}; {a(kind.label)} can't go from there to {status}.",
        hint=f"Legal moves from {current.status}: {legal}.",
        ref=current.ref,
        legal=now.moves,
    )


def missing(ref: str, kind: Kind | None = None) -> NotFound:
    """The error for a ref that names no record."""
    what = f"{kind.label} " if kind else "record "
    waits = " (a temporary ref, and no write that created it waits)" if is_temporary(ref) else ""
    find = f"record_find kind={kind.name}" if kind else "record_find"
    return NotFound(f"There is no {what}{ref}{waits}.", hint=f"{find} (onefirm record find) lists what is there.")


def stale(current: Record, why: str, names: Sequence[str] = ()) -> StaleWrite:
    """The error for a write that relies on an older state; it tells the present values."""
    told = names or [name for name in current.props if name != "title"]
    shown = ", ".join(f"{name} {json.dumps(values.show(current.props.get(name)), ensure_ascii=False)}" for name in told)
    return StaleWrite(
        f"{current.ref} “{current.title}” has moved: {why}. Now: {shown}.",
        hint=f"Nothing was written. Decide with these values, then write again (if_match {current.etag}).",
        ref=current.ref,
        etag=current.etag,
        current=current.props,
    )
