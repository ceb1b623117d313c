"""The commands as a person meets them: the reference holds every help text, and every help text has what it must.

`ONEFIRM_ACCEPT_GOLDEN=1` writes the reference; read what changed as a diff.
"""

import os

import click
import pytest

from onefirm.cli import reference

COMMANDS = {context.command_path: context for context in reference.commands()}


def test_the_reference_says_what_the_commands_say() -> None:
    if os.environ.get("ONEFIRM_ACCEPT_GOLDEN") == "1":
        reference.FILE.write_text(reference.markdown(), encoding="utf-8")
    assert reference.FILE.read_text(encoding="utf-8") == reference.markdown()


@pytest.mark.parametrize("path", sorted(COMMANDS))
def test_every_command_has_help_with_an_example_of_its_own(path: str) -> None:
    text = COMMANDS[path].get_help()
    _, examples, rest = text.partition("Examples:\n")
    assert examples, f"`{path} --help` has no examples"
    lines = [line.strip() for line in rest.split("\n\n")[0].splitlines()]
    assert any(path in line for line in lines), lines


@pytest.mark.parametrize("path", sorted(COMMANDS))
def test_every_option_is_explained(path: str) -> None:
    options = [param for param in COMMANDS[path].command.params if isinstance(param, click.Option)]
    assert [option.name for option in options if not option.help] == []


@pytest.mark.parametrize("path", sorted(COMMANDS))
def test_help_fits_into_80_columns(path: str) -> None:
    assert [line for line in COMMANDS[path].get_help().splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("path", sorted(COMMANDS))
def test_a_short_help_is_not_cut_off(path: str) -> None:
    parent = COMMANDS[path].parent
    if parent is not None:
        listed = parent.get_help()
        assert "..." not in listed.partition("Commands:")[2]
