"""Reading the kinds' YAML: every mistake in every file is found and told at once, with file and line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from onefirm import yamlfile
from onefirm.core.errors import InvalidInput
from onefirm.state.schema import Group, Kind, Property, PropertyType, Schema, Status
from onefirm.yamlfile import KeyPath, YamlFile

SHIPPED = Path(__file__).parent / "kinds"
_HEAD = "_schema.yaml"
_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
_M = TypeVar("_M", bound=BaseModel)
_Words = tuple[Annotated[str, Field(min_length=1, max_length=60)], ...]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=False)


class _Property(_Strict):
    type: PropertyType
    required: bool = False
    options: _Words = ()
    default: str | None = None
    to: _Name | None = None
    many: bool = False
    aliases: _Words = ()


class _Status(_Strict):
    group: Group
    moves: tuple[_Name, ...]
    aliases: _Words = ()


class _Kind(_Strict):
    kind: _Name
    version: Annotated[int, Field(ge=1)]
    prefix: Annotated[str, Field(pattern=r"^[A-Z]{1,4}$")]
    plural: Annotated[str, Field(min_length=1)]
    description: Annotated[str, Field(min_length=1)]
    deadline: _Name | None = None
    statuses: Annotated[dict[_Name, _Status], Field(min_length=1)]
    properties: dict[_Name, _Property]


class _Head(_Strict):
    version: Annotated[int, Field(ge=1)]
    changes: dict[str, str]


class _Mistakes:
    """Collects `file:line: sentence`."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, file: YamlFile, at: KeyPath, sentence: str) -> None:
        self.found.append(f"{file.path.name}:{file.line(at)}: {sentence}")

    def raise_any(self) -> None:
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
    mistakes = _Mistakes()
    head = _parsed(folder / _HEAD, _Head, mistakes)
    read = [_parsed(path, _Kind, mistakes) for path in sorted(folder.glob("*.yaml")) if path.name != _HEAD]
    kinds = [(file, model) for file, model in read if model is not None]
    mistakes.raise_any()
    _check_together(kinds, mistakes)
    for file, model in kinds:
        for at, sentence in _contradictions(model, {other.kind for _, other in kinds}):
            mistakes.add(file, at, sentence)
    if head[1] and str(head[1].version) not in head[1].changes:
        mistakes.add(head[0], ("changes",), f"nothing is said about version {head[1].version}.")
    mistakes.raise_any()
    assert head[1] is not None  # a missing head is a mistake that was raised above
    return Schema(head[1].version, {model.kind: _kind(model) for _, model in kinds})


def _parsed(path: Path, model: type[_M], mistakes: _Mistakes) -> tuple[YamlFile, _M | None]:
    file = yamlfile.read(path)
    try:
        return file, model.model_validate(file.value)
    except ValidationError as error:
        for problem in error.errors():
            at = tuple(part for part in problem["loc"] if part != "[key]")
            mistakes.add(file, at, f"{'.'.join(map(str, at)) or 'file'}: {problem['msg']}.")
        return file, None


def _check_together(kinds: list[tuple[YamlFile, _Kind]], mistakes: _Mistakes) -> None:
    for field in ("kind", "prefix"):
        seen: dict[str, str] = {}
        for file, model in kinds:
            value = getattr(model, field)
            if value in seen:
                mistakes.add(file, (field,), f"{field} “{value}” is taken by {seen[value]}.")
            seen[value] = file.path.name


def _contradictions(model: _Kind, known: set[str]) -> Iterator[tuple[KeyPath, str]]:
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
    deadline = model.properties.get(model.deadline) if model.deadline else None
    if model.deadline and (deadline is None or deadline.type != "date"):
        yield ("deadline",), f"“{model.deadline}” is no date of this kind."


def _property_contradictions(prop: _Property, known: set[str]) -> Iterator[str]:
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


def _kind(model: _Kind) -> Kind:
    properties = {name: Property(name, **_fields(prop)) for name, prop in model.properties.items()}
    statuses = {name: Status(name, **_fields(status)) for name, status in model.statuses.items()}
    deadline = model.deadline or ("due" if "due" in properties else None)
    return Kind(model.kind, model.prefix, model.plural, model.description, properties, statuses, deadline)


def _fields(model: BaseModel) -> Mapping[str, Any]:
    return {name: getattr(model, name) for name in type(model).model_fields}
