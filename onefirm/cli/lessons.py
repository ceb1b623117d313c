"""`onefirm lesson`: rules that were learned."""

from __future__ import annotations

from typing import Literal

import click

from onefirm.cli import screen
from onefirm.cli.commands import Group, json_option
from onefirm.cli.invocation import Invocation, pass_invocation


@click.group(cls=Group)
def lesson() -> None:
    """Record lessons and decide which become rules.

    \b
    Examples:
      onefirm lesson record "Ask for the order number" --why "it came back"
      onefirm lesson list --status candidate
      onefirm lesson decide L-2 harden
    """


@lesson.command()
@click.argument("rule", required=False, default="")
@click.option("--why", required=True, metavar="TEXT", help="What taught it.")
@click.option("--theme", default="general", show_default=True, metavar="WORD", help="What it belongs to.")
@click.option("--about", metavar="REF", multiple=True, help="Where it was learned; may be repeated.")
@click.option("--again", metavar="L-N", help="Not a new one: this lesson held once more.")
@json_option
@pass_invocation
def record(
    invocation: Invocation, rule: str, why: str, theme: str, about: tuple[str, ...], again: str | None, as_json: bool
) -> None:
    """Record a lesson; it begins as a candidate.

    \b
    Examples:
      onefirm lesson record "Watch five people first" --why "four gave up"
      onefirm lesson record --again L-2 --why "it held at Heron" --about PR-4
    """
    made = invocation.firm.lessons.record(rule, why, theme=theme, about=about, again=again, by=invocation.by())
    seen = f", met {made.sightings} times" if made.sightings > 1 else ""
    screen.data(made) if as_json else screen.show(f"{made.ref} ({made.status}{seen}) {made.rule}")


@lesson.command("list")
@click.option("--status", type=click.Choice(["candidate", "hardened", "retired"]), help="Only these.")
@click.option("--theme", metavar="WORD", help="Only this theme.")
@click.option("--text", metavar="WORDS", help="Words in it.")
@json_option
@pass_invocation
def list_(
    invocation: Invocation, status: Literal["candidate", "hardened", "retired"] | None, theme: str | None,
    text: str | None, as_json: bool,
) -> None:  # fmt: skip
    """List lessons.

    \b
    Examples:
      onefirm lesson list
      onefirm lesson list --status candidate --theme finance
    """
    page = invocation.firm.lessons.find(status=status, theme=theme, text=text)
    if as_json:
        screen.data(page)
        return
    screen.table(
        ("ref", "status", "theme", "seen", "rule"), [(x.ref, x.status, x.theme, x.sightings, x.rule) for x in page.rows]
    )
    if not page.rows:
        screen.say("No lessons meet this.")


@lesson.command()
@click.argument("ref", metavar="L-N")
@click.argument("verdict", type=click.Choice(["harden", "retire", "keep"]))
@json_option
@pass_invocation
def decide(invocation: Invocation, ref: str, verdict: Literal["harden", "retire", "keep"], as_json: bool) -> None:
    """Make a lesson a rule, retire it, or keep it a candidate. Claude needs your yes for this.

    \b
    Examples:
      onefirm lesson decide L-2 harden
    """
    invocation.need_person("Deciding about a lesson")
    lessons = invocation.firm.lessons
    before = lessons.get(ref).status
    made = lessons.decide(ref, verdict, by=invocation.by())
    screen.data(made) if as_json else screen.show(f"{made.ref} {made.rule}: {before} → {made.status}")
