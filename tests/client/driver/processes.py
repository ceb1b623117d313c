"""Processes that a lab started, found by the HOME they were given.

A hook's worker detaches into a session of its own, so neither parent nor group leads to it; its environment does.
"""

import os
import signal
from pathlib import Path

PROC = Path("/proc")


def with_home(home: Path) -> list[int]:
    """Ids of the processes whose environment says HOME=home. Empty where there is no /proc."""
    if not PROC.is_dir():
        return []
    wanted = f"HOME={home}".encode()
    return [int(p.name) for p in PROC.iterdir() if p.name.isdigit() and wanted in _environment(p)]


def _environment(process: Path) -> list[bytes]:
    try:
        if process.joinpath("stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return []
        return process.joinpath("environ").read_bytes().split(b"\0")
    except OSError:  # it ended while we looked, or is another user's
        return []


def end(pid: int, how: signal.Signals) -> None:
    """Send one process a signal; one that has ended meanwhile is as wished."""
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        return


def end_group(pgid: int) -> None:
    """Kill a process group that we started."""
    try:
        os.killpg(pgid, signal.SIGKILL)
    except ProcessLookupError:
        return
