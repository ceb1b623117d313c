"""Users of the workspace: persons, and the bots that connections act as."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class User:
    """Who edits: a person, or the bot of a connection."""

    id: str
    name: str
    kind: Literal["person", "bot"] = "person"
    email: str | None = None

    def partial(self) -> dict[str, Any]:
        """The two members that pages and databases carry."""
        return {"object": "user", "id": self.id}

    def shown(self, workspace_id: str, workspace_name: str, with_email: bool = True) -> dict[str, Any]:
        """The user as `/v1/users` answers it."""
        head = {"object": "user", "id": self.id, "name": self.name, "avatar_url": None, "type": self.kind}
        if self.kind == "person":
            return {**head, "person": {"email": self.email} if with_email and self.email else {}}
        bot = {
            "owner": {"type": "workspace", "workspace": True},
            "workspace_name": workspace_name,
            "workspace_id": workspace_id,
            "workspace_limits": {"max_file_upload_size_in_bytes": 5 * 1024 * 1024},
        }
        return {**head, "bot": bot}
