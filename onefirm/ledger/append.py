"""Writing to the ledger, and the plain reads that everything else is built on."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, or_, select

from onefirm.core import canonical
from onefirm.core.attribution import By
from onefirm.core.clock import Clock, iso, parse_iso
from onefirm.core.errors import InvalidInput, NotFound, Refused
from onefirm.core.ids import uuid7
from onefirm.core.sight import WHOLE, Sight
from onefirm.ledger.events import GENESIS, KINDS, Event, Fields, Head, body_of, entry_hash, event_of
from onefirm.store.tables import chain, event, event_subject, payload

_COLUMNS = (*event.c, payload.c.body)
_JOINED = event.outerjoin(payload, payload.c.event_id == event.c.id)
# Built once: an append runs with every write, and building a statement takes longer than SQLite takes to run it.
_ENTER, _ENTER_PAYLOAD, _ENTER_SUBJECTS = event.insert(), payload.insert(), event_subject.insert()
_NEWEST = (
    select(event.c.chain_id, event.c.seq, event.c.hash, event.c.at)
    .where(event.c.chain_id == bindparam("chain_id"))
    .order_by(event.c.seq.desc())
    .limit(1)
)
_LATEST = (
    select(event.c.at, event.c.chain_id)
    .order_by(event.c.at.desc(), event.c.chain_id.desc(), event.c.seq.desc())
    .limit(1)
)
_ID_AT = select(event.c.id).where(event.c.chain_id == bindparam("chain_id"), event.c.seq == bindparam("seq"))
_BY_EFFECT = select(*_COLUMNS).select_from(_JOINED).where(event.c.effect_key == bindparam("effect_key"))
_CHAINS = select(chain.c.chain_id).order_by(chain.c.chain_id)
_IDS_AT_ONCE = 500  # databases bound the number of parameters of a statement
_ROWS_AT_ONCE = 1_000


class Ledger:
    """One installation's way into the ledger: it writes its own chain and reads all of them.

    Every method takes the connection of the caller's transaction: an entry is written together with what it tells.
    """

    def __init__(self, clock: Clock, chain_id: str) -> None:
        self._clock = clock
        self.chain_id = chain_id
        self.sight = WHOLE

    def behind(self, sight: Sight) -> Ledger:
        """The same ledger, whose `get` and `events` leave out what is hidden. What counts a limit counts it all."""
        seen = copy.copy(self)
        seen.sight = sight
        return seen

    def found(self, conn: Connection, host: str) -> None:
        """Begin this installation's chain, once."""
        if conn.execute(select(chain.c.chain_id).where(chain.c.chain_id == self.chain_id)).first() is None:
            conn.execute(chain.insert().values(chain_id=self.chain_id, host=host, created_at=iso(self._clock.now())))

    def append(
        self,
        conn: Connection,
        kind: str,
        data: Mapping[str, Any],
        *,
        subjects: Sequence[str],
        by: By,
        effect_key: str | None = None,
        version: int = 1,
    ) -> Event:
        """Write one entry and return it.

        With an `effect_key` that is in the ledger already nothing is written and that entry comes back, marked
        `repeated`. `data` must be JSON; `subjects` are refs, in order of importance. A kind that isn't in KINDS could
        never be read as a sentence: ValueError.
        """
        if kind not in KINDS:
            raise ValueError(f"unknown kind of entry: {kind}")
        self._take_turn(conn, effect_key)
        if effect_key is not None and (existing := self.effect(conn, effect_key)):
            return existing
        row, body = self._entry(conn, kind, data, tuple(dict.fromkeys(subjects)), by, effect_key, version)
        conn.execute(_ENTER, row)
        conn.execute(_ENTER_PAYLOAD, {"event_id": row["id"], "body": body})
        if refs := json.loads(row["subjects"]):
            conn.execute(_ENTER_SUBJECTS, [{"ref": ref, "event_id": row["id"], "at": row["at"]} for ref in refs])
        return event_of({**row, "body": body})

    def _entry(
        self,
        conn: Connection,
        kind: str,
        data: Mapping[str, Any],
        subjects: Sequence[str],
        by: By,
        effect_key: str | None,
        version: int,
    ) -> tuple[dict[str, Any], str]:
        head = self._newest(conn, self.chain_id)
        body = body_of(data, by.reason, os.urandom(16).hex())
        row: dict[str, Any] = {
            "chain_id": self.chain_id,
            "seq": head["seq"] + 1 if head else 1,
            "id": uuid7(),
            "at": self._instant(conn),
            "actor": by.actor,
            "session": by.session,
            "kind": kind,
            "version": version,
            "subjects": canonical.dumps(list(subjects)),
            "cause": by.cause,
            "effect_key": effect_key,
            "payload_sha256": canonical.sha256_hex(body),
            "prev": head["hash"] if head else GENESIS,
        }
        return {**row, "hash": entry_hash(row)}, body

    def _instant(self, conn: Connection) -> str:
        """The present, or a moment after the newest entry of any chain: a clock set back must not reorder the ledger.

        A moment, and not the same instant: who asks for what came after that entry must be given this one.
        """
        now = iso(self._clock.now())
        latest = conn.execute(_LATEST).first()
        if latest is None or latest.at < now or (latest.at == now and latest.chain_id == self.chain_id):
            return now
        try:
            return iso(parse_iso(latest.at) + timedelta(microseconds=1))
        except (InvalidInput, OverflowError):  # the newest entry's time is damaged: `verify` names it, work goes on
            return now

    def _take_turn(self, conn: Connection, effect_key: str | None) -> None:
        """Wait for other writers; on SQLite a write transaction is alone anyway.

        1. Lock the chain's row: two writers of one chain come one after the other.
        2. Lock the effect: of two chains that record it at once, the second finds the first's entry. Taken after the
           chain, so that two writers of one chain can't hold one lock each.
        """
        if conn.dialect.name == "sqlite":
            return
        conn.execute(select(chain.c.chain_id).where(chain.c.chain_id == self.chain_id).with_for_update()).one()
        if effect_key is not None:
            conn.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(effect_key, 0))))

    def erase(self, conn: Connection, event_ids: Sequence[str], by: By, *, subjects: Sequence[str] = ()) -> Event:
        """Erase the payloads and reasons of these entries for good; the tombstone is an entry of its own.

        Whatever else knows their words is for `day.erase`.

        Raises NotFound for an unknown entry, Refused for a tombstone (the proof of an erasure stays) and when all of
        them are erased already.
        """
        wanted = tuple(dict.fromkeys(event_ids))
        erasable = [name for batch in _batches(wanted) for name in _erasable(conn, batch)]
        if not erasable:
            raise Refused("Nothing was erased: these entries hold no payload any more.")
        tombstone = self.append(conn, "payload.erased", {"events": erasable}, subjects=subjects, by=by)
        for batch in _batches(erasable):
            erased = payload.update().where(payload.c.event_id.in_(batch))
            conn.execute(erased.values(body=None, tombstone=tombstone.id))
        return tombstone

    # -- reading -------------------------------------------------------------------------------------------------------

    def head(self, conn: Connection, chain_id: str | None = None) -> Head | None:
        """The newest entry of a chain (by default our own); None for an empty one."""
        row = self._newest(conn, chain_id or self.chain_id)
        return Head(row["chain_id"], row["seq"], row["hash"]) if row else None

    def chains(self, conn: Connection) -> Sequence[str]:
        """Every chain there is, by its id."""
        return conn.execute(_CHAINS).scalars().all()

    def heads(self, conn: Connection) -> list[Head]:
        """The head of every chain that has entries, by chain id."""
        return [head for name in self.chains(conn) if (head := self.head(conn, name))]

    def _newest(self, conn: Connection, chain_id: str) -> Fields | None:
        return conn.execute(_NEWEST, {"chain_id": chain_id}).mappings().first()

    def get(self, conn: Connection, event_id: str) -> Event | None:
        """The entry with this id."""
        row = conn.execute(_all().where(event.c.id == event_id)).mappings().first()
        return next(iter(self._seen([event_of(row)])), None) if row else None

    def id_at(self, conn: Connection, chain_id: str, seq: int) -> str | None:
        """The id of a chain's entry with this number."""
        return conn.execute(_ID_AT, {"chain_id": chain_id, "seq": seq}).scalar()

    def effect(self, conn: Connection, effect_key: str) -> Event | None:
        """The entry that recorded an effect, if it was recorded."""
        row = conn.execute(_BY_EFFECT, {"effect_key": effect_key}).mappings().first()
        return event_of(row, repeated=True) if row else None

    def events(
        self,
        conn: Connection,
        *,
        ref: str | None = None,
        kinds: Sequence[str] | None = None,
        without: Sequence[str] = (),
        session: str | None = None,
        cause: str | None = None,
        since_at: str | None = None,
        until_at: str | None = None,
        after_seq: int | None = None,
        chain_id: str | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[Event]:
        """Entries that pass every filter given, in time order (then chain and seq).

        `since_at` is exclusive and `until_at` inclusive, both in the form of `core.clock.iso`; a kind that ends in `.`
        stands for all kinds below it (`record.`); kinds in `without` are left out; `after_seq` needs `chain_id` to mean
        anything.
        """
        query = _filtered(ref, kinds, since_at, until_at, after_seq)
        if without:
            query = query.where(event.c.kind.not_in(without))
        exact = {event.c.session: session, event.c.cause: cause, event.c.chain_id: chain_id}
        query = query.where(*(column == value for column, value in exact.items() if value is not None))
        order = (event.c.at, event.c.chain_id, event.c.seq)
        query = query.order_by(*(column.desc() for column in order) if newest_first else order).limit(limit)
        return self._seen([event_of(row) for row in conn.execute(query).mappings()])

    def _seen(self, events: list[Event]) -> list[Event]:
        return events if self.sight is WHOLE else [one for one in events if is_seen(one, self.sight)]

    def stream(
        self,
        conn: Connection,
        *,
        ref: str | None = None,
        kinds: Sequence[str] | None = None,
        since_at: str | None = None,
        until_at: str | None = None,
    ) -> Iterator[Event]:
        """As `events`, one by one in constant memory: for exports."""
        query = _filtered(ref, kinds, since_at, until_at, None).order_by(event.c.at, event.c.chain_id, event.c.seq)
        for row in conn.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE}).mappings():
            yield event_of(row)


