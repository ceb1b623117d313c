"""Connecting a firm to Notion: the token, what it sees, a proposal for notion.yaml, and what stands against it.

Nothing here asks the firm's truth, which may be the very thing that isn't connected yet.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from onefirm import yamlfile
from onefirm.core.errors import FirmError, InvalidInput, NotFound, Refused, Unavailable
from onefirm.day.premises import Premises
from onefirm.secrets import PLUGIN_OPTIONS, Secret
from onefirm.state.truth.base import TruthError
from onefirm.state.truth.notion import found, mapping, mapping_text
from onefirm.state.truth.notion.call import Caller
from onefirm.state.truth.notion.gaps import Gap, gaps
from onefirm.state.truth.notion.mapping import Column, NotionMapping, Place
from onefirm.state.truth.notion.pace import FASTEST, Pace
from onefirm.state.truth.notion.propose import KEY, Draft, propose
from onefirm.state.truth.notion.survey import Field, Seen, Sight, Source, Survey

NAME = "notion"
"""Under which the token is kept."""
INHERITED = "NOTION_TOKEN"
"""Where other programs look for it: it is taken from there once, by the command that connects, and then kept."""
Word: TypeAlias = Literal["key", "ref"]
NAMES: Mapping[Word, tuple[str, str]] = {"key": (KEY, f"{KEY} (text)"), "ref": ("ID", "onefirm ID")}
"""What the two properties are called that onefirm has for itself; the second where the first is taken."""
_OWN: Mapping[Word, Mapping[str, Any]] = {"key": {"rich_text": {}}, "ref": {"unique_id": {"prefix": None}}}
_LINK = re.compile(r"[0-9a-fA-F]{12}\b")  # the end of an id
_TOKEN = re.compile(r"[\x21-\x7e]{8,400}")


# -- the token ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Token:
    """A token, where it came from in words, and whether the firm would find it there again by itself.

    `replaces`: another one is kept, and nobody has asked for a new one.
    """

    value: Secret
    origin: str
    is_kept: bool
    replaces: bool = False


def token(premises: Premises, environ: Mapping[str, str], ask: Callable[[], str], *, anew: bool, own: bool) -> Token:
    """The token to connect with: the plugin's option, the environment, what is kept, else what is asked for.

    `anew` asks whatever there is; `own` goes by what the firm itself would use first. Raises InvalidInput.
    """
    if anew:
        return Token(_checked(ask()), "what was typed", is_kept=False)
    kept, inherited = premises.secrets.get(NAME), environ.get(INHERITED)
    by_name = {one.name: one.source for one in premises.secrets.inventory()}
    if kept and (own or by_name.get(NAME) == "environment" or not inherited):
        is_option = bool(environ.get(PLUGIN_OPTIONS[NAME]))
        return Token(kept, "the plugin's option" if is_option else f"the {by_name[NAME]}", is_kept=True)
    if inherited:
        value = _checked(inherited)
        is_kept = kept is not None and kept == value
        return Token(value, INHERITED, is_kept, replaces=kept is not None and not is_kept)
    return Token(_checked(ask()), "what was typed", is_kept=False)


def _checked(text: str) -> Secret:
    """A token by its form alone, so that nothing else is ever sent as one."""
    if not _TOKEN.fullmatch(text.strip()):
        raise InvalidInput(
            "That is no token of Notion's: one is a single word that begins with ntn_ or secret_.",
            hint="Copy the “internal integration secret” of your integration at https://www.notion.so/profile/integrations",
        )
    return Secret(text.strip())


def keep(premises: Premises, given: Token) -> str:
    """Keep a token that has proven to be good, under the name by which the firm finds it; where it went."""
    return premises.secrets.set(NAME, given.value.reveal(), owner="Notion")


@contextmanager
def asking(given: Token, how: NotionMapping) -> Generator[Survey]:
    """A connection with this token. What Notion refuses meanwhile is raised as Unavailable."""
    survey = Survey.connect(given.value.reveal(), how.base_url, how.pace)
    try:
        yield survey
    except TruthError as error:
        said = str(error).rstrip(".")
        what, hint = _way_out(said, given)
        raise Unavailable(f"{what[0].upper()}{what[1:]}.", hint=hint) from None
    finally:
        survey.close()


def _way_out(said: str, given: Token) -> tuple[str, str]:
    """What is told of a failure, and what to do about it."""
    if "refuses the token" in said:
        return said.partition("; ")[0], (
            f"The token came from {given.origin}. Copy it anew from https://www.notion.so/profile/integrations, then "
            "`onefirm connect notion --new-token`."
        )
    return (
        said,
        "Nothing was changed. Try again in a minute; https://status.notion.so tells whether Notion has trouble.",
    )


# -- the mapping -------------------------------------------------------------------------------------------------------


def file_of(premises: Premises) -> Path:
    """The mapping's file, which may not be there."""
    return premises.root / mapping.FILE


