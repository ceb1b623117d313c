"""What the operator chose when Claude asked (AskUserQuestion): noted, and said once how such an answer is recorded."""

from __future__ import annotations

from hooks import watch
from onefirm.sessions import choices, db, notes, walls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from onefirm.sessions.shapes import Chosen

_GATE = "Leave"  # a choice at the gate of every playbook, and nowhere else
_LONGEST = 500


def answered(payload: Mapping[str, Any], root: str) -> tuple[str, str]:
    """The outcome, and what to tell; nothing is noted of a playbook, which records by itself what follows."""
    found = list(_chosen(payload))
    if not found:
        return "nothing chosen", ""
    session = watch.session(payload, root)
    try:
        wall = walls.of(root, watch.client(payload))
    except walls.Unreadable:
        return "nobody knows whose it is", ""
    with db.writing(root) as conn:
        if notes.asked(conn, session).startswith("/"):
            return "of a playbook", ""
        return f"noted: {len(found)}", choices.keep(conn, session, wall["client"] if wall else "", found)


def _chosen(payload: Mapping[str, Any]) -> Iterator[Chosen]:
    from onefirm.core import credentials

    response = _mapping(payload.get("tool_response"))
    answers, remarks = _mapping(response.get("answers")), _mapping(response.get("annotations"))
    for asked in _mappings(response.get("questions")):
        question = str(asked.get("question"))
        said = _line(answers.get(question))
        options = {_line(one.get("label")): _line(one.get("description")) for one in _mappings(asked.get("options"))}
        if not said or said.endswith("?") or _GATE in options:
            continue  # who asks back has chosen nothing
        taken = f", {said}, " if asked.get("multiSelect") else ""
        rejected = [label for label in options if label != said and f", {label}, " not in taken]
        why = _line(_mapping(remarks.get(question)).get("notes")) or options.get(said, "")
        if not credentials.kind_in("\n".join((question, said, *rejected, why))):
            yield {"question": _line(question), "chosen": said, "rejected": rejected, "why": why}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _line(text: Any) -> str:
    """On one line, without what steers a terminal or can't be stored."""
    if not isinstance(text, str):
        return ""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:_LONGEST]
