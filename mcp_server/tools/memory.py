"""Recall: the few facts that a task needs."""

from __future__ import annotations

from mcp_server import answers
from mcp_server.arguments import Refs
from mcp_server.calls import Call
from onefirm.memory import marks


def memory_recall(
    call: Call, query: str, about: Refs | None = None, limit: int = 8, as_of: str | None = None
) -> answers.Answer:
    """Search all memory: the few facts a task needs. about: refs. Cite the answer's id in what you decide."""
    recalled = call.firm.recall.recall(query, about=about or (), limit=limit, as_of=as_of, session=call.caller.session)
    rows = answers.gathered(
        recalled.hits,
        lambda hit: {
            "source": hit.source,
            "ref": hit.ref,
            "heading": hit.heading,
            "text": hit.text,
            "about": hit.about,
            "at": hit.at and hit.at[:10],
        },
    )
    return answers.table(
        rows,
        id=marks.begin(recalled.id),
        how=recalled.how,
        searched=None if rows else recalled.searched,
        note=recalled.note,
    )
