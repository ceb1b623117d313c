"""`onefirm init`: make a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from onefirm.cli import screen
from onefirm.cli.commands import json_option
from onefirm.cli.demo import seed
from onefirm.shipped import path, program

if TYPE_CHECKING:
    from onefirm.workspace import Report


@click.command(short_help="Make a workspace.")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--name", metavar="TEXT", help="The firm's name; otherwise the folder's.")
@click.option(
    "--timezone", metavar="ZONE", help="Such as Europe/Berlin; it decides what is overdue. Otherwise the machine's."
)
@click.option("--currency", metavar="CODE", help="ISO code of amounts without one; otherwise EUR.")
@click.option("--demo", is_flag=True, help="Fill it with a fictional consultancy and a month of its history.")
@json_option
def init(folder: Path, name: str | None, timezone: str | None, currency: str | None, demo: bool, as_json: bool) -> None:
    """Make a workspace: a git repository with onefirm.yaml, CLAUDE.md, context/ and .claude/.

    Nothing that exists is overwritten; a second run reports what stands and finishes what was cut off.

    \b
    Examples:
      onefirm init ~/firm
      onefirm init ~/firm --name "Lighthouse" --timezone Europe/Berlin
      onefirm init /tmp/try --demo
    """
    from onefirm.workspace import Wishes
    from onefirm.workspace import init as make

    wishes = Wishes(name, timezone, currency)
    if demo:
        report = seed(folder, wishes)
    else:
        with screen.working(f"Making a workspace in {folder}"):
            report = make(folder, wishes)
    screen.data(report) if as_json else tell(report)


def tell(report: Report) -> None:
    """What was made, what stood already, and what to type next."""
    made = [path for path in report.made if not path.startswith(".onefirm/")]
    if report.made:
        screen.show(f"Made {report.root}")
        screen.show(f"  {', '.join(made)}" if made else "  what was missing in .onefirm/")
    else:
        screen.show(f"{report.root} is a workspace already; nothing was changed.")
    for note in report.notes:
        screen.say(f"  note: {note}")
    screen.show("\nNext:")
    screen.show(f"  cd {report.root}")
    screen.show(f"  {program()} brief")
    screen.show(f'  claude --plugin-dir "{path()}"')
