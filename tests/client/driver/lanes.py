"""Which conversation a request belongs to: the client sends more than the operator's.

| lane | requests |
|---|---|
| `main` | the operator's conversation |
| `agent:KEY` | a subagent whose task contains KEY, a key of the script's `agents`; `agent:` alone when none matches |
| `compact` | "summarise what was said", at a compaction |
| `aux` | titles, prompt hooks, web summaries: no tools offered |
"""

from collections.abc import Iterable

from client.driver.asked import Asked

COMPACT = "CRITICAL: Respond with TEXT ONLY"
"""How the client's request for a summary begins (2.1.330); the driver's own test fails when that changes."""


def lane_of(asked: Asked, agents: Iterable[str]) -> str:
    """The lane of a request; `agents` are the scripts' keys."""
    if not asked.tools:
        return "aux"
    if asked.agent_id:
        return _agent_lane(asked, agents)
    last = asked.said[-1].text if asked.said else ""
    return "compact" if COMPACT in last else "main"


def _agent_lane(asked: Asked, agents: Iterable[str]) -> str:
    # A subagent's first message is its task; further ones may quote another's
    task = next((s.text for s in asked.said if s.role == "user"), "")
    return "agent:" + next((key for key in agents if key in task), "")
