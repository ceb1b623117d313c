"""The kinds of records as data: properties, statuses and the moves between them.

The shipped YAML is read by `kind_files`; what holds in one firm's database is the version that was applied to it.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypeAlias, TypeVar, cast

from sqlalchemy import Connection, func, select, text

from onefirm.core import canonical
from onefirm.core.attribution import By
from onefirm.core.clock import iso
from onefirm.core.errors import InvalidInput, Refused, Unavailable
from onefirm.core.words import a
from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Event
from onefirm.store.tables import firm_schema

Group: TypeAlias = Literal["open", "active", "waiting", "blocked", "paused", "done", "dropped"]
PropertyType: TypeAlias = Literal[
    "text", "choice", "status", "date", "money", "relation", "number", "email", "url", "checkbox"
]
CLOSED: frozenset[Group] = frozenset({"done", "dropped"})
_LOCK = 7_016_310_002  # any constant of our own
_HOLD = text(f"SELECT pg_advisory_xact_lock_shared({_LOCK})")
_HOLD_ALONE = text(f"SELECT pg_advisory_xact_lock({_LOCK})")
# Built once: SQLAlchemy takes longer to build a statement than SQLite to run it.
_VERSION = select(func.max(firm_schema.c.version))


_T = TypeVar("_T")


class SchemaMoved(Unavailable):
    """Another process has applied a newer schema since this one read its own."""


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a kind. `to` names the kind that a relation points at, `options` what a choice allows.

    `min` is the least that an amount or a number may be. A date may not lie before the one that `not_before` names.
    `same` at a relation names what the record and the one that it points at must have in common: their client.
    """

    name: str
    type: PropertyType
    required: bool = False
    options: tuple[str, ...] = ()
    default: str | None = None
    to: str | None = None
    many: bool = False
    aliases: tuple[str, ...] = ()
    min: int | None = None
    not_before: str | None = None
    same: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Status:
    """One status; `moves` are the statuses that may follow it."""

    name: str
    group: Group
    moves: tuple[str, ...]
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record. `deadline` is the date property that decides what is due."""

    name: str
    prefix: str
    plural: str
    description: str
    properties: Mapping[str, Property]
    statuses: Mapping[str, Status]
    deadline: str | None = None

    @property
    def label(self) -> str:
        """The kind's name in a sentence."""
        return self.name.replace("_", " ")

    @property
    def initial(self) -> str:
        """The status in which a new record begins."""
        return next(iter(self.statuses))

    def property_named(self, word: str) -> Property:
        """The property of this name or alias, whatever its case. Raises InvalidInput that lists the known ones."""
        wanted = _plain(word)
        for prop in self.properties.values():
            if wanted in (prop.name, *map(_plain, prop.aliases)):
                return prop
        known = ", ".join(closest_first(wanted, self.properties))
        raise InvalidInput(
            f"{a(self.label).capitalize()} has no property “{word[:40]}”.",
            hint=f"Known properties, closest first: {known}.",
        )

    def status_named(self, word: str) -> Status:
        """The status of this name or alias, whatever its case. Raises InvalidInput that lists the known ones."""
        wanted = _plain(word)
        for status in self.statuses.values():
            if wanted in (status.name, *map(_plain, status.aliases)):
                return status
        raise InvalidInput(
            f"{a(self.label).capitalize()} has no status “{word[:40]}”.",
            hint=f"Its statuses: {', '.join(self.statuses)}.",
        )

    def group_of(self, status: str) -> Group:
        """The group of a status; one that only a remote truth knows counts as open."""
        known = self.statuses.get(status)
        return known.group if known else "open"


