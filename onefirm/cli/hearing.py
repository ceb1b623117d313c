"""A lesson's court, as it is read: charge, evidence, replay, and the verdict that is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from onefirm.memory import triggers

if TYPE_CHECKING:
    from onefirm.memory.enforcement import Trial
    from onefirm.memory.lessons import Case
    from onefirm.memory.stories import Sighting

_MOST_SHOWN = 6


def lines(case: Case, day: Callable[[str], str]) -> Iterator[str]:
    """`day` gives an instant as the firm's day."""
    one = case.lesson
    yield f"{one.ref}, {one.status}{' (patched)' if one.patched else ''}, noted {day(one.at)} by {one.actor}"
    yield ""
    yield "CHARGE"
    yield f"  {one.rule}"
    yield f"  because {one.why}"
    yield f"  applies: {triggers.told(one.trigger) or 'always: it names no moment'}"
    if one.enforced:
        yield f"  enforced: {one.enforced.told()}"
    yield ""
    yield f"EVIDENCE  met {one.sightings} time{'' if one.sightings == 1 else 's'}"
    yield from (f"  {_sighting(met, first=not at)}" for at, met in enumerate(case.sightings[:_MOST_SHOWN]))
    if len(case.sightings) > _MOST_SHOWN:
        yield f"  … and {len(case.sightings) - _MOST_SHOWN} more: onefirm ledger list --ref {one.ref}"
    yield from (f"  alike by {share:.0%}: {ref} {rule}" for ref, rule, share in case.like)
    yield ""
    yield "REPLAY"
    yield f"  {case.replay.told()}"
    shown = case.replay.fired[:_MOST_SHOWN]
    yield from (f"  {day(f.at)} {f.session}: {f.met}{'' if f.right else ', a false alarm'}" for f in shown)
    yield ""
    yield "VERDICT ASKED"
    if one.status != "hardened":
        yield f"  onefirm lesson decide {one.ref} harden   make it a rule"
    if one.status != "candidate":
        yield f"  onefirm lesson decide {one.ref} keep     a candidate again"
    if one.status != "retired":
        yield f"  onefirm lesson decide {one.ref} patch    it can't happen any more"
        yield f"  onefirm lesson decide {one.ref} retire   it is no rule"
    if any(met.likeness is not None for met in case.sightings):
        yield f"  onefirm lesson apart {one.ref}           the rule last taken for it is another"


def trial(one: Trial, day: Callable[[str], str]) -> Iterator[str]:
    """What holds a rule or shall, and what it did to past sessions or finds in the records."""
    yield f"{one.lesson.ref} {one.lesson.rule}"
    yield f"  {'proposed' if one.item else 'in force'}: {one.held.told()}"
    if one.held.instead:
        yield f"  instead: {one.held.instead}"
    yield f"  {one.told()}"
    for fired in one.replay.fired[:_MOST_SHOWN] if one.replay else ():
        yield f"  {day(fired.at)} {fired.session}: {fired.met}{'' if fired.right else ', a false alarm'}"
    if one.looked and one.looked.broken:
        yield f"  {', '.join(one.looked.broken[:_MOST_SHOWN])}"
    yield f"  onefirm lesson answer {one.item} yes|no" if one.item else f"  onefirm lesson relax {one.lesson.ref}"


def _sighting(met: Sighting, *, first: bool) -> str:
    where = f" at {', '.join(met.places)}" if met.places else ""
    session = f" in {met.session}" if met.session else ""
    said = f": “{met.rule}” (likeness {met.likeness:.2f})" if met.likeness is not None else ""
    weight = "" if first or met.counts else ", the same situation"
    return f"{met.day}{where}{session}{said}{weight}"
