"""Lessons: noted as candidates; only a person hardens one here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mcp_server import answers
from mcp_server.arguments import Refs
from mcp_server.calls import Call
from onefirm.core.errors import Refused
from onefirm.core.ids import parse_ref

if TYPE_CHECKING:
    from onefirm.memory.lessons import Lesson


def lesson_record(
    call: Call,
    why: str,
    rule: str | None = None,
    theme: str | None = None,
    about: Refs | None = None,
    again: str | None = None,
    trigger: dict[str, list[str]] | None = None,
) -> answers.Answer:
    """Record a rule learned, as a candidate. again: instead of a rule, the ref of a lesson that held once more; why:
    where. trigger: paths, commands, kinds, words."""
    lesson = call.firm.lessons.record(
        rule or "", why, theme=theme or "general", about=about or (), again=again, trigger=trigger, by=call.caller.by()
    )
    return _answer(lesson)


def lesson_decide(call: Call, ref: str, verdict: Literal["harden", "retire", "keep"]) -> answers.Answer:
    """Put a lesson to the operator, whose permission for this call is the decision."""
    if not call.caller.asks:
        raise Refused(
            "This client does not ask the operator before lesson_decide, so its call is no decision.",
            hint=f"The operator decides in a terminal: `onefirm lesson decide {parse_ref(ref)} {verdict}`.",
        )
    return _answer(call.firm.lessons.decide(ref, verdict, by=call.caller.by("the operator allowed it when asked")))


def _answer(lesson: Lesson) -> answers.Answer:
    row = {"ref": lesson.ref, "status": lesson.status, "sightings": lesson.sightings, "event": lesson.event_id}
    # With rows, as it may quote what was said.
    return answers.table([row | {"rule": lesson.rule, "noted": lesson.noted} if lesson.noted else row])
