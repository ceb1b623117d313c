"""The write path. A process may die between any two steps; whoever comes next finds the claim and finishes it.

1. Everything is understood and checked; all mistakes are told at once.
2. One transaction: the changes are held against the records as they are, and the claim is put.
3. The truth is asked. Its answer is the read-back.
4. One transaction: mirror rows, ledger entries, the claim's end.
5. The receipts are projected.

Where the truth can't be reached, step 4 tells that the writes wait. Where its answer was lost, its effect is looked up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, cast

from sqlalchemy import Connection

from onefirm.core import canonical
from onefirm.core.attribution import By
from onefirm.core.errors import InvalidInput, Refused, Unavailable
from onefirm.core.ids import is_temporary, uuid7
from onefirm.state import claims, contradictions, drafts, mismatches, outcome, situation, values
from onefirm.state import home as homes
from onefirm.state import schema as schemas
from onefirm.state.changes import Change, Written
from onefirm.state.claims import Claim
from onefirm.state.drafts import Draft, Mistakes, Wanted
from onefirm.state.plane import Plane
from onefirm.state.relay import Relay
from onefirm.state.situation import Situation
from onefirm.state.sync.pull import Puller
from onefirm.state.truth.base import AnswerLost, Gone, Rejected, Stale, TruthRow, Unreachable

BUSY_WAIT_S = 20.0
_FIRST_PAUSE_S = 0.002
_LONGEST_PAUSE_S = 0.1
_LONGEST_KEY = 200


class _Busy(Exception):
    """Another write of these records is under way (`live`), or waits before this one."""

    def __init__(self, refs: Iterable[str], *, live: bool) -> None:
        super().__init__()
        self.refs = tuple(refs)
        self.live = live


class _Moved(Exception):
    """The truth's rows may differ from what the mirror says; `drafts` are what was going to be written."""

    def __init__(self, drafted: Sequence[Draft]) -> None:
        super().__init__()
        self.drafts = tuple(drafted)


class _Unknown(Exception):
    """The answer was lost, and the truth can't tell yet whether it has applied the write."""


