"""`onefirm recall`: ask the firm's memory; `onefirm memory search` is the same."""

from __future__ import annotations

from collections.abc import Sequence

import click

from onefirm.cli import screen
from onefirm.cli.commands import json_option
from onefirm.cli.invocation import Invocation, pass_invocation
from onefirm.memory import marks

words_argument = click.argument("words", nargs=-1, required=True)
about_option = click.option(
    "--about", metavar="REF", multiple=True, help="Only what concerns this record; may be repeated."
)
limit_option = click.option(
    "--limit", default=8, show_default=True, type=click.IntRange(1, 50), help="At most this many answers."
)
as_of_option = click.option("--as-of", metavar="DATE", help="Only what was known and held at the end of this day.")


@click.command()
@words_argument
@about_option
@limit_option
@as_of_option
@json_option
@pass_invocation
def recall(
    invocation: Invocation, words: tuple[str, ...], about: tuple[str, ...], limit: int, as_of: str | None, as_json: bool
) -> None:
    """Search decisions, lessons, facts, sources and narrative.

    \b
    Examples:
      onefirm recall why no portal
      onefirm recall booking form --about P-1
      onefirm recall day rate --as-of 2026-06-30
    """
    answer(invocation, words, about, limit, as_of, as_json)


def answer(
    invocation: Invocation, words: Sequence[str], about: Sequence[str], limit: int, as_of: str | None, as_json: bool
) -> None:
    """Ask, and show what was found with where it is from."""
    found = invocation.firm.recall.recall(" ".join(words), about=about, limit=limit, as_of=as_of)
    if as_json:
        screen.data(found)
        return
    if found.hits:
        screen.show(marks.begin(found.id))
    for hit in found.hits:
        told = ", ".join(part for part in (hit.source, (hit.at or "")[:10]) if part)
        screen.title(" ".join(part for part in (hit.ref, hit.heading, f"({told})") if part))
        screen.show(f"{hit.text}\n")
    if found.hits:
        screen.show(marks.end(found.id))
    else:
        screen.say("Nothing found. Fewer or other words may help.")
    for line in filter(None, (found.note, f"{found.how}; {found.tokens} tokens")):
        screen.say(line)
