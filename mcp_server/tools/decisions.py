"""Decisions: appended, listed, never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp_server import answers
from mcp_server.arguments import Detail, Limit, Refs, Texts
from mcp_server.calls import Call

if TYPE_CHECKING:
    from onefirm.memory.decisions import Decision


def decision_record(
    call: Call,
    what: str,
    why: str,
    alternatives: Texts | None = None,
    evidence: Texts | None = None,
    about: Refs | None = None,
    supersedes: str | None = None,
    reversible_until: str = "",
) -> answers.Answer:
    """Append a decision: never changed later, only superseded. about: refs. evidence: refs, links, quotes."""
    decision = call.firm.decisions.record(
        what, why, alternatives=alternatives or (), evidence=evidence or (), about=about or (),
        supersedes=supersedes, reversible_until=reversible_until, by=call.caller.by(),
    )  # fmt: skip
    return answers.table(
        [
            {
                "ref": decision.ref,
                "about": decision.about,
                "supersedes": decision.supersedes,
                "event": decision.event_id,
            }
        ],
        note=decision.note,
    )


def decision_find(
    call: Call,
    about: str | None = None,
    since: str | None = None,
    until: str | None = None,
    standing: bool | None = None,
    text: str | None = None,
    limit: Limit = 20,
    cursor: str | None = None,
    detail: Detail = "concise",
) -> answers.Answer:
    """List decisions, newest first. standing: true current, false superseded. since, until: dates."""
    from onefirm.memory.decisions import DecisionQuery

    def fetch(most: int) -> answers.Page:
        return call.firm.decisions.find(
            DecisionQuery(
                about=about, since=since, until=until, standing=standing, text=text, limit=most, cursor=cursor
            )
        )

    return answers.page(fetch, limit, _full if detail == "detailed" else _short, "or narrow by about, since or text.")


def _short(decision: Decision) -> answers.Row:
    return {
        "ref": decision.ref,
        "on": decision.at[:10],
        "what": answers.gist(decision.what),
        "why": answers.gist(decision.why),
        "about": decision.about,
        "superseded_by": decision.superseded_by,
    }


def _full(decision: Decision) -> answers.Row:
    return {
        "ref": decision.ref,
        "at": decision.at,
        "by": decision.actor,
        "what": decision.what,
        "why": decision.why,
        "alternatives": decision.alternatives,
        "evidence": decision.evidence,
        "about": decision.about,
        "supersedes": decision.supersedes,
        "superseded_by": decision.superseded_by,
        "reversible_until": decision.reversible_until,
        "event": decision.event_id,
    }
