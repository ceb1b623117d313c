"""`onefirm recall`: ask the firm's memory."""

from __future__ import annotations

import click

from onefirm.cli import screen
from onefirm.cli.commands import json_option
from onefirm.cli.invocation import Invocation, pass_invocation


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--about", metavar="REF", multiple=True, help="Only what concerns this record; may be repeated.")
@click.option("--limit", default=8, show_default=True, type=click.IntRange(1, 50), help="At most this many answers.")
@json_option
@pass_invocation
def recall(invocation: Invocation, words: tuple[str, ...], about: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Search decisions, lessons and narrative by words.

    \b
    Examples:
      onefirm recall why no portal
      onefirm recall booking form --about P-1
    """
    found = invocation.firm.recall.recall(" ".join(words), about=about, limit=limit)
    if as_json:
        screen.data(found)
        return
    for hit in found.hits:
        screen.title(" ".join(part for part in (hit.ref, hit.heading, f"({hit.source})") if part))
        screen.show(f"{hit.text}\n")
    if not found.hits:
        screen.say("Nothing found. Fewer or other words may help.")
