"""A mapping as the text of notion.yaml: one line for each property, and beside it what was guessed or is missing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from onefirm.core.errors import Unavailable
from onefirm.state.truth.notion.mapping import FILE, REAL, Column, NotionMapping, Option, Place
from onefirm.state.truth.notion.pace import RATE
from onefirm.yamlfile import KeyPath

_HEAD = """\
# Where each kind of record is kept in Notion, as onefirm proposed or made it. It is yours to edit, and
# `onefirm connect notion --check` holds it against Notion. On the left stand onefirm's words. Properties and options
# are known by their ids, so that one renamed in Notion goes on working. When you have added something in Notion,
# `onefirm connect notion --propose` shows what a new proposal would change. Nothing in this file is a secret.
"""
_SIDE = {
    "ref": "numbers the records: the 12 of T-12",
    "key": "onefirm's own mark on each row it makes: by it no record is ever made twice",
}
_BREAKS = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")  # what YAML would take for an end of line, or refuse


def text(
    mapping: NotionMapping,
    remarks: Mapping[KeyPath, str] | None = None,
    lacking: Mapping[KeyPath, Sequence[str]] | None = None,
    left: Mapping[str, str] | None = None,
) -> str:
    """The whole file. `remarks` stand beside a place, `lacking` below it, `left` at the end: kinds without a place."""
    return "\n".join(_Text(remarks or {}, lacking or {}).lines(mapping, left or {})) + "\n"


def write(root: Path, said: str) -> None:
    """Put this text in the place of a workspace's notion.yaml, whole or not at all. Raises Unavailable."""
    file, draft = root / FILE, root / f".{FILE}.draft"
    try:
        draft.write_text(said, encoding="utf-8")
        draft.replace(file)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise Unavailable(
            f"{file} can't be written: {error.strerror}.", hint="Mend that; nothing was changed."
        ) from None


def place(one: Place) -> str:
    """One kind, as it stands at the end of a file."""
    return "\n".join(_Text({}, {}).place(one)) + "\n"


def column(one: Column) -> str:
    """One property on one line, as it stands behind our word for it."""
    parts = [f"name: {_quoted(one.name)}", f"id: {_quoted(one.id)}", f"type: {one.type}"]
    if one.currency:
        parts.append(f"currency: {one.currency}")
    return f"{{{', '.join(parts)}}}"


class _Text:
    def __init__(self, remarks: Mapping[KeyPath, str], lacking: Mapping[KeyPath, Sequence[str]]) -> None:
        self._remarks = remarks
        self._lacking = lacking

    def lines(self, mapping: NotionMapping, left: Mapping[str, str]) -> Iterator[str]:
        yield _HEAD + "version: 1"
        if mapping.base_url != REAL:
            yield f"base_url: {mapping.base_url}  # a simulated Notion; leave it out for the real one"
        if mapping.pace != RATE:
            yield f"pace: {mapping.pace}  # requests a second, on average"
        yield "kinds:" if mapping.places else "kinds: {}"
        for place in mapping.places.values():
            yield from self.place(place)
        for why in dict.fromkeys(left.values()):
            names = ", ".join(name for name, reason in left.items() if reason == why)
            yield f"\n  # not mapped: {names}. {_comment(why)}."

    def place(self, place: Place) -> Iterator[str]:
        at: KeyPath = ("kinds", place.kind)
        yield f"\n  {place.kind}:"
        yield self._line((*at, "data_source"), place.data_source, 4)
        for word, one in (("ref", place.ref), ("key", place.key)):
            if one:
                yield f"    {word}: {_numbering(one)}  # {_SIDE[word]}"
        yield "    properties:"
        for name, one in place.columns.items():
            yield from self._column((*at, "properties", name), one)
        yield from self._below((*at, "properties"), 6)

    def _column(self, at: KeyPath, one: Column) -> Iterator[str]:
        if not one.options and (*at, "options") not in self._lacking:
            yield self._line(at, column(one), 6)
            return
        yield self._line(at, "", 6)
        yield f"        name: {_quoted(one.name)}"
        yield f"        id: {_quoted(one.id)}"
        yield f"        type: {one.type}"
        yield "        options:  # of several, the first is written and all are read"
        for ours, theirs in one.options.items():
            yield self._line((*at, "options", ours), _options(theirs), 10)
        yield from self._below((*at, "options"), 10)

    def _line(self, at: KeyPath, value: str, indent: int) -> str:
        remark = f"  # {_comment(self._remarks[at])}" if at in self._remarks else ""
        return f"{' ' * indent}{at[-1]}:{f' {value}' if value else ''}{remark}"

    def _below(self, at: KeyPath, indent: int) -> Iterator[str]:
        for said in self._lacking.get(at, ()):
            yield f"{' ' * indent}# {_comment(said)}"


def _numbering(one: Column) -> str:
    return f"{{name: {_quoted(one.name)}, id: {_quoted(one.id)}}}"


def _options(theirs: Sequence[Option]) -> str:
    shown = [f"{{name: {_quoted(one.name)}, id: {_quoted(one.id)}}}" if one.id else _quoted(one.name) for one in theirs]
    return shown[0] if len(shown) == 1 else f"[{', '.join(shown)}]"


def _quoted(words: str) -> str:
    return _BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(words, ensure_ascii=False))


def _comment(words: str) -> str:
    """Somebody's words in a comment: they stay on its line."""
    return " ".join("".join(char if char.isprintable() else " " for char in words).split())
