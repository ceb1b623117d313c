"""An export of memory as people read it: one Markdown file for the firm, and one for each client.

Nothing that memory holds reads as markup here: it came from anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from onefirm.ledger.export import escaped
from onefirm.ledger.sentences import local_time
from onefirm.memory import marks
from onefirm.memory.export import FIRM, MARK, SHARED, Book, Item, item_of
from onefirm.memory.facts import Fact
from onefirm.memory.lessons import Lesson
from onefirm.memory.sources import Source
from onefirm.memory.stories import Sighting
from onefirm.memory.told_decisions import Decision

_HEADINGS = {
    "decision": "Decisions", "lesson": "Lessons", "fact": "Facts", "summary": "Summaries", "source": "Sources",
}  # fmt: skip
_CALLED = {FIRM: "The firm", SHARED: "Of several clients"}


def files(book: Book, timezone: str = "UTC") -> dict[str, str]:
    """The files by name, `firm.md` and `CL-1.md`; those without an item are left out."""
    page = _Page(book, timezone)
    names = sorted(set(book.chapters.values()), key=lambda name: (name not in _CALLED, name))
    return {f"{name}.md": "\n".join(page.lines(name)) + "\n" for name in names}


class _Page:
    """One export while it is written."""

    def __init__(self, book: Book, timezone: str) -> None:
        self._book = book
        self._timezone = timezone

    def lines(self, chapter: str) -> Iterator[str]:
        title = self._book.titles.get(chapter, "")
        called = _CALLED.get(chapter) or f"{chapter} {_text(title)}"
        yield from (f"# {called}", "", f"{marks.begin(MARK)} What memory holds; it proves nothing by itself.")
        mine = [one for one in self._book.items if self._book.chapters[one.ref] == chapter]
        for name, heading in _HEADINGS.items():
            if found := [one for one in mine if item_of(one) == name]:
                yield from ("", f"## {heading}")
                for one in found:
                    yield from self._item(one, chapter)
        yield from ("", marks.end(MARK))

    def _item(self, one: Item, chapter: str) -> Iterator[str]:
        match one:
            case Decision():
                said = self._decision(one, chapter)
            case Lesson():
                said = self._lesson(one, chapter)
            case Fact():
                said = self._fact(one, chapter)
            case Source():
                said = self._source(one)
        heading, *rest = said
        when = f"{local_time(one.at, self._timezone)}, {escaped(one.actor)}"
        about = f", about {', '.join(one.about)}" if one.about else ""
        yield from ("", f'<a id="{one.ref.lower()}"></a>', "", f"### {one.ref} {heading}", "", f"{when}{about}")
        yield from rest

    def _decision(self, one: Decision, chapter: str) -> Iterator[str]:
        yield _text(one.what)
        yield from _item(self._linked("superseded by", [one.superseded_by], chapter))
        yield from _item(self._linked("supersedes", [one.supersedes], chapter))
        yield from _item(one.reversible_until and f"can be reversed until {one.reversible_until}")
        yield f"- why: {_text(one.why)}"
        yield from (f"- instead of: {_text(other)}" for other in one.alternatives)
        yield from (f"- evidence: {_text(given)}" for given in one.evidence)

    def _lesson(self, one: Lesson, chapter: str) -> Iterator[str]:
        yield _text(one.rule)
        elsewhere = ", elsewhere too" if one.recurred else ""
        yield f"- {'patched' if one.patched else one.status}, met {_times(one.sightings)}{elsewhere}"
        yield f"- why: {_text(one.why)}"
        yield f"- theme: {_text(one.theme)}"
        yield from (f"- when {part}: {_text(', '.join(given))}" for part, given in sorted(one.trigger.items()) if given)
        yield from _item(one.enforced and f"held: {_text(one.enforced.told())}")
        yield from _item(self._linked("speaks for", one.of, chapter))
        yield from (f"- met: {_sighting(each)}" for each in self._book.met.get(one.ref, ()))

    def _fact(self, one: Fact, chapter: str) -> Iterator[str]:
        yield _text(one.statement)
        held = " ".join(filter(None, (one.valid_from and f"from {one.valid_from}", _until(one.valid_to))))
        dated = f"of {one.dated}" if one.dated else ""
        yield f"- {', '.join(filter(None, (one.status, dated, held)))}"
        yield from (f"  - {_text(line)}" for line in one.lines)
        named = " › ".join(_text(part) for part in (one.subject, one.predicate, one.value) if part)
        yield from _item(named)
        yield from _item(self._linked("superseded by", [one.ended_by], chapter))
        yield from _item(self._linked("replaces", one.replaces, chapter))
        yield from _item(self._linked("against", one.against, chapter))
        for said in one.evidence:
            yield f"- {said.stance}, {self._link(said.source, chapter)}: “{_text(said.quote)}”"

    def _source(self, one: Source) -> Iterator[str]:
        yield _text(one.title)
        author = f"by {_text(one.author)}" if one.author else ""
        gone = "" if one.text_is == "here" else f"its text is {one.text_is}"
        size = f"{one.characters:,} characters" if one.characters else ""
        yield f"- {', '.join(filter(None, (one.kind, author, one.dated, size, gone)))}"
        yield from _item(one.uri and f"from: {_text(one.uri)}")
        yield from _item(one.sha256 and f"sha256: {one.sha256}")

    def _linked(self, how: str, refs: Iterable[str | None], chapter: str) -> str:
        """Refs as links to where they stand; "" for none."""
        named = [self._link(ref, chapter) for ref in refs if ref]
        return f"{how} {', '.join(named)}" if named else ""

    def _link(self, ref: str, chapter: str) -> str:
        place = self._book.chapters.get(ref)
        if place is None:
            return ref
        return f"[{ref}]({'' if place == chapter else f'{place}.md'}#{ref.lower()})"


def _sighting(one: Sighting) -> str:
    where = ", ".join((*one.places, *([one.session] if one.session else [])))
    return f"{one.day}{where and f' at {where}'}{one.why and f': {_text(one.why)}'}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _until(day: str | None) -> str:
    return f"until {day}" if day else ""


def _item(text: str | None) -> tuple[str, ...]:
    return (f"- {text}",) if text else ()


def _text(given: str) -> str:
    """Words of an item, on one line."""
    return escaped(" ".join(given.split()))
