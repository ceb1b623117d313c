"""Which property of which data source holds what: `notion.yaml` at the workspace's root, which the operator edits.

Properties are addressed by their id, so that one renamed in Notion goes on working; names are for people. Nothing in
this file is a secret.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from onefirm import yamlfile
from onefirm.core import canonical
from onefirm.core.currencies import CURRENCIES
from onefirm.core.errors import InvalidInput
from onefirm.state.schema import Kind, Property, PropertyType, Schema, closest_first
from onefirm.state.truth.notion.pace import FASTEST, RATE, SLOWEST

FILE = "notion.yaml"
REAL = "https://api.notion.com"
NotionType: TypeAlias = Literal[
    "title", "rich_text", "number", "select", "multi_select", "status", "date", "people", "checkbox", "url", "email",
    "phone_number", "relation", "formula", "rollup", "unique_id", "created_time", "created_by", "last_edited_time",
    "last_edited_by",
]  # fmt: skip
READ_ONLY: frozenset[str] = frozenset(
    ("formula", "rollup", "unique_id", "created_time", "created_by", "last_edited_time", "last_edited_by")
)
_TEXTS = ("rich_text", "title", "select", "status", "people", "email", "phone_number", "url", *sorted(READ_ONLY))
HOLDS: Mapping[PropertyType, tuple[NotionType | str, ...]] = {
    "text": _TEXTS,
    "choice": ("select", "status", "rich_text", "formula", "rollup"),
    "status": ("status", "select", "formula", "rollup"),
    "date": ("date", "formula", "rollup", "created_time", "last_edited_time"),
    "money": ("number", "rich_text", "formula", "rollup"),
    "relation": ("relation",),
    "number": ("number", "rich_text", "formula", "rollup"),
    "email": ("email", "rich_text", "formula", "rollup"),
    "url": ("url", "rich_text", "formula", "rollup"),
    "checkbox": ("checkbox", "formula"),
}
"""The types of Notion that can hold each of ours, the one that is meant where none is named first."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Option:
    """One option of Notion's. The id holds through a renaming; a mapping written by hand may have names only."""

    name: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """One property of Notion's. `options` has, for each value of ours, those of Notion's; the first is written.

    `currency` is that of the amounts in a number.
    """

    name: str
    id: str
    type: NotionType
    options: Mapping[str, tuple[Option, ...]] = field(default_factory=dict[str, "tuple[Option, ...]"])
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where the records of one kind are. `ref` numbers them, `key` holds the effect key of a create (None: neither)."""

    kind: str
    data_source: str
    columns: Mapping[str, Column]
    ref: Column | None = None
    key: Column | None = None

    def form(self) -> str:
        """Changes when rows have to be read again, as they may say something else now."""
        read = {name: replace(column, name="") for name, column in self.columns.items()}
        return canonical.sha256_hex(repr(sorted(read.items())))[:12]


@dataclass(frozen=True, slots=True)
class NotionMapping:
    """The whole file, and the `lines` of what stands in it. `base_url` is Notion, or one simulated on this machine.

    `pace`: how many requests a second may go there, on average.
    """

    places: Mapping[str, Place]
    base_url: str = REAL
    pace: float = RATE
    lines: Mapping[yamlfile.KeyPath, int] = field(default_factory=dict[yamlfile.KeyPath, int], compare=False)

    def place(self, data_source: str) -> Place | None:
        """The place that a data source is, whatever the spelling of its id."""
        return next((one for one in self.places.values() if same_id(one.data_source, data_source)), None)

    def where(self, at: yamlfile.KeyPath) -> str:
        """`notion.yaml line 12`; of one that was not read from a file, only the file."""
        while at and at not in self.lines:
            at = at[:-1]
        return f"{FILE} line {self.lines[at]}" if at else FILE

    def to_dict(self) -> dict[str, Any]:
        """Plain data in the file's form, for whoever writes it."""
        body: dict[str, Any] = {"version": 1}
        if self.base_url != REAL:
            body["base_url"] = self.base_url
        if self.pace != RATE:
            body["pace"] = self.pace
        return {**body, "kinds": {name: _place_to_dict(place) for name, place in self.places.items()}}


