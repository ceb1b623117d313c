"""Finding records: filters, order and pages, as one SQL query that means the same on SQLite and Postgres."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from sqlalchemy import ColumnElement, Connection, Select, and_, case, false, func, literal, not_, or_, select

from onefirm.core import canonical
from onefirm.core.errors import InvalidInput
from onefirm.state import mirror, values
from onefirm.state.mirror import Record
from onefirm.state.schema import CLOSED, Kind, Property, closest_first
from onefirm.state.values import Reading
from onefirm.store.listed import listed
from onefirm.store.tables import record

MOST_ROWS = 500
_LONGEST_TEXT = 200
_CONDITION = re.compile(r"\s*(.+?)\s*(<=|>=|!=|<|>|=|)\s*")
_ORDERED = ("date", "money", "number")
_TIMES = ("created_at", "updated_at")
_Condition: TypeAlias = ColumnElement[bool]
_Key: TypeAlias = "tuple[ColumnElement[Any], bool]"


@dataclass(frozen=True, slots=True)
class Query:
    """What to find.

    `where` maps a property, with an optional `<`, `<=`, `>`, `>=` or `!=` behind it, to a value; a list means any of
    them, None means no value; `open` takes True or False. `text` has words that must all occur. `about` is a ref that
    the records point at. `archived` None means both. `sort` is a property or time, with `-` for the other direction; by
    default what is due first comes first.
    """

    kind: str | None = None
    where: Mapping[str, Any] = field(default_factory=dict[str, Any])
    text: str | None = None
    about: str | None = None
    archived: bool | None = False
    sort: str | None = None
    limit: int = 25
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the rows. `cursor` asks for the next ones; `total` counts all pages."""

    rows: tuple[Record, ...]
    cursor: str | None
    total: int


def find(conn: Connection, reading: Reading, query: Query, hidden: frozenset[str] = frozenset()) -> Page:
    """One page of what a query finds, but for the hidden refs. Raises InvalidInput that names what it can't read."""
    if isinstance(query.limit, bool) or not 0 < query.limit <= MOST_ROWS:
        raise InvalidInput(f"A page has 1 to {MOST_ROWS} rows.", hint="Send another limit, or narrow the query.")
    kind = reading.schema.kind(query.kind) if query.kind else None
    conditions = _Filter(reading, kind).conditions(query)
    if hidden:
        conditions.append(record.c.ref.not_in(listed(conn, hidden)))
    keys = _order(reading, kind, query.sort, conn.dialect.name)
    total = conn.execute(select(func.count()).select_from(record).where(*conditions)).scalar_one()
    shape = canonical.sha256_hex(repr((query.kind, query.where, query.text, query.about, query.archived, query.sort)))[
        :12
    ]
    if query.cursor:
        conditions = [*conditions, _after(keys, _read_cursor(query.cursor, shape, len(keys)))]
    page = mirror.rows().add_columns(*(key for key, _ in keys)).where(*conditions)
    found = conn.execute(_sorted(page, keys).limit(query.limit + 1)).all()
    rows = tuple(mirror.record_of(row[: -len(keys)]) for row in found[: query.limit])
    more = len(found) > query.limit
    return Page(rows, _cursor(shape, found[query.limit - 1][-len(keys) :]) if more else None, int(total))


def called(conn: Connection, text: str, kind: str | None, hidden: frozenset[str], most: int) -> list[Record]:
    """Some records that are not archived and whose title has every word of a text, the shortest titles first."""
    words = text[:_LONGEST_TEXT].split()
    conditions: list[_Condition] = [record.c.archived.is_(False), *(_contains(record.c.title, word) for word in words)]
    if kind:
        conditions.append(record.c.kind == kind)
    if hidden:
        conditions.append(record.c.ref.not_in(listed(conn, hidden)))
    order = (func.length(record.c.title), record.c.ref)
    found = conn.execute(mirror.rows().where(*conditions).order_by(*order).limit(most)) if words else ()
    return [mirror.record_of(row) for row in found]


