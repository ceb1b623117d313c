"""The ledger: where something came from."""

from __future__ import annotations

from mcp_server import answers
from mcp_server.calls import Call


def ledger_trace(call: Call, ref: str) -> answers.Answer:
    """Provenance of a record, decision, lesson or event as a tree: who did what, when, why."""
    from onefirm.ledger.trace import render, trace

    firm = call.firm
    with firm.store.read() as conn:
        tree = render(trace(conn, firm.ledger, ref, timezone=firm.settings.timezone))
    return dict(answers.clipped({"tree": tree}, answers.TOKENS))