def head(premises: Premises, at: str | None) -> NotionMapping:
    """How Notion is asked by the mapping that stands, without its places. `at` is another address.

    Raises InvalidInput for an address that can't be.
    """
    try:
        stands = replace(mapping.read(premises.root, premises.remembered), places={})
    except FirmError:  # there is none, or one with mistakes, which --check tells
        stands = NotionMapping({})
    if at is None:
        return stands
    url = mapping.address(at)
    return replace(stands, base_url=url, pace=stands.pace if url == mapping.REAL else FASTEST)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposal for notion.yaml. `difference` from the file that stands; None where there is none."""

    draft: Draft
    text: str
    difference: str | None


def proposal(premises: Premises, seen: Sight, how: NotionMapping) -> Proposal:
    """The best mapping of what a token sees. What notion.yaml says already is kept, as far as it is there."""
    draft = propose(premises.schema, seen.sources, premises.currency, _standing(premises))
    text = mapping_text.text(replace(how, places=draft.places), draft.remarks, draft.lacking, draft.left)
    return Proposal(draft, text, difference(file_of(premises), text))


def _standing(premises: Premises) -> Mapping[str, Place]:
    """What notion.yaml says already. Raises InvalidInput where that can't be read: nothing of it would be kept."""
    return mapping.read(premises.root, premises.remembered).places if file_of(premises).exists() else {}


def difference(file: Path, text: str) -> str | None:
    """What the text would change in a file; None where there is none. Raises InvalidInput."""
    if not file.exists():
        return None
    try:
        now = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file} can't be read: {error}.", hint="Move it away, then try again.") from None
    lines = difflib.unified_diff(
        now.splitlines(keepends=True), text.splitlines(keepends=True), mapping.FILE, "as proposed", n=1
    )
    return "".join(lines)


def write(premises: Premises, text: str) -> None:
    """Put the text in the place of notion.yaml, whole or not at all. Raises Unavailable."""
    mapping_text.write(premises.root, text)


def is_title(text: str) -> bool:
    """Whether a page is named by its title, so that Notion must be asked which one it is."""
    return bool(text.strip()) and not _LINK.search(text)


def page(survey: Survey, text: str) -> str:
    """The page that a link, an id or a title means. Raises InvalidInput."""
    rooms = survey.sight().rooms if is_title(text) else ()
    meant = [one for one in rooms if one.title.casefold() == text.strip().casefold()]
    if len(meant) > 1:
        raise InvalidInput(
            f"{len(meant)} pages are called “{text.strip()[:60]}”.", hint="Give the link of the one you mean."
        )
    return meant[0].id.replace("-", "") if meant else found.page_id(text)


def found_databases(
    premises: Premises, given: Token, how: NotionMapping, page: str, *, key: bool, tell: Callable[[str], None]
) -> NotionMapping:
    """Make the firm's databases under a page. Raises as `found.create_databases`.

    The kinds in force are all: one that has records, archived or not, can't be taken out of the schema.
    """
    plot = found.Plot(page, premises.currency, key=key)
    caller = Caller(given.value.reveal(), how.base_url, Pace(how.pace))
    made = found.create_databases(
        caller, premises.store, premises.schema, premises.clock, plot, base_url=how.base_url, tell=tell
    )
    return replace(how, places=made.places)


