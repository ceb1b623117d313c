"""Reading the kinds' YAML: every mistake in every file is found and told at once, with file and line.

The shipped kinds lie in `kinds/`. The operator's own lie in the workspace's `schema/`, a file for each kind: one of a
new name is a new kind, one of a shipped name is laid over it (`own_kinds`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from onefirm import yamlfile
from onefirm.core.errors import InvalidInput
from onefirm.core.words import a
from onefirm.state.schema import Group, Kind, Property, PropertyType, Schema, Status
from onefirm.yamlfile import KeyPath, YamlFile

SHIPPED = Path(__file__).parent / "kinds"
_HEAD = "_schema.yaml"
_MAPPING = "must have entries of its own, each `name: value`"
_SAID = {
    "missing": "is missing",
    "model_type": _MAPPING,
    "dict_type": _MAPPING,
    "extra_forbidden": "is no word of a kind's file",
}
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
_M = TypeVar("_M", bound=BaseModel)
_Words = tuple[Annotated[str, Field(min_length=1, max_length=60)], ...]


class Strict(BaseModel):
    """A part of a file; unknown words are mistakes."""

    model_config = ConfigDict(extra="forbid", strict=False)


class PropertyForm(Strict):
    """One property as it is written."""

    type: PropertyType
    required: bool = False
    options: _Words = ()
    default: str | None = None
    to: Name | None = None
    many: bool = False
    aliases: _Words = ()
    min: int | None = None
    not_before: Name | None = None
    same: tuple[Name, ...] = ()


class StatusForm(Strict):
    """One status as it is written."""

    group: Group
    moves: tuple[Name, ...]
    aliases: _Words = ()


class KindForm(Strict):
    """One kind as it is written."""

    kind: Name
    version: Annotated[int, Field(ge=1)]
    prefix: Annotated[str, Field(pattern=r"^[A-Z]{1,4}$")]
    plural: Annotated[str, Field(min_length=1)]
    description: Annotated[str, Field(min_length=1)]
    deadline: Name | None = None
    statuses: Annotated[dict[Name, StatusForm], Field(min_length=1)]
    properties: dict[Name, PropertyForm]


class _Head(Strict):
    version: Annotated[int, Field(ge=1)]
    changes: dict[str, str]


class Mistakes:
    """Collects `file:line: sentence`."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self.found: list[str] = []

    def add(self, file: YamlFile, at: KeyPath, sentence: str) -> None:
        """Note one mistake at a key path of a file."""
        self.found.append(f"{self.place(file.path)}:{file.line(at)}: {sentence}")

    def place(self, path: Path) -> str:
        """How a file is called: as seen from the folder that it belongs to."""
        return path.relative_to(self._base).as_posix() if path.is_relative_to(self._base) else path.name

    def raise_any(self) -> None:
        """Raise what was found as one InvalidInput."""
        if self.found:
            raise InvalidInput(
                "The kinds of records can't be read:\n" + "\n".join(self.found),
                hint="Mend these lines, then try again.",
            )


def read_shipped() -> Schema:
    """The schema that comes with onefirm."""
    return read_folder(SHIPPED)


def read_folder(folder: Path) -> Schema:
    """Every `*.yaml` of a folder as one schema. Raises InvalidInput that names all mistakes with file and line."""
    mistakes = Mistakes(folder)
    head = parsed(folder / _HEAD, _Head, mistakes)
    kinds = forms(folder, mistakes)
    mistakes.raise_any()
    check_together(kinds, mistakes)
    check_same(kinds, {model.kind: model for _, model in kinds}, mistakes)
    for file, model in kinds:
        for at, sentence in contradictions(model, {other.kind for _, other in kinds}):
            mistakes.add(file, at, sentence)
    if head[1] and str(head[1].version) not in head[1].changes:
        mistakes.add(head[0], ("changes",), f"nothing is said about version {head[1].version}.")
    mistakes.raise_any()
    assert head[1] is not None  # a missing head is a mistake that was raised above
    return Schema(head[1].version, {model.kind: kind_of(model) for _, model in kinds})


def forms(folder: Path, mistakes: Mistakes) -> list[tuple[YamlFile, KindForm]]:
    """Every kind of a folder of whole kinds, as it is written; what can't be read is noted."""
    read = [parsed(path, KindForm, mistakes) for path in sorted(folder.glob("*.yaml")) if path.name != _HEAD]
    return [(file, model) for file, model in read if model is not None]


def parsed(path: Path, model: type[_M], mistakes: Mistakes) -> tuple[YamlFile, _M | None]:
    """One file and what it says; None where that is wrong, which is noted. Raises InvalidInput for what is no YAML."""
    file = yamlfile.read(path)
    return file, formed(file, model, mistakes)


