"""A whole copy of the plugin that a test may break."""

import shutil
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
_PARTS = ("onefirm", "mcp_server", "hooks", "bin", "commands", "context", ".claude-plugin", "requirements.txt")


def copied(target: Path) -> Path:
    """The plugin in a folder of its own, with the core that it starts."""
    target.mkdir(parents=True)
    for part in _PARTS:
        source = PROJECT / part
        if source.is_dir():
            shutil.copytree(source, target / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target / part)
    return target
