"""Taking over what changed at the truth.

Rows that differ are read again under a claim of their own, so that no write of ours is under way meanwhile and none of
them is mistaken for somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select

from onefirm.core.attribution import SYSTEM, By
from onefirm.core.clock import iso
from onefirm.core.ids import is_temporary, uuid7
from onefirm.state import claims, mirror, outcome
from onefirm.state import schema as schemas
from onefirm.state.claims import Claim
from onefirm.state.plane import Plane
from onefirm.state.sync.plan import plan, plan_gone
from onefirm.state.truth.base import TruthError, Unreachable
from onefirm.store import tables

WATERMARK = "truth.watermark"
SYNCED_AT = "truth.synced_at"
_AT_ONCE = 500
_BUSY_WAIT_S = 20.0
_PAUSE_S = 0.01


class Puller:
    """Brings mirror rows up to the truth."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    def refresh(self, refs: Iterable[str]) -> frozenset[str]:
        """Make sure that the mirror has these rows as the truth has them now; the refs that were taken over.

        A row that one of our own unfinished writes may have changed is left to whoever finishes that write. Raises
        Unreachable.
        """
        wanted = sorted({ref for ref in refs if not is_temporary(ref)})
        rows = self._plane.truth.read(wanted)
        with self._plane.store.read() as conn:
            known = mirror.load(conn, wanted)
        differing = [pull.row.ref for pull in plan(rows.values(), known)]
        lost = [ref for ref in wanted if ref not in rows and ref in known and not known[ref].archived]
        return self._take(differing + lost) if differing or lost else frozenset()

    def pull(self) -> tuple[frozenset[str], bool]:
        """Take over everything that changed since the last time; what was taken, and whether that was all.

        Raises Unreachable. The watermark moves only when nothing had to be left out.
        """
        with self._plane.store.read() as conn:
            watermark = _setting(conn, WATERMARK)
        rows, reached = self._plane.truth.changed_since(watermark)
        with self._plane.store.read() as conn:
            known = mirror.load(conn, (row.ref for row in rows))
            found = claims.every(conn)
        ours = self._being_created(found)
        wanted = [pull.row.ref for pull in plan(rows, known)]
        taken = self._take([ref for ref in wanted if ref not in ours])
        whole = taken.issuperset(wanted)
        if whole:
            self._remember(reached if reached != watermark else None)
        return taken, whole

    def sweep(self) -> frozenset[str]:
        """Find rows that the truth has lost without telling; the refs that were archived here.

        Raises Unreachable, and Refused when it seems to have lost most of them.
        """
        there = self._plane.truth.ids()
        query = select(tables.record.c.ref).where(tables.record.c.archived.is_(False))
        with self._plane.store.read() as conn:
            mirrored = frozenset(conn.execute(query).scalars())
        return self._take(plan_gone(there, mirrored))

    def _being_created(self, found: Iterable[Claim]) -> frozenset[str]:
        """Refs of records that our own unfinished writes have created at the truth."""
        creating = [c for c in found if c.state == "leased" or c.unknown if any(d.op == "create" for d in c.drafts)]
        return frozenset(row.ref for claim in creating for row in self._plane.truth.effect(claim.key) or ())

    def _take(self, refs: Sequence[str]) -> frozenset[str]:
        taken: frozenset[str] = frozenset()
        for start in range(0, len(refs), _AT_ONCE):
            taken |= self._take_some(refs[start : start + _AT_ONCE])
        if taken:
            self._plane.project()
        return taken

    def _take_some(self, refs: Sequence[str]) -> frozenset[str]:
        claim = self._claim(refs)
        if claim is None:
            return frozenset()
        try:
            rows = self._plane.truth.read(claim.reads)
        except TruthError:
            with self._plane.store.write() as conn:
                claims.settle(conn, claim)
            raise Unreachable from None
        self._plane.step("read")
        with self._plane.store.write() as conn:
            if not claims.settle(conn, claim):
                return frozenset()
            known = mirror.load(conn, claim.reads, lock=True)
            for ref in claim.reads:
                if ref in rows:
                    outcome.take_over(self._plane, conn, rows[ref], known.get(ref))
                elif ref in known and not known[ref].archived:
                    outcome.lose(self._plane, conn, known[ref])
        return frozenset(claim.reads)

    def _claim(self, refs: Sequence[str]) -> Claim | None:
        """A claim on those of the refs that no unfinished write concerns, after waiting for those under way."""
        waited = 0.0
        while True:
            now, home = self._plane.now(), self._plane.ledger.chain_id
            with self._plane.store.write() as conn:
                if not schemas.is_current(conn, self._plane.schema):
                    return None  # to be taken over by those who know the newer one
                mirror.load(conn, refs, lock=True)  # a writer of these rows puts its claim before this one or sees it
                unfinished = [c for c in claims.touching(claims.every(conn), refs) if c.state == "leased" or c.unknown]
                if waited >= _BUSY_WAIT_S or not any(claim.is_live(now, home) for claim in unfinished):
                    free = [ref for ref in refs if not any(ref in claim.refs for claim in unfinished)]
                    by = By(SYSTEM)
                    return claims.put(conn, f"pull:{uuid7()}", (), by, now, home, reads=free) if free else None
            self._plane.pause(_PAUSE_S)
            waited += _PAUSE_S

    def _remember(self, watermark: str | None) -> None:
        with self._plane.store.write() as conn:
            _set(conn, SYNCED_AT, iso(self._plane.now()))
            if watermark is not None:
                _set(conn, WATERMARK, watermark)

    def synced_at(self, conn: Connection) -> str | None:
        """When the mirror was last known to have everything."""
        return _setting(conn, SYNCED_AT)


def _setting(conn: Connection, name: str) -> str | None:
    value = conn.execute(select(tables.setting.c.value).where(tables.setting.c.name == name)).scalar()
    return None if value is None else str(value)


def _set(conn: Connection, name: str, value: str) -> None:
    changed = conn.execute(tables.setting.update().where(tables.setting.c.name == name).values(value=value))
    if not changed.rowcount:
        conn.execute(tables.setting.insert().values(name=name, value=value))
