"""The commands by name, and where each is written; a command's module is imported when it is called or listed."""

from __future__ import annotations

import importlib
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from onefirm import __version__
from onefirm.cli.invocation import Invocation

COMMANDS = {
    "init": "onefirm.cli.init:init",
    "demo": "onefirm.cli.demo:demo",
    "brief": "onefirm.cli.brief:brief",
    "sync": "onefirm.cli.sync:sync",
    "record": "onefirm.cli.records:record",
    "decision": "onefirm.cli.decisions:decision",
    "lesson": "onefirm.cli.lessons:lesson",
    "artifact": "onefirm.cli.artifacts:artifact",
    "recall": "onefirm.cli.recall:recall",
    "memory": "onefirm.cli.memory:memory",
    "context": "onefirm.cli.context:context",
    "drift": "onefirm.cli.drift:drift",
    "playbook": "onefirm.cli.playbooks:playbook",
    "ledger": "onefirm.cli.ledger:ledger",
    "schema": "onefirm.cli.schema:schema",
    "connect": "onefirm.cli.connect:connect",
    "truth": "onefirm.cli.truth:truth",
    "session": "onefirm.cli.sessions:session",
    "guard": "onefirm.cli.guard:guard",
    "service": "onefirm.cli.service:service",
    "secret": "onefirm.cli.secrets:secret",
    "doctor": "onefirm.cli.doctor:doctor",
    "uninstall": "onefirm.cli.uninstall:uninstall",
    "plugin": "onefirm.cli.plugin:plugin",
    "mcp": "onefirm.cli.mcp:mcp",
    "hook": "onefirm.cli.hook:hook",
}


class Group(click.Group):
    """A group that lists its commands in the order of their making and says what was meant by a misspelt one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = self.list_commands(ctx)
        if args and not args[0].startswith("-") and args[0] not in known:
            near = get_close_matches(args[0], known, 1, 0.5)
            meant = f" Did you mean `{ctx.command_path} {near[0]}`?" if near else ""
            ctx.fail(f"There is no command “{args[0]}”.{meant}")
        return super().resolve_command(ctx, args)


class LazyGroup(Group):
    """The root: its commands are named in COMMANDS."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        return getattr(importlib.import_module(module), name)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]}, epilog="")
@click.version_option(__version__, message="onefirm %(version)s")
@click.option(
    "-C",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Work in this folder instead of the current one.",
)
@click.pass_obj
def onefirm(invocation: Invocation, folder: Path | None) -> None:
    """Run a firm of one: where things stand, why, and who did what.

    \b
    Examples:
      onefirm demo           a fictional firm, a month old, to try things in
      onefirm init ~/firm    a workspace of your own
      onefirm brief          what changed, what needs you, where things stand
      onefirm record find task status=doing
    """
    if folder is not None:
        if not folder.is_dir():
            raise click.BadParameter(f"“{folder}” is no folder.", param_hint="-C")
        invocation.start, invocation.is_named = folder.resolve(), True


def json_option(command: Any) -> Any:
    """`--json` for a command that reads."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of text.")(command)


def why_option(command: Any) -> Any:
    """`--why` for a command that changes something: it is kept with the event."""
    return click.option("--why", metavar="TEXT", help="The reason; it stands in the ledger with the change.")(command)
