"""Recall: the few facts that a task needs."""

from __future__ import annotations

from mcp_server import answers
from mcp_server.arguments import Refs
from mcp_server.calls import Call


def memory_recall(call: Call, query: str, about: Refs | None = None, limit: int = 8) -> answers.Answer:
    """Search decisions, lessons and narrative: the few facts a task needs. about: refs."""
    recalled = call.firm.recall.recall(query, about=about or (), limit=limit)
    rows = answers.gathered(
        recalled.hits,
        lambda hit: {
            "source": hit.source,
            "ref": hit.ref,
            "heading": hit.heading,
            "text": hit.text,
            "about": hit.about,
            "at": hit.at,
        },
    )
    return answers.table(rows, searched=None if rows else recalled.searched, note=recalled.note)