class _Filter:
    """Conditions for one kind, or for all of them."""

    def __init__(self, reading: Reading, kind: Kind | None) -> None:
        self._reading = reading
        self._kind = kind

    def conditions(self, query: Query) -> list[_Condition]:
        found: list[_Condition] = []
        if self._kind:
            found.append(record.c.kind == self._kind.name)
        if query.archived is not None:
            found.append(record.c.archived.is_(query.archived))
        for key, wanted in query.where.items():
            found.append(self._where(str(key), wanted))
        if query.text is not None:
            found += self._words(query.text)
        if query.about is not None:
            found.append(self._about(query.about))
        return found

    def _where(self, key: str, wanted: Any) -> _Condition:
        if key.strip() == "open":
            return self._open(wanted)
        parsed = _CONDITION.fullmatch(key[:80])
        name, sign = (parsed[1], parsed[2]) if parsed else (key, "")
        kind, prop = _property(self._reading, self._kind, name)
        if sign in ("", "=", "!="):
            any_of = or_(false(), *(self._equals(kind, prop, one) for one in _listed(wanted)))
            # a value that is missing differs from every value, which SQL alone would not say
            return not_(func.coalesce(any_of, false())) if sign == "!=" else any_of
        if prop.type not in _ORDERED or wanted is None:
            raise InvalidInput(
                f"{prop.name} can't be compared with “{sign}”.",
                hint="Dates, amounts and numbers can; use = or != here.",
            )
        return self._compares(kind, prop, sign, wanted)

    def _open(self, wanted: Any) -> _Condition:
        if not isinstance(wanted, bool):
            raise InvalidInput("`open` takes true or false.", hint='Send {"open": true}.')
        kinds = [self._kind] if self._kind else self._reading.schema.kinds.values()
        closed = or_(false(), *map(_closed, kinds))
        return not_(closed) if wanted else closed

    def _equals(self, kind: Kind, prop: Property, raw: Any) -> _Condition:
        column = _column(self._kind, prop)
        if raw is None:
            return column.is_(None)
        if prop.type == "status":
            return record.c.status == _status(self._reading, self._kind, str(raw))
        wanted = values.read(self._reading, kind, prop, raw)
        if prop.type == "money":
            return and_(_minor(prop) == wanted["minor"], _currency(prop) == wanted["currency"])
        if prop.type == "number":
            return record.c.props[prop.name].as_float() == float(wanted)
        if prop.type == "checkbox":
            return record.c.props[prop.name].as_boolean().is_(wanted)
        if prop.many:
            return or_(*(column.contains(f'"{ref}"', autoescape=True) for ref in wanted))
        if prop.type in ("text", "email", "url"):
            return or_(column == wanted, func.lower(column) == str(wanted).lower())
        return column == wanted

    def _compares(self, kind: Kind, prop: Property, sign: str, raw: Any) -> _Condition:
        wanted = values.read(self._reading, kind, prop, raw)
        if prop.type == "money":
            return and_(_currency(prop) == wanted["currency"], _signed(_minor(prop), sign, wanted["minor"]))
        if prop.type == "number":
            return _signed(record.c.props[prop.name].as_float(), sign, float(wanted))
        return _signed(_column(self._kind, prop), sign, wanted)

    def _words(self, text: str) -> list[_Condition]:
        words = text[: _LONGEST_TEXT + 1].split()
        if len(text) > _LONGEST_TEXT:
            raise InvalidInput(f"The text to find is longer than {_LONGEST_TEXT} characters.", hint="Send a few words.")
        return [or_(*(_contains(column, word) for column in self._texts())) for word in words]

    def _texts(self) -> list[ColumnElement[Any]]:
        kinds = [self._kind] if self._kind else self._reading.schema.kinds.values()
        named = {p.name: p for kind in kinds for p in kind.properties.values() if p.type in ("text", "email", "url")}
        return [record.c.ref, *(_column(self._kind, prop) for prop in named.values())]

    def _about(self, ref: str) -> _Condition:
        target = self._reading.schema.kind_of(ref)
        kinds = [self._kind] if self._kind else self._reading.schema.kinds.values()
        pointing = {p.name: p for kind in kinds for p in kind.properties.values() if p.to == target.name}
        return or_(
            false(),
            *(
                _column(self._kind, p).contains(f'"{ref}"', autoescape=True)
                if p.many
                else _column(self._kind, p) == ref
                for p in pointing.values()
            ),
        )


def _contains(column: ColumnElement[Any], word: str) -> _Condition:
    if word.isascii():
        return column.icontains(word, autoescape=True)
    # SQLite, and Postgres in the C locale, fold the case of ASCII letters only: other spellings are looked for too
    spellings = dict.fromkeys((word, word.lower(), word.upper(), word.capitalize()))
    return or_(*(column.icontains(spelling, autoescape=True) for spelling in spellings))


def _property(reading: Reading, only: Kind | None, name: str) -> tuple[Kind, Property]:
    """The kind's property, or that of the first kind which has one of this name. Raises InvalidInput."""
    if only:
        return only, only.property_named(name)
    kinds = reading.schema.kinds.values()
    for kind in kinds:
        with suppress(InvalidInput):
            return kind, kind.property_named(name)
    known = closest_first(name, dict.fromkeys(prop for kind in kinds for prop in kind.properties))
    raise InvalidInput(
        f"No kind of record has a property “{name[:40]}”.", hint=f"Known properties, closest first: {', '.join(known)}."
    )


