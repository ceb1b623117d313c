"""`onefirm decision`: what was chosen, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from onefirm.cli import screen
from onefirm.cli.commands import Group, json_option
from onefirm.cli.invocation import Invocation, pass_invocation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from onefirm.memory.decisions import Decision, Entry


@click.group(cls=Group)
def decision() -> None:
    """Record and read decisions: superseded, never rewritten.

    \b
    Examples:
      onefirm decision record "No portal" --why "nobody asked" --about P-1
      onefirm decision list --about P-1
      onefirm decision show DEC-2
      onefirm decision log --about P-1
    """


@decision.command()
@click.argument("what")
@click.option("--why", required=True, metavar="TEXT", help="The reason.")
@click.option("--about", metavar="REF", multiple=True, help="A record that it concerns; may be repeated.")
@click.option(
    "--instead-of",
    "alternatives",
    metavar="TEXT",
    multiple=True,
    help="An alternative that was weighed; may be repeated.",
)
@click.option("--evidence", metavar="TEXT", multiple=True, help="What it rests on; may be repeated.")
@click.option("--supersedes", metavar="DEC-N", help="The decision that this one replaces.")
@click.option("--reversible-until", metavar="DAY", help="The last day on which it can be taken back at no great cost.")
@json_option
@pass_invocation
def record(
    invocation: Invocation, what: str, why: str, about: tuple[str, ...], alternatives: tuple[str, ...],
    evidence: tuple[str, ...], supersedes: str | None, reversible_until: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Record a decision.

    \b
    Examples:
      onefirm decision record "No portal" --why "nobody asked for one" --about P-1
      onefirm decision record "Booking path first" --why "four of five gave up" \\
          --instead-of "the blog first" --evidence "five students watched" \\
          --supersedes DEC-3
      onefirm decision record "Rent the second room" --why "two trainees come" \\
          --reversible-until 2026-12-15
    """
    made = invocation.firm.decisions.record(
        what, why, alternatives=alternatives, evidence=evidence, about=about, supersedes=supersedes,
        reversible_until=reversible_until, by=invocation.by(),
    )  # fmt: skip
    instead = f" (instead of {made.supersedes})" if made.supersedes else ""
    screen.data(made) if as_json else screen.show(f"{made.ref} {made.what}{instead}")
    if made.note:
        screen.say(f"note: {made.note}")


def _filters(command: Callable[..., None]) -> Callable[..., None]:
    """The options by which decisions are chosen."""
    standing = "Only those that hold, or only those that were replaced."
    for option in (
        click.option("--standing/--superseded", "standing", default=None, help=standing),
        click.option("--until", metavar="TIME", help="Taken before."),
        click.option("--since", metavar="TIME", help="Taken after: 2026-11-01."),
        click.option("--about", metavar="REF", help="Only what concerns this record."),
    ):
        command = option(command)
    return command


