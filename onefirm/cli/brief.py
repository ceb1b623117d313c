"""`onefirm brief`: what changed, what needs you, where things stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from onefirm.cli import screen
from onefirm.cli.commands import json_option
from onefirm.cli.invocation import Invocation, pass_invocation

if TYPE_CHECKING:
    from onefirm.day.brief import Brief

_STYLES = {"blocked": "bold red", "overdue": "red", "due soon": "yellow", "waiting": "cyan", "stale": "dim"}


@click.command(short_help="What changed, what needs you, what stands.")
@click.option("--explain", "number", metavar="N", type=int, help="Say by which rule line N stands where it does.")
@json_option
@pass_invocation
def brief(invocation: Invocation, number: int | None, as_json: bool) -> None:
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
    screen.data(told) if as_json else _print(told)


def _print(told: Brief) -> None:
    screen.title(told.text.splitlines()[0].lstrip("# "))
    _list("Needs you", told.attention)
    since = f" since the last close ({told.since[:16].replace('T', ' ')} UTC)" if told.since else ""
    _list(f"Changed{since}", told.changes)
    screen.show()
    screen.title("Where things stand")
    for line in told.lines:
        screen.marked(
            f"{line.rank:>4}. {line.rule}", _STYLES.get(line.rule, "bold"), f"{line.ref} {line.title}: {line.text}"
        )
    if not told.lines:
        screen.show("  Nothing is blocked, due or stale.")


def _list(title: str, lines: tuple[str, ...]) -> None:
    if lines:
        screen.show()
        screen.title(title)
    for line in lines:
        screen.entry(line)
