"""What doesn't agree in memory: how facts stand and their entries, quotes and texts, texts and what was archived.

That the lists of decisions, lessons and sources agree with their entries is part of the ledger's own check.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from onefirm.core.errors import Unavailable
from onefirm.ledger.append import Ledger
from onefirm.memory import fact_rows, told_facts, told_sources
from onefirm.memory.told_facts import Fact
from onefirm.store.tables import fact, source, source_text


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a fact or a source, in words. `is_copy`: the ledger has it right, and it can be remade."""

    ref: str
    why: str
    is_copy: bool = False


def held(conn: Connection) -> int:
    """How many facts and sources there are."""
    return sum(conn.execute(select(func.count()).select_from(table)).scalar_one() for table in (fact, source))


def faults(conn: Connection, ledger: Ledger) -> Iterator[Fault]:
    """Everything that doesn't agree, facts first."""
    for ref in fact_rows.differing(conn, ledger):
        yield Fault(ref, f"{ref} stands otherwise than the ledger tells", is_copy=True)
    quoting: dict[str, list[Fact]] = {}
    for one in told_facts.facts_of(conn, conn.execute(told_facts.rows()).mappings().all()):
        for ref in {said.source for said in one.evidence}:
            quoting.setdefault(ref, []).append(one)
    here = select(source_text.c.ref).where(source_text.c.body.is_not(None)).order_by(source_text.c.ref)
    for ref in conn.execute(here).scalars().all():
        yield from _of_text(conn, ref, quoting.get(ref, []))


def _of_text(conn: Connection, ref: str, quoting: list[Fact]) -> Iterator[Fault]:
    try:
        text = told_sources.text_of(conn, ref) or ""
    except Unavailable as error:
        yield Fault(ref, error.message.rstrip("."))
        return
    said = told_sources.told(conn, ref)
    if said.get("text_sha256") not in (None, hashlib.sha256(text.encode()).hexdigest()):
        yield Fault(ref, f"the text of {ref} is not what was archived")
    for one in quoting:
        if any(x.source == ref and text[x.start : x.end] != x.quote for x in one.evidence):
            yield Fault(one.ref, f"{one.ref} quotes words that don't stand there in {ref}")
