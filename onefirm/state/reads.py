"""Reading records: from the mirror, after a look at the truth where one is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, bindparam, select

from onefirm.core.attribution import By
from onefirm.core.clock import iso
from onefirm.core.ids import is_temporary, parse_ref
from onefirm.ledger.events import read_body
from onefirm.state import claims, drafts, mirror, query, situation
from onefirm.state.claims import Claim
from onefirm.state.mirror import Record
from onefirm.state.plane import Plane
from onefirm.state.query import Page, Query
from onefirm.state.sync.pull import Puller
from onefirm.state.truth.base import Gone, Part, TruthError, Unreachable
from onefirm.store.tables import event, event_subject, payload

_RECEIPTS = ("record.seen", "record.created", "record.updated", "record.archived", "record.restored")
# Built once: SQLAlchemy takes longer to build a statement than SQLite to run it.
_LAST_RECEIPT = (
    select(event.c.id, payload.c.body)
    .join_from(event_subject, event, event.c.id == event_subject.c.event_id)
    .outerjoin(payload, payload.c.event_id == event.c.id)
    .where(event_subject.c.ref == bindparam("ref"), event.c.session == bindparam("session"))
    .where(event.c.kind.in_(_RECEIPTS))
    .order_by(event_subject.c.at.desc(), event.c.seq.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class PageText:
    """What stands on a record's page, line by line, or why it can't be read."""

    lines: tuple[str, ...] = ()
    why_not: str = ""


class Reader:
    """Gets and finds."""

    def __init__(self, plane: Plane, puller: Puller) -> None:
        self._plane = plane
        self._puller = puller

    def get(self, ref: str, by: By | None, *, fresh: bool) -> Record:
        """One record, compared with the truth when `fresh`; a session that looked has a receipt then."""
        wanted = self.meant(parse_ref(ref))
        looked, why = self._look(wanted) if fresh else (False, "")
        with self._plane.store.read() as conn:
            found = situation.look(conn, [wanted])
            last = _last_receipt(conn, wanted, by.session) if looked and by and by.session else None
        if wanted not in found.records:
            raise drafts.missing(wanted, self._plane.schema.kind_of(wanted))
        record = with_pending(found.rows.get(wanted), found.records[wanted])
        if looked and by and by.session and (last is None or last[1] != record.etag):
            self._receipt(record, by, last[0] if last else "")
        return replace(record, synced_at=iso(self._plane.now())) if looked else replace(self._aged(record), unasked=why)

    def page(self, ref: str, part: Part) -> PageText:
        """A part of a record's page as it is now. Raises NotFound."""
        wanted, truth = self.get(ref, None, fresh=False).ref, self._plane.truth
        if is_temporary(wanted):
            return PageText(why_not=f"{wanted} has no page yet: it waits to be created")
        try:
            lines = truth.page(wanted, part)
        except Gone:
            return PageText(why_not=f"{truth.name} has no page of {wanted} any more")
        except TruthError as error:
            return PageText(why_not=f"the {part} of {wanted} can't be read now: {error}")
        if lines is None:
            return PageText(why_not=f"{wanted} has no page: this firm's records are kept here, and not in Notion")
        return PageText(tuple(lines))

    def meant(self, ref: str) -> str:
        """The ref that a temporary one means now; any other as it is."""
        if not is_temporary(ref):
            return ref
        with self._plane.store.read() as conn:
            return mirror.aliases(conn, [ref]).get(ref, ref)

    def _look(self, ref: str) -> tuple[bool, str]:
        """Whether the truth could be asked, and why not."""
        if is_temporary(ref):
            return False, f"{ref} still waits to be created there"
        try:
            self._puller.refresh([ref])
        except Unreachable as error:
            return False, str(error) or f"{self._plane.truth.name} can't be reached"
        return True, ""

    def _receipt(self, record: Record, by: By, after: str) -> None:
        told = {"kind": record.kind, "title": record.title, "status": record.status, "etag": record.etag}
        # the entry it follows is part of the key: a record may come back to an etag that it had before
        key = f"seen:{by.session}:{record.ref}:{record.etag}:{after}"
        with self._plane.store.write() as conn:
            mirror.confirm(conn, record.ref, self._plane.now())
            self._plane.ledger.append(conn, "record.seen", told, subjects=(record.ref,), by=by, effect_key=key)
        self._plane.project()

    def _aged(self, record: Record) -> Record:
        """A record with the time when the whole mirror was last compared, where that is later than its own."""
        with self._plane.store.read() as conn:
            whole = self._puller.synced_at(conn)
        return replace(record, synced_at=max(record.synced_at, whole or ""))

    def find(self, wanted: Query, hidden: frozenset[str] = frozenset()) -> Page:
        """One page of the mirror without the hidden refs; rows show what waits for them."""
        if wanted.about is not None:
            about = self.get(wanted.about, None, fresh=False).ref
            wanted = replace(wanted, about=about)
        with self._plane.store.read() as conn:
            page = query.find(conn, self._plane.reading, wanted, hidden)
            found = claims.every(conn)
        return replace(page, rows=tuple(self.marked(page.rows, found))) if found else page

    def marked(self, records: Iterable[Record], found: Sequence[Claim]) -> Iterable[Record]:
        """The same records, each with the values that wait for it."""
        for record in records:
            later: Record | None = record
            for claim in claims.touching(found, [record.ref]):
                for draft in claim.drafts if claim.state != "held" else ():
                    if draft.ref == record.ref:
                        later = situation.overlaid(later, draft, claim)
            yield with_pending(record, later or record)


def with_pending(row: Record | None, later: Record) -> Record:
    """What the truth says, with what waits beside it; a record that waits to be created is shown as it will be."""
    return replace(row, pending=later.pending) if row else later


def _last_receipt(conn: Connection, ref: str, session: str) -> tuple[str, str | None] | None:
    """The entry and etag of a session's newest proof that it knows a record."""
    row = conn.execute(_LAST_RECEIPT, {"ref": ref, "session": session}).first()
    if row is None:
        return None
    return row.id, (read_body(row.body) or {}).get("data", {}).get("etag")
