"""Beats: the service's periodic duties, and when each is due. Pure but for the time that it is given.

A beat that fails is tried again after a pause that doubles; one that gets through makes the others that failed due, for
what kept them has mostly gone too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
_Given = TypeVar("_Given")


@dataclass(slots=True)
class Beat(Generic[_Given]):
    """One duty. `work` says what it did, "" where that is no news; `due` is an instant of the service's own time.

    `fails` counts in a row, `trouble` is what the last of them said.
    """

    name: str
    every_s: float
    work: Callable[[_Given], str]
    due: float = 0.0
    fails: int = 0
    trouble: str = ""
    done_at: str | None = None

    def went(self, now: float, at: str) -> None:
        """It was done; `at` is that instant as people read it."""
        self.fails, self.trouble, self.done_at = 0, "", at
        self.due = now + self.every_s

    def failed(self, now: float, why: str) -> float:
        """It could not be done; gives how long until it is tried again."""
        self.fails, self.trouble = self.fails + 1, why
        pause = min(FIRST_PAUSE_S * 2 ** min(self.fails - 1, 10), LONGEST_PAUSE_S)
        self.due = now + pause
        return pause

    def forward(self, to: float) -> None:
        """Bring it forward; never back."""
        self.due = min(self.due, to)


def next_of(beats: Sequence[Beat[_Given]]) -> Beat[_Given]:
    """The one that is due first; of two, the one that stands first."""
    return min(beats, key=lambda beat: beat.due)


def recovered(beats: Sequence[Beat[_Given]], now: float) -> None:
    """One got through: those that failed are tried again at once."""
    for beat in beats:
        if beat.fails:
            beat.forward(now)
