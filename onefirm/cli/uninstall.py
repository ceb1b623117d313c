"""`onefirm uninstall`: take onefirm out of a folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from onefirm.cli import screen
from onefirm.cli.invocation import Invocation, pass_invocation
from onefirm.core.errors import NotFound, Refused
from onefirm.sessions import root as roots

if TYPE_CHECKING:
    from onefirm.removal import Removal


@click.command(short_help="Take onefirm out of a folder; your own text stays.")
@click.argument("folder", metavar="[DIR]", required=False)
@click.option("--yes", is_flag=True, help="Don't ask.")
@pass_invocation
def uninstall(invocation: Invocation, folder: str | None, yes: bool) -> None:
    """Remove what onefirm made in a workspace: the database with the ledger and its backups, onefirm.yaml, the rules,
    our entries in .claude/settings.json, and of the context tree what nobody changed. Claude can't do this.

    It shows everything first and asks. What you wrote or changed stays; git and its history aren't touched.

    \b
    Examples:
      onefirm uninstall ~/firm
    """
    from onefirm.removal import plan, remove

    invocation.need_person("Uninstalling")
    root = _root(invocation, folder)
    removal = plan(root)
    if removal.is_empty:
        screen.say(f"There is nothing of onefirm in {root}.")
        return
    _tell(removal)
    if not yes and not sys.stdin.isatty():
        raise Refused("Nothing was removed: nobody can be asked here.", hint="Read the list above, then add --yes.")
    if not yes:
        click.confirm("Remove all this? It can't be taken back", abort=True, err=True)
    remove(removal)
    for path, why in removal.kept.items():
        screen.say(f"kept {path}: {why}")
    screen.show("Removed. The plugin itself: claude plugin uninstall onefirm@onefirm")


def _root(invocation: Invocation, folder: str | None) -> Path:
    if folder is None:
        return Path(roots.find(str(invocation.start)) or invocation.start)
    root = (invocation.start / folder).resolve()
    if not root.is_dir():
        raise NotFound(f"There is no folder {root}.", hint="Name the workspace: `onefirm uninstall DIR`.")
    return root


def _tell(removal: Removal) -> None:
    screen.show(f"In {removal.root} these would go:")
    for path in removal.files:
        screen.entry(f"{path}  (the database, the ledger, secrets, backups)" if path == ".onefirm/" else path)
    for path in removal.edits:
        screen.entry(f"{path}: only what onefirm wrote in it")
    for path, why in removal.kept.items():
        screen.say(f"note: {path} stays, as {why}")
    for note in removal.notes:
        screen.say(f"note: {note}")
