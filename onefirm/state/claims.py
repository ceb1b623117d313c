"""Claims: which writes are under way or waiting, and so which records nobody else may write meanwhile.

A claim is a row of the outbox. It is put, together with the write it stands for, before the truth is asked, and is
deleted in the transaction that records the outcome: whoever finds one knows what to finish. While a claim is leased,
its records are its own; that keeps the order of the ledger's entries the order of the truth's changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias, cast

from sqlalchemy import Connection, select

from onefirm.core.attribution import By
from onefirm.core.clock import iso, parse_iso
from onefirm.core.ids import REF, is_temporary, uuid7
from onefirm.ledger.events import Fields
from onefirm.state import holder
from onefirm.state.drafts import Draft
from onefirm.store import outbox, tables

TOPIC = "truth.write"
LEASE_S = 120.0
"""Longer than any one call of a truth, its retries among them."""
_DRAFT_S, _READ_S = 10.0, 4.0  # for each of many: a truth far away may take some a second, and pauses
_EVERY = (
    select(tables.outbox)
    .where(tables.outbox.c.topic == TOPIC)
    .order_by(tables.outbox.c.created_at, tables.outbox.c.key)
)
ClaimState: TypeAlias = Literal["waiting", "leased", "held"]


@dataclass(frozen=True, slots=True)
class Claim:
    """One set of drafts under its effect key.

    `queued` tells that the ledger says it waits; `unknown`, that the truth may have applied it; `request` is the
    fingerprint of what was asked. A claim without drafts only reads: it keeps `refs` from being written meanwhile.
    """

    key: str
    state: ClaimState
    drafts: tuple[Draft, ...]
    by: By
    request: str | None
    queued: bool
    unknown: bool
    holder: str
    reads: tuple[str, ...]
    lease: str | None
    leased_until: str | None
    attempts: int
    created_at: str
    not_before: str
    last_error: str | None

    @property
    def refs(self) -> frozenset[str]:
        """The refs of all its records, temporary ones for those that it creates."""
        return frozenset((*self.reads, *(draft.ref for draft in self.drafts)))

    @property
    def needs(self) -> frozenset[str]:
        """Temporary refs that its values point at: their creation comes first."""
        values = (value for draft in self.drafts for value in draft.set.values())
        items = (
            item for value in values for item in (cast("list[Any]", value) if isinstance(value, list) else [value])
        )
        return frozenset(item for item in items if isinstance(item, str) and REF.fullmatch(item) and is_temporary(item))

    def is_live(self, now: datetime, installation: str) -> bool:
        """Whether somebody is at it: leased, in time, and by a process that isn't surely dead."""
        if self.state != "leased" or (self.leased_until or "") < iso(now):
            return False
        return not holder.is_dead(self.holder, installation)


def put(
    conn: Connection,
    key: str,
    drafts: Sequence[Draft],
    by: By,
    now: datetime,
    installation: str,
    *,
    request: str | None = None,
    reads: Sequence[str] = (),
    wait: bool = False,
) -> Claim:
    """Make a claim: leased by this process, or (`wait`) left to whoever relays."""
    payload = {
        "drafts": [draft.to_dict() for draft in drafts], "by": asdict(by), "request": request, "queued": wait,
        "unknown": False, "holder": holder.me(installation), "reads": list(reads),
    }  # fmt: skip
    lease_s = _lease_s(drafts, reads)
    lease = outbox.put(conn, TOPIC, key, payload, now, lease_s=None if wait else lease_s)
    until = None if wait else iso(now + timedelta(seconds=lease_s))
    return _claim(key, "waiting" if wait else "leased", payload, lease, until, 0 if wait else 1, iso(now))


def every(conn: Connection) -> list[Claim]:
    """All claims, oldest first."""
    found = conn.execute(_EVERY).mappings()
    return [_of(row) for row in found]


def one(conn: Connection, key: str) -> Claim | None:
    """The claim with this key."""
    row = conn.execute(select(tables.outbox).where(tables.outbox.c.key == key)).mappings().first()
    return _of(row) if row else None