def is_seen(told: Event, sight: Sight) -> bool:
    """Whether an entry tells of nothing hidden. One of a session, or of a file, may name what it has no subject for."""
    if not sight.client:
        return True
    path = str((told.payload or {}).get("path", ""))
    names_all = bool(told.subjects) or not told.kind.startswith(("session.", "narrative."))
    return sight.sees(told.subjects) and not sight.hides_path(path) and (names_all or bool(path))


def _filtered(
    ref: str | None, kinds: Sequence[str] | None, since_at: str | None, until_at: str | None, after_seq: int | None
) -> Select[Any]:
    query = _all() if ref is None else _all(event_subject, event_subject.c.event_id == event.c.id)
    if ref is not None:
        query = query.where(event_subject.c.ref == ref)
    if kinds:
        query = query.where(_any_kind(kinds))
    if since_at is not None:
        query = query.where(event.c.at > since_at)
    if until_at is not None:
        query = query.where(event.c.at <= until_at)
    return query.where(event.c.seq > after_seq) if after_seq is not None else query


def _all(*join: Any) -> Select[Any]:
    return select(*_COLUMNS).select_from(_JOINED.join(*join) if join else _JOINED)


def _any_kind(kinds: Sequence[str]) -> Any:
    return or_(*(event.c.kind.startswith(kind) if kind.endswith(".") else event.c.kind == kind for kind in kinds))


def _batches(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[start : start + _IDS_AT_ONCE] for start in range(0, len(names), _IDS_AT_ONCE))


def _erasable(conn: Connection, names: Sequence[str]) -> list[str]:
    query = select(event.c.id, event.c.kind, payload.c.body.is_not(None)).select_from(_JOINED)
    found = {name: (kind, held) for name, kind, held in conn.execute(query.where(event.c.id.in_(names)))}
    for name in names:
        if name not in found:
            raise NotFound(f"There is no entry {name[:60]} in the ledger.", hint="`onefirm ledger log` lists them.")
        if found[name][0] == "payload.erased":
            raise Refused(f"Entry {name} is the proof of an erasure and stays.")
    return [name for name in names if found[name][1]]
