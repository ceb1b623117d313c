"""A statement held against the facts that stand: it says the same, is newer, is older, or contradicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, or_, select

from onefirm.ledger.events import Fields, read_body
from onefirm.memory import places
from onefirm.memory.quotes import Found
from onefirm.memory.sameness import ALIKE, digest, even, is_same, likeness, share, words
from onefirm.memory.told_facts import Fact, facts_of, rows
from onefirm.store.tables import event_subject, fact


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement as it would be recorded."""

    said: Mapping[str, Any]
    found: tuple[Found, ...]

    @property
    def slot(self) -> str | None:
        """What holds one value at a time, if it is about such a thing."""
        said = self.said
        return digest(said["subject"], said["predicate"]) if said["predicate"] and said["value"] else None

    def since(self, day: str) -> Claim:
        """The same claim, which holds from this day on."""
        return Claim({**self.said, "valid_from": day}, self.found)


@dataclass(slots=True)
class Rivals:
    """The facts of the claim's scope, by what it does to them."""

    same: Fact | None = None
    older: list[Fact] = field(default_factory=list[Fact])
    newer: list[Fact] = field(default_factory=list[Fact])
    against: list[Fact] = field(default_factory=list[Fact])


def rivals(conn: Connection, claim: Claim, replaced: Sequence[str], scope_of: Callable[[Sequence[str]], str]) -> Rivals:
    """What stands beside a claim; those that it replaces by name are not held against it. `scope_of` tells whose the
    records of a fact are now: they may have moved since it was recorded.
    """
    found = Rivals()
    for one in _near(conn, claim, scope_of):
        if _says(one, claim):
            return Rivals(same=one)
        if one.ref in replaced:
            continue
        if one.status == "active" and claim.slot and _slot(one) == claim.slot:
            _by_day(found, one, claim).append(one)
        elif _contradicts(one, claim):
            found.against.append(one)
    return found


def _near(conn: Connection, claim: Claim, scope_of: Callable[[Sequence[str]], str]) -> list[Fact]:
    """The facts of the same scope that could say the same, or something else of the same subject."""
    said, slot = claim.said, claim.slot or ""
    mine, same = words(said["statement"]), digest(said["statement"])
    near = fact.c.words.between(len(mine) // 2, len(mine) * 2 + 1)
    topic = fact.c.topic == digest(said["subject"]) if said["subject"] else fact.c.topic.is_(None)
    told = select(event_subject.c.event_id).where(event_subject.c.ref.in_(said["about"]))
    scopes = (said["scope"], *places.became(conn, said["scope"].split()))
    scoped = or_(fact.c.scope.in_(scopes), fact.c.event_id.in_(told))
    query = rows().where(scoped, fact.c.status.in_(("active", "candidate")))
    query = query.where(fact.c.kind == said["kind"], or_(near, topic)).order_by(fact.c.at, fact.c.ref)
    every = conn.execute(query).mappings()
    # Whole facts are dear to read, and whoever else records waits: nearly all are others by their words.
    alike = [row for row in every if slot == row["slot"] or same == row["same"] or _is_alike(row, mine)]
    return facts_of(conn, [row for row in alike if scope_of(row["subjects"]) == said["scope"]])


def _is_alike(row: Fields, mine: frozenset[str]) -> bool:
    said: Mapping[str, Any] = (read_body(row["said"]) or {}).get("data", {})
    return share(mine, words(said.get("statement", ""))) >= ALIKE


def _by_day(found: Rivals, one: Fact, claim: Claim) -> list[Fact]:
    """Which of the two values is of a later day; where nobody can tell, they contradict."""
    mine, its = claim.said["dated"], one.dated
    if not mine or not its or mine == its:
        return found.against
    return found.older if its < mine else found.newer


def _says(known: Fact, claim: Claim) -> bool:
    """Whether a fact says what the claim says: of one subject's predicate by the value, else by the words."""
    said = claim.said
    if claim.slot and _slot(known) == claim.slot:
        return even(known.value) == even(said["value"])
    if bool(known.subject) and bool(said["subject"]) and even(known.subject) != even(said["subject"]):
        return False
    return is_same(known.statement, said["statement"])


def _contradicts(known: Fact, claim: Claim) -> bool:
    """Whether both tell of the same subject, in words that are alike, and not of two things about it."""
    said = claim.said
    if even(known.subject) != even(said["subject"]):
        return False
    if known.predicate and said["predicate"] and even(known.predicate) != even(said["predicate"]):
        return False
    return likeness(known.statement, said["statement"]) >= ALIKE


def _slot(one: Fact) -> str | None:
    return digest(one.subject, one.predicate) if one.predicate and one.value else None
