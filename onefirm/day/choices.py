"""What the operator chose when Claude asked, and nobody has recorded: listed, made a decision of, or let go."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from onefirm.core.attribution import By
from onefirm.core.clock import iso
from onefirm.core.errors import NotFound, Refused
from onefirm.core.sight import WHOLE
from onefirm.day.planes import Planes
from onefirm.ledger.events import Event
from onefirm.lock import Lock
from onefirm.memory import likeness
from onefirm.memory.decisions import Decision
from onefirm.sessions import choices, db
from onefirm.sessions.shapes import Choice

_COMMON = frozenset(
    ("yes", "no", "ok", "both", "none", "neither", "all", "other", "now", "later", "ja", "nein", "beide")
)
_MOST_OF, _WAIT_S = 0.75, 5.0
_NO_REASON = "The operator chose it when asked; no reason was said."


def unrecorded(planes: Planes) -> list[Choice]:
    """What was chosen in the last two weeks and stands in no decision of its session, the last first.

    A session declared for a client gives its choices to that client's sessions alone, and is given no other's.
    """
    since = iso(planes.clock.now() - timedelta(days=choices.KEPT_DAYS))
    try:
        with db.reading(str(planes.root)) as conn:
            every = choices.every(conn, since)
    except (sqlite3.Error, db.Lost):
        return []  # short-lived notes in a file that may be lost
    seen = [one for one in every if planes.sight is WHOLE or one["client"] == planes.sight.ref]
    if not seen:
        return []
    with planes.store.read() as conn:
        decided = planes.ledger.events(conn, kinds=["decision.recorded"], since_at=since)
    return [one for one in seen if not any(_says(event, one) for event in decided)]


def adopt(
    planes: Planes,
    number: int,
    by: By,
    *,
    why: str = "",
    about: Sequence[str] = (),
    reversible_until: str | None = None,
) -> Decision:
    """Record one of them as a decision: question and answer as they were, what was turned down as alternatives.

    One that was made behind a client wall is about that client, unless it is said about what else. Raises NotFound,
    and as `Decisions.record`.
    """
    with _alone(planes):
        one = _get(planes, number)
        made = planes.decisions.record(
            _what(one),
            why or one["why"] or _NO_REASON,
            alternatives=one["rejected"],
            evidence=[_asked_in(one)],
            about=about or ([one["client"]] if one["client"] else ()),
            reversible_until=reversible_until,
            by=by,
        )
        _drop(planes, number)
    return made


def drop(planes: Planes, number: int) -> Choice:
    """Let go of one that binds nobody. Raises NotFound."""
    one = _get(planes, number)
    _drop(planes, number)
    return one


def _get(planes: Planes, number: int) -> Choice:
    found = next((one for one in unrecorded(planes) if one["id"] == number), None)
    if found is None:
        raise NotFound(
            f"There is no choice {number}.", hint="`onefirm decision choices` lists them with their numbers."
        )
    return found


def _drop(planes: Planes, number: int) -> None:
    with db.writing(str(planes.root)) as conn:
        choices.drop(conn, number)


@contextmanager
def _alone(planes: Planes) -> Generator[None]:
    """Of two who record the same at once, the second finds it recorded."""
    lock = Lock(planes.root / ".onefirm" / "choices.lock").take(iso(planes.clock.now()), _WAIT_S)
    if lock is None:
        raise Refused("Another command records a choice.", hint="Repeat it when that one is done.")
    with lock:
        yield


def _what(one: Choice) -> str:
    return f"{one['question']} {one['chosen']}"


def _asked_in(one: Choice) -> str:
    return f"asked in session {one['session']}"


def _says(event: Event, one: Choice) -> bool:
    """Whether a decision says a choice: it was made of it, or its session took it later and names an answer. One that
    many questions have (“Yes”) names nothing: then it must speak of what was asked.
    """
    said: Any = event.payload or {}
    if event.at < one["at"] or not said:
        return False
    if said.get("what") == _what(one) and _asked_in(one) in said.get("evidence", ()):
        return True
    if event.session != one["session"]:
        return False
    text = "\n".join((said.get("what", ""), *said.get("alternatives", ()))).casefold()
    answers = [label.casefold() for label in (one["chosen"], *one["rejected"]) if label.casefold() not in _COMMON]
    if answers:
        return any(re.search(rf"(?<!\w){re.escape(label)}(?!\w)", text) for label in answers)
    asked = likeness.words(one["question"])
    return len(asked & likeness.words(text)) >= _MOST_OF * len(asked)
