"""One run of the command line: where it works, as whom, and the one way from a command to the rooms."""

from __future__ import annotations

import os
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from onefirm.core.errors import NotFound, Refused
from onefirm.core.loading import loading

if TYPE_CHECKING:
    from collections.abc import Callable

    from onefirm.bootstrap import Firm
    from onefirm.core.attribution import By


class Invocation:
    """Passed to every command. `start` is the folder that `-C` names, else the current one; `is_named` tells which."""

    def __init__(self) -> None:
        self.start = Path.cwd()
        self.is_named = False
        self._open = ExitStack()

    @property
    def firm(self) -> Firm:
        """The workspace at or above `start`, opened at the first use. Raises FirmError.

        Behind a client wall Claude's shell gets none of it: what a command prints is of every client.
        """
        self.need_whole()
        return self._within(self.whole_firm)

    def need_whole(self) -> None:
        """Raise Refused in Claude's shell behind a client wall."""
        if wall := self._wall():
            is_own = f"This session is declared for {wall}, and this command would show other clients."
            raise Refused(
                is_own if self.client_id else f"Nothing says which session runs this: {_only_one(wall)}",
                hint=f"Use the tools of the firm server, which leave them out. {_back()}",
            )

    @property
    def seen_firm(self) -> Firm:
        """As `firm`, for commands whose rooms leave out what a client wall hides."""
        from onefirm.sessions import walls

        client_id = self._declared_id()
        if not client_id:
            return self._within(self.whole_firm)
        try:
            wall = walls.of(str(self.root), client_id)
        except walls.Unreadable:
            return self.firm  # which refuses
        if wall and not self.client_id:
            from onefirm.cli import screen

            screen.say(f"note: this command doesn't say which session runs it; {_only_one(walls.who(wall))}")
        return self._within(self.whole_firm.behind(wall) if wall else self.whole_firm)

    def _within(self, firm: Firm) -> Firm:
        """For a person the firm is whole; Claude's shell has it as its session does."""
        return firm.within(self._session()) if _inside_claude() else firm

    @cached_property
    def whole_firm(self) -> Firm:
        """As `firm`, for commands that show nothing of any client: also behind a client wall."""
        with loading():
            from onefirm.bootstrap import open_firm

        return self._open.enter_context(open_firm(self.start))

    @property
    def root(self) -> Path:
        """The workspace's folder, without opening its database. Raises NotFound."""
        from onefirm.sessions import root

        found = root.find(str(self.start))
        if found is None:
            raise NotFound(
                f"There is no workspace at or above {self.start}.",
                hint="Make one: `onefirm init DIR`, or name one: `onefirm -C DIR …`.",
            )
        return Path(found)

    def local_time(self, at: str) -> str:
        """An instant as people read it: `2026-11-21 10:00 CET`, in the firm's time zone."""
        from onefirm.ledger.sentences import local_time

        return local_time(at, self.timezone)

    @property
    def timezone(self) -> str:
        """The firm's time zone, by its IANA name."""
        from onefirm import settings

        return settings.load(self.root).timezone

    def days(self) -> Callable[[str], str]:
        """What tells the day of an instant in the firm's time zone: `2026-11-21`."""
        from onefirm.core.clock import parse_iso, today

        timezone = self.timezone
        return lambda at: today(parse_iso(at), timezone).isoformat()

    def by(self, reason: str | None = None) -> By:
        """Who runs this command: the operator, or, from its Bash tool, Claude in the session that it stands in."""
        from onefirm.core.attribution import CLAUDE, OPERATOR, By

        if not _inside_claude():
            return By(OPERATOR, reason=reason)
        return By(CLAUDE, self._session(), reason)

    def need_person(self, what: str) -> None:
        """Refuse a thing that is the operator's alone when Claude's Bash tool runs the command. Raises Refused.

        It holds mistakes and injected text, not an agent that sets out to pass for a person (docs/why).
        """
        if _inside_claude():
            raise Refused(
                f"{what} is the operator's own decision.", hint="Type the command in a terminal outside of Claude Code."
            )

    def close(self) -> None:
        """Give back what was opened."""
        self._open.close()

    def _session(self) -> str | None:
        from onefirm.sessions import identity

        client = self.client_id
        return identity.of_client(str(self.root), client) if client else None

    @property
    def client_id(self) -> str:
        """The client's session whose Bash tool runs this command; empty for a person."""
        return os.environ.get("CLAUDE_CODE_SESSION_ID", "") if _inside_claude() else ""

    def _declared_id(self) -> str:
        """The client's session whose wall this command stands behind, empty for none.

        In Claude's shell that is its own, or, where nothing says which that is, the only one here that is declared.
        Raises Refused where several are.
        """
        if self.client_id or not _inside_claude():
            return self.client_id
        from onefirm.sessions import root, walls

        place = root.find(str(self.start))
        found = walls.declared(place) if place else []
        if len(found) > 1:
            raise Refused(
                "Nothing says which session runs this, and several here are declared for clients: nobody can tell what "
                "may be seen.",
                hint=f"Use the tools of the firm server. {walls.BACK}",
            )
        return found[0] if found else ""

    def _wall(self) -> str:
        """The client that Claude's session is declared for, empty without a wall."""
        client_id = self._declared_id()
        if not client_id:
            return ""
        from onefirm.sessions import walls

        try:
            wall = walls.of(str(self.root), client_id)
        except walls.Unreadable:
            return "a client that can't be read"
        return walls.who(wall) if wall else ""


def _only_one(client: str) -> str:
    return f"it stands behind the wall of the only one here that is declared, for {client}."


def _back() -> str:
    from onefirm.sessions import walls

    return walls.BACK


def _inside_claude() -> bool:
    return os.environ.get("CLAUDECODE") == "1"


pass_invocation = click.make_pass_decorator(Invocation)