class Writer:
    """Writes sets of changes, each set as one."""

    def __init__(self, plane: Plane, relay: Relay, puller: Puller) -> None:
        self._plane = plane
        self._relay = relay
        self._puller = puller

    def write(self, changes: Sequence[Change], by: By, key: str | None) -> list[Written]:
        """Write all changes or none; the answers in their order."""
        wanted = drafts.read(self._plane.reading, changes)
        return self.run(wanted, by, *_keyed(key, changes))

    def run(self, wanted: Sequence[Wanted], by: By, key: str, request: str | None = None) -> list[Written]:
        """Write what is understood already. Raises Unavailable when others keep the records busy."""
        values.check_reason(self._plane.reading, by)
        attempt = Attempt(self._plane, wanted, by, key, request)
        waited, pause = 0.0, _FIRST_PAUSE_S
        while waited < BUSY_WAIT_S:
            waited += _FIRST_PAUSE_S
            tried = self._try(attempt)
            if isinstance(tried, list):
                return tried
            if isinstance(tried, _Moved):
                attempt.learn(tried.drafts, reachable=self._refresh(tried.drafts))
            elif tried.live:
                self._plane.pause(pause)
                waited, pause = waited + pause, min(pause * 2, _LONGEST_PAUSE_S)
                attempt.wait_behind(live=True)
            else:
                self._relay.run(tried.refs)
                attempt.wait_behind(live=False)
        raise Unavailable("Another write of the same records has not ended.", hint="Try again in a minute.")

    def _refresh(self, drafted: Sequence[Draft]) -> bool:
        try:
            self._puller.refresh([draft.ref for draft in drafted if draft.op != "create"])
        except Unreachable:
            return False
        return True

    def _try(self, attempt: Attempt) -> list[Written] | _Busy | _Moved:
        """The answers, or why there are none yet."""
        try:
            with self._plane.store.write(durable=not self._plane.beside) as conn:
                done = attempt.claim(conn)
            if isinstance(done, Claim):
                self._plane.step("claimed")
                done = self._finish(done)
        except (_Busy, _Moved) as why:
            return why
        self._plane.project()
        return done

    def _finish(self, claim: Claim) -> list[Written]:
        try:
            rows = self._ask(claim)
        except Unreachable as error:
            return self._queue(claim, str(error) or "The truth could not be reached.", unknown=False)
        except _Unknown:
            return self._queue(claim, "The truth's answer was lost.", unknown=True)
        self._plane.step("applied")
        try:
            with self._plane.store.write() as conn:
                written = outcome.record(self._plane, conn, claim, rows)
        except Unavailable as error:
            raise Unavailable(
                f"The truth has the change, but it could not be noted here: {error.message}",
                hint=f"{error.hint} The next write, sync or start notes it; don't repeat it.",
            ) from error
        if written is None:
            raise _Busy(claim.refs, live=True)
        return written

    def _ask(self, claim: Claim) -> list[TruthRow]:
        """Ask the truth. Whatever is raised but Unreachable and _Unknown, the claim was given up before."""
        try:
            return self._plane.truth.apply([draft.write() for draft in claim.drafts if draft.op != "look"], claim.key)
        except Unreachable:
            raise
        except Stale as stale:
            self._give_up(claim, stale.taken_back)
            raise _Moved(claim.drafts) from None
        except Gone as gone:
            self._give_up(claim, gone.taken_back)
            self._puller.refresh(gone.refs)
            raise drafts.missing(", ".join(gone.refs)) from None
        except Rejected as rejected:
            self._give_up(claim, rejected.taken_back)
            mismatches.ask(self._plane)
            raise self._refused(rejected) from None
        except Exception as error:  # noqa: BLE001
            return self._look_up(claim, error)

    def _look_up(self, claim: Claim, error: Exception) -> list[TruthRow]:
        """What became of a write whose answer was lost, or that failed in a way the port doesn't know."""
        lost = isinstance(error, AnswerLost)
        try:
            rows = self._plane.truth.effect(claim.key)
        except Exception:  # noqa: BLE001
            if lost:
                raise _Unknown from None
            raise error from None  # the claim stays: whoever comes next looks the effect up
        if rows is not None:
            return rows
        if lost:
            raise Unreachable
        self._give_up(claim)
        raise error

    def _refused(self, rejected: Rejected) -> Refused:
        trash = outcome.taken_back(self._plane, rejected.taken_back)
        hint = "Nothing was written; mend that, then write again."
        if trash:
            hint = (
                "Nothing of it holds; mend that, then write all of it again, which makes new ones. Leave what lies in "
                "the trash where it is (it is archived here), or delete it there for good."
            )
        return Refused(f"{self._plane.truth.name} refuses this: {rejected}{trash}.", hint=hint)

    def _give_up(self, claim: Claim, taken_back: Sequence[TruthRow] = ()) -> None:
        with self._plane.store.write() as conn:
            if claims.settle(conn, claim):
                outcome.take_back(self._plane, conn, claim, taken_back)

    def _queue(self, claim: Claim, why: str, *, unknown: bool) -> list[Written]:
        with self._plane.store.write() as conn:
            if not claims.release(conn, claim, "waiting", self._plane.now(), why, unknown=unknown):
                raise _Busy(claim.refs, live=True)
            return outcome.queue(self._plane, conn, claim)


