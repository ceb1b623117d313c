"""`onefirm guard`: the operator's hatch."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from onefirm.cli import screen
from onefirm.cli.commands import Group, json_option
from onefirm.cli.invocation import Invocation, pass_invocation
from onefirm.core.errors import Refused

if TYPE_CHECKING:
    from onefirm.sessions.shapes import Hatch

_LONGEST_MINUTES = 24 * 60


class Minutes(click.ParamType[int]):
    """`30m`, `2h` or a number of minutes."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Minutes, at least one and at most a day."""
        found = re.fullmatch(r"(\d{1,4})\s*(m|min|h)?", str(value).strip().lower())
        minutes = int(found[1]) * (60 if found[2] == "h" else 1) if found else 0
        if not 1 <= minutes <= _LONGEST_MINUTES:
            self.fail(f"“{value}” is no time between a minute and a day; write 30m or 2h.", param, ctx)
        return minutes


@click.group(cls=Group)
def guard() -> None:
    """See, lift or restore the guard over narrative files.

    \b
    Examples:
      onefirm guard status
      onefirm guard off --for 30m --why "moving old notes in"
      onefirm guard on
    """


@guard.command()
@json_option
@pass_invocation
def status(invocation: Invocation, as_json: bool) -> None:
    """Say whether the guard stands.

    \b
    Examples:
      onefirm guard status
    """
    from onefirm.core.clock import SystemClock
    from onefirm.day.hooks import of_guard
    from onefirm.day.surroundings import guard_is_missing

    lifted = _lifted(invocation)
    if guard_is_missing(invocation.root):
        raise Refused(
            "guard.json is missing or damaged: every narrative edit is refused.", hint="Run `onefirm doctor --fix`."
        )
    hook = of_guard(invocation.root, SystemClock(), invocation.timezone)
    if hook.level != "ok":
        screen.say(f"note: {hook.what}.")
    if as_json:
        screen.data({"stands": lifted is None, "lifted": lifted})
    elif lifted is None:
        screen.show("The guard stands.")
    else:
        screen.show(
            f"The guard is lifted until {_local(invocation, lifted['until'])}, by {lifted['by']}: {lifted['why']}"
        )


@guard.command()
@click.option(
    "--for", "minutes", type=Minutes(), required=True, metavar="TIME", help="How long: 30m, 2h; at most a day."
)
@click.option("--why", required=True, metavar="TEXT", help="The reason; it stands in the ledger.")
@pass_invocation
def off(invocation: Invocation, minutes: int, why: str) -> None:
    """Lift the guard for a while. Claude can't do this.

    \b
    Examples:
      onefirm guard off --for 30m --why "moving old notes in"
    """
    invocation.need_person("Lifting the guard")
    until = invocation.firm.day.lift_guard(minutes, invocation.by(why))
    screen.show(
        f"The guard is lifted until {invocation.local_time(until.isoformat())}. `onefirm guard on` restores it before."
    )


@guard.command()
@pass_invocation
def on(invocation: Invocation) -> None:
    """Restore the guard before its time.

    \b
    Examples:
      onefirm guard on
    """
    was_lifted = invocation.firm.day.restore_guard(invocation.by())
    screen.show("The guard stands again." if was_lifted else "The guard stands; it wasn't lifted.")


def _lifted(invocation: Invocation) -> Hatch | None:
    from onefirm.sessions import db, hatch

    with db.reading(str(invocation.root)) as conn:
        return hatch.active(conn, datetime.now(UTC).timestamp())


def _local(invocation: Invocation, epoch: float) -> str:
    return invocation.local_time(datetime.fromtimestamp(epoch, UTC).isoformat())
