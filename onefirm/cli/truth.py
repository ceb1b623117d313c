"""`onefirm truth`: where the firm's records are decided, and moving them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from onefirm.cli import screen
from onefirm.cli.commands import Group, json_option, why_option
from onefirm.cli.invocation import Invocation, pass_invocation

if TYPE_CHECKING:
    from onefirm.moving import Plan

_CALLED = {"notion": "Notion", "embedded": "the embedded store"}


@click.group(cls=Group, short_help="Move the records to Notion, or back.")
def truth() -> None:
    """Move the records to Notion, or back into the embedded store.

    \b
    Examples:
      onefirm truth move notion --under https://www.notion.so/My-firm-1f0c… --plan
      onefirm truth move notion --under https://www.notion.so/My-firm-1f0c…
      onefirm truth move embedded
    """


@truth.command(short_help="Move every record, verify, then switch.")
@click.argument("to", type=click.Choice(("notion", "embedded")))
@click.option("--under", metavar="PAGE", help="Make databases in Notion under this page: its link, id or title.")
@click.option("--plan", "only_plan", is_flag=True, help="Show what would be moved and what stands against it.")
@click.option("--leave-behind", is_flag=True, help="Move without the values that Notion can't hold.")
@click.option("--at", metavar="URL", help="Make the databases in a simulated Notion on this machine.")
@json_option
@why_option
@pass_invocation
def move(
    invocation: Invocation,
    to: str,
    under: str | None,
    only_plan: bool,
    leave_behind: bool,
    at: str | None,
    as_json: bool,
    why: str | None,
) -> None:
    """Move every record: a copy of the database, then each record, all read back, then the switch. Cut off at any
    moment, the same command goes on. Claude can't do this.

    \b
    Examples:
      onefirm truth move notion --under https://www.notion.so/My-firm-1f0c… --plan
      onefirm truth move notion --why "the whole team edits it"
      onefirm truth move embedded
    """
    from onefirm import moving

    home = "notion" if to == "notion" else "embedded"
    wishes = moving.Wishes(under, at, leave_behind)
    if only_plan:
        planned = moving.plan(invocation.root, home, wishes)
        screen.data(_document(planned)) if as_json else _show(planned)
        return
    invocation.need_person("Moving the records")
    moved = moving.move(invocation.root, home, wishes, invocation.by(why), tell=screen.say)
    if moved is None:
        screen.show(f"The records are in {_CALLED[to]}; onefirm.yaml says so now.")
        return
    if as_json:
        screen.data({**_document(moved.plan), "checkpoint": str(moved.checkpoint) if moved.checkpoint else None})
        return
    number = moved.plan.records
    screen.show(
        f"Moved {number} record{'' if number == 1 else 's'} to {_CALLED[to]}; each was read back and is the same."
    )
    _tell(moved.plan)
    if moved.checkpoint:
        screen.say(f"The database as it was: {moved.checkpoint.relative_to(invocation.root)}")
    else:
        screen.say("The database's server keeps the backups; none was made here.")


def _document(planned: Plan) -> dict[str, object]:
    return {
        "to": planned.to, "counts": planned.counts, "requests": planned.requests, "seconds": planned.seconds,
        "unheld": planned.unheld, "stays": planned.stays, "refused": planned.against,
    }  # fmt: skip


def _show(planned: Plan) -> None:
    number = planned.records
    screen.title(f"{number} record{'' if number == 1 else 's'} would move to {_CALLED[planned.to]}:")
    _tell(planned)
    for said in planned.against:
        screen.marked("! refused:", "bold red", said)
    if planned.to == "notion":
        screen.say(f"About {planned.requests} requests: {_duration(planned.seconds)} at the pace that Notion allows.")
    if not planned.against:
        screen.say("Without --plan it is done, after a copy of the database.")


def _tell(planned: Plan) -> None:
    for count in planned.counts:
        archived = f", {count.archived} of them archived" if count.archived else ""
        screen.entry(f"{count.kind}: {count.records}{archived}")
    for one in planned.unheld:
        screen.entry(f"left behind: {one.ref} {one.name}, {one.why}")
    for said in planned.stays:
        screen.entry(f"stays in Notion: {said}")


def _duration(seconds: int) -> str:
    return f"{seconds} seconds" if seconds < 120 else f"{round(seconds / 60)} minutes"
