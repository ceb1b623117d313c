"""A Notion on loopback: state, three API versions, its limits, its lag and its faults.

`with Notion() as notion:` serves it at `notion.url`; `notion.token` is a connection that sees everything;
`notion.phone` is a person who edits in Notion's own app.
"""

from __future__ import annotations

from onefirm.simulators.notion.server import Notion

__all__ = ["Notion"]