def same_id(one: str, other: str) -> bool:
    """Whether two spellings mean the same id: dashes and case count for nothing."""
    return one.replace("-", "").lower() == other.replace("-", "").lower()


def read(root: Path, schema: Schema) -> NotionMapping:
    """Read the workspace's notion.yaml. Raises NotFound, or InvalidInput that lists every mistake with its line."""
    return check(yamlfile.read(root / FILE), schema)


def check(file: yamlfile.YamlFile, schema: Schema) -> NotionMapping:
    """Validate what was read against the schema; all mistakes are told at once."""
    problems: list[tuple[int, str]] = []
    try:
        form = _File.model_validate(file.value)
    except ValidationError as error:
        problems = [_problem(file, problem) for problem in error.errors()]
        raise _mistakes(problems) from None
    places = {name: _place(name, one, file, schema, problems) for name, one in form.kinds.items()}
    _check_distinct(places, file, problems)
    if problems:
        raise _mistakes(problems)
    mapped = {name: place for name, place in places.items() if place}
    return NotionMapping(mapped, form.base_url, form.pace, file.lines)


# -- the file's form ---------------------------------------------------------------------------------------------------


def _base_url(url: str) -> str:
    parts = urlsplit(url)
    if url != REAL and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ValueError("must be http://127.0.0.1:PORT, a simulated Notion; leave it out for the real one")
    return url.rstrip("/")


def _currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError("is no ISO code such as EUR")
    return code


def _none_yet(options: object) -> object:
    """A list that has nothing but remarks below its name is empty."""
    return {} if options is None else options


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


_Name = Annotated[str, Field(min_length=1, max_length=2000)]
_Id = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\s/?#]+$")]


class _OptionForm(_Form):
    name: _Name
    id: str | None = None


class _ColumnForm(_Form):
    name: _Name
    id: _Id
    type: NotionType | None = None
    options: Annotated[dict[str, str | _OptionForm | list[str | _OptionForm]], BeforeValidator(_none_yet)] = Field(
        default_factory=dict
    )
    currency: Annotated[str, AfterValidator(_currency)] | None = None


class _SourceForm(_Form):
    data_source: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$")]
    ref: _ColumnForm | None = None
    key: _ColumnForm | None = None
    properties: dict[str, _ColumnForm]


class _File(_Form):
    version: Literal[1] = 1
    base_url: Annotated[str, AfterValidator(_base_url)] = REAL
    pace: Annotated[float, Field(ge=SLOWEST, le=FASTEST)] = RATE
    kinds: dict[str, _SourceForm]


# -- against the schema ------------------------------------------------------------------------------------------------


def _place(
    name: str, form: _SourceForm, file: yamlfile.YamlFile, schema: Schema, problems: list[tuple[int, str]]
) -> Place | None:
    at: yamlfile.KeyPath = ("kinds", name)
    kind = schema.kinds.get(name)
    if kind is None:
        near = ", ".join(closest_first(name, schema.kinds)[:3])
        problems.append((file.line(at), f"there is no kind “{name}”; closest: {near}"))
        return None
    columns = {
        prop: column
        for prop, one in form.properties.items()
        if (column := _column(kind, prop, one, file, problems)) is not None
    }
    lacking = [needed for needed in ("title", "status") if needed not in form.properties]
    problems += [(file.line((*at, "properties")), f"{name} names no property for its {one}") for one in lacking]
    ref = _column_of(form.ref, "unique_id") if form.ref else None
    key = _column_of(form.key, "rich_text") if form.key else None
    for word, column, type_ in (("ref", ref, "unique_id"), ("key", key, "rich_text")):
        if column and column.type != type_:
            problems.append((file.line((*at, word)), f"{word} must be a property of type {type_}, not {column.type}"))
    return Place(name, form.data_source, columns, ref, key)


