"""The reference of the command line, written from the commands themselves: `python -m onefirm.cli.reference`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from onefirm.cli.commands import onefirm
from onefirm.cli.invocation import Invocation

FILE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"
_COLUMNS = 80
_HEAD = """\
# Command line

<!-- Written by `python -m onefirm.cli.reference`; a test holds it to the commands. -->

Data goes to standard output, talk to standard error. `--json` prints one JSON document. Colours are off where
standard output is no terminal, and where `NO_COLOR` is set. `-C DIR` works in another folder, like git's.

| exit code | means |
|---|---|
| 0 | done |
| 1 | refused or impossible: a sentence says why, and what to do next; `ledger verify` and `doctor` found something |
| 2 | the command line was wrong |
| 3 | a bug: a log that is ready to paste was written, and its path told |
| 130 | interrupted; what was done so far is kept |

In Claude's Bash tool a command acts as Claude, not as you: `guard off`, `lesson decide`, `record resolve`,
`ledger erase` and `doctor --accept` are refused there.

Completion, for bash: `eval "$(_ONEFIRM_COMPLETE=bash_source onefirm)"` (`zsh_source`, `fish_source` likewise).
"""


def markdown() -> str:
    """The whole reference."""
    return "\n".join([_HEAD, *(_section(context) for context in commands())])


def commands() -> Iterator[click.Context]:
    """The context of every command, groups before their commands; what is hidden is left out."""
    yield from _below(_context(onefirm, "onefirm", None))


def _below(context: click.Context) -> Iterator[click.Context]:
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            if command is not None and not command.hidden:
                yield from _below(_context(command, name, context))


def _context(command: click.Command, name: str, parent: click.Context | None) -> click.Context:
    return click.Context(
        command, parent, name, obj=Invocation(), terminal_width=_COLUMNS, max_content_width=_COLUMNS,
        help_option_names=["-h", "--help"],
    )  # fmt: skip


def _section(context: click.Context) -> str:
    return f"## {context.command_path}\n\n```text\n{context.get_help()}\n```\n"


if __name__ == "__main__":
    print(markdown(), end="")
