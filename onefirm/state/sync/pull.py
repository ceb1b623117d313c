"""Taking over what changed at the truth.

Rows that differ are read again under a claim of their own, so that no write of ours is under way meanwhile and none of
them is mistaken for somebody else's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection, select

from onefirm.core.attribution import SYSTEM, By
from onefirm.core.clock import iso
from onefirm.core.ids import is_temporary, uuid7
from onefirm.state import claims, mirror, mismatches, outcome
from onefirm.state import home as homes
from onefirm.state import schema as schemas
from onefirm.state.claims import Claim
from onefirm.state.mirror import Record
from onefirm.state.plane import Plane
from onefirm.state.sync import vanished
from onefirm.state.sync.plan import plan
from onefirm.state.truth.base import Batch, TruthError, TruthRow, Unreachable
from onefirm.store import notes, tables

WATERMARK = "truth.watermark"
SYNCED_AT = "truth.synced_at"
_AT_ONCE = 100  # where each is asked for by itself, more would outlive the claim on them
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
        try:
            rows = self._plane.truth.read(wanted)
        finally:
            mismatches.ask(self._plane)
        with self._plane.store.read() as conn:
            known = mirror.load(conn, wanted)
        differing = [pull.row.ref for pull in plan(rows.values(), known)]
        lost = [ref for ref in wanted if ref not in rows and ref in known and not known[ref].archived]
        return self._take(differing + lost) if differing or lost else frozenset()

    def pull(
        self, tell: Callable[[int], None] = lambda rows: None, check: Callable[[], None] = lambda: None
    ) -> tuple[frozenset[str], bool]:
        """Take over everything that changed since the last time; what was taken, and whether that was all.

        `tell` hears how many rows were looked at so far, and `check` may end it after each batch by raising. Raises
        Unreachable. The watermark moves with each batch that has rows, so that whoever is ended here goes on there, and
        only while nothing had to be left out.
        """
        with self._plane.store.read() as conn:
            watermark = notes.get(conn, WATERMARK)
        taken, whole, looked_at = frozenset[str](), True, 0
        leaving, reached = list[Batch](), watermark
        for batch in self._plane.truth.changed_since(watermark):
            reached = batch.watermark
            if batch.rows:
                staying, left = self._apart(batch)
                some, all_ = self._take_batch(staying)
                leaving += [left] if left.rows else []
                taken, whole, looked_at = taken | some, whole and all_, looked_at + len(batch.rows)
                watermark = self._reached(watermark, reached, whole and not leaving)
            tell(looked_at)
            check()
        if leaving:
            some, all_ = self._take_leaving(leaving)
            taken, whole = taken | some, whole and all_
        self._reached(watermark, reached, whole)
        if whole:
            self._remember(SYNCED_AT, iso(self._plane.now()))
        return taken, whole

    def _reached(self, before: str | None, now: str | None, whole: bool) -> str | None:
        """Let the next pull begin where this one has come to, unless something was left out."""
        if not whole or now is None or now == before:
            return before
        self._remember(WATERMARK, now)
        return now

    def _apart(self, batch: Batch) -> tuple[Batch, Batch]:
        """The batch without the rows that are archived there and not here, and those: whether they are many shows
        only at the end.
        """
        with self._plane.store.read() as conn:
            known = mirror.load(conn, (row.ref for row in batch.rows))
            held = vanished.held(conn)
        self._back(row.ref for row in batch.rows if row.ref in held and not row.archived)
        left = {row.ref for row in batch.rows if row.archived and row.ref in known and not known[row.ref].archived}
        leaving = [row for row in batch.rows if row.ref in left and row.ref not in held]
        return replace(batch, rows=[row for row in batch.rows if row.ref not in left]), replace(batch, rows=leaving)

    def _take_leaving(self, batches: Sequence[Batch]) -> tuple[frozenset[str], bool]:
        """Archive what was archived there; of a kind of which that are many, the operator is asked."""
        rows = [row for batch in batches for row in batch.rows]
        gone = {row.kind: [one.ref for one in rows if one.kind == row.kind] for row in rows}
        asked = self._asked(gone)
        taken, whole = frozenset[str](), True
        for batch in batches:
            some, all_ = self._take_batch(replace(batch, rows=[row for row in batch.rows if row.ref not in asked]))
            taken, whole = taken | some, whole and all_
        return taken, whole

    def _asked(self, gone: Mapping[str, Collection[str]]) -> frozenset[str]:
        """Those of the refs that have gone, by kind, that the operator is asked about."""
        asked = set[str]()
        with self._plane.store.write() as conn:
            for kind, refs in gone.items():
                there = len(_mirrored(conn, kind))
                if vanished.are_many(refs, there):
                    vanished.ask(self._plane, conn, kind, refs, there)
                    asked.update(refs)
        return frozenset(asked)

    def _take_batch(self, batch: Batch) -> tuple[frozenset[str], bool]:
        with self._plane.store.read() as conn:
            known = mirror.load(conn, (row.ref for row in batch.rows))
            found = claims.every(conn)
        ours = self._being_created(found)
        wanted = {pull.row.ref: pull.row for pull in plan(batch.rows, known)}
        free = [ref for ref, row in wanted.items() if ref not in ours and not _is_unborn(row, found, known.get(ref))]
        sure = {ref: wanted[ref] for ref in free if _is_sure(known.get(ref), batch.as_of)}
        taken = self._take([ref for ref in free if ref not in sure]) | self._take(list(sure), sure, batch.as_of)
        return taken, taken.issuperset(wanted)

    def sweep(self) -> frozenset[str]:
        """Find rows that the truth has lost, archived, restored or shown without telling; the refs taken over.

        Of a kind of which many are gone at once, the operator is asked. Raises Unreachable.
        """
        there = self._plane.truth.ids()
        with self._plane.store.read() as conn:
            mirrored = {kind: _mirrored(conn, kind) for kind in there}
            held, ours = vanished.held(conn), claims.every(conn)
        self._back(_all(there) & held)
        gone = {kind: mirrored[kind] - refs - held for kind, refs in there.items()}
        asked = self._asked(gone)
        new = _all(there) - _all(mirrored) - self._being_created(ours)
        return self._take([*sorted(_all(gone) - asked), *sorted(new)])

    def _back(self, refs: Iterable[str]) -> None:
        if back := frozenset(refs):
            with self._plane.store.write() as conn:
                vanished.came_back(self._plane, conn, back)

    def let_go(self, refs: Collection[str]) -> frozenset[str]:
        """Archive those of these that the truth still doesn't show: the operator said so. Raises Unreachable."""
        there = _all(self._plane.truth.ids())
        lost, gone = [ref for ref in refs if ref not in there], frozenset[str]()
        for start in range(0, len(lost), _AT_ONCE):
            gone |= self._let_some_go(lost[start : start + _AT_ONCE])
        self._plane.project()
        return gone

    def _let_some_go(self, refs: Sequence[str]) -> frozenset[str]:
        claim = self._claim(refs)
        if claim is None:
            return frozenset()
        with self._plane.store.write() as conn:
            known = mirror.load(conn, claim.reads, lock=True) if claims.settle(conn, claim) else {}
            for ref in known:
                self._take_one(conn, ref, None, known[ref])
        return frozenset(known)

    def _being_created(self, found: Iterable[Claim]) -> frozenset[str]:
        """Refs of records that our own unfinished writes have created, where the truth's rows don't say so."""
        if self._plane.truth.store is None:
            return frozenset()
        return frozenset(row.ref for claim in _creating(found) for row in self._plane.truth.effect(claim.key) or ())

    def _take(
        self, refs: Sequence[str], given: Mapping[str, TruthRow] | None = None, as_of: str | None = None
    ) -> frozenset[str]:
        taken: frozenset[str] = frozenset()
        for start in range(0, len(refs), _AT_ONCE):
            taken |= self._take_some(refs[start : start + _AT_ONCE], given, as_of)
        if taken:
            self._plane.project()
        return taken

    def _take_some(
        self, refs: Sequence[str], given: Mapping[str, TruthRow] | None, as_of: str | None
    ) -> frozenset[str]:
        """Take over rows as they are given, or as they are read under the claim."""
        claim = self._claim(refs)
        if claim is None:
            return frozenset()
        try:
            rows = self._plane.truth.read(claim.reads) if given is None else given
        except TruthError as error:
            with self._plane.store.write() as conn:
                claims.settle(conn, claim)
            raise Unreachable(str(error)) from None
        self._plane.step("read")
        with self._plane.store.write() as conn:
            if not claims.settle(conn, claim):
                return frozenset()
            known, found = mirror.load(conn, claim.reads, lock=True), claims.every(conn)
            taken = [
                ref for ref in claim.reads
                if (given is None or _is_sure(known.get(ref), as_of))
                and not (ref in rows and _is_unborn(rows[ref], found, known.get(ref)))
            ]  # fmt: skip
            for ref in taken:
                self._take_one(conn, ref, rows.get(ref), known.get(ref))
        return frozenset(taken)

    def _take_one(self, conn: Connection, ref: str, row: TruthRow | None, old: Record | None) -> None:
        if row is not None:
            outcome.take_over(self._plane, conn, row, old)
        elif old is not None and not old.archived:
            outcome.lose(self._plane, conn, old)

    def _claim(self, refs: Sequence[str]) -> Claim | None:
        """A claim on those of the refs that no unfinished write concerns, after waiting for those under way."""
        waited = 0.0
        while True:
            now, home = self._plane.now(), self._plane.ledger.chain_id
            with self._plane.store.write() as conn:
                if not schemas.is_current(conn, self._plane.schema) or homes.has_moved(conn, self._plane):
                    return None  # to be taken over by those who know the newer one
                mirror.load(conn, refs, lock=True)  # a writer of these rows puts its claim before this one or sees it
                unfinished = [c for c in claims.touching(claims.every(conn), refs) if c.state == "leased" or c.unknown]
                if waited >= _BUSY_WAIT_S or not any(claim.is_live(now, home) for claim in unfinished):
                    free = [ref for ref in refs if not any(ref in claim.refs for claim in unfinished)]
                    by = By(SYSTEM)
                    return claims.put(conn, f"pull:{uuid7()}", (), by, now, home, reads=free) if free else None
            self._plane.pause(_PAUSE_S)
            waited += _PAUSE_S

    def _remember(self, name: str, value: str) -> None:
        with self._plane.store.write() as conn:
            if not homes.has_moved(conn, self._plane):
                notes.put(conn, name, value)

    def synced_at(self, conn: Connection) -> str | None:
        """When the mirror was last known to have everything."""
        return notes.get(conn, SYNCED_AT)


def _creating(found: Iterable[Claim]) -> list[Claim]:
    """Claims whose creates the truth may have applied."""
    begun = (claim for claim in found if claim.state == "leased" or claim.unknown)
    return [claim for claim in begun if any(draft.op == "create" for draft in claim.drafts)]


def _is_unborn(row: TruthRow, found: Iterable[Claim], old: Record | None) -> bool:
    """Whether a row was made by an unfinished write of ours, which will tell of it."""
    return old is None and row.made_by is not None and any(row.made_by == claim.key for claim in _creating(found))


def _is_sure(old: Record | None, as_of: str | None) -> bool:
    """Whether a row that isn't older than this instant may be believed against what the mirror knows."""
    return as_of is not None and (old is None or old.synced_at < as_of)


def _mirrored(conn: Connection, kind: str) -> frozenset[str]:
    """The refs of a kind's records that aren't archived here."""
    query = select(tables.record.c.ref).where(tables.record.c.archived.is_(False), tables.record.c.kind == kind)
    return frozenset(conn.execute(query).scalars())


def _all(by_kind: Mapping[str, frozenset[str]]) -> frozenset[str]:
    return frozenset(ref for refs in by_kind.values() for ref in refs)
