"""`onefirm playbook`: the operator's own slash commands, begun and checked."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from onefirm.cli import screen
from onefirm.cli.commands import Group, json_option
from onefirm.cli.invocation import Invocation, pass_invocation

if TYPE_CHECKING:
    from onefirm.narrative.playbooks import Known


@click.group(cls=Group)
def playbook() -> None:
    """Make and check slash commands of your own, in .claude/commands.

    \b
    Examples:
      onefirm playbook new chase-invoice
      onefirm playbook check
    """


@playbook.command(short_help="Lay a playbook and its cases, to be filled in.")
@click.argument("name")
@pass_invocation
def new(invocation: Invocation, name: str) -> None:
    """Lay .claude/commands/NAME.md and its cases; what is to be written says TODO.

    In Claude Code it is then /NAME. /onefirm:new-command fills it in with you.

    \b
    Examples:
      onefirm playbook new chase-invoice
    """
    from onefirm.narrative import playbook_files

    for path in playbook_files.new(invocation.root, name):
        screen.show(path)
    screen.say(f"Write what says TODO, then: `onefirm playbook check {name}`.")


@playbook.command(short_help="Find what is wrong with your playbooks.")
@click.argument("names", metavar="[NAME]…", nargs=-1)
@json_option
@pass_invocation
def check(invocation: Invocation, names: tuple[str, ...], as_json: bool) -> int:
    """Hold your playbooks and their cases to what makes one; without NAME, all.

    Front matter, description, quoted hints, sections, tools and files that
    exist, least permissions, a gate before anything is written, and cases that
    try it with a yes, a no and nobody. Exit code 1 when something is found.

    \b
    Examples:
      onefirm playbook check
      onefirm playbook check chase-invoice --json
    """
    from onefirm.narrative import playbook_files

    found = playbook_files.check(invocation.root, names, known(invocation.root))
    faults = [fault for one in found.values() for fault in one]
    if as_json:
        screen.data({"playbooks": list(found), "faults": faults})
    else:
        for fault in faults:
            screen.marked(f"{fault.path}:{fault.line}", "bold", f"{fault.rule}: {fault.what}")
            screen.entry(f"→ {fault.fix}", " " * 7)
        screen.say(f"{len(faults)} to mend." if faults else _clean(len(found)))
    return int(bool(faults))


def known(root: Path) -> Known:
    """What a playbook may name: tools, commands, shipped playbooks, files of the workspace."""
    from onefirm import shipped
    from onefirm.cli import reference
    from onefirm.narrative.playbooks import Known

    # By name: the server is an interface beside this one, and neither is built on the other.
    offers = [offer for offer in importlib.import_module("mcp_server.registry").TOOLS if not offer.internal]
    return Known(
        tools={offer.run.__name__: not offer.annotations.read_only_hint for offer in offers},
        commands=frozenset(context.command_path for context in reference.commands()),
        playbooks=frozenset(path.stem for path in (shipped.path() / "commands").glob("*.md")),
        exists=lambda path: (root / path).exists(),
    )


def _clean(count: int) -> str:
    if not count:
        return "There are none yet: `onefirm playbook new NAME`."
    return f"Nothing is wrong with {'it' if count == 1 else f'any of the {count}'}."
