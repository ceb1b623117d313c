"""The links of a narrative file: where its head, lists and sentences point to. Code and comments hold none."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, unquote

from onefirm.narrative import blocks, heads

# `parent`: of the head's `Parent:` line. `item`: the first one of a list item or table row. `import`: `@path`, which
# Claude Code replaces by the file. `link`: any other.
Form = Literal["parent", "item", "import", "link"]

_LINK = re.compile(
    r"\[(?P<text>[^\]\n]{0,300})\]\(\s*(?:<(?P<angle>[^>\n]{1,500})>|(?P<plain>[^\s()<>]{1,500}))"
    r"(?:\s+[\"'(][^\n]{0,300}?)?\s*\)"
)
_DEFINITION = re.compile(r" {0,3}\[(?P<text>[^\]^\n][^\]\n]{0,100})\]:\s+<?(?P<plain>[^\s<>]{1,500})")
_IMPORT = re.compile(r"(?:^|(?<=\s))@(?P<plain>(?:\.{1,2}/)*[\w.-]+(?:/[\w.-]+)*\.md)\b")
_ITEM = re.compile(r"\s*(?:[-*+•]\s|\d{1,3}[.)]\s|\|)")
_CODE = re.compile(r"(?<!`)(`{1,5})(?!`)[^\n]{1,500}?(?<!`)\1(?!`)")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)  # one that is never closed goes on to the end
_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|#|$")


@dataclass(frozen=True, slots=True)
class Link:
    """One link. `line` counts from 1; `to` is the path as written, `target` the same relative to the workspace (None
    outside of it); `said` is what its line says behind it.
    """

    line: int
    form: Form
    text: str
    to: str
    target: str | None
    said: str


def read(path: str, text: str) -> list[Link]:
    """The links of a file (its path relative to the workspace) to other files, in their order."""
    return list(_read(path, text)) if "](" in text or "@" in text or "]:" in text else []


def target(path: str, to: str) -> str | None:
    """Where a link of the file `path` leads, relative to the workspace; None for a place outside of it."""
    bare = unquote(re.split(r"[#?]", to, maxsplit=1)[0])
    found = posixpath.normpath(posixpath.join(posixpath.dirname(path), bare))
    return None if found.startswith(("/", "../")) or found == ".." else found


def to(start: str, path: str, title: str) -> str:
    """A link from one file to another. What Markdown takes for its own is left out of the words."""
    words = " ".join(re.sub(r"[\[\]`<>@\\]", " ", title).split()) or posixpath.basename(path)
    return f"[{words}]({spelt(start, path)})"


def spelt(start: str, path: str) -> str:
    """The path of a file as a link of another one writes it: what Markdown takes for its own is figures."""
    return re.sub(r"[\s()<>%#?\[\]:@`\\]", lambda sign: quote(sign[0], safe=""), relative(start, path))


def redirected(file: str, text: str, link: Link, path: str) -> str:
    """The line of a link in this file's text, with the link leading to `path`; its words and its `#part` stay."""
    line, shown_line = (every.split("\n")[link.line - 1] for every in (text, shown(text)))
    part = re.sub(r"^[^#?]*", "", link.to)
    spans = [
        found.span(name) for found in _matches(shown_line) for name in ("angle", "plain") if _of(found, name) == link.to
    ]
    for start, end in sorted(set(spans), reverse=True):
        line = f"{line[:start]}{spelt(file, path)}{part}{line[end:]}"
    return line


def relative(start: str, path: str) -> str:
    """The path of a file as another one has to write it."""
    return posixpath.relpath(path, posixpath.dirname(start) or ".")


def shown(text: str) -> str:
    """The text with its code and then its comments blanked: a comment's sign in code opens none."""
    text = _without_code(text)
    return _COMMENT.sub(_blanked, text) if "<!--" in text else text


def open_comment(text: str) -> int:
    """The line of the comment that is never closed, so that Claude reads nothing behind it; 0 where there is none."""
    found = [comment for comment in _COMMENT.finditer(_without_code(text)) if not comment[0].endswith("-->")]
    return text.count("\n", 0, found[0].start()) + 1 if found else 0


def uncommented(words: str) -> str:
    """Words in which no comment begins or ends: what stands behind them would be hidden."""
    return words.replace("<!--", "<! --").replace("-->", "-- >")


def _without_code(text: str) -> str:
    if "```" in text or "~~~" in text:
        every = text.split("\n")
        hidden = blocks.code_lines(every)
        text = "\n".join("" if number in hidden else line for number, line in enumerate(every))
    return _CODE.sub(_blanked, text) if "`" in text else text


def _read(path: str, text: str) -> Iterator[Link]:
    head = len(heads.head(text))
    for number, line in enumerate(shown(text).split("\n")):
        if "](" in line or "@" in line or "]:" in line:
            yield from _of_line(path, number + 1, line, number < head and heads.key(line) == "parent")


def _of_line(path: str, number: int, line: str, is_parent: bool) -> Iterator[Link]:
    form: Form = "parent" if is_parent else "item" if _ITEM.match(line) else "link"
    for found in _matches(line):
        to = _of(found, "angle") or _of(found, "plain")
        if not _ELSEWHERE.match(to):
            said = line[found.end() :].strip(" \t|:–—-")
            shape: Form = "import" if found.re is _IMPORT else form
            yield Link(number, shape, _of(found, "text") or to, to, target(path, to), said)
        form = form if is_parent else "link"


def _matches(line: str) -> Iterator[re.Match[str]]:
    yield from _LINK.finditer(line)
    if "@" in line:
        yield from _IMPORT.finditer(line)
    if definition := _DEFINITION.match(line):
        yield definition


def _of(found: re.Match[str], name: str) -> str:
    return found.groupdict().get(name) or ""


def _blanked(found: re.Match[str]) -> str:
    """As long as it was, so that lines and columns stay."""
    return re.sub(r"[^\n]", " ", found[0])
