"""`onefirm sync`: hand in what waits, take over what changed at the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from onefirm.cli import screen
from onefirm.cli.commands import json_option
from onefirm.cli.invocation import Invocation, pass_invocation
from onefirm.core.errors import Refused, Unavailable

if TYPE_CHECKING:
    from onefirm.state.records import SyncReport

_TURN_S = 60.0


@click.command(short_help="Hand in what waits; pull what changed.")
@click.option("--sweep", is_flag=True, help="Also look for records that the truth has lost without telling.")
@json_option
@pass_invocation
def sync(invocation: Invocation, sweep: bool, as_json: bool) -> None:
    """Hand in what waits for the truth, then take over what changed there.

    A first pull of thousands of records may be ended at any moment: the next one
    goes on where it was. Sessions, the brief and the service do the same by
    themselves.

    \b
    Examples:
      onefirm sync
      onefirm sync --sweep
    """
    firm = invocation.firm
    with screen.working("Pulling what changed") as tell:
        report = firm.day.sync(
            _TURN_S, lambda records: records.sync(sweep=sweep, tell=lambda rows: tell(f"{rows:,} records looked at"))
        )
    if report is None:
        raise Refused(
            f"Another process has been pulling for {_TURN_S:g} seconds.",
            hint="It goes on; look again with this command.",
        )
    if as_json:
        screen.data(report)
    else:
        screen.show(_told(report))
    if not report.reachable:
        known = f"is of {invocation.local_time(report.synced_at)}" if report.synced_at else "was never complete"
        raise Unavailable(
            f"{firm.records.plane.truth.name} can't be asked now: {report.why}.",
            hint=f"What stands here {known}. Try again later; what waits is handed in then.",
        )


def _told(report: SyncReport) -> str:
    parts = (
        f"{len(report.pulled):,} changed at the truth",
        f"{report.relayed:,} handed in" if report.relayed else "",
        f"{report.conflicts:,} to decide: `onefirm record conflicts`" if report.conflicts else "",
        f"{report.waiting:,} waiting" if report.waiting else "nothing waits",
    )
    return "; ".join(filter(None, parts))
