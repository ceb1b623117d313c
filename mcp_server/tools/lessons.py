"""Lessons: noted as candidates; only a person hardens one here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mcp_server import answers
from mcp_server.arguments import Refs
from mcp_server.calls import Call

if TYPE_CHECKING:
    from onefirm.memory.lessons import Lesson


def lesson_record(
    call: Call, rule: str, why: str, theme: str | None = None, about: Refs | None = None, again: str | None = None
) -> answers.Answer:
    """Record a rule learned, as a candidate. again: ref of a lesson seen again elsewhere, instead of a new one."""
    lesson = call.firm.lessons.record(
        rule, why, theme=theme or "general", about=about or (), again=again, by=call.caller.by()
    )
    return _answer(lesson)


def lesson_decide(call: Call, ref: str, verdict: Literal["harden", "retire", "keep"]) -> answers.Answer:
    """Put a lesson to the operator, whose permission for this call is the decision."""
    return _answer(call.firm.lessons.decide(ref, verdict, by=call.caller.by()))


def _answer(lesson: Lesson) -> answers.Answer:
    row = {
        "ref": lesson.ref,
        "status": lesson.status,
        "rule": lesson.rule,
        "theme": lesson.theme,
        "about": lesson.about,
        "sightings": lesson.sightings,
        "event": lesson.event_id,
    }
    return answers.table([row])