def _status(reading: Reading, only: Kind | None, word: str) -> str:
    """The kind's status, or that of the first kind which has one of this name. Raises InvalidInput."""
    if only:
        return only.status_named(word).name
    kinds = reading.schema.kinds.values()
    for kind in kinds:
        with suppress(InvalidInput):
            return kind.status_named(word).name
    known = closest_first(word, dict.fromkeys(status for kind in kinds for status in kind.statuses))
    raise InvalidInput(f"No kind of record has a status “{word[:40]}”.", hint=f"Closest: {', '.join(known[:8])}.")


def _listed(wanted: Any) -> list[Any]:
    return list(cast("Sequence[Any]", wanted)) if isinstance(wanted, list | tuple) else [wanted]


def _closed(kind: Kind) -> _Condition:
    names = [status.name for status in kind.statuses.values() if status.group in CLOSED]
    return and_(record.c.kind == kind.name, record.c.status.in_(names))


def _column(kind: Kind | None, prop: Property) -> ColumnElement[Any]:
    """Where a property's value stands as text; `due` over all kinds is each kind's deadline."""
    if prop.name in ("title", "status", "owner"):
        return record.c[prop.name]
    if prop.name == (kind.deadline if kind else "due"):
        return record.c.due
    return record.c.props[prop.name].as_string()


def _minor(prop: Property) -> ColumnElement[Any]:
    return record.c.props[(prop.name, "minor")].as_integer()


def _currency(prop: Property) -> ColumnElement[Any]:
    return record.c.props[(prop.name, "currency")].as_string()


def _signed(column: ColumnElement[Any], sign: str, wanted: Any) -> _Condition:
    comparisons = {"<": column < wanted, "<=": column <= wanted, ">": column > wanted, ">=": column >= wanted}
    return comparisons[sign]


# -- order and pages ---------------------------------------------------------------------------------------------------


def _order(reading: Reading, kind: Kind | None, sort: str | None, dialect: str) -> list[_Key]:
    """The expressions to order by, never null, ending in the ref so that no two rows are equal."""
    last: list[_Key] = [(func.length(record.c.ref), False), (_binary(record.c.ref, dialect), False)]
    if sort is None:
        return [*_nulls_last(record.c.due, False, "", dialect), *last]
    down, name = sort.startswith("-"), sort.lstrip("-").strip()
    if name in _TIMES:
        return [(record.c[name], down), *last]
    if name in ("ref", "kind"):
        return [(_binary(record.c[name], dialect), down), *last] if name == "kind" else [(key, down) for key, _ in last]
    found = _property(reading, kind, name)[1]
    if found.type == "choice":
        ranks = {option: rank for rank, option in enumerate(found.options)}
        return [*_nulls_last(case(ranks, value=_column(kind, found)), down, 0, dialect), *last]
    if found.type == "money":
        return [*_nulls_last(_minor(found), down, 0, dialect), *last]
    if found.type == "number":
        return [*_nulls_last(record.c.props[found.name].as_float(), down, 0.0, dialect), *last]
    return [*_nulls_last(_column(kind, found), down, "", dialect), *last]


def _nulls_last(column: ColumnElement[Any], down: bool, nothing: str | float, dialect: str) -> list[_Key]:
    value = func.coalesce(column, literal(nothing))
    return [(case((column.is_(None), 1), else_=0), False), (_binary(value, dialect) if nothing == "" else value, down)]


def _binary(column: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
    # the same order everywhere: by code point, as SQLite has it
    return column.collate("C") if dialect == "postgresql" else column


def _sorted(page: Select[Any], keys: Sequence[_Key]) -> Select[Any]:
    return page.order_by(*(key.desc() if down else key for key, down in keys))


def _after(keys: Sequence[_Key], last: Sequence[Any]) -> _Condition:
    """Rows behind the last one: at the first key that differs, on its far side."""
    cases: list[_Condition] = []
    for i, (key, down) in enumerate(keys):
        equal = [keys[j][0] == last[j] for j in range(i)]
        cases.append(and_(*equal, key < last[i] if down else key > last[i]))
    return or_(*cases)


def _cursor(shape: str, last: Iterable[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps([shape, *last]).encode()).decode().rstrip("=")


def _read_cursor(cursor: str, shape: str, length: int) -> list[Any]:
    try:
        padded = cursor[:2000].encode() + b"=" * (-len(cursor) % 4)
        found: Any = json.loads(base64.urlsafe_b64decode(padded))
    except (ValueError, binascii.Error, RecursionError):
        found = None
    if not isinstance(found, list) or len(cast("list[Any]", found)) != length + 1 or found[0] != shape:
        raise InvalidInput(
            "The cursor doesn't belong to this query.", hint="Send the query unchanged, with the cursor it gave last."
        )
    return cast("list[Any]", found)[1:]
