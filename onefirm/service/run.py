"""The loop: strikes the beat that is due, hears signals and webhooks between two, and never dies from a beat."""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Literal, TypeAlias

from onefirm.bootstrap import Firm, open_firm
from onefirm.core.attribution import SYSTEM, By
from onefirm.core.clock import Clock, SystemClock, iso
from onefirm.core.errors import FirmError, Refused
from onefirm.day import service
from onefirm.day.service import BeatState, Said
from onefirm.secrets import Secrets
from onefirm.service.beats import Beat, next_of, recovered
from onefirm.service.receiver import Receiver
from onefirm.service.webhooks import Webhooks
from onefirm.store.engine import SchemaNewer

Bell: TypeAlias = Literal["stop", "hint"]
_HAND_IN_S = 5.0
_SWEEP_S = 6 * 3600.0
_TAKE_IN_S = 60.0
_SNAPSHOT_S = 900.0
_RULES_S = 3600.0
_VECTORS_S = 60.0
_FIRST_SWEEP_S = 600.0
"""After the start: who starts it wants other things first."""
_HINTS_APART_S = 15.0
"""Between pulls that hints bring forward: somebody who edits for an hour sends one every few seconds."""
_TURN_S = 10.0
_LAG_S = 120.0
"""Until lists show an edit: the pull that a hint brings forward may be too early."""
_FILES = ("onefirm.yaml", "notion.yaml", ".onefirm/secrets.json", ".onefirm/firm.db")


class Away(Exception):
    """The truth can't be asked now; the words say why."""


class Stopping(Exception):
    """The service was asked to end, and this is a place where it can."""


