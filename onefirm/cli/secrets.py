"""`onefirm secret`: names of credentials, never their values."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from onefirm.cli import screen
from onefirm.cli.commands import Group, json_option
from onefirm.cli.invocation import Invocation, pass_invocation
from onefirm.core.errors import InvalidInput

if TYPE_CHECKING:
    from onefirm.secrets import Secrets


@click.group(cls=Group)
def secret() -> None:
    """Keep credentials out of git, ledger, mirror and log.

    \b
    Examples:
      onefirm secret set database
      onefirm secret list
    """


@secret.command("set")
@click.argument("name")
@click.option("--owner", metavar="TEXT", help="Whose credential it is.")
@click.option("--ends", metavar="DATE", help="When it expires: 2027-06-30.")
@pass_invocation
def set_(invocation: Invocation, name: str, owner: str | None, ends: str | None) -> None:
    """Keep a value under a name. It is asked for, or read from standard input; never given as an argument.

    \b
    Examples:
      onefirm secret set database
      pass show database | onefirm secret set database --ends 2027-06-30
    """
    secrets = _room(invocation)
    value = (
        click.prompt("Value", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    )
    if not value:
        raise InvalidInput(
            "No value was given.", hint=f"Type it when asked, or pipe it in: `… | onefirm secret set {name}`."
        )
    place = secrets.set(name, value, owner=owner, ends_on=ends)
    screen.show(f"Kept “{name}” in the {place}.")


@secret.command("list")
@json_option
@pass_invocation
def list_(invocation: Invocation, as_json: bool) -> None:
    """List names, where each is kept, whose it is and when it ends.

    \b
    Examples:
      onefirm secret list
    """
    known = _room(invocation).inventory()
    if as_json:
        screen.data(known)
        return
    screen.table(
        ("name", "kept in", "owner", "ends"), [(one.name, one.source, one.owner, one.ends_on) for one in known]
    )
    if not known:
        screen.say("No credential is kept here.")


@secret.command()
@click.argument("name")
@pass_invocation
def remove(invocation: Invocation, name: str) -> None:
    """Forget a value.

    \b
    Examples:
      onefirm secret remove database
    """
    _room(invocation).remove(name)
    screen.show(f"Forgot “{name}”.")


def _room(invocation: Invocation) -> Secrets:
    from onefirm.secrets import Secrets

    return Secrets(invocation.root)
