"""The operator's own playbooks on the disk: `.claude/commands/NAME.md`, and its cases beside it, `NAME.cases.yaml`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from onefirm.core.errors import InvalidInput, NotFound, Refused
from onefirm.narrative import playbook_cases, playbooks
from onefirm.narrative.faults import Fault, Rule
from onefirm.narrative.playbooks import Known

FOLDER = ".claude/commands"
_NAME = re.compile(r"[a-z][a-z0-9-]{1,39}")


def check(root: Path, names: Sequence[str], known: Known) -> dict[str, list[Fault]]:
    """The faults of the playbooks of these names, of all without one, each with its cases.

    Raises NotFound for a name that has no file.
    """
    every = sorted(path.stem for path in (root / FOLDER).glob("*.md"))
    for name in names:
        if name not in every:
            there = f"There are: {', '.join(every)}." if every else f"Make it: `onefirm playbook new {name}`."
            raise NotFound(f"There is no playbook {FOLDER}/{name}.md.", hint=there)
    return {name: _faults(root, name, known) for name in names or every}


def new(root: Path, name: str) -> tuple[str, str]:
    """Lay a playbook and its cases to be filled in; their paths. Nothing that exists is overwritten.

    Raises InvalidInput for a name that can't be typed, Refused where either is there or lies behind a link.
    """
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"“{name[:60]}” is no name for a playbook.", hint="Small letters, digits and dashes: chase-invoice."
        )
    made = {f"{FOLDER}/{name}.md": TEMPLATE, f"{FOLDER}/{name}.cases.yaml": CASES}
    for path in made:
        if (root / path).exists() or not (root / path).parent.resolve().is_relative_to(root.resolve()):
            why = "is there already" if (root / path).exists() else "lies behind a link that leads out of the workspace"
            raise Refused(f"{path} {why}.", hint=f"See what is wrong with it: `onefirm playbook check {name}`.")
    (root / FOLDER).mkdir(parents=True, exist_ok=True)
    for path, text in made.items():
        with (root / path).open("x", encoding="utf-8") as file:
            file.write(text.replace("NAME", name).replace("TITLE", name.replace("-", " ").capitalize()))
    first, second = made
    return first, second


def _faults(root: Path, name: str, known: Known) -> list[Fault]:
    """What is wrong with one playbook and its cases; what can't be read is a fault of its own."""
    path, cases = f"{FOLDER}/{name}.md", f"{FOLDER}/{name}.cases.yaml"
    try:
        playbook = playbooks.read(path, _text(root / path))
    except InvalidInput as error:
        return [_unread(path, "form", error)]
    found = playbooks.check(playbook, known)
    if not (root / cases).is_file():
        fix = f"write {cases}; `onefirm playbook new` of another name shows the form"
        return [*found, Fault(path, 1, "case", "it has no cases, so nothing tells whether it works", fix)]
    try:
        return [*found, *playbook_cases.check(cases, (root / cases).read_bytes(), playbook, known)]
    except (InvalidInput, OSError) as error:
        told = (
            error
            if isinstance(error, InvalidInput)
            else InvalidInput("It can't be read.", hint="Check its permissions.")
        )
        return [*found, _unread(cases, "case", told)]


def _unread(path: str, rule: Rule, error: InvalidInput) -> Fault:
    """What can't be read, as a fault in its line: the message names the file as well."""
    at = re.match(rf"{re.escape(path)}:(\d+): ", error.message)
    return Fault(path, int(at[1]) if at else 1, rule, error.message[at.end() if at else 0 :], error.hint)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput("It is not UTF-8 text.", hint="Save it as UTF-8.") from None
    except OSError as error:
        raise InvalidInput(f"It can't be read: {error.strerror}.", hint="Check its permissions.") from None


TEMPLATE = """\
---
description: "TODO: what it does, in a sentence. Use when TODO."
argument-hint: "[TODO: what to say behind it]"
allowed-tools:
  - AskUserQuestion
  - mcp__plugin_onefirm_firm__record_find
  - mcp__plugin_onefirm_firm__record_get
  - mcp__plugin_onefirm_firm__record_write
---
# TITLE

About: $ARGUMENTS

## When to use

TODO: the situation, and when another playbook is the right one.

## Facts first

1. `record_find` with TODO.
2. In one message: `record_get` of what was found. TODO

## Steps

1. TODO
2. Pass the gate, then one `record_write` with every change, `if_match` and a `reason`.

## Gate

Before `record_write`: show a table (ref or “new”, what, from → to, why), guesses marked “?”, and ask with
AskUserQuestion: Write, Change, Leave. Call on Write alone. Nobody can be asked: write nothing, hand over the table.

## When something is missing

- TODO: none or several fit.
- `record_write` is refused: nothing was written. Read again what was named, show what differs, ask again.
- A receipt `pending` waits for the truth: say so; don't repeat the write.

## Answer

```
TODO: the form of the answer
```

## Next

TODO: what comes after it.
"""
CASES = """\
# What /NAME must do, told as conversations. `onefirm playbook check NAME` holds them to it.
- case: "TODO: what a yes leads to"
  arguments: "TODO"
  answers: [Write]
  turns:
    - record_find: {text: TODO}
    - record_get: {refs: [T-1]}
    - ask: [Write, Change, Leave]
    - record_write: {reason: TODO, changes: [{op: update, ref: T-1, set: {status: doing}}]}
    - "TODO: the answer"
  written: [record.updated]

- case: a no leaves everything as it was
  answers: [Leave]
  turns:
    - record_get: {refs: [T-1]}
    - ask: [Write, Change, Leave]
    - "Left as it was."
  written: []

- case: where nobody can be asked the table is handed over
  turns:
    - record_get: {refs: [T-1]}
    - ask: [Write, Change, Leave]
    - "| T-1 | todo → doing |"
  refused: {2: AskUserQuestion}
  written: []
"""
