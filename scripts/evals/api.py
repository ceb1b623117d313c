"""Where the model is and who pays: read once, from the environment of the person who started it."""

from __future__ import annotations

import os
from dataclasses import dataclass

_PASSED_ON = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "NODE_EXTRA_CA_CERTS")


@dataclass(frozen=True, slots=True)
class Api:
    """A model behind the Messages API. `most_usd` ends one conversation that grows dearer."""

    key: str
    url: str
    model: str
    most_usd: float

    def env(self) -> dict[str, str]:
        """What the client needs beside the lab's environment, which keeps it from every network."""
        passed = {name: os.environ.get(name, "") for name in _PASSED_ON}
        return {**passed, "ANTHROPIC_API_KEY": self.key, "ANTHROPIC_BASE_URL": self.url, "CLAUDE_CODE_MAX_RETRIES": "3"}

    def args(self) -> list[str]:
        """The client's own arguments."""
        return ["--model", self.model, "--max-budget-usd", f"{self.most_usd:.2f}"]


def found(model: str, most_usd: float) -> Api | None:
    """The API that the environment names; None without a key."""
    key = os.environ.get("ANTHROPIC_API_KEY", "")
    url = os.environ.get("ANTHROPIC_BASE_URL") or "https://api.anthropic.com"
    return Api(key, url, model, most_usd) if key else None
