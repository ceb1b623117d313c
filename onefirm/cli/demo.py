"""`onefirm demo`: a living firm to try things in."""

from __future__ import annotations

import json
import shlex
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import click

from onefirm.cli import screen
from onefirm.cli.commands import json_option
from onefirm.core.errors import Refused
from onefirm.shipped import path, program

if TYPE_CHECKING:
    from onefirm.demo.day import Later
    from onefirm.demo.seed import Ground
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
@click.option("--notion", is_flag=True, help="Live the day with its records in a simulated Notion.")
@click.option("--keep", metavar="DIR", type=click.Path(path_type=Path), help="The same as DIR: it stays there.")
@click.option("--serve", is_flag=True, help="Serve the Notion that --notion left in DIR, until Ctrl-C.")
@json_option
def demo(
    folder: Path | None, day: bool, week: bool, notion: bool, keep: Path | None, serve: bool, as_json: bool
) -> int:
    """Make a fictional consultancy that is a month old: clients, projects, tasks, money, decisions, narrative.

    Without DIR it stands in a temporary folder, which `--day`, `--week` and `--notion` remove at their end.

    \b
    Examples:
      onefirm demo
      onefirm demo ~/try-onefirm
      onefirm demo --day
      onefirm demo --week
      onefirm demo --notion --keep ~/try-notion
      onefirm demo --serve ~/try-notion
    """
    place = _only(folder, keep)
    if notion + serve + (day or week) > 1 and not (notion and day):
        raise click.UsageError("“--notion” lives a day, “--week” a week, “--serve” none: name one of them.")
    if serve:
        return _serve(place)
    if notion:
        return _live(place, "day", _lived_in_notion, _tell_next_in_notion)
    if week:
        return _live(place, "week", _lived_week, _tell_next)
    if day:
        return _live(place, "day", _lived_day, _tell_next)
    return _make(place, as_json)


def _only(folder: Path | None, keep: Path | None) -> Path | None:
    if folder and keep:
        raise click.UsageError("The firm stays in one folder: “--keep” is the same as DIR.")
    return folder or keep


def _make(folder: Path | None, as_json: bool) -> int:
    from onefirm.workspace import Wishes

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


def seed(folder: Path, wishes: Wishes, ground: Ground | None = None) -> Report:
    """Make the demo firm and say so while it takes its seconds."""
    from onefirm.demo.seed import found

    signal.signal(signal.SIGTERM, _terminated)
    try:
        with screen.working(f"Living a month of a fictional firm in {folder}"):
            return found(folder, wishes, ground=ground)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("no firm was made") from None


def _terminated(signal_number: int, _frame: FrameType | None) -> NoReturn:
    # By default a termination ends the process without its `finally`, and what is half made would stay.
    sys.exit(128 + signal_number)


def _live(
    folder: Path | None, span: str, lived: Callable[[Path, Path, Teller], None], next_: Callable[[Path | None], None]
) -> int:
    from onefirm.demo.telling import NotSo, Teller

    teller = Teller(screen.show_now)
    signal.signal(signal.SIGTERM, _terminated)
    place = Path(tempfile.mkdtemp(prefix="onefirm-day-"))
    try:
        lived(folder or place / "firm", place, teller)
    except NotSo:
        return 1
    finally:
        shutil.rmtree(place, ignore_errors=True)
    teller.say(f"\nThe {span} took {teller.seconds:.0f} s. Every line above was checked by the step that told it.")
    next_(folder and folder.resolve())
    return 0


def _lived_day(root: Path, place: Path, teller: Teller) -> None:
    from onefirm.demo.learning import WHOLE_DAY

    _lived(root, place, teller, WHOLE_DAY)


def _lived_week(root: Path, place: Path, teller: Teller) -> None:
    from onefirm.demo.learning import WHOLE_DAY
    from onefirm.demo.week import WEEK

    _lived(root, place, teller, (*WHOLE_DAY, *WEEK))


def _lived(root: Path, place: Path, teller: Teller, rest: Sequence[Later]) -> None:
    from onefirm.demo.day import live
    from onefirm.workspace import Wishes

    with teller.step("A firm, a month old"):
        report = seed(root, Wishes())
        records = sum(1 for path in report.made if path.startswith("context/"))
        teller.so(records > 20, f"a fictional consultancy was founded and lived its month in {report.root}")
    live(report.root, place, teller, rest)


def _lived_in_notion(root: Path, place: Path, teller: Teller) -> None:
    from onefirm.demo.day import live
    from onefirm.demo.notion import Elsewhere
    from onefirm.demo.notion_day import steps
    from onefirm.workspace import Wishes

    if root.exists() and not (root.is_dir() and not any(root.iterdir())):
        raise Refused(f"{root} is not empty; nothing was changed.", hint="Name a folder that is empty or not there.")
    with Elsewhere() as there:
        with teller.step("A firm, a month old, in Notion"):
            report = seed(root, Wishes(), there.ground)
            there.stay(report.root)
            rows, kinds = len(there.rows()), len(there.notion.workspace.databases)
            teller.so(rows, f"a simulated Notion serves on this machine, at {there.notion.url}; it needs no account")
            teller.so(kinds, f"`onefirm connect notion --under PAGE` made {kinds} databases, `--switch` uses them")
            teller.so(rows > 100, f"and a fictional consultancy lived its month in them: {rows} rows")
        live(report.root, place, teller, steps(there))


def _tell_next(root: Path | None) -> None:
    if root is None:
        _tell_own("demo DIR")
        return
    place = shlex.quote(str(root))
    screen.show("\nNext:")
    for command, what in _NEXT:
        screen.show(f"  {program()} -C {place} {command:<26} {what}")
    screen.show(f"  cd {place} && claude --plugin-dir {shlex.quote(str(path()))}")


def _tell_next_in_notion(root: Path | None) -> None:
    if root is None:
        _tell_own("demo --notion --keep DIR")
        return
    screen.show("\nIts Notion ended with this program. Let it go on, in a terminal of its own:")
    screen.show(f"  {program()} demo --serve {shlex.quote(str(root))}")
    _tell_next(root)


def _tell_own(again: str) -> None:
    screen.show(f"\nNext:\n  {program()} {again}    a firm like this one, to stay")
    screen.show(f"  {program()} {'init DIR':<{len(again)}}    your own")


def _serve(folder: Path | None) -> int:
    from onefirm.demo.notion import kept

    if folder is None:
        raise click.UsageError("Say whose Notion: `onefirm demo --serve DIR`.")
    root = folder.resolve()
    with kept(root) as notion, suppress(KeyboardInterrupt):
        signal.signal(signal.SIGTERM, _terminated)
        act = json.dumps({"act": "edit", "with": {"row": "T-50", "cells": {"Due": "2027-01-15"}}})
        screen.show(f"A simulated Notion serves at {notion.url} until Ctrl-C.\nEvery change is kept in {root}.")
        screen.show("\nTo be the person with the phone, in another terminal, and to see it:")
        screen.show(f"  curl -s -H 'X-Simulator-Key: {notion.control_key}' \\")
        screen.show(f"    -d '{act}' \\\n    {notion.url}/simulator/phone")
        screen.show_now(f"  {program()} -C {shlex.quote(str(root))} brief")
        threading.Event().wait()
    return 0
