"""Where the plugin's own files lie: in a wheel below the package, in a checkout at the repository's root."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from onefirm.core.errors import Unavailable

_PACKAGE = Path(__file__).resolve().parent


def path() -> Path:
    """The folder that is a whole Claude Code plugin. Raises Unavailable when this copy came without one."""
    for root in (_PACKAGE / "_shipped", _PACKAGE.parent):
        if (root / ".claude-plugin" / "plugin.json").is_file():
            return root
    raise Unavailable(
        "This copy of onefirm came without its plugin files.", hint="Install it again from a wheel or a clone."
    )


def program() -> str:
    """What to type to run this copy: `onefirm` where that is on PATH, else its path, from here if it lies below."""
    if shutil.which("onefirm"):
        return "onefirm"
    installed = Path(sys.executable).with_name("onefirm")
    launcher = installed if installed.is_file() else path() / "bin" / "onefirm"
    return str(launcher.relative_to(Path.cwd()) if launcher.is_relative_to(Path.cwd()) else launcher)