def formed(file: YamlFile, model: type[_M], mistakes: Mistakes) -> _M | None:
    """What a file says; None where that is wrong, which is noted."""
    try:
        return model.model_validate(file.value)
    except ValidationError as error:
        for problem in error.errors():
            at = tuple(part for part in problem["loc"] if part != "[key]")
            said = _SAID.get(problem["type"], problem["msg"])
            mistakes.add(file, at, f"{'.'.join(map(str, at)) or 'file'}: {said}.")
        return None


def check_together(kinds: Iterable[tuple[YamlFile, KindForm]], mistakes: Mistakes) -> None:
    """Note names and letters that two kinds claim; the later file is the one that is told."""
    for field in ("kind", "prefix"):
        seen: dict[str, str] = {}
        for file, model in kinds:
            value = getattr(model, field)
            if value in seen:
                mistakes.add(file, (field,), f"{field} “{value}” is taken by {seen[value]}.")
            seen[value] = file.path.name


def check_same(kinds: Iterable[tuple[YamlFile, KindForm]], known: Mapping[str, KindForm], mistakes: Mistakes) -> None:
    """Note every `same` of these kinds that names what the kind it points at never has."""
    for file, model in kinds:
        for name, prop in model.properties.items():
            for one in prop.same:
                if prop.to and prop.to in known and not _leads_to(known, known[prop.to], one, {model.kind}):
                    sentence = f"{name}: {a(prop.to)} has no relation “{one}” that could be the same."
                    mistakes.add(file, ("properties", name), sentence)


def _leads_to(known: Mapping[str, KindForm], model: KindForm, name: str, seen: set[str]) -> bool:
    """Whether records of a kind name one of this name, by themselves or by what they point at."""
    own = model.properties.get(name)
    if own and own.type == "relation" and not own.many:
        return True
    further = {p.to for p in model.properties.values() if p.to and name in p.same} & (set(known) - seen)
    return any(_leads_to(known, known[one], name, seen | {model.kind}) for one in further)


def contradictions(model: KindForm, known: set[str]) -> Iterator[tuple[KeyPath, str]]:
    """What doesn't fit within one kind, each with its key path; `known` are the names of all kinds."""
    for name, status in model.statuses.items():
        for move in status.moves:
            if move not in model.statuses or move == name:
                yield ("statuses", name, "moves"), f"“{name}” can't move to “{move}”."
    for required in ("title", "status"):
        if required not in model.properties:
            yield ("properties",), f"the property “{required}” is missing."
    for name, prop in model.properties.items():
        for sentence in _property_contradictions(prop, known):
            yield ("properties", name), f"{name}: {sentence}"
        earlier = model.properties.get(prop.not_before) if prop.not_before else None
        if prop.not_before and (
            prop.type != "date" or name == prop.not_before or not earlier or earlier.type != "date"
        ):
            yield ("properties", name), f"{name}: `not_before` stands at a date and names another date of this kind."
    deadline = model.properties.get(model.deadline) if model.deadline else None
    if model.deadline and (deadline is None or deadline.type != "date"):
        yield ("deadline",), f"“{model.deadline}” is no date of this kind."


def _property_contradictions(prop: PropertyForm, known: set[str]) -> Iterator[str]:
    if (prop.type == "relation") != (prop.to is not None):
        yield "a relation needs `to`, and nothing else may have it."
    if prop.to is not None and prop.to not in known:
        yield f"there is no kind “{prop.to}”."
    if (prop.type == "choice") != bool(prop.options):
        yield "a choice needs `options`, and nothing else may have them."
    if prop.default is not None and prop.default not in prop.options:
        yield f"the default “{prop.default}” is none of its options."
    if prop.many and prop.type != "relation":
        yield "only a relation can be `many`."
    if prop.min is not None and prop.type not in ("money", "number"):
        yield "only money and numbers can have a `min`."
    if prop.same and (prop.type != "relation" or prop.many):
        yield "only a relation to one record can have `same`."


def kind_of(model: KindForm) -> Kind:
    """The kind that a form without mistakes means."""
    properties = {name: Property(name, **_fields(prop)) for name, prop in model.properties.items()}
    statuses = {name: Status(name, **_fields(status)) for name, status in model.statuses.items()}
    deadline = model.deadline or ("due" if "due" in properties else None)
    return Kind(model.kind, model.prefix, model.plural, model.description, properties, statuses, deadline)


def _fields(model: BaseModel) -> Mapping[str, Any]:
    return {name: getattr(model, name) for name in type(model).model_fields}