class Service:
    """One run of it. `say` takes a line for people, `report` keeps a bug and tells where."""

    def __init__(
        self,
        root: Path,
        say: Callable[[str], None],
        report: Callable[[Exception], str],
        clock: Clock | None = None,
    ) -> None:
        self._root = root
        self._say = say
        self._report = report
        self._clock = clock or SystemClock()
        self._bell: SimpleQueue[Bell] = SimpleQueue()  # its `put` may be called by a signal's handler
        self._stopping = False
        self._firm: Firm | None = None
        self._seen: list[tuple[int, int]] = []
        self._since = iso(self._clock.now())
        self._pulls = Beat("pull", 0.0, self._pull)
        self._webhooks = Webhooks(Secrets(root), self._clock, lambda: self._bell.put("hint"), say)
        self._receiver: Receiver | None = None
        self._counted: dict[str, int] = {}
        self._bugs: dict[str, str] = {}
        self._hinted = False
        self._not_before = 0.0
        self._beats = [
            Beat("hand in", _HAND_IN_S, self._hand_in),
            self._pulls,
            Beat("sweep", _SWEEP_S, self._sweep),
            Beat("take in", _TAKE_IN_S, self._take_in),
            Beat("snapshot", _SNAPSHOT_S, self._snapshot),
            Beat("rules", _RULES_S, self._rules),
            Beat("vectors", _VECTORS_S, self._vectors),
        ]

    def stop(self) -> None:
        """Ask it to end after the step under way. May be called by a signal's handler."""
        self._stopping = True
        self._bell.put("stop")

    def run(self) -> None:
        """Run until it is stopped. Raises Refused while another one runs, FirmError where the firm can't be opened."""
        firm = self._opened()
        hold = service.lock(self._root).take(self._since)
        if hold is None:
            raise _is_running(self._root)
        with hold:
            try:
                self._begin(firm)
                while not self._stopping:
                    self._strike_or_wait()
            finally:
                self._end()

    def _begin(self, firm: Firm) -> None:
        for beat in self._beats:
            beat.due = time.monotonic() + (_FIRST_SWEEP_S if beat.name == "sweep" else 0)
        self._say(f"started: pulls every {firm.settings.service.pull_every_minutes:g} minutes")
        if (port := firm.settings.service.webhook_port) is not None:
            self._receiver = Receiver(self._webhooks, port)
            self._say(f"webhooks: heard at {self._receiver.address}")
        self._keep()

    def _end(self) -> None:
        if self._receiver:
            self._receiver.close()
        self._keep(ended_at=iso(self._clock.now()))
        self._say("ended")
        self._drop()

    # -- the loop ------------------------------------------------------------------------------------------------------

    def _strike_or_wait(self) -> None:
        beat = next_of(self._beats)
        wait_s = beat.due - time.monotonic()
        if wait_s <= 0:
            self._strike(beat)
            return
        with suppress(Empty):
            if self._bell.get(timeout=wait_s) == "hint":
                self._pulls.forward(max(time.monotonic(), self._not_before))
                self._hinted = True

    def _strike(self, beat: Beat[Firm]) -> None:
        try:
            said = beat.work(self._opened())
        except Stopping:
            return
        except SchemaNewer:
            raise  # a newer onefirm has taken over: whoever started this one starts that
        except Exception as error:  # noqa: BLE001 - a beat never ends the service; it is told, counted and tried again
            self._failed(beat, self._why(error))
            return
        had_failed, was_silent = beat.fails, beat.done_at is None
        beat.went(time.monotonic(), iso(self._clock.now()))
        if had_failed:
            recovered(self._beats, time.monotonic())
        if said or had_failed:
            self._say(f"{beat.name}: {said or 'well again'}")
        is_news = said or had_failed or was_silent or self._webhooks.counts != self._counted
        if is_news or beat.every_s > _HAND_IN_S:
            self._keep()

    def _failed(self, beat: Beat[Firm], why: str) -> None:
        pause_s = beat.failed(time.monotonic(), why)
        self._say(f"{beat.name}: failed ({beat.fails} in a row), again in {pause_s:.0f} s: {why}")
        self._keep()

    def _why(self, error: Exception) -> str:
        if isinstance(error, Away | FirmError):
            return str(error)
        where = traceback.extract_tb(error.__traceback__)[-1]
        bug = f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno}"
        if bug not in self._bugs:  # it may happen every minute for days
            self._bugs[bug] = self._report(error)
        return f"a bug of onefirm: {bug}; a log that is ready to paste: {self._bugs[bug]}"

    def _check(self) -> None:
        if self._stopping:
            raise Stopping

    # -- the firm ------------------------------------------------------------------------------------------------------

    def _opened(self) -> Firm:
        """The firm as its files are now: edited settings, a new token or schema count from the next beat on."""
        seen = [_stamp(self._root / name) for name in _FILES]
        if self._firm and (seen != self._seen or self._firm.records.outdated()):
            self._drop()
        if self._firm is None:
            self._firm, self._seen = open_firm(self._root, may_migrate=True, clock=self._clock), seen
        return self._firm

    def _drop(self) -> None:
        firm, self._firm = self._firm, None
        if firm:
            firm.close()

    def _keep(self, ended_at: str | None = None) -> None:
        now, at = time.monotonic(), self._clock.now()
        beats = tuple(
            BeatState(one.name, one.done_at, iso(at + timedelta(seconds=max(one.due - now, 0))), one.fails, one.trouble)
            for one in self._beats
        )
        address = self._receiver.address if self._receiver else ""
        self._counted = dict(self._webhooks.counts)
        said = Said(os.getpid(), self._since, iso(at), beats, address, self._counted, ended_at)
        try:
            service.keep(self._root, said)
        except OSError as error:  # a full disk is no reason to end: what it is kept for is only looked at
            self._say(f"what `service status` shows could not be written: {error.strerror}")

    # -- the beats -----------------------------------------------------------------------------------------------------

    def _hand_in(self, firm: Firm) -> str:
        """Writes that wait for the truth go there as soon as it can be reached."""
        done = firm.records.hand_in(self._check)
        if not done.reachable:
            raise Away(done.why)
        return _told({"handed in": done.done, "to decide": done.held})

    def _take_in(self, firm: Firm) -> str:
        """What lies in the drop folder is archived; what has reached its day expires."""
        done = firm.day.take_in(By(SYSTEM))
        return _told({"archived": len(done.archived), "left in drop/": len(done.left)})

    def _snapshot(self, firm: Firm) -> str:
        """What memory holds is committed to its own repository, where anything has come."""
        made = firm.day.snapshot_memory()
        return "" if made == "unchanged" else made

    def _rules(self, firm: Firm) -> str:
        """Once a week, by the calendar and whatever slept meanwhile, the operator is asked how to tidy the rules."""
        waiting = firm.consolidation.keep_up()
        return f"{waiting} question{'' if waiting == 1 else 's'} about your rules" if waiting else ""

    def _vectors(self, firm: Firm) -> str:
        """New passages get their vectors, where a model is in use; what a turn leaves is done in the next one."""
        return _told({"passages made vectors": firm.vectors.beat(_TURN_S, self._check)})

    def _pull(self, firm: Firm) -> str:
        """What changed at the truth is taken over. After a webhook's hint it is once more when lists have caught up."""
        hinted, self._hinted = self._hinted, False
        if hinted:
            self._not_before = time.monotonic() + _HINTS_APART_S
        self._pulls.every_s = firm.settings.service.pull_every_minutes * 60
        if hinted:
            self._pulls.every_s = min(self._pulls.every_s, _LAG_S)
        is_first = self._pulls.done_at is None
        return self._sync(firm, sweep=False) or ("nothing new" if is_first else "")

    def _sweep(self, firm: Firm) -> str:
        """So is what it has lost without telling."""
        return self._sync(firm, sweep=True)

    def _sync(self, firm: Firm, *, sweep: bool) -> str:
        report = firm.day.sync(_TURN_S, lambda records: records.sync(sweep=sweep, check=self._check))
        if report is None:
            return ""  # a session is pulling: that serves as well
        if not report.reachable:
            raise Away(report.why)
        return _told({"changed": len(report.pulled), "handed in": report.relayed, "to decide": report.conflicts})


def _is_running(root: Path) -> Refused:
    holder = service.lock(root).holder()
    who = f": process {holder.pid}, since {holder.since[:19]}Z" if holder and holder.pid else ""
    end = f", or end it first: kill {holder.pid}" if holder and holder.pid else ""
    return Refused(
        f"The service of this firm is running already{who}.", hint=f"`onefirm service status` says what it does{end}."
    )


def _stamp(path: Path) -> tuple[int, int]:
    """Changes when a file is replaced or edited; of the database, which is written all the time, when replaced."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_ino, 0 if path.suffix == ".db" else found.st_mtime_ns


def _told(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count)
