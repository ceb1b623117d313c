"""Figures of things measured several times, and measuring several things in turn."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sample:
    """One thing's figures, all in one unit, in the order in which they were taken; at least one."""

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("a sample needs at least one figure")

    @classmethod
    def of(cls, *values: float) -> Sample:
        """A sample of these figures."""
        return cls(values)

    @property
    def median(self) -> float:
        """The middle figure; of an even number the mean of the middle two."""
        return statistics.median(self.values)

    @property
    def least(self) -> float:
        """The smallest figure: what the machine can do when nobody disturbs it."""
        return min(self.values)

    def quantile(self, share: float) -> float:
        """The figure that `share` (0 to 1) of all figures don't exceed: always one that was measured."""
        ordered = sorted(self.values)
        return ordered[max(math.ceil(share * len(ordered)), 1) - 1]

    def scaled(self, factor: float) -> Sample:
        """The same figures in another unit."""
        return Sample(tuple(value * factor for value in self.values))


def in_turn(rounds: int, things: Sequence[Callable[[], float]], *, warm_up: int = 1) -> tuple[Sample, ...]:
    """Measure each thing once a round: A B C, C B A, A B C, …; one sample for each, in the order given.

    A machine that slows down then slows all of them, and none always runs behind the same other. The first `warm_up`
    rounds fill caches and don't count.
    """
    figures: list[list[float]] = [[] for _ in things]
    for number in range(-warm_up, rounds):
        order = range(len(things)) if number % 2 == 0 else reversed(range(len(things)))
        for place in order:
            figure = things[place]()
            if number >= 0:
                figures[place].append(figure)
    return tuple(Sample(tuple(taken)) for taken in figures)
