"""`onefirm doctor`: what is live, broken, off or stale, and the command that mends it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from onefirm.cli import screen
from onefirm.cli.commands import json_option
from onefirm.cli.invocation import Invocation, pass_invocation
from onefirm.core.errors import FirmError

if TYPE_CHECKING:
    from onefirm.day.doctor import Finding

_STYLES = {"ok": "green", "warn": "yellow", "broken": "bold red", "off": "magenta"}


@click.command(short_help="Check everything; say what mends it.")
@click.option("--fix", is_flag=True, help="Mend what can be mended without touching a record or a file of yours.")
@json_option
@pass_invocation
def doctor(invocation: Invocation, fix: bool, as_json: bool) -> int:
    """Check the workspace: one line for each thing, with the command that fixes it.

    Exit code 1 if something is broken.

    \b
    Examples:
      onefirm doctor
      onefirm doctor --fix
    """
    made, findings = _examined(invocation, fix)
    if as_json:
        screen.data({"mended": made, "findings": findings})
    else:
        _print(findings)
    return int(any(finding.level == "broken" for finding in findings))


def _examined(invocation: Invocation, fix: bool) -> tuple[Sequence[str], Sequence[Finding]]:
    from onefirm.day import wreck

    root, made = invocation.root, []
    try:
        if fix:
            made = _mend(invocation)
        with screen.working("Examining the workspace"):
            found = invocation.firm.day.examine()
        return made, [*found, *(wreck.put_back(root) if any(map(wreck.is_damage, found)) else ())]
    except FirmError as error:
        from onefirm.core.clock import SystemClock
        from onefirm.workspace import database_file

        return made, wreck.examine(root, error, SystemClock(), database_file(root))


def _mend(invocation: Invocation) -> list[str]:
    from onefirm.workspace import repair

    with screen.working("Mending"):
        made = repair(invocation.root)
    screen.say(f"Mended: {', '.join(made)}." if made else "Nothing had to be mended.")
    return made


def _print(findings: Sequence[Finding]) -> None:
    for finding in findings:
        screen.marked(f"{finding.level:<6}", _STYLES[finding.level], f"{finding.area}: {finding.what}")
        if finding.fix:
            screen.entry(f"→ {finding.fix}", " " * 7)