# -- what stands against it --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Judged:
    """A gap or a note, and its line in notion.yaml."""

    line: int
    gap: Gap


@dataclass(frozen=True, slots=True)
class Check:
    """The mapping as it is read, the data sources that it names as they are, and what stands between them."""

    mapping: NotionMapping
    found: Mapping[str, Seen]
    judged: Sequence[Judged]

    @property
    def gaps(self) -> list[Judged]:
        """What keeps records from being kept as the file says."""
        return [one for one in self.judged if not one.gap.is_note]

    @property
    def notes(self) -> list[Judged]:
        """What is worth knowing."""
        return [one for one in self.judged if one.gap.is_note]


def check(premises: Premises, survey: Survey) -> Check:
    """Hold notion.yaml against Notion as it is. Raises NotFound without one, InvalidInput where it can't be read."""
    if not file_of(premises).exists():
        raise NotFound("There is no notion.yaml yet.", hint="`onefirm connect notion` proposes one.")
    file = yamlfile.read(file_of(premises))
    read = mapping.check(file, premises.remembered)
    seen = survey.sources(place.data_source for place in read.places.values())
    judged = [Judged(file.line(gap.at), gap) for gap in gaps(read, premises.schema, seen)]
    return Check(read, seen, sorted(judged, key=lambda one: (one.gap.is_note, one.line)))


@dataclass(frozen=True, slots=True)
class Own:
    """One of the two properties that onefirm wants for itself, and the data source that lacks it."""

    kind: str
    source: Source
    word: Word


def wanted(held: Check) -> list[Own]:
    """What may be added, with consent: the key, and a number where the data source has none."""
    found_own = list[Own]()
    for place in held.mapping.places.values():
        source = held.found[place.data_source]
        if not isinstance(source, Source) or source.in_trash:
            continue
        if not _serves(source, place.key, "rich_text"):
            found_own.append(Own(place.kind, source, "key"))
        if not _serves(source, place.ref, "unique_id"):
            found_own.append(Own(place.kind, source, "ref"))
    return found_own


def _serves(source: Source, column: Column | None, type_: str) -> bool:
    there = source.field(column.id) if column else None
    return there is not None and there.type == type_


def add(premises: Premises, survey: Survey, some: Sequence[Own]) -> None:
    """Add these properties in Notion, then name them in notion.yaml.

    What stands in Notion already is only named: a run that was cut off is finished by the next. Raises InvalidInput for
    a file that can't be changed so, before anything is added.
    """
    _named(premises, [(one, Column("", "", "rich_text")) for one in some])
    sources: dict[str, Source] = {}
    for one in some:
        source = sources.get(one.source.id, one.source)
        if _there(source, one.word) is None:
            source = survey.add(source.id, {_free_name(source, one.word): _OWN[one.word]})
        sources[source.id] = source
    added = [(one, there) for one in some if (there := _there(sources[one.source.id], one.word))]
    text = _named(premises, [(one, there) for one, there in added])
    mapping.check(yamlfile.parse(file_of(premises), text.encode()), premises.remembered)
    write(premises, text)


def _named(premises: Premises, some: Iterable[tuple[Own, Field | Column]]) -> str:
    edits = [(("kinds", one.kind, one.word), {"name": there.name, "id": there.id}) for one, there in some]
    return yamlfile.changed(file_of(premises), file_of(premises).read_text(encoding="utf-8"), edits)


def _there(source: Source, word: Word) -> Field | None:
    """The property that serves already."""
    if word == "ref":
        return next((one for one in source.fields if one.type == "unique_id"), None)
    return next((one for one in source.fields if one.type == "rich_text" and one.name in NAMES["key"]), None)


def _free_name(source: Source, word: Word) -> str:
    """A name that no property has: to name one that is there would make another type of it. Raises Refused."""
    name = next((one for one in NAMES[word] if source.named(one) is None), None)
    if name is None:
        raise Refused(
            f"“{source.title}” has properties of another type called {' and '.join(NAMES[word])}.",
            hint="Rename one of them in Notion, then try again.",
        )
    return name
