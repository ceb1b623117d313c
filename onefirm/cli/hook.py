"""`onefirm hook`: what the hooks ask of the core. For hooks/, not for people."""

from __future__ import annotations

import json

import click

from onefirm.cli.commands import Group
from onefirm.cli.invocation import Invocation, pass_invocation


@click.group(cls=Group, hidden=True)
def hook() -> None:
    """Serve the plugin's hooks.

    \b
    Examples:
      onefirm hook start --session S-… --client … --source startup
    """


@hook.command()
@click.option("--session", required=True, metavar="S")
@click.option("--client", required=True, metavar="ID")
@click.option("--source", required=True, metavar="WORD")
@pass_invocation
def start(invocation: Invocation, session: str, client: str, source: str) -> None:
    """Open a session and print its brief as {"text": …}.

    \b
    Examples:
      onefirm hook start --session S-… --client … --source startup
    """
    told = invocation.firm.day.start(session, client, source)
    click.echo(json.dumps({"text": told.text}, ensure_ascii=False))


@hook.command()
@click.option("--session", required=True, metavar="S")
@pass_invocation
def close(invocation: Invocation, session: str) -> None:
    """Close a session whose end was announced.

    \b
    Examples:
      onefirm hook close --session S-…
    """
    invocation.firm.day.close(session)
