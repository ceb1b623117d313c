"""`onefirm demo`: a living firm to try things in."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from onefirm.cli import screen
from onefirm.cli.commands import json_option

if TYPE_CHECKING:
    from onefirm.workspace import Report, Wishes


@click.command(short_help="Make a fictional firm, a month old.")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@json_option
def demo(folder: Path | None, as_json: bool) -> None:
    """Make a fictional consultancy that is a month old: clients, projects, tasks, money, decisions, narrative.

    Without DIR it stands in a fresh temporary folder.

    \b
    Examples:
      onefirm demo
      onefirm demo ~/try-onefirm
    """
    from onefirm.workspace import Wishes

    target = folder or Path(tempfile.mkdtemp(prefix="onefirm-demo-"))
    report = seed(target, Wishes())
    if as_json:
        screen.data(report)
        return
    screen.show(f"A firm lives in {report.root}")
    screen.show("\nNext:")
    for command, what in _NEXT:
        screen.show(f"  onefirm -C {report.root} {command:<26} {what}")


def seed(folder: Path, wishes: Wishes) -> Report:
    """Make the demo firm and say so while it takes its seconds."""
    from onefirm.demo.seed import found

    with screen.working(f"Living a month of a fictional firm in {folder}"):
        return found(folder, wishes)


_NEXT = (
    ("brief", "where things stand"),
    ("record get P-1", "one project"),
    ("ledger trace P-1", "where it comes from"),
    ("decision list --about P-1", "what was decided about it"),
)
