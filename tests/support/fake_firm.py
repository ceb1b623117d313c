"""A firm that isn't there: the least that each room must answer, so that an interface is tested alone."""

import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from onefirm.core.errors import Unavailable

BROKEN = Unavailable("The database is damaged.", hint="Run `onefirm doctor`.")


class FakeRoom:
    """Remembers each call, and answers with what the test put in: a value, an error to raise, or a function."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.answers: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def ask(*positional: Any, **named: Any) -> Any:
            self.asked.append((name, positional, named))
            answer = self.answers.get(name)
            if isinstance(answer, BaseException):
                raise answer
            return answer(*positional, **named) if callable(answer) else answer

        return ask


class FakeFirm:
    """The rooms of a Firm that the interfaces know."""

    def __init__(self) -> None:
        self.closed = False
        self.records, self.decisions, self.lessons = FakeRoom(), FakeRoom(), FakeRoom()
        self.recall, self.uses, self.day = FakeRoom(), FakeRoom(), FakeRoom()

    def within(self, session: str | None) -> "FakeFirm":
        return self

    def close(self) -> None:
        self.closed = True


class Opener:
    """Opens fake firms, all with the same rooms; `failure` is raised instead while it is set."""

    def __init__(self) -> None:
        self.opened: list[FakeFirm] = []
        self.failure: BaseException | None = None
        self.rooms = FakeFirm()
        self._lock = threading.Lock()

    def __call__(self, root: Path) -> Any:
        with self._lock:
            if self.failure:
                raise self.failure
            firm = FakeFirm()
            for room in ("records", "decisions", "lessons", "recall", "day"):
                setattr(firm, room, getattr(self.rooms, room))
            self.opened.append(firm)
            return firm


def brief(text: str = "# Acme Rockets") -> SimpleNamespace:
    """A brief with nothing in it but its text."""
    return SimpleNamespace(at="2026-11-02T08:00:00.000000Z", since=None, text=text, lines=(), changes=(), attention=())
