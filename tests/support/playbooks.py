"""The playbooks in `commands/`, read as the client reads them, and the reference that is written from them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from onefirm.cli.playbooks import known
from onefirm.narrative import playbook_cases, playbooks
from onefirm.narrative.faults import Fault
from onefirm.narrative.playbooks import ASKS, Playbook

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / "commands"
CASES = PROJECT / "tests" / "client" / "cases"
REFERENCE = PROJECT / "docs" / "reference" / "commands.md"


def every() -> Mapping[str, Playbook]:
    """All of them by name."""
    return {file.stem: playbooks.read(file.name, file.read_text("utf-8")) for file in sorted(FOLDER.glob("*.md"))}


def cases(command: str) -> list[dict[str, Any]]:
    """The evaluation cases of a command, as client/casework.py explains them; none where there is no file."""
    file = CASES / f"{command}.yaml"
    return yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else []


def faults(command: str) -> list[Fault]:
    """What `onefirm playbook check` finds in a shipped one and its cases, were they the operator's."""
    there, playbook = known(PROJECT), every()[command]
    file = CASES / f"{command}.yaml"
    return [*playbooks.check(playbook, there), *playbook_cases.check(file.name, file.read_bytes(), playbook, there)]


def listed(command: str) -> str:
    """Its line in the list that the model sees in every session."""
    return f"- onefirm:{command}: {every()[command].front['description']}\n"


def catalogue() -> str:
    """What the model sees of all of them in every session."""
    return "".join(listed(name) for name in every())


def markdown(cost: int) -> str:
    """The reference of all playbooks; `cost` is that of the catalogue."""
    rows = [_row(name, playbook) for name, playbook in every().items()]
    return HEAD.replace("COST", f"{cost:,}") + "\n".join(
        ("| say | for | without a prompt | asks you |", "|---|---|---|---|", *rows, "")
    )


def _row(name: str, playbook: Playbook) -> str:
    hint = playbook.front.get("argument-hint", "")
    said = f"`/onefirm:{name}{f' {hint}' if hint else ''}`"
    tools = ", ".join(f"`{rule}`" for rule in playbook.allowed if rule != ASKS)
    asks = "before it writes" if ASKS in playbook.allowed else "nothing: it only reads"
    return f"| {said} | {playbook.front['description']} | {tools} | {asks} |"


HEAD = """\
# Playbooks

<!-- Written from commands/ by `ONEFIRM_ACCEPT_GOLDEN=1 pytest tests/golden/test_commands.py`, which also holds it. -->

A playbook is a slash command of the plugin: the repeated work of the week, always done the same way. You type it, with
what you want to say behind it, or say what you want, and Claude picks it by its description. Each has the same seven
sections: when to use, facts first (from the records, never from memory), steps, the gate (what you see and confirm
before anything is written), what to do when something is missing or the truth can't be reached, the form of the answer,
and what comes next.

A playbook may use the tools named with it without asking you again, for that turn only. Everything else is asked for as
always. Where nobody can be asked (`claude -p`), a playbook with a gate writes nothing and hands over its draft.

What Claude reads of all of them in every session costs COST tokens, and may cost 1,400.

Each is proven in the real client by the cases in `tests/client/cases/`. Those of your own lie in `.claude/commands`:
`/onefirm:new-command` makes one with you, `onefirm playbook check` says what is wrong with it and its cases. Why they
ask as they do: [docs/why/playbooks.md](../why/playbooks.md).

"""
