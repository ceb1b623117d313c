"""What a reader has to know about the machine to judge the figures: no paths, no names."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
from importlib import metadata
from pathlib import Path


def facts(folder: Path) -> dict[str, str]:
    """Cores, load, versions, and the kind of file system that the databases of this run lie on."""
    return {
        "cores": str(len(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else str(os.cpu_count()),
        "load": f"{os.getloadavg()[0]:.1f}",
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "mcp": metadata.version("mcp"),
        "node": _node(),
        "disk": _file_system(folder),
    }


def _node() -> str:
    try:
        found = subprocess.run(["node", "--version"], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return "none"
    return found.stdout.strip().lstrip("v")


def _file_system(folder: Path) -> str:
    """Linux tells; a database on tmpfs would make every durable write free."""
    try:
        lines = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "unknown"
    mounts = [(fields[1], fields[2]) for fields in (line.split() for line in lines) if len(fields) > 2]
    above = [mount for mount in mounts if folder.resolve().is_relative_to(mount[0])]
    return max(above, key=lambda mount: len(mount[0]))[1] if above else "unknown"
