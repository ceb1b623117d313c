"""The playbooks in `commands/`, read as the client reads them, and the reference that is written from them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / "commands"
CASES = PROJECT / "tests" / "client" / "cases"
REFERENCE = PROJECT / "docs" / "reference" / "commands.md"
TOOLS = "mcp__plugin_onefirm_firm__"
SECTIONS = ("When to use", "Facts first", "Steps", "Gate", "When something is missing", "Answer", "Next")


@dataclass(frozen=True, slots=True)
class Playbook:
    """One command: its front matter, and its body by section."""

    name: str
    front: Mapping[str, Any]
    body: str

    @property
    def allowed(self) -> tuple[str, ...]:
        """What runs without a prompt, our own tools by their short names."""
        return tuple(rule.removeprefix(TOOLS) for rule in self.front["allowed-tools"])

    @property
    def sections(self) -> Mapping[str, str]:
        """The text under each `## ` heading, in the order of the file; an example's own headings are not."""
        parts = re.split(r"^## (.+)\n", re.sub(r"(?ms)^```.*?^```\n", "", self.body), flags=re.MULTILINE)
        return dict(zip(parts[1::2], parts[2::2], strict=True))

    @property
    def listed(self) -> str:
        """Its line in the list that the model sees in every session."""
        return f"- onefirm:{self.name}: {self.front['description']}\n"


def read(file: Path) -> Playbook:
    """A playbook from its file. Raises ValueError where there is no front matter."""
    _, front, body = re.split(r"^---\n", file.read_text(encoding="utf-8"), maxsplit=2, flags=re.MULTILINE)
    return Playbook(file.stem, yaml.safe_load(front), body)


def every() -> Mapping[str, Playbook]:
    """All of them by name."""
    return {file.stem: read(file) for file in sorted(FOLDER.glob("*.md"))}


def cases(command: str) -> list[dict[str, Any]]:
    """The evaluation cases of a command, as docs/reference/commands.md explains them; none where there is no file."""
    file = CASES / f"{command}.yaml"
    return yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else []


def markdown() -> str:
    """The reference of all playbooks."""
    rows = [_row(playbook) for playbook in every().values()]
    return HEAD + "\n".join(("| say | for | without a prompt | asks you |", "|---|---|---|---|", *rows, ""))


def _row(playbook: Playbook) -> str:
    hint = playbook.front.get("argument-hint", "")
    said = f"`/onefirm:{playbook.name}{f' {hint}' if hint else ''}`"
    tools = ", ".join(f"`{rule}`" for rule in playbook.allowed if rule != "AskUserQuestion")
    asks = "before it writes" if "AskUserQuestion" in playbook.allowed else "nothing: it only reads"
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

Each is proven in the real client by the cases in `tests/client/cases/`. Why they ask as they do:
[docs/why/playbooks.md](../why/playbooks.md).

"""
