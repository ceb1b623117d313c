"""Taking turns: of those that work on the same record or effect one works at a time, and nobody waits for others."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager


class Turns:
    """Held by name, all that somebody needs at once."""

    def __init__(self) -> None:
        self._held = set[str]()
        self._given_back = threading.Condition()

    @contextmanager
    def hold(self, names: Iterable[str]) -> Generator[None]:
        """Wait until nobody has any of these, and have them."""
        wanted = frozenset(names)
        with self._given_back:
            self._given_back.wait_for(lambda: self._held.isdisjoint(wanted))
            self._held |= wanted
        try:
            yield
        finally:
            with self._given_back:
                self._held -= wanted
                self._given_back.notify_all()
