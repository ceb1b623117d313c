"""A narrative text taken apart: lines as they stand, and the sentences of its prose.

Lines are what a `Property: value` is looked for in, sentences what may claim something. Reflowing a paragraph changes no sentence.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NamedTuple

    class Unit(NamedTuple):
        """One line or sentence. `form`: prose, item, heading, row, quote, code, front, head. `under`: heading, or table header cells."""

        form: str
        text: str
        under: str

else:
    from collections import namedtuple

    Unit = namedtuple("Unit", "form text under")

_ITEM = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+")
_FENCE = re.compile(r"^\s*(```|~~~)")
_RULE = re.compile(r"^\s*\|?[\s:|+-]*-{2,}[\s:|+-]*$")
# A full stop ends a sentence when a capital, digit, quote or bracket begins the next one; not behind a title or an abbreviation.
_STOP = re.compile(r"(?<!\b[A-Z])(?<!\bDr)(?<!\bMr)(?<!\bMs)(?<!\bMrs)(?<!e\.g)(?<!i\.e)(?<!\bno)(?<=[.!?…])[\"”’)*_]*\s+(?=[\"“(*_A-Z0-9À-Þ])|(?<=;)\s")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")


def lines(text: str) -> list[Unit]:
    """Every line that isn't blank, with its form."""
    return list(_lines(plain(text)))


def sentences(units: list[Unit]) -> list[Unit]:
    """The sentences of these lines: a paragraph's or list item's lines are joined first."""
    found: list[Unit] = []
    pending: list[str] = []
    form, under, last = "", "", ""
    for unit in [*units, Unit("end", "", "")]:
        goes_on = unit.form == "prose" and form in ("prose", "item", "quote") and last != "break"
        goes_on = goes_on or (unit.form == "quote" and form == "quote" and last != "break")
        if not goes_on and pending:
            found += [Unit(form, part, under) for part in _split(" ".join(pending))]
            pending = []
        if unit.form == "break":
            last = "break"
            continue
        if not goes_on:
            form, under = unit.form, unit.under
        pending.append(unit.text)
        last = unit.form
    return [unit for unit in found if unit.form != "end"]


def added(before: list[Unit], after: list[Unit]) -> list[Unit]:
    """Units of `after` that `before` doesn't have; one that stands twice must have stood twice. Order and spacing don't count."""
    counts: dict[str, int] = {}
    for unit in before:
        counts[_key(unit)] = counts.get(_key(unit), 0) + 1
    fresh: list[Unit] = []
    for unit in after:
        key = _key(unit)
        if counts.get(key):
            counts[key] -= 1
        elif unit.form != "break":
            fresh.append(unit)
    return fresh


def plain(text: str) -> str:
    """The text as a reader sees it: compatibility forms made plain, invisible characters gone, line ends as one."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii():
        return text
    import unicodedata

    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))


def cells(row: str) -> list[str]:
    """The cells of a table row."""
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def _lines(text: str) -> Iterator[Unit]:
    heading, header, fence, front = "", "", "", False
    for number, line in enumerate(text.split("\n")):
        stripped = line.strip()
        if number == 0 and stripped == "---":
            front = True
        elif front and stripped in ("---", "..."):
            front = False
        elif front and stripped:
            yield Unit("front", stripped, heading)
        elif fence_mark := _FENCE.match(line):
            fence = "" if fence == fence_mark[1] else (fence or fence_mark[1])
            yield Unit("break", "", "")
        elif not stripped:
            header = ""
            yield Unit("break", "", "")
        elif fence:
            yield Unit("code", stripped, heading)
        elif stripped.startswith("|") or (stripped.count(" | ") >= 1 and header):
            if _RULE.match(stripped):
                continue
            yield Unit("row", stripped, header)
            header = header or stripped
        else:
            heading, unit = _line(line, stripped, heading)
            yield unit


def _line(line: str, stripped: str, heading: str) -> tuple[str, Unit]:
    if stripped.startswith("#"):
        title = stripped.lstrip("#").strip().rstrip("#").strip()
        return title, Unit("heading", title, heading)
    if stripped.startswith(">"):
        return heading, Unit("quote", stripped.lstrip("> "), heading)
    if _ITEM.match(line):
        return heading, Unit("item", _ITEM.sub("", line).strip(), heading)
    return heading, Unit("prose", stripped, heading)


def _split(text: str) -> list[str]:
    return [part.strip() for part in _STOP.split(text) if part.strip()]


def _key(unit: Unit) -> str:
    return " ".join(unit.text.split())
