"""The head of a narrative file: `Record: P-12` says which record it belongs to."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

LINES = 12
_FRONT_LINES = 60
REF = r"(?<![\w-])([A-Za-z]{1,4}-(?:[1-9][0-9]{0,8}|[xX][0-9A-Za-z]{4,12}))(?![\w-])"
_KEY = r"(?i)^[\W_]*(records?|parent)[\W_]*?[:=：]"


def refs(text: str | None) -> list[str]:
    """The records that the head names, spelt as they are stored, each once."""
    found = [ref for line in head(text) if key(line) == "record" for ref in named(line)]
    return list(dict.fromkeys(found))


def head(text: str | None) -> list[str]:
    """The lines that count as head: the first twelve, or the whole front matter where there is one."""
    lines = (text or "").lstrip("\ufeff").split("\n", _FRONT_LINES)[:_FRONT_LINES]
    return lines[: max(front_end(lines) + 1, LINES)]


def front_end(lines: Sequence[str]) -> int:
    """The line that closes the front matter, 0 where there is none: one that is never closed would hide the text."""
    if lines[0].strip() != "---":
        return 0
    return next((at for at, line in enumerate(lines[:_FRONT_LINES]) if at and line.strip() in ("---", "...")), 0)


def is_head_line(line: str) -> bool:
    """Whether a line is `Record:` or `Parent:`."""
    return "r" in line.lower() and bool(re.match(_KEY, line))


def key(line: str) -> str:
    """`record` or `parent` for such a line, else nothing."""
    # Most lines are ruled out without a pattern: the guard reads two heads before every edit.
    low = line.lower()
    match = re.match(_KEY, line) if "record" in low or "parent" in low else None
    return ("parent" if match[1].lower() == "parent" else "record") if match else ""


def value(line: str) -> str:
    """What stands behind the key of such a line."""
    return re.sub(_KEY, "", line).strip()


def named(text: str) -> list[str]:
    """Every ref that a text names, in order, spelt as stored."""
    return [spelt(match) for match in re.findall(REF, text)] if "-" in text else []


def spelt(ref: str) -> str:
    """`p-12` as `P-12`, `P-X3f2a` as `P-x3f2a`."""
    prefix, _, number = ref.partition("-")
    return f"{prefix.upper()}-{number.lower()}"


def is_narrative(path: str, text: str) -> bool:
    """Whether a file is narrative by itself: it has a record, or it is a CLAUDE.md of the tree."""
    return path.rpartition("/")[2].lower() == "claude.md" or bool(refs(text))
