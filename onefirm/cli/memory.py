"""`onefirm memory`: what was read, what is known of it, and how that is used."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from onefirm.cli import recall, screen, vectors
from onefirm.cli.commands import Group, json_option, why_option
from onefirm.cli.invocation import Invocation, pass_invocation
from onefirm.core.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from onefirm.day.exports import Form
    from onefirm.memory.facts import Fact, Verdict
    from onefirm.memory.sources import Archived, Kind, Source

_KINDS = ("research", "mail", "page", "session", "note")
_SHOWN = 4_000
_SNAPSHOT = {
    "unchanged": "Nothing has come since the last one.",
    "made": "Committed to .onefirm/memory.git.",
    "begun anew": "The history was dropped, and begins anew with this one.",
}


@click.group(cls=Group, short_help="Archive what was read, and search what is known.")
def memory() -> None:
    """Archive what was read, and look up what is known of it.

    A source is raw text as it was given; a fact quotes it, word for word.

    \b
    Examples:
      onefirm memory add study.pdf --about P-1
      onefirm memory search why no portal
      onefirm memory show F-3
      onefirm memory stats
    """


@memory.command(short_help="Ask memory, as recall does.")
@recall.words_argument
@recall.about_option
@recall.limit_option
@recall.as_of_option
@json_option
@pass_invocation
def search(
    invocation: Invocation, words: tuple[str, ...], about: tuple[str, ...], limit: int, as_of: str | None, as_json: bool
) -> None:
    """Ask memory, as `onefirm recall` does.

    \b
    Examples:
      onefirm memory search who hosts the site --about P-1
    """
    recall.answer(invocation, words, about, limit, as_of, as_json)


@memory.command(short_help="Show how memory is used.")
@json_option
@pass_invocation
def stats(invocation: Invocation, as_json: bool) -> None:
    """Show hits, misses, tokens and what was used.

    \b
    Examples:
      onefirm memory stats
    """
    told = invocation.firm.uses.stats()
    if as_json:
        screen.data(told)
        return
    if not told.asked:
        screen.show(f"Nothing was asked in the last {told.days} days.")
        return
    share = round(100 * told.found / told.asked)
    asked = f"Asked {told.asked} times in {told.days} days: {told.found} answered ({share} %)"
    screen.show(f"{asked}, {told.median_ms:g} ms in the middle.")
    served = f"Served {told.shown} passages in {told.tokens:,} tokens"
    screen.show(f"{served}; {told.cited} cited later, {told.wrong} corrected.")
    if told.misses:
        screen.title("Asked in vain: worth a decision, a fact or a lesson")
    for miss in told.misses:
        screen.show(f"  {miss.times}×  {miss.query}  (last {miss.at[:10]})")


@memory.command(short_help="Archive a file as a source.")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--about", metavar="REF", multiple=True, help="A record that it is about; may be repeated.")
@click.option("--title", metavar="TEXT", help="What it is called; else what it says itself.")
@click.option("--uri", metavar="URI", help="Where it came from: the page that was saved.")
@click.option("--date", "at", metavar="DATE", help="The day it is of; a mail says it itself.")
@click.option("--author", metavar="TEXT", help="Who wrote it.")
@click.option("--kind", type=click.Choice(_KINDS), help="A note expires after two weeks.")
@why_option
@json_option
@pass_invocation
def add(
    invocation: Invocation, file: Path, about: tuple[str, ...], title: str | None, uri: str | None, at: str | None,
    author: str | None, kind: Kind | None, why: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Archive a file: text, Markdown, HTML, mail (.eml), Word or PDF; - reads what comes in. The file stays.

    The same again is the source that it is already. PDF needs the extra
    onefirm[documents].

    \b
    Examples:
      onefirm memory add study.pdf --about P-1 --date 2026-05-02
      curl -s https://shop.example/terms | \\
          onefirm memory add - --uri https://shop.example/terms
    """
    from onefirm.day.intake import Said

    said = Said(kind, title or "", uri or "", about, at, author or "")
    firm, by = invocation.seen_firm, invocation.by(why)
    if str(file) == "-":
        made = firm.sources.add(
            _incoming(), kind=kind, title=said.title, uri=said.uri, about=about, at=at, author=said.author, by=by
        )
    else:
        made = firm.day.archive_file(invocation.start / file, said, by)
    screen.data(made) if as_json else _tell(made)


