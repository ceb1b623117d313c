"""A hint in a terminal is a command."""

import re
from pathlib import Path

import pytest

import onefirm
from onefirm.cli.hints import in_commands


@pytest.mark.parametrize(
    ("hint", "shown"),
    [
        ("record_find kind=task lists them.", "`onefirm record find task` lists them."),
        ("record_find kind=task (onefirm record find) lists.", "`onefirm record find task` lists."),
        ("A ref looks like P-12; record_find (onefirm record find) lists them.",
         "A ref looks like P-12; `onefirm record find` lists them."),
        ("ledger_trace T-4 (onefirm ledger trace) shows it; undo that entry.",
         "`onefirm ledger trace` shows it; undo that entry."),
        ("`onefirm lesson list` lists them; memory_recall finds them.",
         "`onefirm lesson list` lists them; `onefirm recall` finds them."),
        ("Run `onefirm doctor`.", "Run `onefirm doctor`."),
    ],
)  # fmt: skip
def test_a_tool_becomes_its_command(hint: str, shown: str) -> None:
    assert in_commands(hint) == shown


def test_no_hint_of_the_rooms_shows_a_tool_in_a_terminal() -> None:
    rooms = [path for room in ("core", "state", "memory", "ledger", "store")
             for path in (Path(onefirm.__file__).parent / room).rglob("*.py")]  # fmt: skip
    hints = [hint for path in rooms for hint in re.findall(r'hint=\(?\s*f?"([^"]*)"', path.read_text())]
    assert len(hints) > 30
    tools = re.compile(
        r"\b(brief|record|decision|lesson|memory|ledger)_(get|find|write|undo|record|decide|recall|trace)\b"
    )
    assert [hint for hint in hints if tools.search(in_commands(hint))] == []
