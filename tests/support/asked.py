"""A question that Claude asks with AskUserQuestion, and its answer, as the client tells a hook of them."""

from typing import Any

from support.hook import Answer, Firm

OPTIONS = {"One file": "Nobody has to look after it.", "A server": "Two could write at once."}


def question(asked: str = "Where do we keep the calendar?", **options: str) -> dict[str, Any]:
    """One question with its choices, each with what is said of it."""
    choices = [{"label": label, "description": said} for label, said in (options or OPTIONS).items()]
    return {"question": asked, "header": "Choice", "multiSelect": False, "options": choices}


def chosen(firm: Firm, asked: dict[str, Any], answer: str, notes: str = "", **payload: object) -> Answer:
    """What the hook says when the operator has answered so."""
    remarks = {"annotations": {asked["question"]: {"notes": notes}}} if notes else {}
    given = {"questions": [asked], "answers": {asked["question"]: answer}, **remarks}
    return firm.run(
        "post_tool_use",
        hook_event_name="PostToolUse",
        tool_name="AskUserQuestion",
        tool_input=given,
        tool_response=given,
        tool_use_id="toolu_000001",
        **payload,
    )
