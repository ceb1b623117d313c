"""`onefirm doctor`: what is live, broken, off or stale, and the command that mends it."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from onefirm.cli import screen
from onefirm.cli.commands import json_option
from onefirm.cli.invocation import Invocation, pass_invocation
from onefirm.core.errors import FirmError

if TYPE_CHECKING:
    from onefirm.day.doctor import Finding

_STYLES = {"ok": "green", "warn": "yellow", "broken": "bold red", "off": "magenta"}


@click.command(short_help="Check everything; say what mends it.")
@click.option("--fix", is_flag=True, help="Mend what can be mended without touching a record or a file of yours.")
@click.option("--restored", is_flag=True, help="Say that a backup was put back: the firm goes on from it.")
@click.option("--accept", is_flag=True, help="Say that hooks, permissions and MCP servers are right as they are now.")
@click.option("--tokens", is_flag=True, help="Say instead what the start of a session costs a model, in tokens.")
@json_option
@pass_invocation
def doctor(invocation: Invocation, fix: bool, restored: bool, accept: bool, tokens: bool, as_json: bool) -> int:
    """Check the workspace: one line for each thing, with the command that fixes it.

    Exit code 1 if something is broken. A backup that was put back ends the ledger's chain where the copy ends, and
    --restored begins a new one: the ledger tells what is lost, once. A change of
    Claude Code's hooks, permissions or MCP servers is told until --accept. Claude
    can do neither.

    \b
    Examples:
      onefirm doctor
      onefirm doctor --fix
      onefirm doctor --restored
      onefirm doctor --accept
      onefirm doctor --tokens
    """
    if tokens:
        return _bill(invocation, as_json)
    if restored:
        invocation.need_person("Giving up what a backup lacks")
        _go_on(invocation)
    if accept:
        invocation.need_person("Accepting changed hooks, permissions or MCP servers")
        _accept(invocation)
    invocation.need_whole()
    made, findings = _examined(invocation, fix)
    if as_json:
        screen.data({"mended": made, "findings": findings})
    else:
        _print(findings)
    return int(any(finding.level == "broken" for finding in findings))


def _examined(invocation: Invocation, fix: bool) -> tuple[Sequence[str], Sequence[Finding]]:
    from onefirm.day import wreck

    root, made = invocation.root, []
    try:
        if fix:
            made = _mend(invocation)
        with screen.working("Examining the workspace"):
            found = invocation.firm.day.examine()
        return made, [*found, *(wreck.put_back(root) if any(map(wreck.is_damage, found)) else ())]
    except FirmError as error:
        from onefirm.core.clock import SystemClock
        from onefirm.workspace import database_file

        return made, wreck.examine(root, error, SystemClock(), database_file(root))


def _bill(invocation: Invocation, as_json: bool) -> int:
    from onefirm import shipped
    from onefirm.day.tokens import BUDGET, ENCODING

    # By name: the server is an interface beside this one, and neither is built on the other.
    server = importlib.import_module("mcp_server.reference").shown()
    parts = invocation.firm.day.start_tokens(shipped.path(), server)
    total = sum(part.tokens for part in parts)
    if as_json:
        screen.data({"total": total, "budget": BUDGET, "counted": ENCODING, "parts": parts})
        return 0
    screen.table(("part", "tokens", "what it is"), [(part.name, f"{part.tokens:,}", part.of) for part in parts])
    screen.show(f"{total:,} tokens at the start of a session; the demo firm is held to {BUDGET:,}.")
    screen.say(f"Counted by {ENCODING}; files outside of the workspace are not read.")
    return 0


def _accept(invocation: Invocation) -> None:
    changed = invocation.firm.day.accept_wiring(invocation.by())
    for change in changed:
        screen.say(f"Accepted: {change.name} {change.how}.")
        for line in change.diff:
            screen.say(f"       {line}")
    if not changed:
        screen.say("Hooks, permissions and MCP servers were as they had been accepted.")


def _go_on(invocation: Invocation) -> None:
    from onefirm.restoration import go_on

    with screen.working("Holding the ledger against its anchors"):
        done = go_on(invocation.root)
    if done is None:
        screen.say("No entry is missing that an anchor or a session knows: there was nothing to say.")
        return
    ends = " and ".join(f"chain {head.chain_id} ends at entry {head.seq}" for head in done.ends)
    screen.say(f"{ends or 'A backup'}: what came after is lost; the firm goes on with chain {done.chain_id}.")
    for note in done.notes:
        screen.say(f"note: {note}")


def _mend(invocation: Invocation) -> list[str]:
    from onefirm.workspace import repair

    with screen.working("Mending"):
        made = repair(invocation.root)
        made += [f"the rule file {name}" for name in invocation.firm.day.renew_rules()]
    screen.say(f"Mended: {', '.join(made)}." if made else "Nothing had to be mended.")
    return made


def _print(findings: Sequence[Finding]) -> None:
    for finding in findings:
        screen.marked(f"{finding.level:<6}", _STYLES[finding.level], f"{finding.area}: {finding.what}")
        for line in finding.lines:
            screen.entry(line, " " * 7)
        if finding.fix:
            screen.entry(f"→ {finding.fix}", " " * 7)
