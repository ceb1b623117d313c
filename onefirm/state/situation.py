"""What a write is held against: the mirror, and on top of it what still waits for the truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from sqlalchemy import Connection

from onefirm.core.errors import InvalidInput
from onefirm.core.ids import is_temporary
from onefirm.state import claims, drafts, mirror
from onefirm.state.claims import Claim
from onefirm.state.drafts import Draft, Mistakes, Wanted
from onefirm.state.mirror import Record
from onefirm.state.schema import Schema


@dataclass(frozen=True, slots=True)
class Situation:
    """`records` by the ref that was asked for, `related` those that are pointed at; `claims` are all that are there;
    `meant` resolves temporary refs; `rows` is what the mirror has of the records, without what waits.
    """

    records: Mapping[str, Record]
    related: Mapping[str, Record]
    claims: Sequence[Claim]
    meant: Mapping[str, str]
    rows: Mapping[str, Record]


def look(conn: Connection, refs: Iterable[str], *, related: Iterable[str] = (), lock: bool = False) -> Situation:
    """The records of these refs, and of those `related` to them, as they will be once what waits is done.

    Held writes don't count, but for creates that may have been applied: there the operator only says as which row.
    `lock` keeps the first ones from being written meanwhile.
    """
    wanted, beside_it = tuple(dict.fromkeys(refs)), tuple(dict.fromkeys(related))
    meant = mirror.aliases(conn, filter(is_temporary, (*wanted, *beside_it)))
    rows = mirror.load(conn, (meant.get(ref, ref) for ref in wanted), lock=lock)
    now = Situation({}, {}, claims.every(conn), meant, rows)
    return replace(now, records=_waiting(wanted, rows, now), related=beside(conn, beside_it, now))


def beside(conn: Connection, refs: Iterable[str], now: Situation) -> dict[str, Record]:
    """Other records as they will be once what waits is done, by the ref that was asked for."""
    wanted = tuple(dict.fromkeys(refs))
    return _waiting(wanted, mirror.load(conn, (now.meant.get(ref, ref) for ref in wanted)), now) if wanted else {}


def _waiting(wanted: Sequence[str], rows: Mapping[str, Record], now: Situation) -> dict[str, Record]:
    meant = now.meant
    records = {ref: row for ref in wanted if (row := rows.get(meant.get(ref, ref)))}
    for claim in now.claims:
        for draft in claim.drafts if claim.state != "held" or claim.unknown else ():
            for ref in wanted:
                if meant.get(ref, ref) == draft.ref and (later := overlaid(records.get(ref), draft, claim)):
                    records[ref] = later
    return records


def overlaid(record: Record | None, draft: Draft, claim: Claim) -> Record | None:
    """A record as it will be once a draft is done; None for one that can't be known yet."""
    if draft.op == "look":
        return record
    if record is None:
        return _unborn(draft, claim) if draft.op == "create" else None
    pending: dict[str, Any] = {**(record.pending or {}), **draft.set}
    props = {name: value for name, value in {**record.props, **draft.set}.items() if value is not None}
    archived = {"archive": True, "restore": False}.get(draft.op, record.archived)
    return replace(
        record, props=props, title=str(props.get("title", "")), status=str(props.get("status", "")), archived=archived,
        pending=pending,
    )  # fmt: skip


def _unborn(draft: Draft, claim: Claim) -> Record:
    at = claim.created_at
    props = dict(draft.set)
    return Record(draft.ref, draft.kind, draft.title, draft.status, props, "", False, at, at, at, pending=props)


def check_related(wanted: Sequence[Wanted], now: Situation, mistakes: Mistakes) -> None:
    """Note every relation to a record that isn't there; one whose creation waits is."""
    created = {draft.ref for claim in now.claims for draft in claim.drafts if draft.op == "create"}
    for one in wanted:
        for name, ref in drafts.related(one):
            if ref not in now.related and now.meant.get(ref, ref) not in created:
                kind = one.kind.properties[name].to
                error = InvalidInput(f"{name}: there is no record {ref}.", hint=f"record_find kind={kind} lists them.")
                mistakes.add(one.index, error)


def dangling(conn: Connection, temporary: Iterable[str]) -> list[str]:
    """Those of these temporary refs that mean nothing and never will: the creation was dropped."""
    wanted = sorted(set(temporary))
    if not wanted:
        return []
    known = set(mirror.aliases(conn, wanted))
    known |= {draft.ref for claim in claims.every(conn) for draft in claim.drafts if draft.op == "create"}
    return [ref for ref in wanted if ref not in known]


def resolved(drafted: Draft, schema: Schema, meant: Mapping[str, str]) -> Draft:
    """A draft with temporary refs replaced by what they mean now."""
    kind = schema.kinds[drafted.kind]
    related = {prop.name for prop in kind.properties.values() if prop.type == "relation"}
    values = {name: _renamed(value, meant) if name in related else value for name, value in drafted.set.items()}
    ref = drafted.ref if drafted.op == "create" else meant.get(drafted.ref, drafted.ref)
    return replace(drafted, ref=ref, set=values)


def rename(conn: Connection, schema: Schema, temporary: str, ref: str) -> None:
    """Let everything that waits mean the record that the truth has named."""
    mirror.add_alias(conn, temporary, ref)
    meant = {temporary: ref}
    for claim in claims.every(conn):
        if temporary in claim.refs or temporary in claim.needs:
            claims.revise(conn, claim, [resolved(draft, schema, meant) for draft in claim.drafts])


def _renamed(value: Any, meant: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_renamed(item, meant) for item in cast("list[Any]", value)]
    return meant.get(value, value) if isinstance(value, str) else value
