"""What the operator chose when Claude asked, and nobody has recorded: listed, made a decision of, or let go."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from onefirm.core.attribution import By
from onefirm.core.clock import iso
from onefirm.core.errors import NotFound
from onefirm.core.sight import WHOLE
from onefirm.day.planes import Planes
from onefirm.memory.decisions import Decision
from onefirm.sessions import choices, db
from onefirm.sessions.shapes import Choice

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
    return [one for one in seen if not _is_recorded(one, _decided(planes, one["session"]))] if seen else []


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
    one = _get(planes, number)
    made = planes.decisions.record(
        f"{one['question']} {one['chosen']}",
        why or one["why"] or _NO_REASON,
        alternatives=one["rejected"],
        evidence=[f"asked in session {one['session']}"],
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


def _decided(planes: Planes, session: str) -> list[tuple[str, str]]:
    """When each decision of a session was taken, and what it says was chosen."""
    with planes.store.read() as conn:
        events = planes.ledger.events(conn, session=session, kinds=["decision.recorded"])
    return [(event.at, _said(event.payload or {})) for event in events]


def _said(told: Any) -> str:
    words: Iterable[str] = (str(told.get("what", "")), *told.get("alternatives", ()))
    return "\n".join(words).casefold()


def _is_recorded(one: Choice, decided: Iterable[tuple[str, str]]) -> bool:
    named = [re.compile(rf"(?<!\w){re.escape(said.casefold())}(?!\w)") for said in (one["chosen"], *one["rejected"])]
    return any(at >= one["at"] and any(name.search(said) for name in named) for at, said in decided)
