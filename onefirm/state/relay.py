"""Finishing what was begun or had to wait: each write exactly once, in order for each record.

A write that may have been applied is looked up by its key first. One that surely was not is held against what the
truth says now: properties that nobody else touched are written; where somebody did, nothing is overwritten and the
operator is asked.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from onefirm.core.ids import is_temporary
from onefirm.state import claims, conflicts, mirror, mismatches, outcome, situation
from onefirm.state import schema as schemas
from onefirm.state.claims import Claim
from onefirm.state.conflicts import Clash
from onefirm.state.drafts import Draft
from onefirm.state.plane import Plane
from onefirm.state.truth.base import AnswerLost, Gone, Rejected, Stale, TruthRow, Undecided, Unreachable, Unsure

_TRIES = 5
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Relayed:
    """What one run did, counted in writes. `reachable` is False when the truth could not be asked; `why` says why."""

    done: int = 0
    held: int = 0
    reachable: bool = True
    why: str = ""


class _Waits(Exception):
    """The truth can't be asked now; `unknown` tells that the write may have been applied."""

    def __init__(self, unknown: bool, why: str, *, away: bool = True) -> None:
        super().__init__(why)
        self.away = away
        self.unknown = unknown


class _Taken(Exception):
    """The claim has changed hands: somebody else finishes it."""


class Relay:
    """Works the claims off."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    def run(self, refs: Iterable[str] | None = None, check: Callable[[], None] = lambda: None) -> Relayed:
        """Deliver every claim that nobody is at (or those that concern these refs, and what must come before them).

        `check` is called before each, where it may end the run by raising.
        """
        report, tried = Relayed(), set[str]()
        wanted = None if refs is None else frozenset(refs)
        check()
        while report.reachable and (claim := self._next(wanted, tried)):
            tried.add(claim.key)
            self._deliver(claim, report)
            check()
        if report.done or report.held:
            self._plane.project()
        return report

    def _next(self, wanted: frozenset[str] | None, tried: set[str]) -> Claim | None:
        with self._plane.store.read() as conn:
            if schemas.version(conn) != self._plane.schema.version:
                return None  # what a newer schema let in is for those who know it
            found = claims.every(conn)
        now, home = self._plane.now(), self._plane.ledger.chain_id
        free = [claim for claim in ready(found, wanted) if claim.key not in tried and not claim.is_live(now, home)]
        for claim in free:
            with self._plane.store.write() as conn:
                if taken := claims.take(conn, claim, now, home):
                    return taken
        return None

    def _deliver(self, claim: Claim, report: Relayed) -> None:
        try:
            self._finish(claim, report)
        except _Waits as waits:
            if waits.away:
                report.reachable, report.why = False, str(waits)
            self._postpone(claim, str(waits), unknown=waits.unknown)
        except _Taken:
            pass
        except Exception as error:  # noqa: BLE001
            # one poisoned write must not stop the others; its reason stands with it
            _log.exception("the write %s could not be delivered", claim.key)
            self._postpone(claim, repr(error), unknown=True)

    def _postpone(self, claim: Claim, why: str, *, unknown: bool) -> None:
        with self._plane.store.write() as conn:
            kept = claims.release(conn, claim, "waiting", self._plane.now(), why, unknown=unknown)
            if kept and not claim.queued:  # its process died before it could tell
                outcome.queue(self._plane, conn, claim)

    def _finish(self, claim: Claim, report: Relayed) -> None:
        try:
            rows = self._effect(claim) if claim.drafts and claim.unknown else None
        except Unsure as unsure:
            self._ask(claim, unsure, report)
            return
        for _ in range(_TRIES):
            if rows is not None or not claim.drafts:
                self._record(claim, rows or [], report)
                return
            claim, clashes = self._rebase(claim)
            if not clashes:
                rows, clashes = self._apply(claim)
            if clashes:
                self._hold(claim, clashes, report)
                return
        raise _Waits(False, "The record keeps changing while this is written.")

    def _record(self, claim: Claim, rows: Sequence[TruthRow], report: Relayed) -> None:
        self._plane.step("relayed")
        with self._plane.store.write() as conn:
            if outcome.record(self._plane, conn, claim, rows) is not None and claim.drafts:
                report.done += 1

    def _effect(self, claim: Claim) -> list[TruthRow] | None:
        try:
            return self._plane.truth.effect(claim.key)
        except (Unreachable, AnswerLost) as error:
            raise _Waits(True, _why(error), away=not isinstance(error, Undecided)) from None

    def _ask(self, claim: Claim, unsure: Unsure, report: Relayed) -> None:
        """Ask the operator whether creates made what is there: they are never sent a second time unasked."""
        wrote = [draft for draft in claim.drafts if draft.op != "look"]
        clashes, named = list[Clash](), dict[int, list[str]]()
        for number, rows in unsure.candidates.items():
            draft = wrote[number]
            alike = [row for row in rows if row.props.get("title") == draft.title] or list(rows)
            named[number] = [row.ref for row in alike]
            problem = f"{self._plane.truth.name} may have created it already as {' or '.join(named[number][:3])}"
            theirs = {name: alike[0].props.get(name) for name in draft.set}
            clashes.append(Clash(draft, alike[0], dict(draft.set), theirs, problem))
        self._hold(claim, clashes, report, named)

    def _rebase(self, claim: Claim) -> tuple[Claim, list[Clash]]:
        """Hold the drafts against the truth as it is, and let the mirror say the same first."""
        claim = self._named(claim)
        if clashes := self._dangling(claim):
            return claim, clashes
        try:
            rows = self._plane.truth.read([draft.ref for draft in claim.drafts if draft.op != "create"])
        except (Unreachable, AnswerLost) as error:
            raise _Waits(False, _why(error)) from None
        merged = [merge(draft, rows.get(draft.ref)) for draft in claim.drafts]
        with self._plane.store.write() as conn:
            drafts = [one for one in merged if isinstance(one, Draft)]
            kept = drafts if len(drafts) == len(merged) else claim.drafts
            if not claims.revise(conn, claim, kept):
                raise _Taken
            self._take_over(conn, rows)
        return replace(claim, drafts=tuple(kept)), [one for one in merged if isinstance(one, Clash)]

    def _named(self, claim: Claim) -> Claim:
        """The claim with the refs that the truth has given since to what it calls by temporary ones."""
        temporary = [ref for ref in claim.refs | claim.needs if is_temporary(ref)]
        if not temporary:
            return claim
        with self._plane.store.read() as conn:
            meant = mirror.aliases(conn, temporary)
        drafts = tuple(situation.resolved(draft, self._plane.schema, meant) for draft in claim.drafts)
        return replace(claim, drafts=drafts)

    def _dangling(self, claim: Claim) -> list[Clash]:
        """The drafts that point at a record which is never created now."""
        with self._plane.store.read() as conn:
            lost = situation.dangling(conn, claim.needs)
        problem = f"it points at {', '.join(lost)}, which was never created"
        pointing = [draft for draft in claim.drafts if replace(claim, drafts=(draft,)).needs.intersection(lost)]
        return [Clash(draft, None, dict(draft.set), {}, problem) for draft in pointing]

    def _take_over(self, conn: Connection, rows: Mapping[str, TruthRow]) -> None:
        known = mirror.load(conn, rows, lock=True)
        for ref, row in rows.items():
            outcome.take_over(self._plane, conn, row, known.get(ref))

    def _apply(self, claim: Claim) -> tuple[list[TruthRow] | None, list[Clash]]:
        """The truth's rows; None when it has to be held against them again."""
        writes = [draft.write() for draft in claim.drafts if draft.op != "look"]
        try:
            return (self._plane.truth.apply(writes, claim.key) if writes else []), []
        except Unreachable as error:
            raise _Waits(False, _why(error)) from None
        except AnswerLost:
            try:
                return self._effect(claim), []
            except Unsure as error:  # asked about when it is next taken up
                raise _Waits(True, str(error)) from None
        except (Stale, Gone) as moved:
            self._take_back(claim, moved.taken_back)
            return None, []
        except Rejected as rejected:
            self._take_back(claim, rejected.taken_back)
            mismatches.ask(self._plane)
            trash = outcome.taken_back(self._plane, rejected.taken_back)
            problem = f"{self._plane.truth.name} refuses it: {rejected}{trash}"
            return None, [Clash(draft, None, dict(draft.set), {}, problem) for draft in claim.drafts]

    def _take_back(self, claim: Claim, rows: Sequence[TruthRow]) -> None:
        if rows:
            with self._plane.store.write() as conn:
                outcome.take_back(self._plane, conn, claim, rows)

    def _hold(
        self, claim: Claim, clashes: Sequence[Clash], report: Relayed, unsure: Mapping[int, Sequence[str]] | None = None
    ) -> None:
        with self._plane.store.write() as conn:
            if not claim.queued:  # its process died before it could tell
                outcome.queue(self._plane, conn, claim)
            if conflicts.hold(self._plane, conn, claim, clashes, unsure):
                report.held += 1


