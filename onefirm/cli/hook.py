"""`onefirm hook`: what the hooks ask of the core. For hooks/, not for people."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager

import click

from onefirm.cli.bug import write_log
from onefirm.cli.commands import Group
from onefirm.cli.invocation import Invocation, pass_invocation
from onefirm.core.errors import FirmError


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
    with _logged(invocation, "start"):
        told = invocation.whole_firm.day.start(session, client, source)
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
    with _logged(invocation, "close"):
        invocation.whole_firm.day.close(session)


@contextmanager
def _logged(invocation: Invocation, verb: str) -> Generator[None]:
    """Nobody sees what a hook's child says: a refusal is written down as a bug would be."""
    try:
        yield
    except FirmError as error:
        write_log(error, ["hook", verb], invocation.start)
        raise
