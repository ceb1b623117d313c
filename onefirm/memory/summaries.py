"""The words of a roll-up: what entries of one engagement and one month say, in a sentence and some lines. Pure.

No model words it: what is counted, named and quoted here stands in the entries and texts that it was made of.
"""

from __future__ import annotations

import re
from calendar import month_name
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from onefirm.ledger.events import Event
from onefirm.ledger.words import clean
from onefirm.memory import marks
from onefirm.memory.quotes import Found

KINDS = (
    "record.created", "record.updated", "record.archived", "record.restored", "decision.recorded", "lesson.recorded",
    "lesson.seen_again", "fact.recorded", "source.archived",
)  # fmt: skip
_MOST_RECORDS, _MOST_OF_A_KIND, _LONGEST = 12, 8, 140
_ENTRY = re.compile(r"(?:\A|\n\n)[>] (?P<said>[^\n]+)")
_ANY = re.compile(r"(?:\A|\n\n)[<$~+] (?P<said>[^\n]+)")
_REMEMBERED = {"decision.recorded": ("decided", "what"), "lesson.recorded": ("learned", "rule"),
               "lesson.seen_again": ("met again", "why"), "fact.recorded": ("found out", "statement")}  # fmt: skip


@dataclass(slots=True)
class Moves:
    """What became of a record, in entries: the statuses that it went through, oldest first."""

    ref: str
    title: str = ""
    is_new: bool = False
    is_archived: bool = False
    statuses: list[str] = field(default_factory=list[str])

    @property
    def is_telling(self) -> bool:
        """Whether it came, went or moved; that one of its other properties changed is only counted."""
        return self.is_new or self.is_archived or len(self.statuses) > 1

    def told(self) -> str:
        """As a line: `T-4 “Menu page”: new, todo → doing → done`."""
        path = " → ".join(self.statuses) if self.is_new or len(self.statuses) > 1 else ""
        said = filter(None, ("new" if self.is_new else "", path, "archived" if self.is_archived else ""))
        return f"{self.ref} “{clean(self.title, 80)}”: {', '.join(said)}"


@dataclass(frozen=True, slots=True)
class Summary:
    """A roll-up as it is recorded; `named` are the refs whose words are in it: erasing one of them erases it."""

    statement: str
    lines: tuple[str, ...]
    records: tuple[str, ...]
    named: tuple[str, ...]


def opening(source: str, text: str) -> Found | None:
    """How an archived session began: the operator's first words in it, else the first thing that was done, as a quote.

    None where nothing of it proves anything: it holds no word, or only what came out of memory.
    """
    for form in (_ENTRY, _ANY):
        for found in form.finditer(text):
            start, said = found.start("said"), found["said"]
            cut = said if len(said) <= _LONGEST else said[:_LONGEST].rpartition(" ")[0] or said[:_LONGEST]
            if cut.strip() and not marks.overlapping(text, start, start + len(cut)):
                return Found(source, start, start + len(cut), cut, "derived")
    return None


def summed(place: str, title: str, month: str, entries: Sequence[Event], quotes: Mapping[str, Found]) -> Summary:
    """The roll-up of these entries, and of the sessions that began with these words, by when they were archived."""
    moves = sorted((one for one in _moves(entries) if one.is_telling), key=lambda one: (-len(one.statuses), one.ref))
    shown = moves[:_MOST_RECORDS]
    remembered = list(_remembered(entries))
    lines = [line for _, line in remembered]
    lines += [f"{at[:10]} in a session: “{clean(quote.text, _LONGEST)}”" for at, quote in sorted(quotes.items())]
    lines += [one.told() for one in shown]
    lines += [f"and {len(moves) - len(shown)} more"] if len(moves) > len(shown) else []
    named = [ref for ref, _ in remembered] + [quote.source for quote in quotes.values()]
    records = tuple(dict.fromkeys((place, *(one.ref for one in shown))))
    return Summary(_headline(place, title, month, entries, moves, quotes), tuple(lines), records, tuple(named))


def _headline(
    place: str, title: str, month: str, entries: Sequence[Event], moves: Sequence[Moves], quotes: Mapping[str, Found]
) -> str:
    year, number = month.split("-")
    sessions = {one.session for one in entries if one.session}
    counts = {
        "record": len(moves),
        "decision": _count(entries, "decision.recorded"),
        "lesson": _count(entries, "lesson.recorded"),
        "fact": _count(entries, "fact.recorded"),
        "archived session": len(quotes),
    }
    told = ", ".join(f"{count} {name}{'s' * (count != 1)}" for name, count in counts.items() if count)
    where = f"{place} “{clean(title, 80)}”" if title else place
    what = f"{len(entries)} entr{'y' if len(entries) == 1 else 'ies'}"
    what += f" in {len(sessions)} session{'s' * (len(sessions) != 1)}" if sessions else ""
    return f"{month_name[int(number)]} {year} at {where}: {what}{told and f'; {told}'}."


def _count(entries: Iterable[Event], kind: str) -> int:
    return sum(one.kind == kind for one in entries)


def _moves(entries: Iterable[Event]) -> list[Moves]:
    found: dict[str, Moves] = {}
    for entry in entries:
        if entry.kind.startswith("record."):
            said: Mapping[str, Any] = entry.payload or {}
            one = found.setdefault(entry.subjects[0], Moves(entry.subjects[0]))
            one.title = str(said.get("title") or one.title)
            one.is_new |= entry.kind == "record.created"
            one.is_archived = entry.kind == "record.archived" or (one.is_archived and entry.kind != "record.restored")
            _follow(one.statuses, said)
    return list(found.values())


def _follow(statuses: list[str], said: Mapping[str, Any]) -> None:
    for part in ("before", "after"):
        values: Mapping[str, Any] = said.get(part) or {}
        status = values.get("status")
        if isinstance(status, str) and status not in statuses[-1:]:
            statuses.append(status)


def _remembered(entries: Iterable[Event]) -> Iterator[tuple[str, str]]:
    """Ref and line of what was decided, learned and found out."""
    told: dict[str, int] = {}
    for entry in entries:
        verb, said = _REMEMBERED.get(entry.kind, ("", ""))
        told[verb] = told.get(verb, 0) + 1
        if verb and told[verb] <= _MOST_OF_A_KIND:
            words = clean((entry.payload or {}).get(said, ""), _LONGEST)
            yield entry.subjects[0], f"{verb}: {entry.subjects[0]} {words}"