def _incoming() -> bytes:
    from onefirm.memory.media import LARGEST_BYTES

    return sys.stdin.buffer.read(LARGEST_BYTES + 1)


def _tell(made: Archived) -> None:
    one = made.source
    about = f" for {', '.join(one.about)}" if one.about else ""
    screen.show(f"{one.ref} {one.title} ({one.kind}, {one.characters:,} characters){about}")
    if not made.is_new:
        screen.say("It was archived already.")
    for left in made.left_out:
        screen.say(f"note: {left}.")


@memory.command(short_help="Archive what lies in drop/.")
@json_option
@pass_invocation
def take(invocation: Invocation, as_json: bool) -> None:
    """Archive what lies in the folder drop/ of the workspace; it is made where there is none.

    A file in drop/CL-1/ is about CL-1. Each session's close and the service do
    the same. What was taken moves to .onefirm/taken/; beside what can't be
    read stands why.

    \b
    Examples:
      onefirm memory take
    """
    firm = invocation.firm
    folder = firm.day.drop_folder()
    done = firm.day.take_in(invocation.by())
    if as_json:
        screen.data(done)
        return
    for made in done.archived:
        _tell(made)
    for path, why in done.left:
        screen.say(f"{path} stays: {why}")
    if not done.archived and not done.left:
        screen.say(f"Nothing new lies in {folder}.")


@memory.command("list", short_help="List facts and sources.")
@click.option("--about", metavar="REF", help="Only what is about this record.")
@click.option("--text", metavar="WORDS", default="", help="Words in it.")
@click.option("--as-of", metavar="TIME", help="What was known then.")
@click.option("--on", metavar="DATE", help="What held on that day.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 200), help="At most this many of each.")
@json_option
@pass_invocation
def list_(
    invocation: Invocation, about: str | None, text: str, as_of: str | None, on: str | None, limit: int, as_json: bool
) -> None:
    """List the facts that hold, and the sources, newest first.

    \b
    Examples:
      onefirm memory list --about P-1
      onefirm memory list --as-of 2026-03-01
    """
    firm = invocation.seen_firm
    facts = firm.facts.find(about=about, text=text, as_of=as_of, on=on, limit=limit)
    sources = [] if as_of or on else firm.sources.find(about=about, words=text, limit=limit)
    if as_json:
        screen.data({"facts": facts, "sources": sources})
        return
    day = invocation.days()
    rows = [(one.ref, one.dated or day(one.at), ", ".join(one.about), one.statement) for one in facts]
    rows += [(one.ref, one.dated or day(one.at), ", ".join(one.about), f"{one.title} ({one.kind})") for one in sources]
    screen.table(("ref", "of", "about", "what"), [(ref, of[:10], about, what) for ref, of, about, what in rows])
    if not rows:
        screen.say("Nothing meets this.")


@memory.command(short_help="Show a fact, a source, a decision.")
@click.argument("ref", metavar="F-N|SRC-N|DEC-N|L-N")
@click.option("--text", "whole", is_flag=True, help="Print a source's whole text.")
@json_option
@pass_invocation
def show(invocation: Invocation, ref: str, whole: bool, as_json: bool) -> None:
    """Show a fact with its quotes, a source with its text, a decision or a lesson.

    \b
    Examples:
      onefirm memory show F-3
      onefirm memory show SRC-1 --text > study.txt
    """
    firm = invocation.seen_firm
    kind = ref.partition("-")[0].upper()
    if kind == "SRC":
        found = firm.sources.get(ref)
        text = firm.sources.text(ref) if found.text_is == "here" else None
        told = {**screen.plain(found), "text": text}
        screen.data(told) if as_json else _show_source(found, text, whole, invocation.days())
        return
    rooms = {"F": firm.facts, "DEC": firm.decisions, "L": firm.lessons}
    if kind not in rooms:
        raise InvalidInput(
            f"“{ref[:20]}” names nothing of memory.",
            hint="Name one like F-3, SRC-1, DEC-2 or L-4.",
        )
    one = rooms[kind].get(ref)
    if as_json:
        screen.data(one)
    elif kind == "F":
        _show_fact(invocation, firm.facts.get(ref))
    else:
        said = {**screen.plain(one), "at": invocation.days()(one.at)}
        screen.table(("", ""), [(name, _plain(value)) for name, value in said.items() if value])


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)  # pyright: ignore[reportUnknownArgumentType,reportUnknownVariableType]


