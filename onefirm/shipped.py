"""Where the plugin's own files lie: in a wheel below the package, in a checkout at the repository's root."""

from __future__ import annotations

import shlex
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
    """What to type to run this copy, wherever one stands: `onefirm` where that is on PATH, else its whole path."""
    if shutil.which("onefirm"):
        return "onefirm"
    return shlex.quote(str(launcher()))


def launcher() -> Path:
    """The program of this copy: what a wheel installed, else the checkout's `bin/onefirm`."""
    installed = Path(sys.executable).with_name("onefirm")
    return installed if installed.is_file() else path() / "bin" / "onefirm"


def putting_on_path() -> str:
    """The command after which `onefirm` alone will do; empty where it does already."""
    if shutil.which("onefirm"):
        return ""
    return f"mkdir -p ~/.local/bin && ln -s {shlex.quote(str(launcher()))} ~/.local/bin/onefirm"