def ready(found: Sequence[Claim], wanted: frozenset[str] | None = None) -> list[Claim]:
    """The claims that nothing before them stands in the way of, oldest first.

    A claim waits for every earlier one of the same records, and for the creation of records that it points at; a held
    claim keeps back only what needs the record that it would create. `wanted` asks for those that concern some refs,
    and for what must come before them.
    """
    chosen, busy = found if wanted is None else _leading_to(found, wanted), set[str]()
    free: list[Claim] = []
    for claim in chosen:
        blocked = (claim.refs | claim.needs) & busy
        busy |= claim.refs if claim.state != "held" else {d.ref for d in claim.drafts if d.op == "create"}
        if not blocked and claim.state != "held":
            free.append(claim)
    return free


def _leading_to(found: Sequence[Claim], wanted: frozenset[str]) -> list[Claim]:
    chosen: list[Claim] = []
    for claim in reversed(found):
        if claim.refs & wanted:
            chosen.append(claim)
            wanted |= claim.refs | claim.needs
    return chosen[::-1]


def merge(draft: Draft, row: TruthRow | None) -> Draft | Clash:
    """A draft held against its row as it is now: what is left to write, or what both sides changed.

    The present value counts against the one that the draft saw: equal, ours is written; equal to ours, nothing is left
    to do; anything else was changed by somebody else meanwhile.
    """
    if draft.op == "create":
        return draft
    if row is None:
        return Clash(draft, None, dict(draft.set), {}, "the truth has this record no longer")
    if draft.op in ("archive", "restore"):
        done = row.archived == (draft.op == "archive")
        return replace(draft, op="look" if done else draft.op, base=row.etag)
    return _merge_values(draft, row)


def _merge_values(draft: Draft, row: TruthRow) -> Draft | Clash:
    now = {name: (draft.before if name in row.unsaid else row.props).get(name) for name in draft.set}
    left = {name: value for name, value in draft.set.items() if now[name] != value}
    theirs = {name: now[name] for name in left if now[name] != draft.before.get(name)}
    if left and row.archived:
        return Clash(draft, row, left, {"archived": True}, "it was archived")
    if theirs:
        return Clash(draft, row, {name: left[name] for name in theirs}, theirs, "both sides changed it")
    before = {name: now[name] for name in left}
    return replace(draft, op="update" if left else "look", base=row.etag, set=left, before=before)


def _why(error: Exception) -> str:
    return str(error) or "The truth could not be reached."
