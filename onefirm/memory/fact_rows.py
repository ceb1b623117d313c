"""How facts stand, folded from their entries: each one is applied as it is written, and the same again when in doubt.

What a fact says is in its entries alone; these rows have its words only as numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, or_, select

from onefirm.ledger.append import Ledger
from onefirm.ledger.events import Event
from onefirm.memory.sameness import digest, numbers
from onefirm.store import notes
from onefirm.store.listed import listed
from onefirm.store.tables import evidence, fact, fact_word

KINDS = ("fact.",)
_SAID = "evidence"
_MADE, _FORM = "facts", 1  # of these rows; those of another form are made anew
_ERASED = {"status": "erased"}  # so is one that no entry records: what came after tells nothing
_Said = Mapping[str, Any]


def apply(conn: Connection, entry: Event) -> None:
    """Let an entry about a fact change how it stands. One that was erased says only that it was."""
    ref = entry.subjects[0]
    if entry.kind == "fact.recorded":
        conn.execute(fact.insert().values(_recorded(entry)))
        if spelt := _spelt(entry):
            conn.execute(fact_word.insert(), spelt)
    elif changed := _changed(entry):
        conn.execute(fact.update().where(fact.c.ref == ref, fact.c.status != "erased").values(changed))
    if _SAID in (entry.payload or {}):
        held = conn.execute(select(func.count()).select_from(evidence).where(evidence.c.fact == ref)).scalar_one()
        if rows := _quoted(entry, held):
            conn.execute(evidence.insert(), rows)


def restate(conn: Connection, ledger: Ledger, refs: Iterable[str]) -> None:
    """Make the rows of these facts anew from their entries."""
    for ref in refs:
        _drop(conn, [ref])
        for entry in ledger.events(conn, ref=ref, kinds=KINDS):
            if entry.subjects[0] == ref:
                apply(conn, entry)


def rebuild(conn: Connection, ledger: Ledger) -> int:
    """Make all rows anew; how many facts there are."""
    told = folded(ledger.events(conn, kinds=KINDS))
    rows = {
        fact: told.facts.values(),
        fact_word: (row for one in told.words.values() for row in one),
        evidence: (row for quotes in told.quotes.values() for row in quotes),
    }
    for table, every in rows.items():
        conn.execute(table.delete())
        if kept := list(every):
            conn.execute(table.insert(), kept)
    notes.put(conn, _MADE, _FORM)
    return len(told.facts)


def renew(conn: Connection, ledger: Ledger) -> None:
    """Make all rows anew where an onefirm made them that kept less."""
    if notes.get(conn, _MADE) != _FORM:
        rebuild(conn, ledger)


def differing(conn: Connection, ledger: Ledger) -> list[str]:
    """The facts that stand otherwise than their entries tell, those that no entry tells of among them."""
    told = folded(ledger.events(conn, kinds=KINDS))
    held = Told({row["ref"]: dict(row) for row in conn.execute(select(fact)).mappings()})
    for row in conn.execute(select(fact_word).order_by(fact_word.c.fact, fact_word.c.word)).mappings():
        held.words.setdefault(row["fact"], []).append(dict(row))
    for row in conn.execute(select(evidence).order_by(evidence.c.fact, evidence.c.number)).mappings():
        held.quotes.setdefault(row["fact"], []).append(dict(row))
    every = dict.fromkeys((*told.facts, *held.facts, *held.quotes, *held.words))
    return [ref for ref in every if told.of(ref) != held.of(ref)]


def summed_up(conn: Connection, sources: Sequence[str], known_by: str | None) -> dict[str, str]:
    """The roll-up that stands for each of these sources, or stood at a time (ISO)."""
    query = select(evidence.c.source, fact.c.ref).join(fact, fact.c.ref == evidence.c.fact)
    query = query.where(evidence.c.source.in_(sources), fact.c.kind == "summary").order_by(fact.c.at)
    if known_by is None:
        query = query.where(fact.c.status == "active")
    else:
        stood = or_(fact.c.ended_at.is_(None), fact.c.ended_at > known_by)
        query = query.where(fact.c.status != "erased", fact.c.at <= known_by, stood)
    return {row.source: row.ref for row in conn.execute(query)}


@dataclass(slots=True)
class Told:
    """The rows of facts, of their words and of their quotes, by the facts' refs."""

    facts: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    quotes: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])
    words: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])

    def of(self, ref: str) -> tuple[Any, Any, Any]:
        """All that is told of one fact."""
        return self.facts.get(ref), self.quotes.get(ref, []), self.words.get(ref, [])