@decision.command("list")
@_filters
@click.option("--text", metavar="WORDS", help="Words in it.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 200), help="Rows a page.")
@click.option("--cursor", metavar="TEXT", help="The next page, as the last one named it.")
@json_option
@pass_invocation
def list_(
    invocation: Invocation, about: str | None, since: str | None, until: str | None, standing: bool | None,
    text: str | None, limit: int, cursor: str | None, as_json: bool,
) -> None:  # fmt: skip
    """List decisions, newest first.

    \b
    Examples:
      onefirm decision list
      onefirm decision list --about P-1 --standing
      onefirm decision list --since 2026-11-01 --text portal
    """
    from onefirm.memory.decisions import DecisionQuery

    query = DecisionQuery(
        about=about, since=since, until=until, standing=standing, text=text, limit=limit, cursor=cursor
    )
    page = invocation.firm.decisions.find(query)
    if as_json:
        screen.data(page)
        return
    day = invocation.days()
    screen.table(
        ("ref", "when", "about", "what"),
        [(d.ref, day(d.at), ", ".join(d.about), _what(d)) for d in page.rows],
    )
    if page.cursor:
        screen.say(f"{len(page.rows)} of {page.total}; the next page: --cursor {page.cursor}")
    elif not page.rows:
        screen.say("No decisions meet this.")


@decision.command()
@click.argument("ref", metavar="DEC-N")
@json_option
@pass_invocation
def show(invocation: Invocation, ref: str, as_json: bool) -> None:
    """Show one decision whole.

    \b
    Examples:
      onefirm decision show DEC-2
    """
    found = invocation.firm.decisions.get(ref)
    if as_json:
        screen.data(found)
        return
    screen.title(f"{found.ref} {found.what}")
    rows = [
        ("why", found.why),
        *(("instead of", text) for text in found.alternatives),
        *(("evidence", text) for text in found.evidence),
    ]
    rows += [
        ("about", ", ".join(found.about)),
        ("supersedes", found.supersedes),
        ("superseded by", found.superseded_by),
        ("reversible until", found.reversible_until),
    ]
    rows += [("taken", f"{invocation.local_time(found.at)} by {found.actor}")]
    screen.table(("", ""), [row for row in rows if row[1]])


@decision.command()
@_filters
@click.option("--as-of", metavar="TIME", help="As it was known then, and as it stood.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 200), help="Decisions a page.")
@click.option("--cursor", metavar="TEXT", help="The next page, as the last one named it.")
@json_option
@pass_invocation
def log(
    invocation: Invocation, about: str | None, since: str | None, until: str | None, standing: bool | None,
    as_of: str | None, limit: int, cursor: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Tell day by day what was decided, and what came of it.

    \b
    Examples:
      onefirm decision log
      onefirm decision log --about P-1
      onefirm decision log --standing --as-of 2026-11-01
    """
    from onefirm.memory.decisions import DecisionQuery

    query = DecisionQuery(about, since, until, standing, limit=limit, cursor=cursor, as_of=as_of)
    page = invocation.firm.decisions.log(query)
    if as_json:
        screen.data(page)
        return
    day, shown = invocation.days(), ""
    for entry in page.rows:
        if day(entry.decision.at) != shown:
            shown = day(entry.decision.at)
            screen.title(shown)
        screen.entry(f"{entry.decision.ref} {entry.decision.what}")
        for line in _story(entry, day):
            screen.entry(line, "    ")
    if page.cursor:
        screen.say(f"{len(page.rows)} of {page.total}; the next page: --cursor {page.cursor}")
    elif not page.rows:
        screen.say("No decisions meet this.")


@decision.command()
@click.option("--forget", "forgotten", metavar="NUMBER", type=int, help="Let go of one that binds nobody.")
@json_option
@pass_invocation
def choices(invocation: Invocation, forgotten: int | None, as_json: bool) -> None:
    """List what you chose when Claude asked and no decision says.

    Each is kept for two weeks. `decision adopt NUMBER` makes a decision of it.

    \b
    Examples:
      onefirm decision choices
      onefirm decision choices --forget 2
    """
    day = invocation.seen_firm.day
    if forgotten is not None:
        gone = day.drop_choice(forgotten)
        screen.data(gone) if as_json else screen.show(f"{gone['question']} {gone['chosen']}: let go")
        return
    found = day.choices()
    if as_json:
        screen.data(found)
        return
    on = invocation.days()
    for one in found:
        screen.entry(f"{one['id']} {one['question']} {one['chosen']} ({on(one['at'])}, session {one['session']})", "")
        for other in one["rejected"]:
            screen.entry(f"instead of: {other}", "    ")
    screen.say("`onefirm decision adopt NUMBER` records one." if found else "Nothing was chosen that no decision says.")


@decision.command()
@click.argument("number", type=int)
@click.option("--why", default="", metavar="TEXT", help="The reason; else what was said of it when Claude asked.")
@click.option("--about", metavar="REF", multiple=True, help="A record that it concerns; may be repeated.")
@click.option("--reversible-until", metavar="DAY", help="The last day on which it can be taken back at no great cost.")
@json_option
@pass_invocation
def adopt(
    invocation: Invocation, number: int, why: str, about: tuple[str, ...], reversible_until: str | None, as_json: bool
) -> None:
    """Make a decision of a choice, with what was turned down.

    \b
    Examples:
      onefirm decision adopt 2
      onefirm decision adopt 2 --about P-1 --why "one file is enough for a year"
    """
    made = invocation.seen_firm.day.adopt_choice(
        number, invocation.by(), why=why, about=about, reversible_until=reversible_until
    )
    screen.data(made) if as_json else screen.show(f"{made.ref} {made.what}")


def _story(entry: Entry, day: Callable[[str], str]) -> Iterator[str]:
    one = entry.decision
    yield f"why: {one.why}"
    yield from (f"instead of: {text}" for text in one.alternatives)
    yield from (f"evidence: {text}" for text in one.evidence)
    yield ", ".join((f"by {one.actor}", *(f"about {ref}" for ref in one.about)))
    if one.reversible_until:
        yield f"reversible until {one.reversible_until}"
    place = next(number for number, link in enumerate(entry.chain) if link.ref == one.ref)
    for link in reversed(entry.chain[:place]):
        yield f"came from {link.ref} of {day(link.at)}: {link.what}"
    for link in entry.chain[place + 1 :]:
        late = ", after it could be reversed" if link.late else ""
        yield f"superseded by {link.ref} on {day(link.at)}{late}: {link.what}"


def _what(found: Decision) -> str:
    return f"{found.what} (superseded by {found.superseded_by})" if found.superseded_by else found.what