@dataclass(frozen=True, slots=True)
class Schema:
    """All kinds of one firm at one version."""

    version: int
    kinds: Mapping[str, Kind]

    def kind(self, name: str) -> Kind:
        """The kind of this name (or plural), whatever its case. Raises InvalidInput that lists the known ones."""
        wanted = _plain(name)
        for kind in self.kinds.values():
            if wanted in (kind.name, _plain(kind.plural)):
                return kind
        known = ", ".join(closest_first(wanted, self.kinds))
        raise InvalidInput(f"There is no kind “{name[:40]}”.", hint=f"Known kinds, closest first: {known}.")

    def kind_of(self, ref: str) -> Kind:
        """The kind that a ref's letters stand for. Raises InvalidInput."""
        prefix = ref.partition("-")[0]
        for kind in self.kinds.values():
            if kind.prefix == prefix:
                return kind
        known = ", ".join(f"{kind.prefix} {kind.label}" for kind in self.kinds.values())
        raise InvalidInput(f"No kind of record has refs like {ref}.", hint=f"The letters stand for: {known}.")

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for the database and for the guard's compiler; empty fields are left out."""
        return {"version": self.version, "kinds": {name: _kind_to_dict(kind) for name, kind in self.kinds.items()}}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Schema:
        """The opposite of to_dict, also for a dictionary whose keys a database has sorted."""
        kinds = {name: _kind_from_dict(name, body) for name, body in sorted(data["kinds"].items())}
        return cls(int(data["version"]), kinds)


def shipped() -> Schema:
    """The schema that comes with this version of onefirm."""
    from onefirm.state.kind_files import read_shipped  # YAML and pydantic: not for those who read the applied one

    return read_shipped()


def apply(conn: Connection, schema: Schema, ledger: Ledger, by: By, now: datetime) -> Schema:
    """Make a schema the one that holds in this database, and return it; applying it again changes nothing.

    Raises Refused for an older version, and for another schema under a version that was applied before.
    """
    body = schema.to_dict()
    digest = canonical.sha256_hex(canonical.dumps(body))
    newest = conn.execute(_newest()).first()
    if newest and newest.version == schema.version and newest.sha256 == digest:
        return schema
    if newest and newest.version >= schema.version:
        raise Refused(
            f"Schema {newest.version} is applied; this one is version {schema.version} and differs from it.",
            hint="Update onefirm, or raise `version` in the schema's files.",
        )
    write(conn, schema, ledger, by, now)
    return schema


def write(conn: Connection, schema: Schema, ledger: Ledger, by: By, now: datetime, plan: Sequence[str] = ()) -> Event:
    """Keep a schema as the newest one and tell of it; `plan` says in sentences what it changes."""
    body = schema.to_dict()
    digest = canonical.sha256_hex(canonical.dumps(body))
    conn.execute(firm_schema.insert().values(version=schema.version, applied_at=iso(now), sha256=digest, body=body))
    told = {"version": schema.version, "sha256": digest, **({"plan": list(plan)} if plan else {})}
    effect = f"schema:{schema.version}:{digest}"
    return ledger.append(conn, "schema.applied", told, subjects=(), by=by, effect_key=effect)


def version(conn: Connection) -> int:
    """The version that holds in this database; 0 when none was applied."""
    return conn.execute(_VERSION).scalar() or 0


def hold(conn: Connection, *, alone: bool = False) -> None:
    """Keep the schema as it is until the transaction's end; `alone` also waits for all who hold it, to change it.

    SQLite has one writer, so that there is nothing to do.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(_HOLD_ALONE if alone else _HOLD)


def is_current(conn: Connection, schema: Schema) -> bool:
    """Whether a schema is the one in force, which it then is until the transaction's end."""
    hold(conn)
    return version(conn) == schema.version


def check_current(conn: Connection, schema: Schema) -> None:
    """Hold the schema, and raise SchemaMoved unless it is the one that this process works with."""
    if not is_current(conn, schema):
        newest = version(conn)
        raise SchemaMoved(
            f"The firm's schema is at version {newest} now, and this was to be written under version {schema.version}.",
            hint="Nothing was written. Try again; a program that says so again must be restarted.",
        )


def current(conn: Connection) -> Schema | None:
    """The schema that holds in this database; None when none was applied."""
    newest = conn.execute(_newest()).first()
    return Schema.from_dict(cast("Mapping[str, Any]", newest.body)) if newest else None


