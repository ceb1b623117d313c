"""`onefirm init`: make a workspace."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from onefirm.cli import screen
from onefirm.cli.commands import json_option
from onefirm.cli.demo import seed
from onefirm.cli.invocation import Invocation, pass_invocation
from onefirm.core.errors import InvalidInput
from onefirm.shipped import path, program, putting_on_path

if TYPE_CHECKING:
    from onefirm.workspace import Report


@click.command(short_help="Make a workspace.")
@click.argument("folder", metavar="DIR")
@click.option("--name", metavar="TEXT", help="The firm's name; otherwise the folder's.")
@click.option(
    "--timezone", metavar="ZONE", help="Such as Europe/Berlin; it decides what is overdue. Otherwise the machine's."
)
@click.option("--currency", metavar="CODE", help="ISO code of amounts without one; otherwise EUR.")
@click.option("--demo", is_flag=True, help="Fill it with a fictional consultancy and a month of its history.")
@click.option("--anew", is_flag=True, help="Begin with an empty firm where the database of another was lost.")
@json_option
@pass_invocation
def init(
    invocation: Invocation, folder: str, name: str | None, timezone: str | None, currency: str | None, demo: bool,
    anew: bool, as_json: bool,
) -> None:  # fmt: skip
    """Make a workspace: a git repository with onefirm.yaml, CLAUDE.md, context/ and .claude/.

    Nothing that exists is overwritten; a second run reports what stands and finishes what was cut off. A folder whose
    firm was lost is refused: put a backup back, or say --anew to give that firm up.

    \b
    Examples:
      onefirm init ~/firm
      onefirm init ~/firm --name "Lighthouse" --timezone Europe/Berlin
      onefirm init /tmp/try --demo
    """
    from onefirm.workspace import Wishes
    from onefirm.workspace import init as make

    if not folder.strip():
        raise InvalidInput("DIR is empty.", hint="Name a folder; the current one is `.`.")
    target = Path(folder) if Path(folder).is_absolute() or not invocation.is_named else invocation.start / folder
    wishes = Wishes(
        _checked("--name", "firm", name),
        _checked("--timezone", "timezone", timezone),
        _checked("--currency", "currency", currency.upper() if currency else currency),
    )
    if demo and anew:
        raise InvalidInput(
            "--demo and --anew exclude each other: a demo firm takes no firm's place.",
            hint="Leave one of them out; for a demo firm, name an empty folder.",
        )
    if demo:
        report = seed(target, wishes)
    else:
        with screen.working(f"Making a workspace in {target}"):
            report = make(target, wishes, anew=anew)
    screen.data(report) if as_json else tell(report)


def _checked(option: str, setting: str, value: str | None) -> str | None:
    """The value, if it may stand in onefirm.yaml. Raises InvalidInput before anything is made."""
    from onefirm.settings import mistake

    if value is not None and (wrong := mistake(setting, value)):
        end = "" if wrong.endswith("?") else "."
        raise InvalidInput(f"{option} {value!r}: {wrong}{end}", hint="Nothing was made; give another value.")
    return value


def tell(report: Report) -> None:
    """What was made, what stood already, what was committed, and what to type next."""
    if report.made:
        made = [path for path in report.made if not path.startswith(".onefirm/")]
        screen.show(f"Made {report.root}")
        screen.entry(", ".join(made) or f"what was missing in .onefirm/: {', '.join(report.made)}")
    else:
        screen.show(f"{report.root} is a workspace already; nothing was changed.")
    if report.kept:
        screen.entry(f"kept as they were: {', '.join(report.kept)}")
    if report.committed:
        screen.entry(f"committed exactly these: {', '.join(report.committed)}")
    for note in report.notes:
        screen.say(f"  note: {note}")
    _tell_next(report.root)


def _tell_next(root: Path) -> None:
    screen.show("\nNext:")
    screen.show(f"  cd {shlex.quote(str(root))}")
    screen.show(f"  {program()} brief")
    screen.show(f"  claude --plugin-dir {shlex.quote(str(path()))}")
    if link := putting_on_path():
        screen.show(f"  {link}    (then `onefirm` alone will do, if ~/.local/bin is on PATH)")
