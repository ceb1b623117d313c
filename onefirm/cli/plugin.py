"""`onefirm plugin`: where the Claude Code plugin lies, and how to load it."""

from __future__ import annotations

import click

from onefirm.cli import screen
from onefirm.cli.commands import Group


@click.group(cls=Group)
def plugin() -> None:
    """Show where the Claude Code plugin lies.

    \b
    Examples:
      onefirm plugin path
    """


@plugin.command()
def path() -> None:
    """Print the folder that is the plugin.

    \b
    Examples:
      claude --plugin-dir "$(onefirm plugin path)"
      claude plugin marketplace add "$(onefirm plugin path)"
      claude plugin install onefirm@onefirm
    """
    from onefirm import shipped

    screen.show(str(shipped.path()))
