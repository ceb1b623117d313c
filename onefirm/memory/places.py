"""Where something happened, as far as learning goes: the engagement that a record belongs to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Connection, select

from onefirm.core.ids import REF
from onefirm.ledger import aliases
from onefirm.ledger.append import Ledger
from onefirm.store.tables import record

# Two tasks of one project are one place; two projects of one client are two.
_PLACES = ("project", "client", "prospect")
_UPWARDS = ("project", "deliverable", "invoice", "contract", "proposal", "prospect", "client")
_MOST_STEPS = 5
_MOST_ENTRIES = 200


def places(conn: Connection, ledger: Ledger, refs: Sequence[str]) -> tuple[str, ...]:
    """The places of these records, each once."""
    return tuple(dict.fromkeys(_above(conn, ledger, ref, _PLACES) for ref in refs))


def owners(conn: Connection, ledger: Ledger, refs: Sequence[str]) -> tuple[str, ...]:
    """The clients at the top of these records, each once: a prospect who became one is that client. Who has no client
    stands for itself.
    """
    return tuple(dict.fromkeys(_above(conn, ledger, ref, ("client",)) for ref in refs))


def became(conn: Connection, clients: Sequence[str]) -> tuple[str, ...]:
    """The prospects who are these clients now, as the mirror has them."""
    query = select(record.c.ref).where(record.c.kind == "prospect", record.c.props["client"].as_string().in_(clients))
    return tuple(conn.execute(query).scalars())


def within(conn: Connection, ledger: Ledger, here: Sequence[str], known: Collection[str]) -> tuple[str, ...]:
    """These places, a known one in the stead of any that lies in it or around it: a client is no other place than its
    project.
    """
    tops = {place: owners(conn, ledger, [place])[0] for place in (*here, *known)} if known else {}
    return tuple(
        place
        if place in known
        else next((other for other in sorted(known) if place == tops[other] or tops[place] == other), place)
        for place in here
    )


def _above(conn: Connection, ledger: Ledger, ref: str, ends: Sequence[str]) -> str:
    for _ in range(_MOST_STEPS):
        kind, values = _known(conn, ledger, ref)
        above = None if kind in ends else next((values[name] for name in _UPWARDS if name in values), None)
        if above is None or above == ref:
            break
        ref = above
    return ref


def _known(conn: Connection, ledger: Ledger, ref: str) -> tuple[str, dict[str, str]]:
    """A record's kind and its relations upwards, as the newest entries about it have them."""
    kind, found = "", dict[str, str]()
    gone: set[str] = set()
    for name in aliases.names(conn, ref):
        for event in ledger.events(conn, ref=name, kinds=["record."], limit=_MOST_ENTRIES, newest_first=True):
            data: Mapping[str, Any] = event.payload or {}
            if event.subjects[0] != name or not isinstance(data.get("after"), Mapping):
                continue
            kind = kind or str(data.get("kind") or "")
            for relation, given in cast("Mapping[str, Any]", data["after"]).items():
                if relation not in _UPWARDS or relation in found or relation in gone:
                    continue
                if isinstance(given, str) and REF.fullmatch(given):
                    found[relation] = given
                else:
                    gone.add(relation)
    return kind, found
