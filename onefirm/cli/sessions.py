"""`onefirm session`: who works in this folder, and closing what was left open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from onefirm.cli import screen
from onefirm.cli.commands import Group, json_option
from onefirm.cli.invocation import Invocation, pass_invocation
from onefirm.core.errors import NotFound, Refused

if TYPE_CHECKING:
    from onefirm.day.close import Closed, Settled
    from onefirm.sessions.shapes import Session, Wall


@click.group(cls=Group)
def session() -> None:
    """See and declare sessions; close what was left open.

    \b
    Examples:
      onefirm session list
      onefirm session client acme
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
        (s["session"], invocation.local_time(s["started_at"]), _state(s["state"], s["alive"]), s["source"])
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

    Where none is left, what was written in a terminal is anchored in a commit and backed up all the same, and the brief
    tells what changed from then on.

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
        settled = None if name or closed else day.settle(invocation.by())
    if as_json:
        screen.data(closed)
        return
    for one in closed:
        screen.show(_told(one))
    if settled:
        screen.show(_settled(settled))
    elif not closed:
        screen.say("Nothing was left to close.")


@session.command(short_help="Declare a session for one client.")
@click.argument("name", metavar="[CLIENT]", required=False)
@click.option("--firm", "lift", is_flag=True, help="Make the session firm-wide again.")
@click.option("--session", "chosen", metavar="SESSION", help="Which session, where several are open.")
@click.option("--why", metavar="TEXT", help="The reason; it stands in the ledger.")
@json_option
@pass_invocation
def client(
    invocation: Invocation, name: str | None, lift: bool, chosen: str | None, why: str | None, as_json: bool
) -> None:
    """Declare a session for one client (a ref, or words of its name), or say for which it is.

    From then on files, records and memory of other clients are refused to it or left out; what belongs to nobody stays.
    It lasts over /clear, compaction and resume. Claude may declare its own session; another client, and --firm, are
    yours alone.

    \b
    Examples:
      onefirm session client acme
      onefirm session client CL-1 --session S-abcdefghijkl
      onefirm session client --firm --why "the offer is compared with last year's"
    """
    if lift and name:
        raise click.UsageError("Name a client or say --firm, not both.")
    found = _working(invocation, chosen)
    wall = _lifted(invocation, found, why) if lift else _declared(invocation, found, name, why)
    if as_json:
        screen.data({"session": found["session"], "wall": wall})
        return
    screen.show(_wall_told(found, wall))
    if wall and name and (seen := invocation.whole_firm.day.seen_before_wall(found, wall)):
        screen.say(
            f"note: it has looked at {len(seen)} record(s) of others already, and what it read stays in its "
            "conversation: /clear forgets it."
        )


def _working(invocation: Invocation, chosen: str | None) -> Session:
    """The session that is meant: Claude's own in its shell, else the one named, else the only open one."""
    from onefirm.sessions import identity

    root = str(invocation.root)
    if invocation.client_id:
        found = identity.get(root, identity.bind(root, invocation.client_id))
        if chosen and (found is None or chosen != found["session"]):
            invocation.need_person("The wall of another session")
    elif chosen:
        _known(invocation, chosen)
        found = identity.get(root, chosen)
    else:
        found = _only(invocation, [one for one in identity.open_sessions(root) if one["alive"]])
    if found is None:
        raise NotFound("No session is open here.", hint="Start Claude Code in this folder first.")
    return found


def _only(invocation: Invocation, found: list[Session]) -> Session | None:
    if len(found) > 1:
        named = ", ".join(f"{one['session']} (since {invocation.local_time(one['started_at'])})" for one in found)
        raise Refused(f"{len(found)} sessions are open here: {named}.", hint="Name one: --session S-….")
    return found[0] if found else None


def _declared(invocation: Invocation, found: Session, name: str | None, why: str | None) -> Wall | None:
    """The wall as it is now: another than before, where a name was given that may be declared."""
    from onefirm.sessions import walls

    try:
        wall = walls.of(str(invocation.root), found["client_id"])
    except walls.Unreadable as error:
        invocation.need_person(f"Declaring a session anew ({error})")
        if name is None:
            raise Refused(f"{error}.".capitalize(), hint="Declare it anew: onefirm session client NAME.") from error
        wall = None
    if name is None:
        return wall
    if wall and _means(name, wall):
        return wall
    if wall:
        invocation.need_person("Another client for a session that is declared for one")
    return invocation.whole_firm.day.declare_wall(found, name, invocation.by(why))


def _means(name: str, wall: Wall) -> bool:
    title = wall["title"].casefold()
    return name.strip().upper() == wall["client"] or all(word in title for word in name.casefold().split())


def _lifted(invocation: Invocation, found: Session, why: str | None) -> None:
    invocation.need_person("Lifting the client wall")
    invocation.whole_firm.day.lift_wall(found, invocation.by(why))


def _wall_told(found: Session, wall: Wall | None) -> str:
    from onefirm.sessions import walls

    if wall is None:
        return f"{found['session']} is firm-wide: it sees every client."
    return (
        f"{found['session']} is declared for {walls.who(wall)}: files, records and memory of other clients are refused "
        "to it. `onefirm session client --firm`, typed in a terminal, ends that."
    )


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
