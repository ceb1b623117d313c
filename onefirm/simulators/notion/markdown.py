"""Bodies as Markdown, both ways: one line a block, indented by two spaces a level; what has no such form is named."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Any

from onefirm.simulators.notion import bodies, text
from onefirm.simulators.notion.bodies import Draft
from onefirm.simulators.notion.objects import Block
from onefirm.simulators.notion.workspace import Workspace

MARKS = {
    "heading_1": "# ",
    "heading_2": "## ",
    "heading_3": "### ",
    "heading_4": "#### ",
    "bulleted_list_item": "- ",
    "numbered_list_item": "1. ",
    "quote": "> ",
    "paragraph": "",
    "toggle": "- ",
    "callout": "> ",
}
LINES: Sequence[tuple[str, re.Pattern[str]]] = (
    ("to_do", re.compile(r"- \[([ x])\] (.*)")),
    ("heading_4", re.compile(r"#### (.*)")),
    ("heading_3", re.compile(r"### (.*)")),
    ("heading_2", re.compile(r"## (.*)")),
    ("heading_1", re.compile(r"# (.*)")),
    ("bulleted_list_item", re.compile(r"[-*] (.*)")),
    ("numbered_list_item", re.compile(r"\d+\. (.*)")),
    ("quote", re.compile(r"> (.*)")),
    ("divider", re.compile(r"---()")),
    ("paragraph", re.compile(r"(.*)")),
)


def written(workspace: Workspace, under: bodies.Holder) -> tuple[str, list[str]]:
    """A body in Markdown, and the ids of what could not be written so."""
    unknown: list[str] = []
    return "\n".join(_lines(workspace, under, 0, unknown)), unknown


def _lines(workspace: Workspace, under: bodies.Holder, depth: int, unknown: list[str]) -> Iterator[str]:
    for one in bodies.standing(workspace, under):
        block = workspace.blocks.get(one)
        line = _line(block) if block else None
        if block is None or line is None:
            unknown.append(one)
            continue
        yield from ("  " * depth + part for part in line.split("\n"))
        yield from _lines(workspace, block, depth + 1, unknown)


def _line(block: Block) -> str | None:
    words = text.plain(block.content.get("rich_text", ()))
    if block.type == "to_do":
        return f"- [{'x' if block.content['checked'] else ' '}] {words}"
    if block.type == "code":
        return f"```{block.content['language']}\n{words}\n```"
    if block.type == "divider":
        return "---"
    return MARKS[block.type] + words if block.type in MARKS else None


def drafted(markdown: str) -> list[Draft]:
    """The blocks of a text in Markdown. Indentation nests; fences keep their lines."""
    roots: list[Draft] = []
    levels: list[tuple[int, list[Draft]]] = [(-1, roots)]
    lines = iter(markdown.split("\n"))
    for line in lines:
        if not line.strip():
            continue
        indent = len(line) - len(line.lstrip(" "))
        draft = _fenced(line.strip(), lines) or _draft(line.strip())
        while levels[-1][0] >= indent:
            levels.pop()
        levels[-1][1].append(draft)
        levels.append((indent, draft.children))
    return roots


def _fenced(line: str, lines: Iterator[str]) -> Draft | None:
    if not line.startswith("```"):
        return None
    inside = list(itertools.takewhile(lambda following: following.strip() != "```", lines))
    language = line.removeprefix("```").strip() or "plain text"
    return _made("code", "\n".join(inside), language=language)


def _draft(line: str) -> Draft:
    kind, match = next((kind, match) for kind, pattern in LINES if (match := pattern.fullmatch(line)))
    if kind == "divider":
        return Draft(kind, {}, [])
    return _made(kind, match.groups()[-1], **({"checked": match.group(1) == "x"} if kind == "to_do" else {}))


def _made(kind: str, words: str, **more: Any) -> Draft:
    return Draft(kind, {**bodies.DEFAULTS[kind], "rich_text": text.of(words), **more}, [])
