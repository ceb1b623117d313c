"""`onefirm hook`: what the hooks ask of the core. For hooks/, not for people."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager

import click

from onefirm.cli.bug import write_log
from onefirm.cli.commands import Group
from onefirm.cli.invocation import Invocation, pass_invocation
from onefirm.core.errors import FirmError

_BUILD_S = 0.8  # what is kept of a start's time for making the brief


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
@click.option("--until", type=float, metavar="EPOCH", help="When the hook stops waiting for the brief.")
@pass_invocation
def start(invocation: Invocation, session: str, client: str, source: str, until: float | None) -> None:
    """Open a session and print its brief as {"text": …}; what it could not wait for is done afterwards.

    \b
    Examples:
      onefirm hook start --session S-… --client … --source startup
    """
    with _logged(invocation, "start"):
        day = invocation.whole_firm.day
        told = day.start(session, client, source, until and until - _BUILD_S - time.time())
        goes_on = {"goes_on": True} if day.goes_on else {}
        click.echo(json.dumps({"text": told.text, **goes_on}, ensure_ascii=False))
        sys.stdout.flush()
        if until is None or time.time() < until:  # else nobody reads it any more
            day.note_shown(session, [one.ref for one in told.claims])
        day.finish(session)


@hook.command()
@pass_invocation
def pull(invocation: Invocation) -> None:
    """Take over what changed at the truth, unless somebody is at it.

    \b
    Examples:
      onefirm hook pull
    """
    with _logged(invocation, "pull"):
        invocation.whole_firm.day.pull()


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
