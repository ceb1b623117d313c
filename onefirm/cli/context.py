"""`onefirm context`: the tree of context files, and what is wrong with it."""

from __future__ import annotations

import contextlib
import signal
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from onefirm.cli import screen
from onefirm.cli.commands import Group, json_option, why_option
from onefirm.cli.invocation import Invocation, pass_invocation
from onefirm.core.errors import Refused
from onefirm.sessions.paths import told

if TYPE_CHECKING:
    from collections.abc import Callable

    from onefirm.day.freshness import Fresh
    from onefirm.day.watch import Look
    from onefirm.narrative.faults import Fault
    from onefirm.narrative.index import Place


@click.group(cls=Group)
def context() -> None:
    """See and check the context tree: the files that say why.

    \b
    Examples:
      onefirm context map
      onefirm context check
      onefirm context new DL-16 "families hear the tour in their own language"
      onefirm context close P-3
    """


@context.command("map", short_help="Show every file below its parent, with its one line.")
@json_option
@pass_invocation
def map_(invocation: Invocation, as_json: bool) -> None:
    """Show every file below its parent: record, tokens, last edit, its one line.

    With --json also what `onefirm context fresh` tells.

    \b
    Examples:
      onefirm context map
      onefirm context map --json
    """
    found = invocation.firm.day.places()
    if as_json:
        fresh = {one.path: one for one in invocation.firm.day.freshness()}
        screen.data([_told(place, fresh.get(place.file.path)) for place in found])
        return
    day = invocation.days()
    rows = [
        (
            f"{'  ' * place.depth}{told(place.file.path)}", " ".join(place.file.refs), f"{place.file.tokens:,}",
            day(_edited(place).isoformat()), place.line or place.file.title,
        )
        for place in found
    ]  # fmt: skip
    screen.table(("file", "record", "tokens", "edited", "what it is"), rows)
    screen.say(f"{len(found)} files, {sum(place.file.tokens for place in found):,} tokens.")


@context.command(short_help="Find what is wrong with the tree, and mend it.")
@click.option("--fix", is_flag=True, help="Mend what needs no decision: shows the changes and asks.")
@click.option("--yes", is_flag=True, help="Don't ask before mending.")
@json_option
@pass_invocation
def check(invocation: Invocation, fix: bool, yes: bool, as_json: bool) -> int:
    """Find orphans, broken links, facts told twice, copied state, secrets, costs.

    Each fault with its file, its line and its fix. Exit code 1 when something is found.

    With --fix, missing lines of parents, missing ways back and links to what has
    moved are mended. No sentence is lost; what somebody must decide is left.

    \b
    Examples:
      onefirm context check
      onefirm context check --fix
      onefirm context check --json
    """
    mended = _mend(invocation, yes) if fix else []
    with screen.working("Checking the context tree"):
        faults = invocation.firm.day.check_context()
    if as_json:
        told_faults = [_told_fault(fault) for fault in faults]
        screen.data({"faults": told_faults, "mended": mended} if fix else {"faults": told_faults})
        return int(bool(faults))
    for fault in faults:
        screen.marked(f"{told(fault.path)}:{fault.line}", "bold", f"{fault.rule}: {fault.what}")
        screen.entry(f"→ {fault.fix}", " " * 7)
    screen.say(f"{len(faults)} to mend." if faults else "The context tree is clean.")
    if any(fault.mend for fault in faults) and not fix:
        screen.say("`onefirm context check --fix` mends what needs no decision.")
    return int(bool(faults))


def _mend(invocation: Invocation, yes: bool) -> list[str]:
    """Show what mending would change, ask, and do it; gives the files that were changed."""
    from onefirm.narrative import mends

    day = invocation.firm.day
    with screen.working("Looking for what can be mended"):
        planned = day.plan_context_mends()
    if not planned:
        screen.say("Nothing can be mended without a decision.")
        return []
    screen.say(mends.diff(planned).rstrip("\n"))
    files = f"{len(planned)} file{'s' if len(planned) > 1 else ''}"
    if not yes and not sys.stdin.isatty():
        raise Refused("Nothing was changed: nobody can be asked here.", hint="Read the changes above, then add --yes.")
    if not yes and not click.confirm(f"Change {files}?", err=True):
        screen.say("Nothing was changed.")
        return []
    left = day.mend_context(planned)
    for why in left.values():
        screen.say(f"Left as it is: {why}")
    screen.say(f"Mended {len(planned) - len(left)} of {files}.")
    return [one.path for one in planned if one.path not in left]


@context.command(short_help="Make a file, and its parent's line.")
@click.argument("what", metavar="REF|PATH")
@click.argument("line")
@click.option("--at", metavar="PATH", default="", help="The folder or file; for a record it is else inferred.")
@click.option("--title", metavar="TEXT", default="", help="Its title, where it isn't the record's or the path's.")
@pass_invocation
def new(invocation: Invocation, what: str, line: str, at: str, title: str) -> None:
    """Make the file of a record, or one at a path; LINE is what its parent says.

    A client's file lies in context/clients, a prospect's in context/sales, and
    that of a record of a client or a project below theirs.

    \b
    Examples:
      onefirm context new DL-16 "families hear the tour in their own language"
      onefirm context new context/knowledge/boards.md "how a group decides"
    """
    made = invocation.firm.day.new_context(what, line, at=at, title=title, start=invocation.start)
    screen.show(made.path)
    if made.parent_text == made.parent_before:
        screen.say(f"Named in {told(made.parent)} already; that line stays.")
    else:
        screen.say(f"Named in {told(made.parent)}.")