def remembered(conn: Connection) -> Schema:
    """The schema in force, and with it what earlier ones had and it has no longer: records may still hold such values,
    and a truth elsewhere has columns for them.
    """
    bodies = conn.execute(select(firm_schema.c.body).order_by(firm_schema.c.version)).scalars()
    return functools.reduce(remembering, map(Schema.from_dict, bodies), Schema(0, {}))


def remembering(former: Schema, schema: Schema) -> Schema:
    """A schema, and with it what former ones had and it has no longer."""
    kinds = {name: _with_former(kind, former.kinds.get(name)) for name, kind in schema.kinds.items()}
    return Schema(schema.version, {**former.kinds, **kinds})


def _with_former(kind: Kind, former: Kind | None) -> Kind:
    if former is None:
        return kind
    properties = {
        name: replace(prop, options=tuple(dict.fromkeys((*prop.options, *former.properties[name].options))))
        if name in former.properties
        else prop
        for name, prop in kind.properties.items()
    }
    # its own come first: a record begins in the first status
    return replace(
        kind, properties={**properties, **_lacking(former.properties, properties)},
        statuses={**kind.statuses, **_lacking(former.statuses, kind.statuses)},
    )  # fmt: skip


def _lacking(former: Mapping[str, _T], now: Mapping[str, _T]) -> dict[str, _T]:
    return {name: one for name, one in former.items() if name not in now}


def closest_first(word: str, known: Iterable[str]) -> list[str]:
    """All known words, those spelled most alike first; equal ones keep their order."""
    return sorted(known, key=lambda name: -difflib.SequenceMatcher(None, word.lower(), name).ratio())


def _newest() -> Any:
    return select(firm_schema).order_by(firm_schema.c.version.desc()).limit(1)


def _plain(word: str) -> str:
    return word.strip().lower().replace(" ", "_").replace("-", "_")


def _kind_to_dict(kind: Kind) -> dict[str, Any]:
    return _filled(
        prefix=kind.prefix, plural=kind.plural, label=kind.label, description=kind.description, deadline=kind.deadline,
        properties={p.name: _property_to_dict(p) for p in kind.properties.values()},
        statuses={s.name: _status_to_dict(s) for s in kind.statuses.values()},
        order={"properties": list(kind.properties), "statuses": list(kind.statuses)},
    )  # fmt: skip


def _property_to_dict(p: Property) -> dict[str, Any]:
    return _filled(
        type=p.type, required=p.required, options=list(p.options), default=p.default, to=p.to, many=p.many,
        aliases=list(p.aliases), min=p.min, not_before=p.not_before, same=list(p.same),
    )  # fmt: skip


def _status_to_dict(status: Status) -> dict[str, Any]:
    return {"group": status.group, "moves": list(status.moves), **_filled(aliases=list(status.aliases))}


def _filled(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value or type(value) is int}  # a `min` of 0 says much


def _kind_from_dict(name: str, body: Mapping[str, Any]) -> Kind:
    order = body.get("order", {})
    properties = {
        key: _property_from_dict(key, value) for key, value in _ordered(body["properties"], order.get("properties"))
    }
    statuses = {
        key: Status(key, value["group"], tuple(value["moves"]), tuple(value.get("aliases", ())))
        for key, value in _ordered(body["statuses"], order.get("statuses"))
    }
    return Kind(name, body["prefix"], body["plural"], body["description"], properties, statuses, body.get("deadline"))


def _property_from_dict(name: str, body: Mapping[str, Any]) -> Property:
    fields: dict[str, Any] = {
        **body,
        "options": tuple(body.get("options", ())),
        "aliases": tuple(body.get("aliases", ())),
        "same": tuple(body.get("same", ())),
    }
    return Property(name, **fields)


def _ordered(data: Mapping[str, Any], order: Iterable[str] | None = None) -> list[tuple[str, Any]]:
    # JSONB sorts keys by length; the first status is where a record begins, so order is kept beside
    return [(name, data[name]) for name in (order or data)]
