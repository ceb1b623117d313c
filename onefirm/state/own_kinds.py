"""The operator's own kinds: the workspace's `schema/*.yaml`, a file for each kind, laid over the shipped ones.

A file of a new name is a new kind, whole. A file of a shipped name says only what differs: an entry stands in place of
the shipped one of its name, a new one is added behind, and `name: null` takes one away. `was: OLD` in an entry tells
that a property or status had another name, so that what records hold goes with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import Field

from onefirm import yamlfile
from onefirm.core.errors import FirmError, NotFound
from onefirm.state import kind_files
from onefirm.state.kind_files import SHIPPED, KindForm, Mistakes, Name, PropertyForm, StatusForm, Strict
from onefirm.state.schema_plan import Declared
from onefirm.yamlfile import KeyPath, YamlFile

FOLDER = "schema"
_PREFIXES = {
    "ART": "artifacts", "DEC": "decisions", "L": "lessons", "SRC": "sources", "F": "facts", "I": "the inbox",
    "S": "sessions",
}  # fmt: skip
_WORDS = frozenset(
    ("ref", "kind", "etag", "archived", "pending", "synced_at", "created_at", "updated_at", "open", "note", "receipt")
)  # an answer has these beside a record's properties
_OURS = frozenset(
    ("owner", "priority", "due", "next_action", "waiting_on", "blocked_by", "follow_up", "amount", "client", "contract",
     "deliverable", "project", "prospect", "valid_until")
)  # the brief reads these of the shipped kinds  # fmt: skip
_Prefix = Annotated[str, Field(pattern=r"^[A-Z]{1,4}$")]
_Said = Annotated[str, Field(min_length=1, max_length=300)]
_F = TypeVar("_F", bound=Strict)
_Laid = tuple[YamlFile, KindForm]


class _Status(StatusForm):
    was: Name | None = None


class _Property(PropertyForm):
    was: Name | None = None


class _Whole(Strict):
    kind: Name
    prefix: _Prefix
    plural: _Said
    description: _Said
    deadline: Name | None = None
    statuses: Annotated[dict[Name, _Status], Field(min_length=1)]
    properties: dict[Name, _Property]


class _Patch(Strict):
    kind: Name
    prefix: _Prefix | None = None
    plural: _Said | None = None
    description: _Said | None = None
    deadline: Name | None = None
    statuses: dict[Name, _Status | None] = Field(default_factory=dict[str, _Status | None])
    properties: dict[Name, _Property | None] = Field(default_factory=dict[str, _Property | None])


def read(root: Path) -> Declared:
    """The shipped kinds with the workspace's own laid over them.

    Raises InvalidInput that names every mistake in every file, with its line.
    """
    mistakes = Mistakes(root)
    laid = {form.kind: (file, form) for file, form in kind_files.forms(SHIPPED, mistakes)}
    shipped = {name: form for name, (_, form) in laid.items()}
    was: dict[tuple[str, str, str], str] = {}
    for path in _files(root, mistakes):
        if one := _read_one(path, shipped, mistakes, was):
            laid[one[1].kind] = one
    if not mistakes.found:  # what is missing because it can't be read would be a mistake of every other file
        _check(list(laid.values()), shipped, mistakes)
    mistakes.raise_any()
    return Declared({name: kind_files.kind_of(form) for name, (_, form) in laid.items()}, was)


def _files(root: Path, mistakes: Mistakes) -> list[Path]:
    folder = root / FOLDER
    for path in sorted(folder.glob("*.yml")):
        mistakes.found.append(f"{mistakes.place(path)}:1: a kind's file ends in .yaml; rename it.")
    return sorted(folder.glob("*.yaml"))


def _read_one(
    path: Path, shipped: Mapping[str, KindForm], mistakes: Mistakes, was: dict[tuple[str, str, str], str]
) -> _Laid | None:
    base = shipped.get(path.stem)
    try:
        file = yamlfile.read(path)
    except NotFound:
        mistakes.found.append(f"{mistakes.place(path)}:1: a link that leads nowhere.")
        return None
    except FirmError as error:
        mistakes.found.append(error.message.replace(str(path), mistakes.place(path)))
        return None
    said: Any = file.value
    kind = said.get("kind") if hasattr(said, "get") else None
    if isinstance(kind, str) and kind != path.stem:  # first: read as another kind, nothing in it would be right
        mistakes.add(file, ("kind",), f"the kind “{kind[:40]}” belongs into {kind[:40]}.yaml.")
        return None
    form = kind_files.formed(file, _Patch if base else _Whole, mistakes)
    if form is None:
        return None
    for what, entries in (("status", form.statuses), ("property", form.properties)):
        was |= {(form.kind, what, name): one.was for name, one in entries.items() if one and one.was}
    for at, sentence in _patch_mistakes(form, base) if isinstance(form, _Patch) and base else _was_mistakes(form):
        mistakes.add(file, at, sentence)
    return file, _over(base, form) if isinstance(form, _Patch) and base else _whole(form)


def _whole(form: _Whole | _Patch) -> KindForm:
    return KindForm(
        kind=form.kind, version=1, prefix=form.prefix or "", plural=form.plural or "",
        description=form.description or "", deadline=form.deadline,
        statuses={name: _plain(one, StatusForm) for name, one in form.statuses.items() if one},
        properties={name: _plain(one, PropertyForm) for name, one in form.properties.items() if one},
    )  # fmt: skip


def _over(base: KindForm, patch: _Patch) -> KindForm:
    """The shipped kind with a file laid over it; what names a renamed or removed part of the kind follows."""
    statuses = _merged(base.statuses, patch.statuses, StatusForm)
    renamed = {one.was: name for name, one in patch.statuses.items() if one and one.was}
    for name, status in statuses.items():
        if name not in patch.statuses:
            moves = dict.fromkeys(renamed.get(move, move) for move in status.moves)
            statuses[name] = status.model_copy(update={"moves": tuple(m for m in moves if m in statuses and m != name)})
    return base.model_copy(
        update={
            "plural": patch.plural or base.plural,
            "description": patch.description or base.description,
            "deadline": patch.deadline or base.deadline,
            "statuses": statuses,
            "properties": _dated(_merged(base.properties, patch.properties, PropertyForm), patch),
        }
    )


def _dated(properties: dict[str, PropertyForm], patch: _Patch) -> dict[str, PropertyForm]:
    """The properties with each shipped `not_before` at the name that the other date has now, if it is still there."""
    renamed = {one.was: name for name, one in patch.properties.items() if one and one.was}
    for name, prop in properties.items():
        if prop.not_before and name not in patch.properties:
            earlier = renamed.get(prop.not_before, prop.not_before)
            kept = earlier if earlier in properties else None
            properties[name] = prop.model_copy(update={"not_before": kept})
    return properties


def _merged(base: Mapping[str, _F], patch: Mapping[str, Any], form: type[_F]) -> dict[str, _F]:
    """In the shipped order; what is renamed keeps the place of its old name."""
    renamed = {one.was: name for name, one in patch.items() if one and one.was}
    names = dict.fromkeys([*(renamed.get(name, name) for name in base), *patch])
    found = {name: patch[name] if name in patch else base[name] for name in names}
    return {name: _plain(one, form) for name, one in found.items() if one is not None}


def _plain(one: Any, form: type[_F]) -> _F:
    return form(**one.model_dump(exclude={"was"}))


def _patch_mistakes(patch: _Patch, base: KindForm) -> Iterator[tuple[KeyPath, str]]:
    if patch.prefix not in (None, base.prefix):
        yield ("prefix",), f"the letters of a {base.kind} stay {base.prefix}."
    for group, entries, known in (
        ("statuses", patch.statuses, base.statuses),
        ("properties", patch.properties, base.properties),
    ):
        for name in entries:
            if entries[name] is None and name not in known:
                yield (group, name), f"no shipped {base.kind} has “{name}”, so it can't be taken away."
    for name, one in patch.properties.items():
        old = base.properties.get(name)
        if one and old and name in _OURS and (one.type, one.to, one.many) != (old.type, old.to, old.many):
            yield ("properties", name), f"{name}: onefirm reads it, so its type, `to` and `many` stay as shipped."
    yield from _was_mistakes(patch)


def _was_mistakes(form: _Whole | _Patch) -> Iterator[tuple[KeyPath, str]]:
    for group, entries in (("statuses", form.statuses), ("properties", form.properties)):
        origins = [one.was for one in entries.values() if one and one.was]
        for name, one in entries.items():
            if one and one.was and origins.count(one.was) > 1:
                yield (group, name, "was"), f"{name}: “{one.was}” can't have become two."
            if one and one.was and (one.was == name or entries.get(one.was) is not None):
                yield (group, name, "was"), f"{name}: “{one.was}” is still there, so it can't have been renamed."
            if one and one.was and group == "properties" and {name, one.was} & {"title", "status"}:
                yield (group, name, "was"), f"{name}: title and status keep their names."


# -- all kinds together ------------------------------------------------------------------------------------------------


def _check(laid: list[_Laid], shipped: Mapping[str, KindForm], mistakes: Mistakes) -> None:
    kind_files.check_together(laid, mistakes)
    own = [(file, form) for file, form in laid if file.path.parent != SHIPPED]  # nobody can mend a shipped file
    kind_files.check_same(own, {form.kind: form for _, form in laid}, mistakes)
    known, called, types = {form.kind for _, form in laid}, dict[str, str](), dict[str, tuple[str, str]]()
    for file, form in laid:
        for at, sentence in (
            *kind_files.contradictions(form, known),
            *_name_mistakes(form, called),
            *_property_mistakes(form, types),
            *(() if form.kind in shipped else _own_mistakes(form)),
        ):
            mistakes.add(file, at, sentence)


def _name_mistakes(form: KindForm, called: dict[str, str]) -> Iterator[tuple[KeyPath, str]]:
    for field, word in (("kind", form.kind), ("plural", form.plural)):
        plain = word.strip().lower().replace(" ", "_").replace("-", "_")
        if called.setdefault(plain, form.kind) != form.kind:
            yield (field,), f"“{word}” already names the kind {called[plain]}."


def _own_mistakes(form: KindForm) -> Iterator[tuple[KeyPath, str]]:
    if form.prefix in _PREFIXES:
        yield ("prefix",), f"the letters {form.prefix} belong to {_PREFIXES[form.prefix]}."
    if form.kind in ("artifact", "decision", "lesson", "record"):
        yield ("kind",), f"“{form.kind}” is a word of onefirm's own."


def _property_mistakes(form: KindForm, types: dict[str, tuple[str, str]]) -> Iterator[tuple[KeyPath, str]]:
    words: dict[str, str] = {}
    for name, prop in form.properties.items():
        at = ("properties", name)
        if name in _WORDS:
            yield at, f"{name}: every record has that already; choose another name."
        if (prop.type == "status") != (name == "status"):
            yield at, f"{name}: the property “status”, and no other, has the type status."
        if name == "title" and (prop.type != "text" or not prop.required):
            yield at, "title: it is a required text."
        # a question over all kinds (record find due<…) reads a property of one name in one way
        kind, known = types.setdefault(name, (form.kind, prop.type))
        if known != prop.type:
            yield at, f"{name}: it is {known} in {kind}; a property of one name has one type in every kind."
        for word in (name, *prop.aliases):
            plain = word.lower().replace(" ", "_")
            if words.setdefault(plain, name) != name:
                yield at, f"{name}: “{word}” already means {words[plain]}."
