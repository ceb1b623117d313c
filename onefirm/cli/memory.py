"""`onefirm memory`: what the firm knows, and how it is used."""

from __future__ import annotations

import click

from onefirm.cli import recall, screen
from onefirm.cli.commands import Group, json_option
from onefirm.cli.invocation import Invocation, pass_invocation


@click.group(cls=Group)
def memory() -> None:
    """Search what the firm knows, and see how it is used.

    \b
    Examples:
      onefirm memory search why no portal
      onefirm memory stats
    """


@memory.command()
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


@memory.command()
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
