"""Lessons as recall has them: their passages, and how each stands or stood."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from onefirm.ledger.events import Event, event_of
from onefirm.memory import passages, stories
from onefirm.memory.passages import Part
from onefirm.memory.standing import Standing
from onefirm.memory.stories import KINDS, Story
from onefirm.store.tables import event, event_subject, payload

_ALWAYS = "9999"  # after every instant
_STORIES = (
    select(event, payload.c.body)
    .outerjoin(payload, payload.c.event_id == event.c.id)
    .join(event_subject, event_subject.c.event_id == event.c.id)
    .where(event_subject.c.ref.in_(bindparam("refs", expanding=True)), event.c.kind.in_(KINDS))
    .where(event.c.at <= bindparam("known_by"))
    .order_by(event.c.at, event.c.chain_id, event.c.seq)
    .distinct()
)


def index(conn: Connection, entry: Event, *, is_firms: bool = False) -> None:
    """Make the passage of a `lesson.recorded` entry; an erased one has none. `is_firms`: it is nobody's any more."""
    data = entry.payload
    if data:
        body = f"{data['why']}\nTheme: {data['theme']}"
        about = data.get("about", ())
        part = Part(data["rule"], body, data["ref"], actor=entry.actor, at=entry.at)
        passages.put(conn, "lesson", data["ref"], [part], about, entry.payload_sha256, entry.at, is_firms=is_firms)


def index_again(conn: Connection, entry: Event) -> None:
    """Make the passage anew after an entry that may have made the lesson the firm's own, or told it apart."""
    for story in _stories_of(conn, entry.subjects[:1], None):
        index(conn, story.first, is_firms=story.told().recurred)


def standings(conn: Connection, refs: Sequence[str], known_by: str | None) -> dict[str, Standing]:
    """How these lessons stand, or stood at a time (ISO)."""
    stood = (story.told() for story in _stories_of(conn, refs, known_by))
    return {
        one.ref: Standing(one.at, "" if one.status == "hardened" else one.status, stale=one.status == "retired")
        for one in stood
    }


def _stories_of(conn: Connection, refs: Sequence[str], known_by: str | None) -> list[Story]:
    given = {"refs": list(refs), "known_by": known_by or _ALWAYS}
    rows = conn.execute(_STORIES, given).mappings()
    return [story for story in stories.stories(map(event_of, rows)) if story.ref in refs]