class Attempt:
    """One set of changes on its way to a claim, and what was learned from earlier tries."""

    def __init__(self, plane: Plane, wanted: Sequence[Wanted], by: By, key: str, request: str | None) -> None:
        self._plane = plane
        self._wanted = wanted
        self._by = by
        self._key = key
        self._request = request
        self._known = request is not None  # whether an answer under this key may be there
        self._behind = False  # what waits on these records was tried, and may wait still
        self._fresh = False  # the mirror was compared with the truth
        self._reachable = True
        self._seen: Mapping[str, Draft] = {}

    def learn(self, drafted: Sequence[Draft], *, reachable: bool) -> None:
        """The mirror was (or could not be) brought up to the truth."""
        self._fresh, self._reachable = True, reachable
        self._seen = {draft.ref: draft for draft in drafted}

    def wait_behind(self, *, live: bool) -> None:
        """Somebody was at these records; by now what waited there was tried."""
        self._known, self._behind = True, not live

    def claim(self, conn: Connection) -> Claim | list[Written]:
        """Hold the changes against the records and put the claim; or the answer, where the truth need not be asked.

        Raises _Busy, _Moved, SchemaMoved, and every refusal there is.
        """
        schemas.check_current(conn, self._plane.schema)
        homes.check(conn, self._plane)
        if self._known and (answer := self._earlier(conn)):
            return answer
        related = [ref for one in self._wanted for _, ref in drafts.related(one)]
        now = situation.look(conn, [one.ref for one in self._wanted if one.ref], related=related, lock=True)
        blocked = self._blockers(now)
        mistakes = Mistakes([Change(one.op, one.kind.name, one.ref) for one in self._wanted])
        situation.check_related(self._wanted, now, mistakes)
        mistakes.raise_any()
        waits = blocked or not self._reachable
        drafted = [self._draft(one, now, keep_equal=waits) for one in self._wanted]
        contradictions.check(conn, self._plane.schema, drafted, now, mistakes)
        mistakes.raise_any()
        if waits:
            return outcome.queue(self._plane, conn, self._put(conn, drafted, now, wait=True))
        self._check_unmoved(drafted)
        if all(draft.op == "look" for draft in drafted):
            return outcome.record(self._plane, conn, self._put(conn, drafted, now), []) or []
        return self._put(conn, drafted, now)

    def _earlier(self, conn: Connection) -> list[Written] | None:
        """The answer given before under this key; what waits still is tried once more first."""
        own = claims.one(conn, self._key)  # read first: it may end meanwhile, and its answer is there then
        answer = outcome.earlier(self._plane, conn, self._key, self._request)
        if own is None and answer and answer[0].receipt == "pending":
            raise Refused(
                f"That write of {answer[0].ref} waited, met a conflict and was dropped: nothing waits any more.",
                hint="Look at the record, and write what should hold under another key.",
            )
        if own and own.state != "held" and (answer is None or answer[0].receipt == "pending"):
            live = own.is_live(self._plane.now(), self._plane.ledger.chain_id)
            if live or not self._behind:
                raise _Busy(own.refs, live=live)
        return answer

    def _blockers(self, now: Situation) -> bool:
        """Whether an earlier write must come first. Raises _Busy where one is under way, or was not tried yet."""
        refs = {record.ref for record in now.records.values()} | {one.ref for one in self._wanted if one.ref}
        refs |= {ref for one in self._wanted for _, ref in drafts.related(one) if is_temporary(ref)}
        blockers = [claim for claim in claims.touching(now.claims, refs) if claim.state != "held"]
        moment, home = self._plane.now(), self._plane.ledger.chain_id
        if any(claim.is_live(moment, home) for claim in blockers):
            raise _Busy(refs, live=True)
        if blockers and not self._behind:
            raise _Busy(refs, live=False)
        held = (draft for claim in now.claims if claim.state == "held" for draft in claim.drafts)
        return bool(blockers) or any(draft.op == "create" and draft.ref in refs for draft in held)

    def _draft(self, one: Wanted, now: Situation, *, keep_equal: bool) -> Draft:
        drafted = drafts.draft(one, self._key, now.records.get(one.ref or ""), keep_equal=keep_equal)
        seen, current = self._seen.get(drafted.ref), now.records.get(one.ref or "")
        if seen and current:
            moved = [name for name in seen.set if seen.before.get(name) != current.props.get(name)]
            if moved and any(one.set.get(name) != current.props.get(name) for name in moved):
                raise drafts.stale(current, f"{', '.join(moved)} changed at the truth meanwhile", moved)
        return situation.resolved(drafted, self._plane.schema, now.meant)

    def _check_unmoved(self, drafted: Sequence[Draft]) -> None:
        # That a record has these values already is worth a receipt only if the truth says so now
        if not self._fresh and (looks := [draft for draft in drafted if draft.op == "look"]):
            raise _Moved(looks)

    def _put(self, conn: Connection, drafted: Sequence[Draft], now: Situation, *, wait: bool = False) -> Claim:
        at = claims.moment(now.claims, self._plane.now())
        home = self._plane.ledger.chain_id
        return claims.put(conn, self._key, drafted, self._by, at, home, request=self._request, wait=wait)


def _keyed(key: str | None, changes: Sequence[Change]) -> tuple[str, str | None]:
    """The effect key, and for one that the caller chose the fingerprint of what it stands for."""
    if key is None:
        return f"write:{uuid7()}", None
    if not 0 < len(key) <= _LONGEST_KEY or not key.isprintable():
        raise InvalidInput(
            f"A key has 1 to {_LONGEST_KEY} printable characters.", hint="Leave it out, or send a short id."
        )
    asked = [{**asdict(change), "set": _fingerprint(change.set)} for change in changes]
    return f"write:{key}", canonical.sha256_hex(canonical.dumps(asked))[:16]


def _fingerprint(sent: object) -> str:
    return repr(sorted(cast("Mapping[str, Any]", sent).items(), key=repr) if isinstance(sent, Mapping) else sent)
