"""Connections: whose token a request carries, what it may do and what is shared with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from onefirm.simulators.notion.people import User

Capability = Literal["read", "update", "insert", "read_comments", "insert_comments", "users"]
ALL: frozenset[Capability] = frozenset(("read", "update", "insert", "read_comments", "insert_comments", "users"))


@dataclass(slots=True)
class Connection:
    """An integration of the workspace."""

    token: str
    bot: User
    capabilities: frozenset[Capability] = ALL
    whole_workspace: bool = True
    """Whether everything at the top of the workspace is shared with it."""
    shared: set[str] = field(default_factory=set[str])
    """Ids shared with it by name, with all that is under them."""
    unshared: set[str] = field(default_factory=set[str])
    """Ids taken away from it, with all that is under them."""
