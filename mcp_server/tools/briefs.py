"""Where things stand."""

from __future__ import annotations

from mcp_server import answers
from mcp_server.arguments import Detail
from mcp_server.calls import Call

_MOST = 40  # changes and questions shown; a line of the brief has some 60 tokens


def brief_get(call: Call, explain: int | None = None, detail: Detail = "concise") -> answers.Answer:
    """Where things stand: blocked, overdue, due soon, waiting, stale, next. explain: number of a line, for why it
    stands there."""
    if explain is not None:
        return {"explanation": call.firm.day.explain(explain)}
    brief = call.firm.day.brief(is_patient=False)
    warning = {"note": call.caller.warning} if call.caller.warning else {}
    if detail == "concise":
        return {"at": brief.at, "brief": brief.text, **warning}
    beside = {**warning, "attention": brief.attention[:_MOST], "changes": brief.changes[-_MOST:]}
    lines = answers.gathered(
        brief.lines,
        lambda line: {"n": line.rank, "rule": line.rule, "ref": line.ref, "title": line.title, "what": line.text},
        beside,
    )
    hint = f"{left} more changes: record_get with timeline" if (left := len(brief.changes) - _MOST) > 0 else ""
    return answers.table(lines, at=brief.at, since=brief.since, total=len(brief.lines), hint=hint, **beside)
