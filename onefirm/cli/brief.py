"""`onefirm brief`: what changed, what needs you, where things stand."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from onefirm.cli import screen
from onefirm.cli.commands import json_option
from onefirm.cli.invocation import Invocation, pass_invocation

if TYPE_CHECKING:
    from onefirm.day.brief import Brief

_MOST = 40
"""Lines of each part that are shown unasked: two screens."""
_STYLES = {"blocked": "bold red", "overdue": "red", "due soon": "yellow", "waiting": "cyan", "stale": "dim"}


@click.command(short_help="What changed, what needs you, what stands.")
@click.option("--explain", "number", metavar="N", type=int, help="Say by which rule line N stands where it does.")
@click.option("--all", "whole", is_flag=True, help="Show every line, not only the first of each part.")
@json_option
@pass_invocation
def brief(invocation: Invocation, number: int | None, whole: bool, as_json: bool) -> None:
    """Say what changed since the last close, what needs you and where things stand, by fixed rules.

    \b
    Examples:
      onefirm brief
      onefirm brief --explain 3
      onefirm brief --json
    """
    if number is not None:
        screen.show(invocation.firm.day.explain(number))
        return
    with screen.working("Reading the firm"):
        told = invocation.firm.day.brief()
    if as_json:
        screen.data(told)
        return
    _print(told, invocation.local_time(told.since) if told.since else "", sys.maxsize if whole else _MOST)


def _print(told: Brief, since: str, most: int) -> None:
    screen.title(told.text.splitlines()[0].lstrip("# "))
    _list("Needs you", told.attention, most)
    when = f" since the last close ({since})" if since else ""
    _list(f"Changed{when}", told.changes[::-1], most)  # the newest first: what is left out is oldest
    screen.show()
    screen.title("Where things stand")
    for line in told.lines[:most]:
        screen.marked(
            f"{line.rank:>4}. {line.rule}", _STYLES.get(line.rule, "bold"), f"{line.ref} {line.title}: {line.text}"
        )
    if not told.lines:
        screen.show("  Nothing is blocked, due or stale.")
    _more(len(told.lines) - most)
    _list("What memory holds about them", [f"{one.ref} of {one.at[:10]}: {one.text}" for one in told.claims], most)


def _list(title: str, lines: Sequence[str], most: int) -> None:
    if lines:
        screen.show()
        screen.title(title)
    for line in lines[:most]:
        screen.entry(line)
    _more(len(lines) - most)


def _more(count: int) -> None:
    if count > 0:
        screen.show(f"  … {count} more: onefirm brief --all")
