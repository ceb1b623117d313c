"""Bringing the mirror up to a truth that is far away, and never keeping anybody waiting for it.

A pull runs on a thread of its own. Who asks for one waits as long as onefirm.yaml says; what isn't done by then goes
on, and the mirror's age is told. One at a time pulls in a workspace, whichever process that is in.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Generator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Lock, Thread
from typing import TYPE_CHECKING

from onefirm.core.attribution import SYSTEM, By
from onefirm.core.clock import parse_iso
from onefirm.core.errors import FirmError
from onefirm.day.wording import clip
from onefirm.sessions import db, pulls
from onefirm.sessions.shapes import Patience
from onefirm.state.sync.report import SyncReport

if TYPE_CHECKING:
    from onefirm.day.planes import Planes
    from onefirm.state.records import Records

_log = logging.getLogger(__name__)
_WORDS = 300  # of a truth that can't be reached
_NAMED = 8
_ENDED = "onefirm: the pull that was under way"
_TURN_S = 120.0
_PAUSE_S = 0.05
_END_S = 5.0


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull brought: the refs that changed at the truth, and what must be told of the mirror's age."""

    refs: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


class Pulls:
    """The pulls of one open firm, shared between threads. `patience` is None for a truth that answers at once."""

    def __init__(self, patience: Patience | None = None) -> None:
        self._patience = patience
        self._lock = Lock()
        self._thread: Thread | None = None
        self._coming: Future[Pulled] | None = None
        self._told: Planes | None = None

    @property
    def goes_on(self) -> bool:
        """Whether somebody was told that a pull goes on."""
        return self._told is not None

    def whole(self, planes: Planes, by: By) -> Pulled:
        """Pull to the end; what another process is at is waited for no longer than a session would."""
        if self._patience is None:
            return _pull(planes, by)
        with turn(planes, self._patience["deadline_s"]) as ours:
            return _pull(planes, by) if ours else _going_on(planes)

    def sync(self, planes: Planes, wait_s: float, pull: Callable[[Records], SyncReport]) -> SyncReport | None:
        """A pull of the caller's own kind in its turn; None where somebody else was at one all that time."""
        if self._patience is None:
            return pull(planes.records)
        with turn(planes, wait_s) as ours:
            return pull(planes.records) if ours else None

    def within(
        self, planes: Planes, by: By, wait_s: float | None = None, before: Callable[[], object] = lambda: None
    ) -> Pulled:
        """Do what comes before it, and pull, in the background; what came of it within `wait_s` seconds (default: the
        firm's own deadline). A pull that is under way here is joined.
        """
        if self._patience is None:
            before()
            return _pull(planes, by)
        wait_s = self._patience["deadline_s"] if wait_s is None else wait_s
        try:
            return self._begun(planes, by, before).result(max(wait_s, 0.0))
        except TimeoutError:
            self._told = planes
            return _going_on(planes)

    def keep_up(self, planes: Planes) -> str:
        """Pull where the last one began too long ago; what must be told of the mirror's age, "" for nothing."""
        if self._patience is None:
            return ""
        if pulls.is_due(str(planes.root)) or (self._coming and not self._coming.done()):
            return "; ".join(self.within(planes, By(SYSTEM)).told)
        at = planes.records.synced_at()
        is_fresh = at and (planes.clock.now() - parse_iso(at)).total_seconds() < 2 * self._patience["every_s"]
        return "" if is_fresh else f"the mirror {_age(planes, at)}"

    def unless_under_way(self, planes: Planes) -> None:
        """One pull, unless somebody is at it."""
        with turn(planes, 0.0) as ours:
            if ours:
                _pull(planes, By(SYSTEM))

    def finish(self, session: str) -> None:
        """See the pull through that a session's brief didn't wait for, and keep for its next prompt what that brought,
        as far as the session may see it.
        """
        if self._told is None or self._coming is None:
            return
        try:
            done = self._coming.result()
            text = _brought(self._told.renewed(), done)
        except FirmError as error:
            text = f"{_ENDED} has ended: {error}"
        with db.writing(str(self._told.root)) as conn:
            pulls.promise(conn, session, text)

    def close(self) -> None:
        """Wait for what is under way: the truth was closed before, so it ends at its next question."""
        if self._thread:
            self._thread.join(_END_S)

    def _begun(self, planes: Planes, by: By, before: Callable[[], object]) -> Future[Pulled]:
        with self._lock:
            if self._coming is None or self._coming.done():
                self._coming = Future()
                given = (planes, by, before, self._coming)
                # a server must be able to end while a truth hangs
                self._thread = Thread(target=_run, args=given, name="pull", daemon=True)
                self._thread.start()
            return self._coming


@contextmanager
def turn(planes: Planes, wait_s: float) -> Generator[bool]:
    """The right to pull, one process of this machine at a time; False when somebody else had it all the while."""
    until = time.monotonic() + wait_s
    while (handle := pulls.take(str(planes.root))) is None and time.monotonic() < until:
        time.sleep(_PAUSE_S)
    try:
        yield handle is not None
    finally:
        if handle is not None:
            os.close(handle)


def _run(planes: Planes, by: By, before: Callable[[], object], coming: Future[Pulled]) -> None:
    try:
        before()
        with turn(planes, _TURN_S):  # whoever takes longer is waited for no longer: two at once do no harm
            coming.set_result(_pull(planes, by))
    except CancelledError:  # the firm was closed meanwhile
        coming.set_result(Pulled())
    except Exception as error:  # noqa: BLE001 - the thread's last handler
        _log.warning("the pull failed", exc_info=error)
        coming.set_exception(error)


def _pull(planes: Planes, by: By) -> Pulled:
    """Hand in what waits and pull what changed at the truth.

    A truth that can't be reached, or that suddenly lacks most records, is told; it never stops anything.
    """
    try:
        report = planes.records.sync(by)
        done = Pulled(report.pulled, _told(planes, report))
    except FirmError as error:
        done = Pulled(told=(str(error),))
    planes.project()
    return done


def _told(planes: Planes, report: SyncReport) -> tuple[str, ...]:
    if report.reachable:
        return ()
    why = f": {clip(report.why, _WORDS)}. What" if report.why else ": what"
    aged = _age(planes, report.synced_at)
    return (f"the truth can't be reached{why} stands here {aged}; writes wait and are handed in later",)


def _going_on(planes: Planes) -> Pulled:
    aged = _age(planes, planes.records.synced_at())
    return Pulled(told=(f"the mirror {aged}, pulling: what that brings comes with the next prompt, or by brief_get",))


def _brought(planes: Planes, done: Pulled) -> str:
    if done.told:
        return f"{_ENDED} has ended: {'; '.join(done.told)}"
    seen = [ref for ref in done.refs if planes.sight.sees([ref])]
    if not seen:
        return f"{_ENDED} is done: nothing had changed."
    more = f" and {len(seen) - _NAMED} more" if len(seen) > _NAMED else ""
    changed = f"{len(seen)} record{'s' * (len(seen) > 1)} changed: {', '.join(seen[:_NAMED])}{more}"
    return f"{_ENDED} is done, {changed}. brief_get tells how, record_get how they stand."


def _age(planes: Planes, at: str | None) -> str:
    return f"is {age(at, planes.clock.now())}" if at else "was never complete"


def age(at: str, now: datetime) -> str:
    """How old something is, in words."""
    minutes = max(0, int((now - parse_iso(at)).total_seconds() // 60))
    return f"{minutes} minutes old" if minutes < 120 else f"{minutes // 60} hours old"
