"""A statement held against the facts that stand: it says the same, is newer, is older, or contradicts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, or_, select

from onefirm.memory import places
from onefirm.memory.claims import Claim
from onefirm.memory.sameness import ALIKE, digest, even, is_same, likeness, numbers
from onefirm.memory.told_facts import Fact, facts_of, rows
from onefirm.store.listed import listed
from onefirm.store.tables import event_subject, fact, fact_word


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
    for one in near(conn, claim, scope_of):
        if _says(one, claim):
            return Rivals(same=one)
        if one.ref in replaced:
            continue
        if one.status == "active" and claim.slot and _slot(one) == claim.slot:
            _by_day(found, one, claim).append(one)
        elif _contradicts(one, claim):
            found.against.append(one)
    return found


def near(conn: Connection, claim: Claim, scope_of: Callable[[Sequence[str]], str]) -> list[Fact]:
    """The facts of the same scope that hold one value with it or are alike in their words, as they were recorded."""
    said = claim.said
    told = select(event_subject.c.event_id).where(event_subject.c.ref.in_(said["about"]))
    scopes = (said["scope"], *places.became(conn, said["scope"].split()))
    refs = listed(conn, {*_alike(conn, said["statement"]), *_of_slot(conn, claim)})
    query = rows().where(fact.c.ref.in_(refs), or_(fact.c.scope.in_(scopes), fact.c.event_id.in_(told)))
    query = query.where(fact.c.kind == said["kind"], fact.c.status.in_(("active", "candidate")))
    found = conn.execute(query.order_by(fact.c.at, fact.c.ref)).mappings().all()
    now = {about: scope_of(about) for about in {tuple(row["subjects"]) for row in found}}
    return facts_of(conn, [row for row in found if now[tuple(row["subjects"])] == said["scope"]])


def _alike(conn: Connection, statement: str) -> Iterator[str]:
    """The facts whose words are alike. Whoever else records waits, so only those are looked at that have one of its
    rarest words: who has none of that half, and one more, can't have half of all words in common.
    """
    mine = numbers(statement)
    if not mine:
        yield from conn.execute(select(fact.c.ref).where(fact.c.same == digest(statement))).scalars()
        return
    word, ref = fact_word.c.word, fact_word.c.fact
    by_rarity = select(word).where(word.in_(mine)).group_by(word).order_by(func.count(), word)
    known = conn.execute(by_rarity).scalars().all()
    rarest = [*mine.difference(known), *known][: int(len(mine) * (1 - ALIKE)) + 1]
    having = select(ref).where(word.in_(rarest)).distinct().subquery()
    shared = select(ref, func.count().label("shared")).where(word.in_(mine), ref.in_(select(having))).group_by(ref)
    found = shared.subquery()
    query = select(fact.c.ref, fact.c.words, found.c.shared).join(found, found.c.fact == fact.c.ref)
    for one in conn.execute(query):
        if one.shared >= ALIKE * (len(mine) + one.words - one.shared):
            yield one.ref


def _of_slot(conn: Connection, claim: Claim) -> Iterable[str]:
    if not claim.slot:
        return ()
    topic = fact.c.topic == digest(claim.said["subject"])
    return conn.execute(select(fact.c.ref).where(topic, fact.c.slot == claim.slot)).scalars()


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
