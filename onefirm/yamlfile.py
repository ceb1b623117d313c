"""Reading YAML that a person wrote: plain values, the line of every key, and nothing clever; changing single values.

Aliases, tags, duplicate keys and files over 256 KB are refused: they are mistakes or attacks, never settings.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

import yaml
from yaml.composer import ComposerError
from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

from onefirm.core.errors import InvalidInput, NotFound

_FAST: Any = getattr(yaml, "CSafeLoader", None)
LARGEST_BYTES = 256 * 1024
_DEEPEST = 50
KeyPath: TypeAlias = "tuple[str | int, ...]"


@dataclass(frozen=True, slots=True)
class YamlFile:
    """`value` as plain dicts, lists and scalars; `lines` tells where each key path begins, counted from 1."""

    path: Path
    value: Any
    lines: dict[KeyPath, int]

    def line(self, at: KeyPath) -> int:
        """The line of a key path, or of its nearest parent that is in the file."""
        while at and at not in self.lines:
            at = at[:-1]
        return self.lines.get(at, 1)


def read(path: Path) -> YamlFile:
    """Read one file. Raises NotFound, or InvalidInput that names file and line."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise NotFound(f"{path.name} is missing.", hint=f"It belongs at {path}.") from None
    except OSError as error:
        raise InvalidInput(f"{path} can't be read: {error.strerror}.", hint="Check its permissions.") from None
    return parse(path, raw)


def parse(path: Path, raw: bytes) -> YamlFile:
    """Read YAML text that belongs to `path`. Raises InvalidInput that names file and line."""
    if len(raw) > LARGEST_BYTES:
        raise InvalidInput(f"{path} is larger than {LARGEST_BYTES // 1024} KB.", hint="It can't be a settings file.")
    lines: dict[KeyPath, int] = {}
    try:
        node = _composed(raw.decode("utf-8"))
        value: Any = _plain(node, (), lines, path) if node else {}
    except RecursionError:
        raise InvalidInput(f"{path} is nested too deeply.", hint="It can't be a settings file.") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{path} is not UTF-8 text.", hint="Save it as UTF-8.") from None
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise InvalidInput(
            f"{path}:{line}: {problem}.", hint="Mend that line; what belongs to one thing is indented alike."
        ) from None
    return YamlFile(path, value, lines)


def changed(path: Path, text: str, edits: Iterable[tuple[Sequence[str], Any]]) -> str:
    """The text with these values at these key paths (None: the key goes), and everything else in it as it was.

    What is put in stands on one line. Raises InvalidInput where the text can't be changed so.
    """
    wanted = parse(path, text.encode()).value
    for keys, value in edits:
        node = yaml.compose(text, Loader=_NoAliases)
        try:
            text = _edited(text, node, keys, value)
            _set(wanted, keys, value)
        except (_NoPlace, KeyError, TypeError):
            raise _unchangeable(path, keys) from None
        if parse(path, text.encode()).value != wanted:
            raise _unchangeable(path, keys)
    return text


def renamed(path: Path, text: str, keys: Sequence[str], name: str) -> str:
    """The text with another word for the last of these keys, and everything else in it as it was.

    Raises InvalidInput where the text can't be changed so.
    """
    wanted = parse(path, text.encode()).value
    try:
        holder: Any = yaml.compose(text, Loader=_NoAliases)
        for key in keys[:-1]:
            holder = _pair(holder, key)[1]
        word = _pair(holder, keys[-1])[0]
        text = text[: word.start_mark.index] + _flow(name) + text[word.end_mark.index :]
        plain = functools.reduce(operator.getitem, keys[:-1], wanted)
        plain[name] = plain.pop(keys[-1])
    except (_NoPlace, KeyError, TypeError):
        raise _unchangeable(path, keys) from None
    if parse(path, text.encode()).value != wanted:
        raise _unchangeable(path, keys)
    return text


class _NoPlace(Exception):
    """There is no mapping that a key could stand in."""


def _unchangeable(path: Path, keys: Sequence[str]) -> InvalidInput:
    return InvalidInput(f"{path.name} can't be changed at {'.'.join(keys)} by itself.", hint="Change it by hand.")


def _set(plain: Any, keys: Sequence[str], value: Any) -> None:
    for key in keys[:-1]:
        plain = plain[key]
    if value is None:
        del plain[keys[-1]]
    else:
        plain[keys[-1]] = value