def _show_source(found: Source, text: str | None, whole: bool, day: Callable[[str], str]) -> None:
    if whole and text is not None:
        screen.show(text)
        return
    screen.title(f"{found.ref} {found.title}")
    rows = [("kind", found.kind), ("of", found.dated), ("author", found.author), ("from", found.uri),
            ("about", ", ".join(found.about)), ("archived", f"{day(found.at)} by {found.actor}"),
            ("sha256", found.sha256), ("expires", found.expires_at and day(found.expires_at))]  # fmt: skip
    screen.table(("", ""), [(name, value) for name, value in rows if value])
    if text is None:
        screen.say(f"Its text is gone: {found.text_is}.")
        return
    for line in text[:_SHOWN].split("\n"):  # behind a bar: nothing in it is ours
        screen.entry(line, indent="│ ")
    if len(text) > _SHOWN:
        screen.say(f"{len(text) - _SHOWN:,} characters more: `onefirm memory show {found.ref} --text`")


def _show_fact(invocation: Invocation, one: Fact) -> None:
    screen.title(f"{one.ref} {one.statement}")
    day = invocation.days()
    ended = f"{one.status} {day(one.ended_at)}" if one.ended_at else one.status
    rows = [("status", f"{ended}{(one.ended_by and f' by {one.ended_by}') or ''}"), ("holds", _held(one)),
            ("of", one.subject), (one.predicate, one.value), ("about", ", ".join(one.about)),
            ("noted", f"{day(one.at)} by {one.actor}"), ("replaces", ", ".join(one.replaces)),
            ("against", ", ".join(one.against))]  # fmt: skip
    screen.table(("", ""), [(name, value) for name, value in rows if value])
    for line in one.lines:
        screen.entry(line)
    for chain, numbers in one.derived.get("entries", {}).items():
        screen.entry(f"made of the entries {numbers} of chain {chain}")
    for said in one.evidence:
        source = invocation.seen_firm.sources.get(said.source)
        screen.entry(f"“{said.quote}”", indent="│ ")
        screen.entry(f"{said.stance}: {source.ref} {source.title}, {source.place(said.start)}")


def _held(one: Fact) -> str:
    begin, end = one.valid_from, one.valid_to
    return " ".join(filter(None, (begin and f"from {begin}", end and f"until {end}")))


@memory.command(short_help="Show facts that wait for you.")
@json_option
@pass_invocation
def questions(invocation: Invocation, as_json: bool) -> None:
    """Show the facts that contradict others and wait for you.

    \b
    Examples:
      onefirm memory questions
    """
    facts = invocation.seen_firm.facts
    waiting = facts.candidates()
    if as_json:
        screen.data(waiting)
        return
    for one in waiting:
        screen.title(f"{one.ref} {one.statement}")
        for ref in one.against:
            other = facts.get(ref)
            screen.entry(f"against {other.ref} {other.statement} ({other.status})")
    screen.say("Decide: `onefirm memory decide F-N accept|reject|both`." if waiting else "No fact waits for you.")


@memory.command(short_help="Decide about such a fact.")
@click.argument("ref", metavar="F-N")
@click.argument("verdict", type=click.Choice(["accept", "reject", "both"]))
@why_option
@json_option
@pass_invocation
def decide(invocation: Invocation, ref: str, verdict: Verdict, why: str | None, as_json: bool) -> None:
    """Accept a fact in place of those that it contradicts, reject it, or let both stand.

    \b
    Examples:
      onefirm memory decide F-4 accept --why "their mail is newer"
    """
    invocation.need_person("Deciding which fact holds")
    made = invocation.firm.facts.decide(ref, verdict, by=invocation.by(why))
    screen.data(made) if as_json else screen.show(f"{made.ref} {made.statement}: {made.status}")


@memory.command(short_help="Take a fact back.")
@click.argument("ref", metavar="F-N")
@click.option("--why", required=True, metavar="TEXT", help="What was wrong with it.")
@json_option
@pass_invocation
def retract(invocation: Invocation, ref: str, why: str, as_json: bool) -> None:
    """Take a fact back: it was wrong. It stays readable, and is given as an answer
    no more; what it had replaced holds again.

    \b
    Examples:
      onefirm memory retract F-4 --why "it was about another shop"
    """
    invocation.need_person("Taking a fact back")
    made = invocation.firm.facts.retract(ref, by=invocation.by(why))
    if as_json:
        screen.data(made)
        return
    screen.show(f"{made.ref} {made.statement}: {made.status}")
    again = [ref for ref in made.replaces if invocation.firm.facts.get(ref).status == "active"]
    if again:
        screen.show(f"What it had replaced holds again: {', '.join(again)}")


