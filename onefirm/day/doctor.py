"""What is live, broken, off or stale, each with the command that fixes it.

A check is a function from the planes to findings; CHECKS lists them in the order in which they are told.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from onefirm import __version__
from onefirm.core.clock import parse_iso
from onefirm.day.planes import Planes
from onefirm.ledger.verify import verify
from onefirm.narrative.compile import compile_guard
from onefirm.sessions import db, hatch, identity, marks
from onefirm.store import inbox

Level = Literal["ok", "warn", "broken", "off"]
_STALE_HOOK = timedelta(days=7)
_HOOKS = ("session_start", "guard", "post_tool_use", "stop", "session_end")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: `fix` is a command to type, empty when there is nothing to do."""

    level: Level
    area: str
    what: str
    fix: str = ""


def examine(planes: Planes) -> list[Finding]:
    """Run every check. A check that itself fails is told as broken; the others go on."""
    found: list[Finding] = []
    for check in CHECKS:
        try:
            found.extend(check(planes))
        except (OSError, sqlite3.Error, db.Lost, ValueError) as error:
            found.append(
                Finding("broken", check.__name__.strip("_"), f"the check failed: {error}", "onefirm doctor --fix")
            )
    return found


def _programs(_planes: Planes) -> Iterator[Finding]:
    yield Finding("ok", "python", f"{sys.version.split()[0]} at {sys.executable}")
    git = shutil.which("git")
    if git is None:
        yield Finding("broken", "git", "git is not installed; narrative can't be committed", "install git")
        return
    version = subprocess.run([git, "--version"], capture_output=True, text=True, timeout=10, check=False)
    yield Finding("ok", "git", version.stdout.strip().removeprefix("git version "))


def _files(planes: Planes) -> Iterator[Finding]:
    folder = planes.root / ".onefirm"
    open_to_others = [path for path in [folder, *folder.rglob("*")] if path.stat().st_mode & 0o077]
    if open_to_others:
        names = ", ".join(str(path.relative_to(planes.root)) for path in open_to_others[:3])
        yield Finding("warn", "permissions", f"others on this machine may read {names}", "onefirm doctor --fix")
    free = shutil.disk_usage(folder).free
    if free < 200 * 1024 * 1024:
        yield Finding("warn", "disk", f"only {free // 1024 // 1024} MB are free", "free some space")


def _ledger(planes: Planes) -> Iterator[Finding]:
    with planes.store.read() as conn:
        verdict = verify(conn)
    if verdict.ok:
        yield Finding("ok", "ledger", f"{verdict.entries} entries in {verdict.chains} chain(s), whole")
    for finding in verdict.findings:
        yield Finding("broken", "ledger", finding.sentence, "onefirm ledger verify")


def _truth(planes: Planes) -> Iterator[Finding]:
    waiting = planes.records.pending()
    with planes.store.read() as conn:
        conflicts = inbox.open_items(conn, "conflict")
    if waiting:
        yield Finding("warn", "truth", f"{len(waiting)} write(s) wait for the truth", "onefirm session close")
    if conflicts:
        yield Finding(
            "warn", "inbox", f"{len(conflicts)} conflict(s) wait for your decision", "onefirm record conflicts"
        )
    if not waiting and not conflicts:
        yield Finding("ok", "truth", "nothing waits")


def _guard(planes: Planes) -> Iterator[Finding]:
    path = planes.root / ".onefirm" / "guard.json"
    if _read_json(path) != json.loads(json.dumps(compile_guard(planes.schema.to_dict()))):
        yield Finding(
            "broken", "guard", "guard.json doesn't fit the schema; narrative edits are refused", "onefirm doctor --fix"
        )
        return
    with db.reading(str(planes.root)) as conn:
        lifted = hatch.active(conn, planes.clock.now().timestamp())
    if lifted:
        yield Finding("off", "guard", f"lifted by {lifted['by']}: {lifted['why']}", "onefirm guard on")
    else:
        yield Finding("ok", "guard", f"compiled from schema {planes.schema.version}")


def _hooks(planes: Planes) -> Iterator[Finding]:
    left = {mark["hook"]: mark for mark in marks.all(str(planes.root))}
    missing = [name for name in _HOOKS if name not in left]
    if missing:
        yield Finding(
            "warn", "hooks", f"never ran here: {', '.join(missing)}", "start Claude Code in this folder with the plugin"
        )
    for name, mark in left.items():
        yield from _mark(planes, name, mark)


def _mark(planes: Planes, name: str, mark: marks.Mark) -> Iterator[Finding]:
    if mark["version"] != __version__:
        said = f"{name} runs version {mark['version']}, this is {__version__}"
        yield Finding("warn", "hooks", said, "restart Claude Code, then `claude plugin update onefirm`")
    elif planes.clock.now() - parse_iso(mark["at"]) > _STALE_HOOK:
        yield Finding(
            "warn", "hooks", f"{name} last ran on {mark['at'][:10]}", "check that the plugin is enabled: /plugin"
        )
    elif mark["outcome"] == "failed":
        yield Finding("broken", "hooks", f"{name} failed at {mark['at'][:16]}", "onefirm doctor --fix")
    else:
        yield Finding("ok", "hooks", f"{name}: {mark['outcome']} at {mark['at'][:16]}, {mark['ms']} ms")


def _sessions(planes: Planes) -> Iterator[Finding]:
    left = identity.to_close(str(planes.root))
    if left:
        yield Finding("warn", "sessions", f"{len(left)} session(s) ended without being closed", "onefirm session close")
    alive = [session for session in identity.open_sessions(str(planes.root)) if session["alive"]]
    yield Finding("ok", "sessions", f"{len(alive)} open")


CHECKS: tuple[Callable[[Planes], Iterable[Finding]], ...] = (
    _programs, _files, _ledger, _truth, _guard, _hooks, _sessions,
)  # fmt: skip


def _read_json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
