"""Holding a new schema against the records, and bringing it into force with those that must follow it.

No value is lost: what would not fit is named and nothing is done; what is rewritten, and what is taken out because the
operator said so, keeps its value before in the ledger. Schema, records and entries change in one transaction.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import Connection

from onefirm.core.attribution import By
from onefirm.core.clock import parse_iso
from onefirm.core.errors import InvalidInput, Refused
from onefirm.core.numerals import pointed
from onefirm.state import claims, mirror, schema_plan, values
from onefirm.state import home as homes
from onefirm.state import schema as schemas
from onefirm.state.mirror import Record
from onefirm.state.plane import Plane
from onefirm.state.schema import Kind, Property, Schema
from onefirm.state.schema_plan import Declared, Step
from onefirm.state.sync.plan import differing
from onefirm.state.truth.base import TOLD, Following, TruthRow, TruthWrite
from onefirm.state.truth.embedded import EmbeddedTruth
from onefirm.store import notes
from onefirm.store.tables import record

_SHOWN = 5
_LONGEST_VALUE = 40
_LOOKS, _LOOK_AGAIN_S = 60, 0.05


@dataclass(frozen=True, slots=True)
class Proposal:
    """A schema that could come into force. `changes` are the new values by ref, None for a value taken out.

    `obstacles` are sentences; while there is one, nothing can be applied. `following` is what it needs at the truth.
    """

    now: int
    schema: Schema
    steps: tuple[Step, ...]
    changes: Mapping[str, Mapping[str, Any]]
    obstacles: tuple[str, ...]
    following: Following

    def accepted(self) -> Proposal:
        """This proposal. Raises Refused with every obstacle."""
        if self.obstacles:
            raise Refused(
                "The schema can't be applied:\n" + "\n".join(self.obstacles),
                hint="Nothing was changed. Change those records or the files, then look at `onefirm schema diff`.",
            )
        return self


def propose(
    plane: Plane, conn: Connection, declared: Declared, remove: Sequence[str], *, ending: bool = False
) -> Proposal:
    """The plan against the schema in force and every record of a kind that it concerns.

    With `ending`, a write that somebody is at stands against nothing: `apply` waits for its end, and looks again.
    """
    now = schemas.current(conn) or Schema(0, {})
    steps = schema_plan.plan(now, declared)
    # before the records: a write that ends between the two would change them behind the plan's back
    waiting = _waiting(plane, conn, ending)
    rows = [mirror.record_of(row) for row in conn.execute(mirror.rows().order_by(record.c.ref))]
    cleared = _cleared(declared, rows, remove)
    told = [_counted(step, rows, cleared) for step in steps] + _clearing(declared, rows, cleared)
    schema = Schema(now.version + 1, declared.kinds)
    fit = _Fit(plane, now, schema, told, cleared, frozenset(row.ref for row in rows))
    for row in rows:
        fit.take(row)
    concerned = fit.changes or any(_binds(step, schema) for step in told)
    following = plane.truth.following(schema, told)
    obstacles = (*(waiting if concerned else ()), *following.against, *fit.told())
    return Proposal(now.version, schema, tuple(told), fit.changes, obstacles, following)


def apply(
    plane: Plane, declared: Declared, by: By, remove: Sequence[str], prepared: Sequence[Mapping[str, Any]] = ()
) -> Proposal:
    """Bring it into force: the schema, the records that follow, their entries, and what the firm must be told of it,
    `prepared` by the truth among it. Raises InvalidInput, Refused.
    """
    with plane.store.write() as conn:
        schemas.hold(conn, alone=True)
        homes.check(conn, plane)
        _let_end(plane, conn)
        done = propose(plane, conn, declared, remove).accepted()
        if not done.steps:
            return done
        plan = [step.sentence for step in done.steps]
        event = schemas.write(conn, done.schema, plane.ledger, by, plane.now(), plan)
        plane.step("schema written")
        if telling := [*done.following.told, *prepared]:
            notes.put(conn, TOLD, [dict(one) for one in telling])
        said = replace(by, cause=event.id, reason=f"version {done.schema.version} of the schema")
        _rewrite(plane, conn, done, said)
        for name in sorted({step.kind for step in done.steps} & set(done.schema.kinds)):
            mirror.follow(conn, done.schema.kinds[name])
        plane.step("records rewritten")
    return done


def _let_end(plane: Plane, conn: Connection) -> None:
    """Wait a little for the writes under way. None begins now; on SQLite none can end either before this does."""
    home = plane.ledger.chain_id
    for _ in range(_LOOKS if conn.dialect.name == "postgresql" else 0):
        if not any(claim.is_live(plane.now(), home) for claim in claims.every(conn)):
            return
        plane.pause(_LOOK_AGAIN_S)


def _rewrite(plane: Plane, conn: Connection, done: Proposal, by: By) -> None:
    if not done.changes:
        return
    key = f"schema:{done.schema.version}"
    known = mirror.load(conn, done.changes, lock=True)
    refs = sorted(done.changes)
    if isinstance(plane.truth, EmbeddedTruth):
        writes = [TruthWrite("update", known[ref].kind, ref, known[ref].etag, done.changes[ref]) for ref in refs]
        rows = plane.truth.apply_within(conn, writes, key)
    else:  # rows elsewhere stay as they are, and mean this from now on: the next pull reads all of them again
        rows = [_meaning(known[ref], done.changes[ref]) for ref in refs]
    for row in rows:
        _tell(plane, conn, known[row.ref], row, by, f"{key}:{row.ref}")
        mirror.put(conn, row, done.schema, plane.now() if plane.beside else parse_iso(known[row.ref].synced_at))


def _meaning(old: Record, change: Mapping[str, Any]) -> TruthRow:
    props = {name: value for name, value in {**old.props, **change}.items() if value is not None}
    return TruthRow(old.ref, old.kind, props, old.etag, old.archived, old.created_at, old.updated_at)


def _tell(plane: Plane, conn: Connection, old: Record, row: TruthRow, by: By, effect_key: str) -> None:
    before, after = differing(old.props, row.props, {*old.props, *row.props})
    told: dict[str, Any] = {
        "kind": row.kind, "title": str(row.props.get("title", "")), "status": str(row.props.get("status", "")),
        "before": before, "after": after, "etag_before": old.etag, "etag": row.etag,
    }  # fmt: skip
    plane.ledger.append(conn, "record.updated", told, subjects=(row.ref,), by=by, effect_key=effect_key)


# -- one record after another ------------------------------------------------------------------------------------------


class _Fit:
    """Fits records into the new schema: collects what must be rewritten, and what can't be."""

    def __init__(
        self,
        plane: Plane,
        now: Schema,
        schema: Schema,
        steps: Iterable[Step],
        cleared: frozenset[tuple[str, str]],
        refs: frozenset[str],
    ) -> None:
        self.changes: dict[str, dict[str, Any]] = {}
        self._reading = replace(plane.reading, schema=schema)
        self._now, self._schema, self._cleared, self._refs = now, schema, cleared, refs
        self._steps: dict[str, list[Step]] = {}
        self._problems: dict[str, list[str]] = {}
        for step in steps:
            self._steps.setdefault(step.kind, []).append(step)

    def take(self, row: Record) -> None:
        """Fit one record."""
        steps = self._steps.get(row.kind)
        if not steps:
            return
        kind, before = self._schema.kinds.get(row.kind), self._now.kinds.get(row.kind)
        if kind is None or (before and before.prefix != kind.prefix):
            kept = (
                f"put schema/{row.kind}.yaml back"
                if kind is None
                else f"write prefix: {before.prefix if before else ''}"
            )
            self._note(f"The kind {row.kind} stays, since its records stay, archived or not ({kept})", row.ref)
            return
        props = dict(row.props)
        for step in steps:
            if step.thing == "status":
                self._status(step, row, props)
            elif step.thing == "property":
                self._property(step, kind, row, props)
        self._require(kind, steps, row, props)
        _, after = differing(row.props, props, {*row.props, *props})
        if after:
            self.changes[row.ref] = after

    def told(self) -> list[str]:
        """What stands against it: each reason once, with the records."""
        return [f"{why}: {_listed(refs)}." for why, refs in self._problems.items()]

    def _note(self, why: str, ref: str) -> None:
        self._problems.setdefault(why, []).append(ref)

    def _status(self, step: Step, row: Record, props: dict[str, Any]) -> None:
        if step.turn == "renamed" and row.status == step.was:
            props["status"] = step.name
        if step.turn == "removed" and row.status == step.name:
            self._note(f"The status “{step.name}” of {row.kind} can't be removed while records have it", row.ref)

    def _property(self, step: Step, kind: Kind, row: Record, props: dict[str, Any]) -> None:
        if step.turn == "cleared":
            props.pop(step.name, None)
        if step.turn == "renamed" and step.was in props:
            if step.name in props:
                why = f"“{step.was}” of {row.kind} can't become “{step.name}” while records still hold a value of both"
                self._note(why, row.ref)
            props[step.name] = props.pop(step.was)
        prop = kind.properties.get(step.name)
        if prop and step.turn in ("added", "changed") and step.name in props and self._is_other(kind, prop):
            self._reread(kind, prop, row, props)

    def _reread(self, kind: Kind, prop: Property, row: Record, props: dict[str, Any]) -> None:
        stored = props[prop.name]
        shown = values.show(stored)
        try:
            read = values.read(self._reading, kind, prop, shown)
        except InvalidInput:
            read = None
        if read is None or not _keeps(shown, read) or not self._is_there(prop, read):
            what = f"{str(shown)[:_LONGEST_VALUE]}"
            why = f"“{what}” in {prop.name} of {row.kind} doesn't fit {schema_plan.form(prop)}"
            self._note(why, row.ref)
        elif read != stored:
            props[prop.name] = read

    def _is_other(self, kind: Kind, prop: Property) -> bool:
        """Whether values of before may not fit: what was left behind by a removal, or another form."""
        known = self._now.kinds.get(kind.name)
        old = known.properties.get(prop.name) if known else None
        if old is None:
            return True
        same = (old.type, old.to, old.many) == (prop.type, prop.to, prop.many)
        return not same or not set(old.options) <= set(prop.options)

    def _is_there(self, prop: Property, read: Any) -> bool:
        refs = cast("list[str]", read if isinstance(read, list) else [read])
        return prop.type != "relation" or self._refs.issuperset(refs)

    def _require(self, kind: Kind, steps: Sequence[Step], row: Record, props: Mapping[str, Any]) -> None:
        for step in steps:
            prop = kind.properties.get(step.name) if step.thing == "property" else None
            if prop and prop.required and props.get(prop.name) is None:
                self._note(f"The property “{prop.name}” of {row.kind} can't be required while records lack it", row.ref)


