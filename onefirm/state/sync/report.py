"""One whole synchronisation: hand in, then take over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from onefirm.core.clock import iso
from onefirm.state import claims, mismatches
from onefirm.state.plane import Plane
from onefirm.state.relay import Relay
from onefirm.state.sync.pull import Puller
from onefirm.state.truth.base import Unreachable


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a synchronisation did.

    `relayed` counts writes handed in, `conflicts` those that the operator must decide, `waiting` those that wait still.
    `pulled` has the refs that changed at the truth. `synced_at` is when the mirror was last known to have everything
    (None: never); it is older than `at` when the truth could not be reached, which `why` explains, or a write was under
    way.
    """

    at: str
    reachable: bool
    relayed: int
    conflicts: int
    waiting: int
    pulled: tuple[str, ...]
    synced_at: str | None
    why: str = ""


def synchronise(
    plane: Plane,
    relay: Relay,
    puller: Puller,
    *,
    sweep: bool,
    tell: Callable[[int], None] = lambda rows: None,
    check: Callable[[], None] = lambda: None,
) -> SyncReport:
    """Hand in what waits, then take over what changed."""
    relayed = relay.run(check=check)
    reachable, why, pulled = relayed.reachable, relayed.why, frozenset[str]()
    if reachable:
        try:
            pulled, _ = puller.pull(tell, check)
            pulled |= puller.sweep() if sweep else frozenset()
        except Unreachable as error:
            reachable, why = False, str(error) or "it could not be reached"
        mismatches.ask(plane, again=reachable, everywhere=sweep and reachable)
    with plane.store.read() as conn:
        waiting = sum(len(claim.drafts) for claim in claims.every(conn) if claim.state != "held")
        synced_at = puller.synced_at(conn)
    now = iso(plane.now())
    return SyncReport(now, reachable, relayed.done, relayed.held, waiting, tuple(sorted(pulled)), synced_at, why)
