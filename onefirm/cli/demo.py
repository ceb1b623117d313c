"""`onefirm demo`: a living firm to try things in."""

from __future__ import annotations

import shlex
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import click

from onefirm.cli import screen
from onefirm.cli.commands import json_option
from onefirm.shipped import path, program

if TYPE_CHECKING:
    from onefirm.demo.telling import Teller
    from onefirm.workspace import Report, Wishes

_NEXT = (
    ("brief", "where things stand"),
    ("record get P-1", "one project"),
    ("ledger trace P-1", "where it comes from"),
    ("decision list --about P-1", "what was decided about it"),
)


@click.command(short_help="Make a fictional firm, a month old.")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option("--day", is_flag=True, help="Then live a day in it, step by step, and check each step.")
@click.option("--week", is_flag=True, help="Then live a whole week, the day first.")
@json_option
def demo(folder: Path | None, day: bool, week: bool, as_json: bool) -> int:
    """Make a fictional consultancy that is a month old: clients, projects, tasks, money, decisions, narrative.

    Without DIR it stands in a temporary folder, which `--day` and `--week` remove at their end.

    \b
    Examples:
      onefirm demo
      onefirm demo ~/try-onefirm
      onefirm demo --day
      onefirm demo --week
    """
    from onefirm.workspace import Wishes

    if day or week:
        return _live(folder, "week" if week else "day")
    place = folder or Path(tempfile.mkdtemp(prefix="onefirm-demo-"))
    try:
        report = seed(place, Wishes())
    except BaseException:
        if folder is None:
            place.rmdir()
        raise
    if as_json:
        screen.data(report)
    else:
        screen.show(f"A firm lives in {report.root}")
        _tell_next(report.root)
    return 0


def seed(folder: Path, wishes: Wishes) -> Report:
    """Make the demo firm and say so while it takes its seconds."""
    from onefirm.demo.seed import found

    signal.signal(signal.SIGTERM, _terminated)
    try:
        with screen.working(f"Living a month of a fictional firm in {folder}"):
            return found(folder, wishes)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("no firm was made") from None


def _terminated(signal_number: int, _frame: FrameType | None) -> NoReturn:
    # By default a termination ends the process without its `finally`, and what is half made would stay.
    sys.exit(128 + signal_number)


def _live(folder: Path | None, span: str) -> int:
    from onefirm.demo.telling import NotSo, Teller

    teller = Teller(screen.show_now)
    signal.signal(signal.SIGTERM, _terminated)
    place = Path(tempfile.mkdtemp(prefix="onefirm-day-"))
    try:
        root = folder or place / "firm"
        _lived(root, place, teller, span)
    except NotSo:
        return 1
    finally:
        shutil.rmtree(place, ignore_errors=True)
    teller.say(f"\nThe {span} took {teller.seconds:.0f} s. Every line above was checked by the step that told it.")
    if folder:
        _tell_next(root)
    else:
        teller.say(
            f"\nNext:\n  {program()} demo DIR    a firm like this one, to stay\n  {program()} init DIR    your own"
        )
    return 0


def _lived(root: Path, place: Path, teller: Teller, span: str) -> None:
    from onefirm.demo.day import live
    from onefirm.demo.week import WEEK
    from onefirm.workspace import Wishes

    with teller.step("A firm, a month old"):
        report = seed(root, Wishes())
        records = sum(1 for path in report.made if path.startswith("context/"))
        teller.so(records > 20, f"a fictional consultancy was founded and lived its month in {report.root}")
    live(report.root, place, teller, WEEK if span == "week" else ())


def _tell_next(root: Path) -> None:
    place = shlex.quote(str(root))
    screen.show("\nNext:")
    for command, what in _NEXT:
        screen.show(f"  {program()} -C {place} {command:<26} {what}")
    screen.show(f"  cd {place} && claude --plugin-dir {shlex.quote(str(path()))}")
