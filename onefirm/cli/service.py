"""`onefirm service`: run it, and see what it does."""

from __future__ import annotations

import logging
import os
import signal
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING

import click

from onefirm.cli import screen
from onefirm.cli.bug import write_log
from onefirm.cli.commands import Group, json_option
from onefirm.cli.invocation import Invocation, pass_invocation

if TYPE_CHECKING:
    from onefirm.day.service import Standing


@click.group(cls=Group)
def service() -> None:
    """Let one process hand in, pull and hear webhooks all day. Everything works without it too.

    \b
    Examples:
      onefirm service run
      onefirm service status
    """


@service.command(short_help="Run it until Ctrl-C.")
@pass_invocation
def run(invocation: Invocation) -> None:
    """Run the service of this workspace in the foreground, one line of log for each event.

    It ends with SIGTERM or Ctrl-C after the step under way; a second one ends it
    at once. docs/howto/run-the-service.md has what systemd and launchd need.

    \b
    Examples:
      onefirm service run
      onefirm -C ~/firm service run
    """
    from onefirm.service.run import Service

    running = Service(invocation.root, _line, lambda error: str(write_log(error, ["service", "run"], invocation.start)))
    stopping = False

    def stop(number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        if stopping:
            _line("ended at once")
            os._exit(128 + number)
        stopping = True
        _line("ending after the step under way; once more to end at once")
        running.stop()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    logging.getLogger().addHandler(_Lines(logging.WARNING))
    running.run()


@service.command(short_help="Whether it runs, and what it does.")
@json_option
@pass_invocation
def status(invocation: Invocation, as_json: bool) -> int:
    """Say whether the service runs, what it did last and does next, and what waits.

    Exit code 1 when it doesn't run.

    \b
    Examples:
      onefirm service status
      onefirm service status --json
    """
    standing = invocation.whole_firm.day.service()
    if as_json:
        screen.data(standing)
    else:
        _show(invocation, standing)
    return int(not standing.runs)


@service.command(short_help="Finish a subscription in Notion.")
@click.option("--forget", is_flag=True, help="Forget the verification token: the next one that comes is kept.")
@pass_invocation
def webhook(invocation: Invocation, forget: bool) -> None:
    """Show where webhooks are heard, and the token that Notion asks back to verify
    the subscription.

    Notion sends that token to the service once. It is shown to a person only.

    \b
    Examples:
      onefirm service webhook
      onefirm service webhook --forget
    """
    from onefirm import settings
    from onefirm.secrets import Secrets
    from onefirm.service.webhooks import TOKEN

    invocation.need_person("The verification token of a webhook")
    secrets = Secrets(invocation.root)
    if forget:
        if secrets.get(TOKEN) is None:
            screen.say("No token is kept: the next one that comes is.")
            return
        secrets.remove(TOKEN)
        screen.say("Forgotten. In Notion, let the token be sent again while the service runs.")
        return
    port = settings.load(invocation.root).service.webhook_port
    token = secrets.get(TOKEN)
    if token:
        screen.say("Paste this into Notion: Settings, Connections, yours, Webhooks, Verify.")
        screen.show(token.reveal())
    elif port is None:
        screen.say("No webhooks are heard: set `webhook_port` under `service:` in onefirm.yaml, and start the service.")
    else:
        screen.say("Notion has sent no token yet: subscribe there to the public address that leads to the service.")


def _show(invocation: Invocation, standing: Standing) -> None:
    at, said = invocation.local_time, standing.said
    if standing.runs and said:
        screen.show(f"Runs since {at(said.since)}, process {said.pid}.")
        rows = [(one.name, at(one.done_at) if one.done_at else "", at(one.next_at), one.trouble) for one in said.beats]
        screen.table(("beat", "last done", "next", "trouble"), rows)
    elif standing.died and said:
        screen.show(f"Does not run; the last one ended without a word after {at(said.at)}.")
    else:
        screen.show(
            "Does not run." + (f" The last one ended at {at(said.ended_at)}." if said and said.ended_at else "")
        )
    if standing.runs and said and said.address:
        counts = ", ".join(f"{count} {what}" for what, count in sorted(said.webhooks.items()))
        screen.show(f"Webhooks are heard at {said.address}; {counts or 'none came yet'}.")
    known = f"complete as of {at(standing.synced_at)}" if standing.synced_at else "never complete yet"
    conflicts = f"; {standing.conflicts} to decide: `onefirm record conflicts`" if standing.conflicts else ""
    if standing.rules:
        questions = f"{standing.rules} question{'' if standing.rules == 1 else 's'}"
        screen.show(f"{questions} about your rules: `onefirm lesson consolidate`.")
    screen.show(f"The mirror is {known}; {standing.waiting} waiting for the truth{conflicts}.")


def _line(text: str) -> None:
    """A line of log, at once and whole, whatever is writing one at the same moment: also from a signal's handler."""
    from onefirm.core.clock import SystemClock, iso

    with suppress(OSError):
        os.write(2, f"{iso(SystemClock().now())[:19]}Z {' '.join(screen.clean(text).split())}\n".encode())


class _Lines(logging.Handler):
    """What libraries and rooms log, one line each and without the traceback, which may quote values."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0] if record.exc_info else None
        _line(f"{record.name}: {record.getMessage()}{f' ({kind.__name__})' if kind else ''}")