@context.command(short_help="Archive the files of a closed record.")
@click.argument("ref", metavar="REF")
@click.option("--anyway", is_flag=True, help="Also while it, or a record that belongs to it, is open.")
@why_option
@pass_invocation
def close(invocation: Invocation, ref: str, anyway: bool, why: str | None) -> None:
    """Move the files of a closed record into context/archive, and mend what
    names them.

    An engagement ends with its final record: a decision that says by ref what it
    came to. Refused while something of it is open or waits for an answer.

    Its line goes from its parent into the archive's list, links follow, and one
    commit holds it all, so that git keeps the history of each file; what git
    didn't hold yet gets a commit of its own before, for taking the close back.
    Nothing in the archive loads with other work.

    \b
    Examples:
      onefirm context close P-3
      onefirm context close PR-3 --why "they went with somebody else"
    """
    with screen.working("Moving files"):
        done = invocation.firm.day.close_context(ref, invocation.by(why), anyway=anyway)
    for path in done.paths:
        screen.show(told(path))
    if done.is_repeated:
        screen.say(f"{done.ref} was closed before: nothing was changed.")
        return
    if done.final:
        screen.say(f"Its final record is {done.final}: `onefirm decision show {done.final}`.")
    if not done.paths:
        screen.say(f"{done.ref} has no files in context/.")
        return
    follow = f"; links followed in {', '.join(map(told, done.mended))}" if done.mended else ""
    screen.say(f"Listed in context/archive/CLAUDE.md{follow}.")
    if done.commit:
        screen.say(f"Committed: `git revert {done.commit[:10]}` takes it back.")
    if done.why_not:
        screen.say(f"note: {done.why_not}")


@context.command(short_help="Show how fresh each file is.")
@json_option
@pass_invocation
def fresh(invocation: Invocation, as_json: bool) -> None:
    """Show who edited each file last, who confirmed it, and how its records have
    moved since; first those that lag behind, the longest lag first.

    \b
    Examples:
      onefirm context fresh
      onefirm context fresh --json
    """
    found = invocation.firm.day.freshness()
    if as_json:
        screen.data(found)
        return
    day = invocation.days()
    rows = [
        (
            told(one.path), _when(day, one.edited_at, one.edited_by), _when(day, one.confirmed_at, one.confirmed_by),
            "; ".join(f"since {day(moved.at)}: {moved.what}" for moved in one.moved),
        )
        for one in found
    ]  # fmt: skip
    screen.table(("file", "edited", "confirmed", "its records moved since"), rows)
    behind = sum(bool(one.moved) for one in found)
    screen.say(f"{len(found)} files; the records of {behind} have moved since." if behind else "No record moved since.")


@context.command(short_help="Say that files still hold.")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@why_option
@pass_invocation
def confirm(invocation: Invocation, paths: tuple[str, ...], why: str | None) -> None:
    """Say that files still hold as they are, without an edit.

    Their records are looked at first; what says otherwise than they do can't be
    confirmed.

    \b
    Examples:
      onefirm context confirm context/clients/acme
      onefirm context confirm context/finance/late-money.md --why "asked Ines"
    """
    for path in invocation.firm.day.confirm_context(paths, invocation.by(why), invocation.start):
        screen.show(told(path))


def _told_fault(fault: Fault) -> dict[str, Any]:
    return {
        "path": fault.path, "line": fault.line, "rule": fault.rule, "what": fault.what, "fix": fault.fix,
        "is_mechanical": fault.mend is not None,
    }  # fmt: skip


@context.command(short_help="Keep checking while files change.")
@click.option("--poll", is_flag=True, help="Look every two seconds; for disks that tell of no changes.")
@pass_invocation
def watch(invocation: Invocation, poll: bool) -> None:
    """Show each fault as it appears and as it goes, whatever program edits the
    files, until Ctrl-C.

    \b
    Examples:
      onefirm context watch
      onefirm -C ~/firm context watch --poll
    """
    try:
        for name in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, signal.default_int_handler)
        with contextlib.closing(invocation.firm.day.watch_context(is_polling=poll)) as looks:
            for number, look in enumerate(looks):
                _show(look, is_first=not number)
    except KeyboardInterrupt:
        screen.say("Stopped.")


def _show(look: Look, *, is_first: bool) -> None:
    if look.why_not:
        screen.say(f"note: no events: {look.why_not}; looking every two seconds instead.")
    for fault in look.gone:
        screen.marked("mended", "green", f"{told(fault.path)} {fault.rule}: {fault.what}")
    for fault in look.appeared:
        screen.marked("new", "bold red", f"{told(fault.path)}:{fault.line} {fault.rule}: {fault.what}")
        screen.entry(f"→ {fault.fix}", " " * 7)
    sys.stdout.flush()
    if is_first:
        screen.say(f"Watching {look.files} files, {look.standing} to mend. Ctrl-C ends it.")
    elif look.gone or look.appeared:
        screen.say(f"{look.standing} to mend." if look.standing else "The context tree is clean.")


def _told(place: Place, fresh: Fresh | None) -> dict[str, Any]:
    file = place.file
    return {
        "path": file.path, "depth": place.depth, "title": file.title, "line": place.line, "records": file.refs,
        "tokens": file.tokens, "edited_at": _edited(place).isoformat(timespec="seconds"),
        "edited_by": fresh.edited_by if fresh else "", "confirmed_at": fresh.confirmed_at if fresh else None,
        "moved": fresh.moved if fresh else (),
    }  # fmt: skip


def _when(day: Callable[[str], str], at: str | None, who: str | None) -> str:
    return " ".join(filter(None, (day(at), who))) if at else ""


def _edited(place: Place) -> datetime:
    return datetime.fromtimestamp(place.file.edited_at, UTC)
