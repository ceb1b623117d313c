"""`onefirm decision`: what was chosen, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from onefirm.cli import screen
from onefirm.cli.commands import Group, json_option
from onefirm.cli.invocation import Invocation, pass_invocation

if TYPE_CHECKING:
    from onefirm.memory.decisions import Decision


@click.group(cls=Group)
def decision() -> None:
    """Record and read decisions: superseded, never rewritten.

    \b
    Examples:
      onefirm decision record "No portal" --why "nobody asked" --about P-1
      onefirm decision list --about P-1
      onefirm decision show DEC-2
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
@json_option
@pass_invocation
def record(
    invocation: Invocation, what: str, why: str, about: tuple[str, ...], alternatives: tuple[str, ...],
    evidence: tuple[str, ...], supersedes: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Record a decision.

    \b
    Examples:
      onefirm decision record "No portal" --why "nobody asked for one" --about P-1
      onefirm decision record "Booking path first" --why "four of five gave up" \\
          --instead-of "the blog first" --evidence "five students watched" \\
          --supersedes DEC-3
    """
    made = invocation.firm.decisions.record(
        what, why, alternatives=alternatives, evidence=evidence, about=about, supersedes=supersedes, by=invocation.by()
    )
    instead = f" (instead of {made.supersedes})" if made.supersedes else ""
    screen.data(made) if as_json else screen.show(f"{made.ref} {made.what}{instead}")


@decision.command("list")
@click.option("--about", metavar="REF", help="Only what concerns this record.")
@click.option("--since", metavar="TIME", help="Taken after: 2026-11-01.")
@click.option("--until", metavar="TIME", help="Taken before.")
@click.option(
    "--standing/--superseded", "standing", default=None, help="Only those that hold, or only those that were replaced."
)
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
    ]
    rows += [("taken", f"{invocation.local_time(found.at)} by {found.actor}")]
    screen.table(("", ""), [row for row in rows if row[1]])


def _what(found: Decision) -> str:
    return f"{found.what} (superseded by {found.superseded_by})" if found.superseded_by else found.what
