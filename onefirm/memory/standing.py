"""What is known of a found item besides its words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """`at` (ISO) is when it was said; `note` tells what weakens it; what is `stale` stands below everything else, and
    what isn't `known` (yet, at the time that was asked about) is left out. `by` is what took its place.
    """

    at: str | None
    note: str = ""
    stale: bool = False
    known: bool = True
    by: str | None = None
