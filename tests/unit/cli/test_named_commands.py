"""Whatever a message, a playbook or a page names as `onefirm …` is a command, with the options it names."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from onefirm.cli.commands import onefirm as main

ROOT = Path(__file__).parents[3]
PAGES = sorted(
    path
    for pattern in ("README.md", "commands/*.md", "docs/*.md", "docs/howto/*.md", "docs/why/*.md")
    for path in ROOT.glob(pattern)
)
SOURCES = sorted(path for room in ("onefirm", "mcp_server", "hooks") for path in (ROOT / room).rglob("*.py"))
NAMED = re.compile(r"`onefirm ([^`\n]*)`")
TYPED = re.compile(r"^ *(?:\$ )?(?:bin/)?onefirm ([a-z][^\n#]*)", re.MULTILINE)
"""A line of a page's code."""
BUILT = "…"
"""What stands for a word that is put in while the program runs."""


def texts(path: Path) -> Iterator[str]:
    """A page whole; of a module each text, an f-string with what is put in left open."""
    if path.suffix == ".md":
        yield path.read_text()
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else BUILT for part in node.values)


def wrong(said: str) -> str:
    """What of `onefirm said` isn't there; "" when all of it is."""
    command: click.Command = main
    options: dict[str, click.Parameter | None] = {"--help": None, "-h": None}
    words = iter(re.sub(r'"[^"]*"|\'[^\']*\'', "TEXT", re.split(r"[|;&>]", said)[0]).split())
    for word in words:
        if BUILT in word:
            return ""
        options |= {name: param for param in command.params for name in (*param.opts, *param.secondary_opts)}
        if word.startswith("-") and word != "-":
            name, _, value = word.strip("[],.").partition("=")
            if name not in options:
                return word
            if not value and isinstance(option := options[name], click.Option) and not option.is_flag:
                next(words, None)
        elif isinstance(command, click.Group):
            found = command.get_command(click.Context(command), word)
            if found is None:
                return word
            command = found
    return ""


@pytest.mark.parametrize("said", ["nothing", "record find --kind client", "session client --lift", "nope --json"])
def test_a_command_that_is_not_there_is_found(said: str) -> None:
    assert wrong(said)


@pytest.mark.parametrize("path", [*SOURCES, *PAGES], ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_that_is_named_is_there(path: Path) -> None:
    typed = TYPED.findall(path.read_text()) if path in PAGES else []
    named = typed + [said for text in texts(path) for said in NAMED.findall(text)]
    assert [f"onefirm {said}: {bad}" for said in named if (bad := wrong(said))] == []


def test_many_commands_are_named() -> None:
    assert sum(len(TYPED.findall(path.read_text())) for path in PAGES) > 20
    assert sum(len(NAMED.findall(text)) for path in SOURCES for text in texts(path)) > 100
