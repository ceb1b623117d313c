"""A statement as it would be recorded: its words can be kept, and each of its quotes stands in its source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from onefirm.core.errors import InvalidInput, Refused
from onefirm.core.ids import parse_ref
from onefirm.core.sight import Sight
from onefirm.ledger.words import clean
from onefirm.memory import quotes, statements
from onefirm.memory.quotes import Found, Quote
from onefirm.memory.sameness import digest
from onefirm.memory.sources import Sources
from onefirm.memory.statements import SecretsCheck

LONGEST = 1_000
_LONGEST_WORD = 200
_MOST_QUOTES = 10


@dataclass(frozen=True, slots=True)
class Given:
    """A statement as somebody gives it; what is empty isn't said."""

    statement: str
    subject: str
    predicate: str
    value: str
    about: Sequence[str]
    valid_from: str | None
    valid_to: str | None
    kind: Literal["fact", "summary"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement as it would be recorded."""

    said: Mapping[str, Any]
    found: tuple[Found, ...]

    @property
    def slot(self) -> str | None:
        """What holds one value at a time, if it is about such a thing."""
        said = self.said
        return digest(said["subject"], said["predicate"]) if said["predicate"] and said["value"] else None

    def since(self, day: str) -> Claim:
        """The same claim, which holds from this day on."""
        return Claim({**self.said, "valid_from": day}, self.found)


class Claims:
    """Makes claims of what is told, as somebody who sees these sources may."""

    def __init__(self, sources: Sources, sight: Sight, secrets_check: SecretsCheck) -> None:
        self._sources = sources
        self._sight = sight
        self._secrets_check = secrets_check

    def made(self, told: Given, given: Sequence[Quote]) -> Claim:
        """What it is about includes what the sources are about; it is dated by them unless it says a day.

        Raises InvalidInput for words that can't be kept, NotFound, Refused for a quote that isn't there or a secret.
        """
        if not given or len(given) > _MOST_QUOTES:
            raise InvalidInput(
                "A fact needs the words it came from." if not given else f"{_MOST_QUOTES} quotes are the most.",
                hint="Give one to ten quotes, each with its source: archive the source first.",
            )
        cited = {parse_ref(one.source): self._sources.get(one.source) for one in given}
        found = tuple(quotes.find(one, self._sources.text(one.source)) for one in _normal(given))
        concerned = self._concerned([*statements.refs(told.about), *(x for one in cited.values() for x in one.about)])
        begin, end = _held(told)
        # A value is known from the day of which its source tells; what was before, nobody has said.
        dated = max((one.dated[:10] for one in cited.values() if one.dated), default=None)
        said = {**self._words(told), "about": concerned, "dated": begin or dated, "valid_from": begin, "valid_to": end}
        claim = Claim(said, found)
        return claim.since(dated) if claim.slot and dated and not begin and (not end or dated < end) else claim

    def _concerned(self, refs: Sequence[str]) -> list[str]:
        self._sight.check(refs)
        if self._sight.client and not refs:
            raise Refused(
                f"This session is declared for {self._sight.client}, so what it records must say whose it is.",
                hint="Name the client or one of its records in about.",
            )
        return list(dict.fromkeys(refs))

    def _words(self, told: Given) -> dict[str, str]:
        if bool(told.predicate.strip()) and not told.subject.strip():
            raise InvalidInput("A predicate needs its subject.", hint="Say what it is told of, or leave both out.")
        return {
            "kind": told.kind, "statement": self._statement(told.statement),
            "subject": self._word("subject", told.subject), "predicate": self._word("predicate", told.predicate),
            "value": self._word("value", told.value),
        }  # fmt: skip

    def _statement(self, text: str) -> str:
        kept = statements.statement("statement", " ".join(text.split()), self._secrets_check)
        if len(kept) > LONGEST:
            raise InvalidInput(
                f"“statement” has {len(kept):,} characters; {LONGEST:,} is the most.", hint="One fact, one sentence."
            )
        return kept

    def _word(self, name: str, text: str) -> str:
        kept = clean(text, _LONGEST_WORD + 1)
        if len(kept) > _LONGEST_WORD:
            raise InvalidInput(f"“{name}” is longer than {_LONGEST_WORD} characters.", hint="Name it in a few words.")
        return statements.statement(name, kept, self._secrets_check) if kept else ""


def _held(told: Given) -> tuple[str | None, str | None]:
    """From which day on it holds, and until before which."""
    begin = statements.given_day("valid_from", told.valid_from)
    end = statements.given_day("valid_to", told.valid_to)
    if begin and end and begin >= end:
        raise InvalidInput(f"It would end ({end}) before it begins ({begin}).", hint="valid_to is the day after.")
    return begin, end


def _normal(given: Sequence[Quote]) -> list[Quote]:
    return [replace(one, source=parse_ref(one.source)) for one in given]
