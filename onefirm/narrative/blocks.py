"""A narrative text taken apart: lines as they stand, and the sentences of its prose.

Lines are what a `Property: value` is looked for in, sentences what may claim something. Reflowing a paragraph changes
no sentence.
"""

from __future__ import annotations

import re

from onefirm.narrative import heads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NamedTuple

    class Unit(NamedTuple):
        """One line or sentence. `form`: prose, item, heading, row, quote, code, front, head. `under`: heading, or table
        header cells.
        """

        form: str
        text: str
        under: str

else:
    from collections import namedtuple

    Unit = namedtuple("Unit", "form text under")

_ITEM = r"\s*(?:[-*+•]|\d{1,3}[.)])\s+"
# Patterns stay text until they are needed: compiling all at import would cost the guard more than judging.
_STOP = r"([.!?…][\"”’)*_]*)\s+(?=[\"“„«(\[*_A-Z0-9À-Þ])|(;)\s+"
_ABBREVIATED = ("Dr.", "Mr.", "Mrs.", "Ms.", "St.", "Prof.", "e.g.", "i.e.", "etc.", "approx.", "ca.", "No.", "vs.")
# No sentence of prose is longer. What is goes on as another one, so that a megabyte without a full stop is judged as
# fast as any other; an end of a sentence is looked for in so many characters before a stop.
_LONGEST, _LAST_WORD = 1_000, 40
_INVISIBLE = "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]"


def lines(text: str) -> list[Unit]:
    """Every line that isn't blank, with its form."""
    return list(_lines(plain(text)))


def sentences(units: list[Unit]) -> list[Unit]:
    """The sentences of these lines: a paragraph's, list item's or quotation's lines are joined first."""
    groups: list[list[Unit]] = []
    before = ""
    for unit in units:
        if unit.form == "break":
            before = ""
        elif before and (unit.form == "prose" or unit.form == before == "quote"):
            groups[-1].append(unit)
        else:
            groups.append([unit])
            before = unit.form if unit.form in ("prose", "item", "quote") else ""
    return [Unit(group[0].form, text, group[0].under) for group in groups for text in _of_group(group)]


def _of_group(group: list[Unit]) -> list[str]:
    """The sentences of lines that belong together. A line that its writer broke on purpose ends one."""
    width = max(len(unit.text) for unit in group)
    texts = [[group[0].text]]
    for previous, unit in zip(group, group[1:]):  # noqa: B905, RUF007 - Python 3.9
        if _is_broken(previous.text, unit.text, width):
            texts.append([unit.text])
        else:
            texts[-1].append(unit.text)
    return [part for text in texts for sentence in _split(" ".join(text)) for part in _cut(sentence)]


def _is_broken(line: str, following: str, width: int) -> bool:
    """Whether the next word would have found room on the line, and begins something new (`Owner: Mira` / `The …`)."""
    room = len(line) + 1 + len(following.split(" ", 1)[0]) <= width
    return room and not following[0].islower() and line[-1].isalnum()


def added(before: list[Unit], after: list[Unit]) -> list[Unit]:
    """Units of `after` that `before` doesn't have; one that stands twice must have stood twice. Order and spacing don't
    count.
    """
    if not before:
        return [unit for unit in after if unit.form != "break"]
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

    return unicodedata.normalize("NFKC", re.sub(_INVISIBLE, "", text))


def code_lines(every: list[str]) -> set[int]:
    """Which lines (counted from 0) lie in a code fence, its own two lines among them."""
    found: set[int] = set()
    fences, fence = _fences(every), ""
    for number, line in enumerate(every):
        if fence or number in fences:
            found.add(number)
            fence = ("" if _closes(line.strip(), fence) else fence) if fence else fences[number]
    return found


def cells(row: str) -> list[str]:
    """The cells of a table row."""
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def _lines(text: str) -> Iterator[Unit]:
    heading, header, fence = "", "", ""
    every = text.split("\n")
    front, fences = heads.front_end(every), _fences(every) if "```" in text or "~~~" in text else {}
    for number, line in enumerate(every):
        stripped = line.strip()
        if front and number <= front:
            if stripped and 0 < number < front:
                yield Unit("front", stripped, heading)
        elif fence and _closes(stripped, fence):
            fence = ""
            yield Unit("break", "", "")
        elif number in fences and not fence:
            fence = fences[number]
            yield Unit("break", "", "")
        elif not stripped:
            header = ""
            yield Unit("break", "", "")
        elif fence:
            yield Unit("code", stripped, heading)
        elif stripped.startswith("|") or (stripped.count(" | ") >= 1 and header):
            if not stripped.strip("|:-+ "):
                continue
            yield Unit("row", stripped, header)
            header = header or stripped
        else:
            heading, unit = _line(line, stripped, heading)
            yield unit


def _fences(lines: list[str]) -> dict[int, str]:
    """The lines that open a code fence, with its sign as often as it stands there.

    One that is never closed opens none: all behind it would be hidden.
    """
    found: dict[int, str] = {}
    longest = {"`": 0, "~": 0}
    for number in range(len(lines) - 1, -1, -1):
        stripped = lines[number].strip()
        if stripped[:3] not in ("```", "~~~"):
            continue
        sign = stripped[0]
        run = len(stripped) - len(stripped.lstrip(sign))
        if run <= longest[sign] and (sign == "~" or "`" not in stripped[run:]):
            found[number] = sign * run
        if run == len(stripped):
            longest[sign] = max(longest[sign], run)
    return found


def _closes(stripped: str, fence: str) -> bool:
    return stripped.startswith(fence) and not stripped.strip(fence[0])


def _line(line: str, stripped: str, heading: str) -> tuple[str, Unit]:
    if stripped.startswith("#"):
        title = stripped.lstrip("#").strip().rstrip("#").strip()
        return title, Unit("heading", title, heading)
    if stripped.startswith(">"):
        return heading, Unit("quote", stripped.lstrip("> "), heading)
    if stripped[0] in "-*+•" or stripped[0].isdigit():
        bullet = re.match(_ITEM, line)
        if bullet:
            return heading, Unit("item", line[bullet.end() :].strip(), heading)
    return heading, Unit("prose", stripped, heading)


def _split(text: str) -> list[str]:
    """The sentences of a text. A full stop behind an initial, a title or an abbreviation ends none."""
    parts: list[str] = []
    begin = 0
    for stop in re.finditer(_STOP, text):
        words = text[max(begin, stop.end() - _LAST_WORD) : stop.end()].split()
        if not words or words[-1].lstrip("(") in _ABBREVIATED or (len(words[-1]) == 2 and words[-1][0].isupper()):
            continue
        parts.append(text[begin : stop.end()].strip())
        begin = stop.end()
    return [part for part in (*parts, text[begin:].strip()) if part]


def _cut(sentence: str) -> Iterator[str]:
    """The sentence, in pieces of whole words where it is longer than any is."""
    while len(sentence) > _LONGEST:
        at = sentence.rfind(" ", 0, _LONGEST) + 1 or _LONGEST
        yield sentence[:at].strip()
        sentence = sentence[at:]
    yield sentence


def _key(unit: Unit) -> str:
    return " ".join(unit.text.split())
