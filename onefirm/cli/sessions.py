"""`onefirm session`: who works in this folder, and closing what was left open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from onefirm.cli import screen
from onefirm.cli.commands import Group, json_option
from onefirm.cli.invocation import Invocation, pass_invocation
from onefirm.core.errors import NotFound

if TYPE_CHECKING:
    from onefirm.day.close import Closed, Settled


@click.group(cls=Group)
def session() -> None:
    """See sessions and close what was left open.

    \b
    Examples:
      onefirm session list
      onefirm session close
    """


@session.command("list", short_help="Who is open, or waits to be closed.")
@json_option
@pass_invocation
def list_(invocation: Invocation, as_json: bool) -> None:
    """List sessions that are open, or that wait to be closed.

    \b
    Examples:
      onefirm session list
    """
    from onefirm.sessions import identity

    root = str(invocation.root)
    found = {one["session"]: one for one in (*identity.open_sessions(root), *identity.to_close(root))}
    if as_json:
        screen.data(list(found.values()))
        return
    rows = [
        (s["session"], s["started_at"][:16].replace("T", " "), _state(s["state"], s["alive"]), s["source"])
        for s in found.values()
    ]
    screen.table(("session", "when", "status", "began by"), rows)
    if not rows:
        screen.say("No session is open.")


@session.command(short_help="What one session did.")
@click.argument("name", metavar="SESSION")
@json_option
@pass_invocation
def show(invocation: Invocation, name: str, as_json: bool) -> None:
    """Show what one session did.

    \b
    Examples:
      onefirm session show S-abcdefghijkl
    """
    from onefirm.ledger.sentences import line

    firm = invocation.firm
    with firm.store.read() as conn:
        events = firm.ledger.events(conn, session=name)
    if not events:
        raise NotFound(
            f"The ledger knows no session {name}.",
            hint="`onefirm session list`, or `onefirm ledger log --kind session.`",
        )
    if as_json:
        screen.data(events)
        return
    for event in events:
        screen.show(line(event, firm.settings.timezone))


@session.command(short_help="Close what was left open.")
@click.argument("name", metavar="[SESSION]", required=False)
@json_option
@pass_invocation
def close(invocation: Invocation, name: str | None, as_json: bool) -> None:
    """Close a session, or all that ended or died without being closed; hand in what waits.

    Where none is left, what was written in a terminal is anchored in a commit and backed up all the same.

    \b
    Examples:
      onefirm session close
      onefirm session close S-abcdefghijkl
    """
    if name:
        _known(invocation, name)
    day = invocation.firm.day
    with screen.working("Closing"):
        closed = [done for done in [day.close(name)] if done] if name else day.close_left()
        settled = None if name or closed else day.settle()
    if as_json:
        screen.data(closed)
        return
    for one in closed:
        screen.show(_told(one))
    if settled:
        screen.show(_settled(settled))
    elif not closed:
        screen.say("Nothing was left to close.")


def _known(invocation: Invocation, name: str) -> None:
    from onefirm.sessions import identity

    if identity.get(str(invocation.root), name) is None:
        raise NotFound(f"There is no session {name} here.", hint="`onefirm session list` shows those that are open.")


def _state(state: str, alive: bool) -> str:
    return state if alive or state != "open" else "died"


def _settled(settled: Settled) -> str:
    parts = (
        f"anchored in commit {settled.commit[:10]}" if settled.commit else "",
        f"not anchored: {settled.why_not}" if settled.why_not else "",
        "nothing new to anchor" if not (settled.commit or settled.why_not) else "",
        f"backup {settled.copy}" if settled.copy else "no backup made",
    )
    return f"No session was left to close; {', '.join(part for part in parts if part)}."


def _told(closed: Closed) -> str:
    from onefirm.sessions.paths import told

    parts = (
        f"touched {', '.join(closed.touched)}" if closed.touched else "touched no record",
        f"{closed.pending} write(s) wait for the truth" if closed.pending else "",
        f"left contradicting: {', '.join(map(told, closed.unreconciled))}" if closed.unreconciled else "",
        f"committed {closed.commit[:10]}" if closed.commit else "",
        f"not committed: {closed.why_not}" if closed.why_not else "",
    )
    return f"{closed.session} {closed.how}: {'; '.join(part for part in parts if part)}"