def folded(entries: Iterable[Event]) -> Told:
    """How facts stand by these entries alone: by those up to a time, as they stood then."""
    told = Told()
    for entry in entries:
        ref = entry.subjects[0]
        if entry.kind == "fact.recorded":
            told.facts[ref], told.words[ref] = _recorded(entry), _spelt(entry)
        elif told.facts.get(ref, _ERASED)["status"] != "erased":
            told.facts[ref] |= _changed(entry)
        held = told.quotes.setdefault(ref, [])
        held += _quoted(entry, len(held))
    return told


def _drop(conn: Connection, refs: Sequence[str]) -> None:
    for table in (evidence, fact_word):
        conn.execute(table.delete().where(table.c.fact.in_(listed(conn, refs))))
    conn.execute(fact.delete().where(fact.c.ref.in_(listed(conn, refs))))


def _recorded(entry: Event) -> dict[str, Any]:
    said: _Said = entry.payload or {}
    status = said.get("status", "active") if said else "erased"
    ref, *about = entry.subjects
    return {
        "ref": ref,
        "event_id": entry.id,
        "kind": said.get("kind", "fact"),
        "status": status,
        "at": entry.at,
        "active_at": entry.at if status in ("active", "superseded") else None,
        "ended_at": entry.at if status == "superseded" else None,
        "ended_by": said.get("by"),
        "subjects": list(said.get("about", about)),
        "scope": said.get("scope", ""),
        **_keys(said),
        **{name: said.get(name) for name in ("dated", "valid_from", "valid_to")},
    }


def _keys(said: _Said) -> dict[str, Any]:
    """What finds facts that say the same, or something else of the same thing."""
    if not said:
        return {"same": None, "topic": None, "slot": None, "words": 0}
    subject, predicate, statement = said["subject"], said["predicate"], said["statement"]
    return {
        "same": digest(statement),
        "topic": digest(subject) if subject else None,
        "slot": digest(subject, predicate) if subject and predicate and said["value"] else None,
        "words": len(numbers(statement)),
    }


def _spelt(entry: Event) -> list[dict[str, Any]]:
    """The rows of a fact's words."""
    statement = (entry.payload or {}).get("statement", "")
    return [{"word": word, "fact": entry.subjects[0]} for word in sorted(numbers(statement))]


def _quoted(entry: Event, held: int) -> list[dict[str, Any]]:
    """The rows of an entry's quotes, behind those that are held."""
    told: Sequence[_Said] = (entry.payload or {}).get(_SAID, ())
    return [
        {
            "fact": entry.subjects[0], "number": held + number, "event_id": entry.id, "source": one["source"],
            "start": one["start"], "end": one["end"], "stance": one["stance"],
        }
        for number, one in enumerate(told)
    ]  # fmt: skip


def _changed(entry: Event) -> dict[str, Any]:
    """What an entry changes of how a fact stands."""
    said: _Said = entry.payload or {}
    if entry.kind == "fact.ended":
        until = {"valid_to": said["valid_to"]} if said.get("valid_to") else {}
        return {"ended_at": entry.at, "ended_by": said.get("by"), "status": said.get("how", "retracted"), **until}
    if entry.kind == "fact.restored":
        return {"status": "active", "ended_at": None, "ended_by": None, "valid_to": said.get("valid_to")}
    if entry.kind == "fact.decided" and said.get("verdict", "reject") == "reject":
        return {"status": "retracted", "ended_at": entry.at}
    if entry.kind == "fact.decided":
        begun = {"valid_from": said["valid_from"]} if said.get("valid_from") else {}
        return {"status": "active", "active_at": entry.at, **begun}
    return {}