def _edited(text: str, root: yaml.Node | None, keys: Sequence[str], value: Any) -> str:
    holder: Any = root
    for key in keys[:-1]:
        holder = _pair(holder, key)[1]
    if not isinstance(holder, yaml.MappingNode) or not holder.value:
        raise _NoPlace
    found = next((pair for pair in holder.value if pair[0].value == keys[-1]), None)
    if value is None:
        return _without(text, holder, _pair(holder, keys[-1]))
    if found:
        return text[: found[0].end_mark.index] + f": {_flow(value)}" + text[_end(found[1]) :]
    first = holder.value[0][0].start_mark
    between = ", " if holder.flow_style else "\n" + " " * first.column
    return f"{text[: first.index]}{_flow(keys[-1])}: {_flow(value)}{between}{text[first.index :]}"


def _pair(holder: Any, key: str) -> Any:
    pairs = holder.value if isinstance(holder, yaml.MappingNode) else ()
    found = next((pair for pair in pairs if pair[0].value == key), None)
    if found is None:
        raise _NoPlace
    return found


def _without(text: str, holder: yaml.MappingNode, pair: Any) -> str:
    start, end = pair[0].start_mark.index, _end(pair[1])
    if not holder.flow_style:  # with its whole lines, and what is remarked at their end
        newline = text.find("\n", end)
        return text[: text.rfind("\n", 0, start) + 1] + ("" if newline < 0 else text[newline + 1 :])
    rest = text[end:].lstrip()
    if rest.startswith(","):
        return text[:start] + rest[1:].lstrip()
    return text[:start].rstrip().removesuffix(",") + text[end:]


def _end(node: Any) -> int:
    """Where a value ends: of a block that is where its last line does, and not where the next thing begins."""
    children = node.value if isinstance(node, yaml.CollectionNode) and not node.flow_style else ()
    if not children:
        return int(node.end_mark.index)
    last = children[-1]
    return _end(last[1] if isinstance(last, tuple) else last)


def _flow(value: Any) -> str:
    """A value on one line."""
    dumped = yaml.safe_dump([value], default_flow_style=True, allow_unicode=True, width=2**31, sort_keys=False)
    return dumped.strip()[1:-1]


def _composed(text: str) -> yaml.Node | None:
    """The text's nodes, by PyYAML's parser in C where it is there: the other one only tells mistakes."""
    if _FAST is not None:
        with suppress(yaml.YAMLError):
            if _is_plain(text):
                return yaml.compose(text, Loader=_FAST)
    return yaml.compose(text, Loader=_NoAliases)


def _is_plain(text: str) -> bool:
    """Whether the parser in C can be trusted with it: without aliases, and no deeper than its stack."""
    depth = 0
    for event in yaml.parse(text, Loader=_FAST):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > _DEEPEST or isinstance(event, AliasEvent):
            return False
    return True


class _NoAliases(yaml.SafeLoader):
    """SafeLoader without anchors and aliases, which a settings file never needs and a YAML bomb lives on."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(AliasEvent):
            # PyYAML's stubs leave the event's type open
            here = cast("Any", self).peek_event().start_mark
            raise ComposerError(None, None, "aliases (*name) are not allowed", here)
        return super().compose_node(parent, index)


def _plain(node: yaml.Node, at: KeyPath, lines: dict[KeyPath, int], path: Path) -> Any:
    lines.setdefault(at, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, at, lines, path)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*at, i), lines, path) for i, item in enumerate(node.value)]
    return _scalar(node)


def _mapping(node: yaml.MappingNode, at: KeyPath, lines: dict[KeyPath, int], path: Path) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)  # `no:` stays “no”: keys are words here, never booleans
        if key in plain:
            raise InvalidInput(
                f"{path}:{key_node.start_mark.line + 1}: “{key}” stands twice.", hint="Keep one of them."
            )
        lines[(*at, key)] = key_node.start_mark.line + 1
        plain[key] = _plain(value_node, (*at, key), lines, path)
    return plain


def _scalar(node: yaml.Node) -> Any:
    if node.tag == "tag:yaml.org,2002:timestamp":
        return node.value  # dates stay text until the property that holds them parses them
    return yaml.SafeLoader("").construct_object(node)  # pyright: ignore[reportUnknownMemberType]