def take(conn: Connection, claim: Claim, now: datetime, installation: str) -> Claim | None:
    """Lease a claim that waits or whose holder is gone; None when somebody else was faster.

    Nobody knows how far a holder that is gone had come: the truth may have applied its write.
    """
    lease, until = uuid7(), iso(now + timedelta(seconds=_lease_s(claim.drafts, claim.reads)))
    same = tables.outbox.c.lease.is_(None) if claim.lease is None else tables.outbox.c.lease == claim.lease
    where = (tables.outbox.c.key == claim.key, tables.outbox.c.state == claim.state, same)
    current = conn.execute(select(tables.outbox).where(*where).with_for_update()).mappings().first()
    if current is None:
        return None
    payload = {**current["payload"], "holder": holder.me(installation)}
    payload["unknown"] = payload["unknown"] or claim.state == "leased"
    attempts = current["attempts"] + 1
    values = {"state": "leased", "lease": lease, "leased_until": until, "attempts": attempts, "payload": payload}
    conn.execute(tables.outbox.update().where(tables.outbox.c.key == claim.key).values(**values))
    return _of({**dict(current), **values})


def settle(conn: Connection, claim: Claim) -> bool:
    """Delete a finished claim; False when its lease is no longer ours, and then nothing may be recorded."""
    return claim.lease is not None and outbox.done(conn, claim.key, claim.lease)


def release(
    conn: Connection, claim: Claim, state: ClaimState, now: datetime, error: str, *, unknown: bool | None = None
) -> bool:
    """Give the lease back: `waiting` for a later try, `held` for the operator. False when it is no longer ours."""
    pause = timedelta(seconds=min(2 ** min(claim.attempts, 12), 1800))
    payload = {**_payload(claim), "queued": True, "unknown": claim.unknown if unknown is None else unknown}
    values = {
        "state": state, "lease": None, "leased_until": None, "last_error": error[:500], "payload": payload,
        "not_before": iso(now + pause) if state == "waiting" else claim.not_before,
    }  # fmt: skip
    mine = (tables.outbox.c.key == claim.key, tables.outbox.c.lease == claim.lease)
    return bool(conn.execute(tables.outbox.update().where(*mine).values(**values)).rowcount)


def revise(conn: Connection, claim: Claim, drafts: Sequence[Draft], by: By | None = None) -> bool:
    """Replace the drafts of a claim; False when it has changed hands since."""
    payload = {**_payload(claim), "drafts": [draft.to_dict() for draft in drafts], "by": asdict(by or claim.by)}
    same = tables.outbox.c.lease.is_(None) if claim.lease is None else tables.outbox.c.lease == claim.lease
    statement = tables.outbox.update().where(tables.outbox.c.key == claim.key, same)
    return bool(conn.execute(statement.values(payload=payload)).rowcount)


def reopen(conn: Connection, key: str, now: datetime) -> None:
    """Let a held claim be relayed again, at once."""
    values = {"state": "waiting", "not_before": iso(now), "attempts": 0, "last_error": None}
    conn.execute(tables.outbox.update().where(tables.outbox.c.key == key).values(**values))


def moment(found: Sequence[Claim], now: datetime) -> datetime:
    """An instant later than every claim's, so that claims of one moment keep their order."""
    return max([now, *(parse_iso(claim.created_at) + timedelta(microseconds=1) for claim in found)])


def touching(claims: Iterable[Claim], refs: Iterable[str]) -> list[Claim]:
    """The claims that concern any of these refs."""
    wanted = frozenset(refs)
    return [claim for claim in claims if claim.refs & wanted]


def _lease_s(drafts: Sequence[Draft], reads: Sequence[str]) -> float:
    return max(LEASE_S, _DRAFT_S * len(drafts), _READ_S * len(reads))


def _payload(claim: Claim) -> dict[str, Any]:
    return {
        "drafts": [draft.to_dict() for draft in claim.drafts], "by": asdict(claim.by), "request": claim.request,
        "queued": claim.queued, "unknown": claim.unknown, "holder": claim.holder, "reads": list(claim.reads),
    }  # fmt: skip


def _of(row: Fields) -> Claim:
    return _claim(
        row["key"], row["state"], row["payload"], row["lease"], row["leased_until"], row["attempts"],
        row["created_at"], row["not_before"], row["last_error"],
    )  # fmt: skip


def _claim(
    key: str,
    state: ClaimState,
    payload: Mapping[str, Any],
    lease: str | None,
    leased_until: str | None,
    attempts: int,
    created_at: str,
    not_before: str | None = None,
    last_error: str | None = None,
) -> Claim:
    drafts = tuple(Draft(**draft) for draft in payload["drafts"])
    return Claim(
        key, state, drafts, By(**payload["by"]), payload["request"], payload["queued"], payload["unknown"],
        payload["holder"], tuple(payload["reads"]), lease, leased_until, attempts, created_at,
        not_before or created_at, last_error,
    )  # fmt: skip