def _keeps(shown: Any, read: Any) -> bool:
    """Whether the new form still holds all of the old one: no time of day cut off, no digit rounded away."""
    if isinstance(shown, str) and isinstance(read, int | float) and not isinstance(read, bool):
        is_code = re.match(r"[+-]?0\d", shown.strip())  # 0012 is a name made of digits
        return not is_code and Decimal(pointed(shown.strip())) == Decimal(str(read))
    if isinstance(shown, str) and isinstance(read, str):
        return len(read) >= len(shown.strip())
    return True


def _listed(refs: Sequence[str]) -> str:
    more = f" and {len(refs) - _SHOWN} more" if len(refs) > _SHOWN else ""
    return f"{', '.join(refs[:_SHOWN])}{more}"


# -- what stays, what is taken out -------------------------------------------------------------------------------------


def _cleared(declared: Declared, rows: Sequence[Record], remove: Sequence[str]) -> frozenset[tuple[str, str]]:
    """The properties whose values are to be taken out. Raises InvalidInput for one that is declared, or never held."""
    held = {(row.kind, name) for row in rows for name in row.props}
    found: set[tuple[str, str]] = set()
    for word in remove:
        only, _, name = word.strip().lower().rpartition(".")
        there = {pair for pair in held if pair[1] == name and only in ("", pair[0])}
        gone = {(kind, name) for kind, name in there if not _has(declared, kind, name)}
        if there and not gone:
            kinds = ", ".join(sorted(kind for kind, _ in there))
            raise InvalidInput(
                f"“{name}” is still a property of {kinds}.",
                hint="Take it out of the kind's file first (`name: null` for a shipped one), then remove its values.",
            )
        if not there:
            raise InvalidInput(f"No record holds a value of “{word[:60]}”.", hint="Name it as KIND.PROPERTY.")
        found |= gone
    return frozenset(found)


