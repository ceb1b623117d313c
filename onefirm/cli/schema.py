"""`onefirm schema`: the kinds of records, as the operator's own files say them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from onefirm.cli import screen
from onefirm.cli.commands import Group, json_option, why_option
from onefirm.cli.invocation import Invocation, pass_invocation

if TYPE_CHECKING:
    from onefirm.state.schema_change import Proposal

_MARKS = {"added": "+", "removed": "-", "cleared": "-"}


@click.group(cls=Group, short_help="Make kinds of records your own.")
def schema() -> None:
    """Make kinds of records your own: YAML files in schema/, checked, compared, then applied.

    \b
    Examples:
      onefirm schema show project > schema/project.yaml
      onefirm schema check
      onefirm schema diff
      onefirm schema apply --why "we rent out equipment"
    """


def _remove_option(command: click.decorators.FC) -> click.decorators.FC:
    return click.option(
        "--remove",
        multiple=True,
        metavar="KIND.PROPERTY",
        help="Take the values of a removed property out of the records.",
    )(command)


@schema.command()
@click.argument("kind")
@pass_invocation
def show(invocation: Invocation, kind: str) -> None:
    """Print a kind as the text of its file.

    \b
    Examples:
      onefirm schema show project > schema/project.yaml
    """
    from onefirm.state import kind_text
    from onefirm.state.schema import shipped

    found = invocation.firm.schema.kind(kind)
    screen.show(kind_text.text(found, shipped=found.name in shipped().kinds).rstrip("\n"))


@schema.command(short_help="Name every mistake in the files.")
@pass_invocation
def check(invocation: Invocation) -> None:
    """Read the files in schema/; name every mistake at once, with file and line.

    \b
    Examples:
      onefirm schema check
    """
    from onefirm.day import schema as room

    found = room.declared(invocation.root)
    screen.show(
        f"The files are in order: {len(found.kinds)} kinds. `onefirm schema diff` shows what they would change."
    )


@schema.command(short_help="Show what `apply` would do.")
@_remove_option
@json_option
@pass_invocation
def diff(invocation: Invocation, remove: tuple[str, ...], as_json: bool) -> None:
    """Show what `apply` would do, and what stands against it; nothing is changed.

    \b
    Examples:
      onefirm schema diff
      onefirm schema diff --remove client.industry
    """
    from onefirm.day import schema as room

    firm = invocation.firm
    found = room.diff(firm.root, firm.records, remove)
    if as_json:
        screen.data(
            {"version": found.now, "steps": found.steps, "rewrites": sorted(found.changes),
             "elsewhere": [*found.following.added, *found.following.said], "refused": found.obstacles}
        )  # fmt: skip
        return
    _show(found)
    _show_elsewhere(found)
    for obstacle in found.obstacles:
        screen.marked("! refused:", "bold red", obstacle)
    if not found.steps:
        screen.say(f"Version {found.now} is in force, and the files say the same.")
    elif not found.obstacles:
        screen.say("`onefirm schema apply` does this, after a backup.")


@schema.command(short_help="Bring the files into force.")
@_remove_option
@click.option("--here-only", is_flag=True, help="Add nothing in Notion: what is new has no place there.")
@why_option
@pass_invocation
def apply(invocation: Invocation, remove: tuple[str, ...], here_only: bool, why: str | None) -> None:
    """Bring the files into force: a backup, then schema and records in one step. Claude can't do this.

    Where the records are in Notion, what is new gets its property, option or database there first, as `diff` shows.

    \b
    Examples:
      onefirm schema apply --why "we rent out equipment"
      onefirm schema apply --remove client.industry
    """
    from onefirm.day import schema as room
    from onefirm.workspace import database_file

    invocation.need_person("Changing the schema")
    firm = invocation.firm
    with screen.working("Applying the schema"):
        by = invocation.by(why)
        done = room.apply(firm.root, firm.records, database_file(firm.root), by, remove, here_only=here_only)
    found = done.proposal
    if not found.steps:
        screen.say(f"Version {found.now} is in force, and the files say the same: nothing had to be done.")
        return
    _show(found)
    if not here_only:
        _show_elsewhere(found)
    rewritten = f" {len(found.changes)} record(s) went along." if found.changes else ""
    screen.show(f"Version {found.schema.version} is in force.{rewritten}")
    screen.say(
        f"The database as it was: {done.backup.relative_to(firm.root)}"
        if done.backup
        else "The database's server keeps the backups; none was made here."
    )
    for said in done.left:
        screen.marked("! left:", "bold red", f"{said}; then `onefirm connect notion --check` says what is missing.")
    if done.unplaced:
        screen.say(f"{done.unplaced} has no place yet for what is new: `onefirm connect notion --check` names it.")


@schema.command(short_help="Tell every change of the schema.")
@json_option
@pass_invocation
def log(invocation: Invocation, as_json: bool) -> None:
    """Tell every change of the schema, newest first, from the ledger.

    \b
    Examples:
      onefirm schema log
    """
    from onefirm.day import schema as room
    from onefirm.ledger.sentences import local_time

    firm = invocation.firm
    events = [(event, event.payload or {}) for event in room.history(firm.records)]
    if as_json:
        screen.data(
            [
                {"version": told.get("version"), "at": event.at, "by": event.actor, "why": event.reason,
                 "plan": told.get("plan", []), "event": event.id}
                for event, told in events
            ]
        )  # fmt: skip
        return
    for event, told in events:
        why = f", because: {event.reason}" if event.reason else ""
        at = local_time(event.at, firm.settings.timezone)
        screen.title(f"{at}  version {told.get('version', '?')}, by {event.actor}{why}")
        for sentence in told.get("plan") or ["The kinds that onefirm comes with."]:
            screen.entry(sentence)


def _show(found: Proposal) -> None:
    for step in found.steps:
        mark = _MARKS.get(step.turn, "~")
        screen.marked(mark, {"+": "green", "-": "red"}.get(mark, "yellow"), step.sentence)


def _show_elsewhere(found: Proposal) -> None:
    for mark, style, said in (("+", "green", found.following.added), ("~", "yellow", found.following.said)):
        for sentence in said:
            screen.marked(mark, style, sentence)
