"""How facts stand, folded from their entries: each one is applied as it is written, and the same again when in doubt.

No word of a fact is in these rows; what it says is in its entries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Event
from onefirm.memory.sameness import digest, words
from onefirm.store.listed import listed
from onefirm.store.tables import evidence, fact

KINDS = ("fact.",)
_Said = Mapping[str, Any]


def apply(conn: Connection, entry: Event) -> None:
    """Let an entry about a fact change how it stands. One that was erased says only that it was."""
    _APPLIED[entry.kind](conn, entry, entry.payload or {})


def restate(conn: Connection, ledger: Ledger, refs: Iterable[str]) -> None:
    """Make the rows of these facts anew from their entries."""
    for ref in refs:
        _drop(conn, [ref])
        for entry in ledger.events(conn, ref=ref, kinds=KINDS):
            if entry.subjects[0] == ref:
                apply(conn, entry)


def rebuild(conn: Connection, ledger: Ledger) -> int:
    """Make all rows anew; how many facts there are."""
    conn.execute(evidence.delete())
    conn.execute(fact.delete())
    for entry in ledger.events(conn, kinds=KINDS):
        apply(conn, entry)
    return int(conn.execute(select(func.count()).select_from(fact)).scalar_one())


def _drop(conn: Connection, refs: Sequence[str]) -> None:
    conn.execute(evidence.delete().where(evidence.c.fact.in_(listed(conn, refs))))
    conn.execute(fact.delete().where(fact.c.ref.in_(listed(conn, refs))))


def _recorded(conn: Connection, entry: Event, said: _Said) -> None:
    status = said.get("status", "active") if said else "erased"
    ref, *about = entry.subjects
    ended = entry.at if status == "superseded" else None
    conn.execute(
        fact.insert().values(
            ref=ref,
            event_id=entry.id,
            kind=said.get("kind", "fact"),
            status=status,
            at=entry.at,
            active_at=entry.at if status in ("active", "superseded") else None,
            ended_at=ended,
            ended_by=said.get("by"),
            subjects=said.get("about", about),
            scope=said.get("scope", ""),
            **_keys(said),
            **{name: said.get(name) for name in ("dated", "valid_from", "valid_to")},
        )
    )
    _add_evidence(conn, entry, said)


def _keys(said: _Said) -> dict[str, Any]:
    """What finds facts that say the same, or something else of the same thing."""
    if not said:
        return {"same": None, "topic": None, "slot": None, "words": 0}
    subject, predicate, statement = said["subject"], said["predicate"], said["statement"]
    return {
        "same": digest(statement),
        "topic": digest(subject) if subject else None,
        "slot": digest(subject, predicate) if subject and predicate and said["value"] else None,
        "words": len(words(statement)),
    }


def _add_evidence(conn: Connection, entry: Event, said: _Said) -> None:
    ref = entry.subjects[0]
    held = conn.execute(select(func.count()).select_from(evidence).where(evidence.c.fact == ref)).scalar_one()
    rows = [
        {
            "fact": ref, "number": held + number, "event_id": entry.id, "source": one["source"], "start": one["start"],
            "end": one["end"], "stance": one["stance"],
        }
        for number, one in enumerate(said.get("evidence", ()))
    ]  # fmt: skip
    if rows:
        conn.execute(evidence.insert(), rows)


def _ended(conn: Connection, entry: Event, said: _Said) -> None:
    changed = {"ended_at": entry.at, "ended_by": said.get("by"), "status": said.get("how", "retracted")}
    if said.get("valid_to"):
        changed["valid_to"] = said["valid_to"]
    _change(conn, entry.subjects[0], changed)


def _decided(conn: Connection, entry: Event, said: _Said) -> None:
    if said.get("verdict", "reject") == "reject":
        _change(conn, entry.subjects[0], {"status": "retracted", "ended_at": entry.at})
    else:
        begun = {"valid_from": said["valid_from"]} if said.get("valid_from") else {}
        _change(conn, entry.subjects[0], {"status": "active", "active_at": entry.at, **begun})


def _change(conn: Connection, ref: str, changed: Mapping[str, Any]) -> None:
    conn.execute(fact.update().where(fact.c.ref == ref, fact.c.status != "erased").values(**changed))


_APPLIED: Mapping[str, Callable[[Connection, Event, _Said], None]] = {
    "fact.recorded": _recorded,
    "fact.evidenced": _add_evidence,
    "fact.ended": _ended,
    "fact.decided": _decided,
}