def _has(declared: Declared, kind: str, name: str) -> bool:
    known = declared.kinds.get(kind)
    if known is None or name in known.properties:
        return True
    # what gets another name takes its values along
    return any(place[:2] == (kind, "property") and was == name for place, was in declared.was.items())


def _counted(step: Step, rows: Iterable[Record], cleared: frozenset[tuple[str, str]]) -> Step:
    """A property's removal, with what becomes of its values."""
    if (step.thing, step.turn) != ("property", "removed"):
        return step
    held = _holding(rows, step.kind, step.name)
    if not held or (step.kind, step.name) in cleared:
        return step
    stays = f" {held} record(s) keep their value until `--remove {step.kind}.{step.name}` takes it out."
    return replace(step, sentence=step.sentence + stays)


def _clearing(declared: Declared, rows: Sequence[Record], cleared: frozenset[tuple[str, str]]) -> list[Step]:
    return [
        Step(
            "property", "cleared", kind, name,
            f"{declared.kinds[kind].label.capitalize()}: the values of “{name}” are taken out of"
            f" {_holding(rows, kind, name)} record(s); the ledger and the backup keep them.",
        )
        for kind, name in sorted(cleared)
    ]  # fmt: skip


def _holding(rows: Iterable[Record], kind: str, name: str) -> int:
    return sum(1 for row in rows if row.kind == kind and name in row.props)


# -- what must come first ----------------------------------------------------------------------------------------------


def _binds(step: Step, schema: Schema) -> bool:
    """Whether a write that was checked under the schema of before may not fit any more."""
    prop = schema.kinds[step.kind].properties.get(step.name) if step.kind in schema.kinds else None
    return step.turn != "added" or (step.thing == "property" and prop is not None and prop.required)


def _waiting(plane: Plane, conn: Connection, ending: bool) -> list[str]:
    now, home = plane.now(), plane.ledger.chain_id
    found = [claim for claim in claims.every(conn) if not (ending and claim.is_live(now, home))]
    refs = sorted({ref for claim in found for ref in claim.refs})
    return [f"{len(found)} write(s) are under way or wait for the truth: {_listed(refs)}."] if found else []
