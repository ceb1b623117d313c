"""Every tool in plain sight, in the order in which clients list them."""

from __future__ import annotations

from mcp.types import ToolAnnotations

from mcp_server.sdk import Offer
from mcp_server.tools import briefs, decisions, ledger, lessons, memory, records, sessions

# A read may leave a receipt in the ledger (record_get): a note that someone looked, which changes nothing of the firm.
READ = ToolAnnotations(read_only_hint=True, open_world_hint=False)
# Nothing here destroys: every earlier value stays readable and can be brought back. Sending things outside is no tool.
WRITE = ToolAnnotations(destructive_hint=False, open_world_hint=False)
REPEATABLE = ToolAnnotations(destructive_hint=False, idempotent_hint=True, open_world_hint=False)

ALWAYS = {"anthropic/alwaysLoad": True}
"""For the tools that the guard tells the model to call: they must be there without a search."""
ASKS = {"anthropic/requiresUserInteraction": True}
"""The client asks a person each time, whatever it is allowed to do by itself."""

TOOLS: tuple[Offer, ...] = (
    Offer(briefs.brief_get, "Where things stand", READ, {"anthropic/searchHint": "status overdue today priorities"}),
    Offer(records.record_find, "Find records", READ),
    Offer(records.record_get, "Read records", READ, ALWAYS),
    Offer(records.record_write, "Write records", WRITE, ALWAYS),
    Offer(records.record_undo, "Undo a change", WRITE),
    Offer(decisions.decision_record, "Record a decision", WRITE),
    Offer(decisions.decision_find, "Find decisions", READ),
    Offer(lessons.lesson_record, "Record a lesson", WRITE),
    Offer(lessons.lesson_decide, "Decide on a lesson", WRITE, ASKS),
    Offer(memory.memory_recall, "Recall", READ, {"anthropic/searchHint": "remember why context notes history"}),
    Offer(memory.memory_ingest, "Archive a source", WRITE),
    Offer(memory.fact_record, "Record a fact", WRITE),
    Offer(ledger.ledger_trace, "Trace provenance", READ, {"anthropic/searchHint": "who changed when audit"}),
    Offer(sessions.session_bind, "Bind a session", REPEATABLE, internal=True),
    Offer(sessions.prompt_remind, "Recall for a prompt", REPEATABLE, internal=True),
)
