"""Who holds a claim: an installation, a process, and the moment that process began.

A claim whose holder is surely dead is taken over at once, instead of after its lease.
"""

from __future__ import annotations

import os
from pathlib import Path


def me(installation: str) -> str:
    """This process as a holder."""
    return f"{installation}/{os.getpid()}/{_started(os.getpid())}"


def is_dead(holder: str, installation: str) -> bool:
    """Whether the holder surely no longer runs; False for one on another machine, which can't be known from here."""
    home, _, process = holder.partition("/")
    pid, _, started = process.partition("/")
    if home != installation or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    # a number that was given to another process since shows by when that one began
    return started != _started(int(pid))


def _started(pid: int) -> str:
    """When a process began, in the kernel's ticks; empty where /proc doesn't tell."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]