@memory.command(short_help="Write memory as JSON lines or Markdown.")
@click.argument("folder", metavar="[DIR|-]", default="-", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--format", "form", type=click.Choice(["jsonl", "md"]), help="Else both into a folder, jsonl to -.")
@click.option("--about", metavar="REF", help="Only what concerns this record, and what belongs to it.")
@click.option("--texts", is_flag=True, help="JSON lines with the sources' own texts.")
@pass_invocation
def export(invocation: Invocation, folder: Path, form: Form | None, about: str | None, texts: bool) -> None:
    """Write decisions, lessons, facts and sources, each with where it comes from.

    Into a new folder: memory.jsonl, and a Markdown file for the firm and each
    client. Without one, to standard output. What was erased has no words in it.

    \b
    Examples:
      onefirm memory export > ../memory.jsonl
      onefirm memory export ../memory
      onefirm memory export --format md --about CL-2
    """
    firm, is_screen = invocation.seen_firm, str(folder) == "-"
    forms: tuple[Form, ...] = (form,) if form else ("jsonl",) if is_screen else ("jsonl", "md")
    files = firm.day.export_memory(firm.sources, about, forms, with_texts=texts)
    if is_screen:
        for piece in (piece for pieces in files.values() for piece in pieces):
            click.echo(piece, nl=False)
        return
    for path in firm.day.write_export(invocation.start / folder, files):
        screen.show(str(path))


@memory.command(short_help="Commit what memory holds to its repository.")
@click.option("--anew", is_flag=True, help="Drop its history first: it is damaged, or shall be forgotten.")
@pass_invocation
def snapshot(invocation: Invocation, anew: bool) -> None:
    """Commit what memory holds to .onefirm/memory.git, as each close and the service do.

    Read an older state with git; an erasure drops the history.

    \b
    Examples:
      onefirm memory snapshot
      git --git-dir=.onefirm/memory.git log -p -- CL-1.md
    """
    if anew:
        invocation.need_person("Dropping the history of memory")
    made = invocation.whole_firm.day.snapshot_memory(anew=anew)
    screen.show(_SNAPSHOT[made])


@memory.command(short_help="Sum up what is old, by engagement and month.")
@click.option("--older-than", "days", default="90d", show_default=True, metavar="DAYS", help="Months that ended then.")
@click.option("--dry-run", is_flag=True, help="Only show what would be summed up.")
@click.option("--undo", metavar="F-N", help="Take this one back: what it was made of stands as before.")
@why_option
@json_option
@pass_invocation
def rollup(invocation: Invocation, days: str, dry_run: bool, undo: str | None, why: str | None, as_json: bool) -> None:
    """Make one summary for each engagement and month that is over.

    It counts what moved, names what was decided and learned, and quotes how each
    archived session began. Nothing is deleted. Each close and the service do the
    same, and for a session's month before its archive expires.

    \b
    Examples:
      onefirm memory rollup --dry-run
      onefirm memory rollup --older-than 30d
      onefirm memory rollup --undo F-9
    """
    day, by = invocation.firm.day, invocation.by(why)
    if undo:
        invocation.need_person("Taking a roll-up back")
        taken = day.undo_roll_up(undo, by)
        screen.data(taken) if as_json else screen.show(f"{taken.ref} {taken.statement}: {taken.status}")
        return
    older_than = _days(days)
    planned = day.plan_roll_ups(older_than) if dry_run else []
    made = [] if dry_run else day.roll_up(older_than, by)
    if as_json:
        screen.data(planned if dry_run else made)
        return
    said = [(one.summary.statement, one.summary.lines) for one in planned]
    for statement, lines in said or [(f"{one.ref} {one.statement}", one.lines) for one in made]:
        screen.title(statement)
        for line in lines:
            screen.entry(line)
    if not planned and not made:
        screen.say("Nothing is due.")


def _days(given: str) -> int:
    number = given.strip().removesuffix("d")
    if not number.isdecimal() or len(number) > 5:
        raise InvalidInput(f"“{given[:20]}” is no number of days.", hint="Write it as 90d.")
    return int(number)


memory.add_command(vectors.vectors)
