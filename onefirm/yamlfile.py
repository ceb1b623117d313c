"""Reading YAML that a person wrote: plain values, the line of every key, and nothing clever.

Aliases, tags, duplicate keys and files over 256 KB are refused: they are mistakes or attacks, never settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

import yaml
from yaml.composer import ComposerError
from yaml.events import AliasEvent

from onefirm.core.errors import InvalidInput, NotFound

LARGEST_BYTES = 256 * 1024
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
        node = yaml.compose(raw.decode("utf-8"), Loader=_NoAliases)
        value: Any = _plain(node, (), lines, path) if node else {}
    except UnicodeDecodeError:
        raise InvalidInput(f"{path} is not UTF-8 text.", hint="Save it as UTF-8.") from None
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise InvalidInput(f"{path}:{line}: {problem}.", hint="Mend that line.") from None
    return YamlFile(path, value, lines)


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
