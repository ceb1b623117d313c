"""`onefirm drift`: where narrative and truth have parted."""

from __future__ import annotations

import click

from onefirm.cli import screen
from onefirm.cli.commands import json_option
from onefirm.cli.invocation import Invocation, pass_invocation
from onefirm.sessions.paths import told

_STYLES = {"contradiction": "bold red", "no record": "red", "reopened": "red", "lag": "yellow"}


@click.command(short_help="Where the narrative and the truth have parted.")
@click.option("--explain", "number", metavar="N", type=int, help="Say by which rule and facts finding N stands there.")
@json_option
@pass_invocation
def drift(invocation: Invocation, number: int | None, as_json: bool) -> int:
    """Hold what the context files say against what the truth says now, the worst
    first.

    Exit code 1 when something is found.

    \b
    Examples:
      onefirm drift
      onefirm drift --explain 1
      onefirm drift --json
    """
    with screen.working("Comparing the narrative with the truth"):
        report = invocation.firm.day.drift()
    if number is not None:
        screen.show(invocation.firm.day.explain_drift(report, number))
        return 0
    if as_json:
        found = [{**screen.plain(one), "score": one.score} for one in report.found]
        screen.data({**screen.plain(report), "found": found})
        return int(bool(report.found))
    for line in report.mirror:
        screen.say(f"note: {line}")
    for one in report.found:
        where = f"{told(one.path)}{f':{one.line}' if one.line else ''} " if one.path else ""
        screen.marked(f"{one.rank:>3}. {one.rule}:", _STYLES.get(one.rule, "bold"), f"{where}{one.what}")
        screen.entry(f"→ {one.fix}", " " * 7)
    looked = f"{report.files} files, {report.records} records"
    screen.say(f"{len(report.found)} to mend in {looked}." if report.found else f"No drift: {looked}.")
    return int(bool(report.found))