def _column(
    kind: Kind, name: str, form: _ColumnForm, file: yamlfile.YamlFile, problems: list[tuple[int, str]]
) -> Column | None:
    line = file.line(("kinds", kind.name, "properties", name))
    prop = kind.properties.get(name)
    if prop is None:
        near = ", ".join(closest_first(name, kind.properties)[:3])
        problems.append((line, f"{kind.label} has no property “{name}”; closest: {near}"))
        return None
    column = _column_of(form, _usual(prop))
    if column.type not in HOLDS[prop.type]:
        usable = ", ".join(HOLDS[prop.type])
        problems.append((line, f"{name} ({prop.type}) can't be kept in {column.type}; it may be one of {usable}"))
    known = set(kind.statuses) if prop.type == "status" else set(prop.options)
    if unknown := [word for word in column.options if word not in known]:
        near = ", ".join(closest_first(unknown[0], known)[:3])
        problems.append((line, f"{name} has no value “{unknown[0]}”; closest: {near or 'it has no options'}"))
    if prop.type == "money" and column.type == "number" and not column.currency:
        problems.append((line, f"{name} is an amount in a number: name its currency (currency: EUR)"))
    return column


def _usual(prop: Property) -> str:
    return "title" if prop.name == "title" else str(HOLDS[prop.type][0])


def _column_of(form: _ColumnForm, usual: str) -> Column:
    options = {ours: _options(theirs) for ours, theirs in form.options.items()}
    type_: Any = form.type or usual
    return Column(form.name, form.id, type_, options, form.currency)


def _options(form: str | _OptionForm | list[str | _OptionForm]) -> tuple[Option, ...]:
    some = form if isinstance(form, list) else [form]
    return tuple(Option(one) if isinstance(one, str) else Option(one.name, one.id) for one in some)


def address(url: str) -> str:
    """Notion's own address, or that of a simulated one. Raises InvalidInput for any other."""
    try:
        return _base_url(url)
    except ValueError as error:
        raise InvalidInput(f"The address {url[:80]} {error}.", hint="Nothing was sent there.") from None


def _check_distinct(
    places: Mapping[str, Place | None], file: yamlfile.YamlFile, problems: list[tuple[int, str]]
) -> None:
    seen: dict[str, str] = {}
    for name, place in places.items():
        if place is None:
            continue
        bare = place.data_source.replace("-", "").lower()
        if bare in seen:
            told = f"{name} and {seen[bare]} name the same data source; each kind needs one of its own"
            problems.append((file.line(("kinds", name, "data_source")), told))
        seen[bare] = name
        ids = [column.id for column in (*place.columns.values(), place.ref, place.key) if column]
        if twice := next((id_ for id_ in ids if ids.count(id_) > 1), None):
            problems.append((file.line(("kinds", name)), f"{name} names the property with the id {twice} twice"))


def _mistakes(problems: list[tuple[int, str]]) -> InvalidInput:
    told = "\n".join(f"  line {line}: {said}" for line, said in sorted(problems))
    return InvalidInput(
        f"{FILE} has {len(problems)} mistake{'s' if len(problems) > 1 else ''}:\n{told}",
        hint="Mend these lines; nothing was changed.",
    )


def _problem(file: yamlfile.YamlFile, problem: Any) -> tuple[int, str]:
    at: yamlfile.KeyPath = tuple(part for part in problem["loc"] if not str(part).startswith(("_", "str", "list[")))
    said = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        said = "no such setting"
    return file.line(at), f"{'.'.join(map(str, at)) or 'the file'}: {said[0].lower() + said[1:]}"


def _place_to_dict(place: Place) -> dict[str, Any]:
    body: dict[str, Any] = {"data_source": place.data_source}
    body |= {word: column_to_plain(column) for word, column in (("ref", place.ref), ("key", place.key)) if column}
    return {**body, "properties": {name: column_to_plain(column) for name, column in place.columns.items()}}


def column_to_plain(column: Column) -> dict[str, Any]:
    """One property of Notion's, in the file's form."""
    body: dict[str, Any] = {"name": column.name, "id": column.id, "type": column.type}
    if column.options:
        body["options"] = {ours: options_to_plain(theirs) for ours, theirs in column.options.items()}
    return {**body, "currency": column.currency} if column.currency else body


def options_to_plain(theirs: Sequence[Option]) -> Any:
    """Notion's options for one value of ours, in the file's form."""
    plain = [{"name": one.name, "id": one.id} if one.id else one.name for one in theirs]
    return plain[0] if len(plain) == 1 else plain
