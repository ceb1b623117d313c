"""What a benchmark reports: rows that hold ours against a peer and, where there is one, against a goal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, assert_never

from benchmarks.samples import Sample

Unit = Literal["ms", "s", "MB", "tok", "/s", "req", "×", "share"]
Verdict = Literal["met", "missed", "not measured", ""]


class NotMeasured(Exception):
    """Something that a benchmark needs isn't on this machine; the message says what, and what would bring it."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A limit on one figure of a row, always taken from medians.

    `ours`: our figure; `ratio`: ours for one of the peer's; `saving`: the peer's for one of ours; `excess`: what ours
    adds to the peer's, in the row's unit.
    """

    figure: Literal["ours", "ratio", "saving", "excess"]
    bound: Literal["at most", "at least"]
    limit: float

    def holds(self, value: float) -> bool:
        """Whether a figure keeps within the limit; the limit itself does."""
        return value <= self.limit if self.bound == "at most" else value >= self.limit


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `why` tells what is missing where there is no figure of ours."""

    what: str
    unit: Unit
    ours: Sample | None = None
    peer: Sample | None = None
    goal: Goal | None = None
    why: str = ""

    def figure(self, name: Literal["ours", "ratio", "saving", "excess"]) -> float | None:
        """One figure of the row, from medians; None when a side of it is missing (or would divide by zero)."""
        if self.ours is None:
            return None
        ours = self.ours.median
        if name == "ours":
            return ours
        if self.peer is None:
            return None
        peer = self.peer.median
        match name:
            case "ratio":
                return ours / peer if peer else None
            case "saving":
                return peer / ours if ours else None
            case "excess":
                return ours - peer
        assert_never(name)

    @property
    def verdict(self) -> Verdict:
        """Empty for a row that is only told. A goal whose figure is missing is not measured, never met."""
        if self.ours is None:
            return "not measured"
        if self.goal is None:
            return ""
        value = self.figure(self.goal.figure)
        if value is None:
            return "not measured"
        return "met" if self.goal.holds(value) else "missed"


@dataclass(frozen=True, slots=True)
class Report:
    """One subject's rows. `peer` says in a few words what stands in the peer's columns; `notes` what the rows can't."""

    subject: str
    title: str
    peer: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
